"""Series are written as their shapes would write them, though nobody checks their rows."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from services.api.shapes.clearance import ClearanceAnswer, clearance_json
from services.api.shapes.rollups import (
    ContainerLevelsAnswer,
    VehicleUseAnswer,
    container_levels_json,
    vehicle_use_json,
)
from services.api.shapes.series import write_json
from services.api.shapes.values import Answer
from services.domain.clearance import ClearanceFigure
from services.domain.town import Interval
from services.facilities.utilisation import Utilisation
from services.store.rolled_up import ContainerLevels, VehicleUse

DAY = date(2026, 3, 2)
START = datetime(2026, 3, 1, 20, tzinfo=UTC)
SPAN = Interval(START, START + timedelta(days=1))

FIGURES = [
    ClearanceFigure(DAY, "Z1", 3, 1, 1, 1, 1, 10.25, 5.5, 1 / 3, {"not_planned": 1}),
    ClearanceFigure(DAY, "unassigned"),
    ClearanceFigure(DAY, '片区 "1" \\', expected_kg=1e-9, tipped_kg=1e16),
]
USES = [
    (VehicleUse("V1", None, DAY, 1920, 28_785.0, 16_200.04, 112_356.56, 3, 16_600.5), SPAN),
    (VehicleUse("V2", None, DAY, None, None, None, None, 1, 500.0), SPAN),
    (VehicleUse("V3", START, DAY, 0, 90_000.0, 0.0, 0.0, 0, 0.0), Interval(START, START + timedelta(hours=1))),
]
OF_TOILETS = [
    Utilisation("T1", "公厕", None, START, SPAN.end, 0.5, {"uses": 3.0, "counter": "whole", "water_l": None}),
    Utilisation("T2", None, "Z1", START, SPAN.end, 0.0, {}),
]
LEVELS = [
    (ContainerLevels("P1", "B1", None, DAY, 24, 86_400.0, 0.1, 1 / 3, 0.9, 0.5), SPAN),
    (ContainerLevels("P1", "B2", START, DAY, 0, 3_600.0, None, None, None, None), SPAN),
]


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        (ClearanceAnswer, clearance_json(FIGURES)),
        (VehicleUseAnswer, vehicle_use_json(USES)),
        (ContainerLevelsAnswer, container_levels_json(LEVELS)),
        (ClearanceAnswer, clearance_json([])),
        (Utilisation, write_json(OF_TOILETS)),
    ],
)
def test_a_series_is_written_as_its_shape_writes_it(shape: type[Answer] | type[Utilisation], written: bytes) -> None:
    """Every row is of its shape, field by field in its order, and numbers and instants are the same."""
    rows = TypeAdapter(list[shape])  # type: ignore[valid-type]
    assert json.loads(written) == json.loads(rows.dump_json(rows.validate_json(written, strict=True)))
    names = [*TypeAdapter(shape).json_schema()["properties"]]
    assert [[*row] for row in json.loads(written)] == [names] * len(json.loads(written))


def test_figures_are_told_with_their_rates() -> None:
    """A rate without a whole is null; what a vehicle did is rounded, and a device that was not heard tells nothing."""
    first, second, _ = json.loads(clearance_json(FIGURES))
    assert (first["clearance_rate"], first["collection_rate"]) == (pytest.approx(1 / 3), pytest.approx(5.5 / 10.25))
    assert (second["clearance_rate"], second["treatment_rate"], second["not_cleared_by_reason"]) == (None, None, {})
    heard, silent, hour = json.loads(vehicle_use_json(USES))
    assert heard["start"] == "2026-03-01T20:00:00Z"
    assert (heard["moving_s"], heard["standing_s"], heard["distance_m"]) == (16_200.0, 12_585.0, 112_356.6)
    assert (silent["fixes"], silent["observed_ratio"], silent["standing_s"]) == (0, 0.0, None)
    assert hour["observed_ratio"] == 1.0
