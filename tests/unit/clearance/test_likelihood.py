"""The densities that evidence compares: they are densities, and they prefer what they should."""

from math import exp

import numpy as np
import pytest

from services.clearance.likelihood import NOTHING, Work, all_work, log_rise, log_stand, work_at

ONE = work_at(120, 150.0)
TWO = all_work([ONE, work_at(90, 60.0)])


@pytest.mark.parametrize("work", [NOTHING, ONE, TWO])
def test_they_integrate_to_one(work: Work) -> None:
    """Whatever is served, some length of stand and some rise of the load must be seen."""
    # A service so short that it would end before it began is left out of the first, so it lacks a hair.
    lengths_s = np.arange(0.0, 9_000.0, 1.0)
    assert sum(exp(log_stand(float(length_s), 15.0, work)) for length_s in lengths_s) == pytest.approx(1.0, abs=0.03)
    rises_kg = np.arange(-3_000.0, 3_000.0, 1.0)
    assert sum(exp(log_rise(float(rise_kg), 20.0, work)) for rise_kg in rises_kg) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("duration_s", "rise_kg", "likeliest"),
    [
        (8.0, 0.0, NOTHING),  # a crossing
        (118.0, 140.0, ONE),
        (215.0, 215.0, TWO),
        (160.0, 140.0, ONE),  # served one, and stood a little longer
    ],
)
def test_what_was_seen_is_explained_by_what_was_served(duration_s: float, rise_kg: float, likeliest: Work) -> None:
    """Of nothing, one point and two the one that was served explains time and load best."""

    def log_density(work: Work) -> float:
        return log_stand(duration_s, 15.0, work) + log_rise(rise_kg, 20.0, work)

    assert max((NOTHING, ONE, TWO), key=log_density) is likeliest


def test_no_single_measurement_decides_for_good() -> None:
    """However odd a stand or a rise, its density never vanishes: other evidence can still outweigh it."""
    assert log_stand(1.0, 1.0, work_at(600, None)) > -30
    assert log_rise(5_000.0, 5.0, NOTHING) > -150
    assert log_rise(0.0, 5.0, work_at(60, 400.0)) > log_rise(0.0, 5.0, work_at(60, 400.0) + TWO) - 30
