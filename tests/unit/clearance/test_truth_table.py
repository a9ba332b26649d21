"""Clearance held against the simulator's truth on a few small days, and the judge that does it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.clearance.day import Told
from bench.clearance.judge import Tally, cleared_passes, judge
from bench.clearance.passages import Passage, TrueWays
from bench.clearance.passes import describe
from bench.clearance.truth_table import MOST_FALSE_CLEARANCES, TARGETS, as_json, mixes_of, seeds_of, tallies_of
from firmware_sim.register import Register
from firmware_sim.truth import TruthEvent, TruthKind
from services.clearance.places import Places
from services.domain.kinds import ContainerType, VehicleKind
from services.domain.registry import Vehicle
from services.domain.town import Interval, Town
from services.domain.visit import Visit
from tests.unit.clearance.drives import point_at

AT = datetime(2026, 6, 1, 1, tzinfo=UTC)
MIXES = ("noise 10 m", "skipped and driven past", "unplanned stops", "night shift")


def visit(minute: float, point_id: str = "P1", vehicle_id: str = "V1") -> Visit:
    """Return a decided visit of two minutes."""
    start = AT + timedelta(minutes=minute)
    return Visit(point_id, vehicle_id, Interval(start, start + timedelta(minutes=2)), 0.9, ())


def event(minute: float, *, served: bool = True, lasts_s: float = 120.0, point_id: str = "P1") -> TruthEvent:
    """Return what V1 truly did."""
    start = AT + timedelta(minutes=minute)
    kind = TruthKind.VISIT if served else TruthKind.DRIVE_PAST
    end = start + timedelta(seconds=lasts_s)
    return TruthEvent(kind, start, end, vehicle_id="V1", point_id=point_id, served=served)


@pytest.mark.parametrize(
    ("found", "truth", "tally"),
    [
        ([visit(0)], [event(0)], Tally(right=1)),
        ([visit(0), visit(3)], [event(0)], Tally(right=1, made_up=1)),  # one visit twice
        ([], [event(0)], Tally(overlooked=1)),
        ([visit(0, "P2")], [event(0)], Tally(made_up=1, overlooked=1)),  # the neighbour
        ([visit(0, vehicle_id="V2")], [event(0)], Tally(made_up=1, overlooked=1)),  # another truck
        ([visit(60)], [event(0)], Tally(made_up=1, overlooked=1)),  # an hour later
        ([visit(0)], [event(0, served=False, lasts_s=8)], Tally(made_up=1, passed=1, passed_cleared=1)),
        ([visit(0)], [event(0, served=False, lasts_s=90)], Tally(made_up=1, waited=1, waited_cleared=1)),
        ([], [event(0, served=False, lasts_s=8)], Tally(passed=1)),
        ([visit(2)], [event(0, served=False, lasts_s=8), event(2)], Tally(right=1, passed=1)),  # back at once
    ],
)
def test_the_judge_counts_each_visit_once(found: list[Visit], truth: list[TruthEvent], tally: Tally) -> None:
    """A visit is right where its truck served its point then; what is left over is made up."""
    assert judge(found, truth, timedelta(0)) == tally


def test_a_cleared_pass_is_told_with_its_served_neighbour() -> None:
    """Of what was not served only what was driven past; beside it the nearest point that the truck served meanwhile."""
    points = [point_at(0, 5, point_id="P1"), point_at(30, 5, point_id="P2"), point_at(80, 5, point_id="P3")]
    truth = [
        event(0, served=False, lasts_s=8),
        event(0.5, point_id="P2"),
        event(4, point_id="P3"),
        event(60, served=False, lasts_s=90),
    ]
    found = [visit(0), visit(0.5, "P2"), visit(60)]
    [(passed, cleared)] = cleared_passes(found, truth, timedelta(0))
    assert (passed, cleared) == (truth[0], found[0])
    told = describe(7, "noise 10 m", passed, cleared, truth, Places(points))
    assert (told.point_id, told.neighbour, told.neighbour_s, told.visit_s) == ("P1", "P2", 120.0, 120.0)
    assert told.neighbour_m == pytest.approx(30.0, abs=0.5)


def passage(minute: float, *, halted_s: float = 0.0) -> Passage:
    """Return a time at which V1 came by P1 for ten seconds."""
    start = AT + timedelta(minutes=minute)
    return Passage("V1", "P1", start, start + timedelta(seconds=10), halted_s)


@pytest.mark.parametrize(
    ("found", "passages", "tally"),
    [
        ([visit(0)], [passage(0), passage(30)], Tally(made_up=1, came_by=2, came_by_cleared=1)),
        ([visit(0)], [passage(-2), passage(1)], Tally(made_up=1, came_by=2, came_by_cleared=1)),  # it has one passage
        ([visit(0)], [passage(0, halted_s=25)], Tally(made_up=1, stood_by=1, stood_by_cleared=1)),
        ([visit(0, "P2")], [passage(0)], Tally(made_up=1, came_by=1)),  # made up at another point
        ([visit(60)], [passage(0)], Tally(made_up=1, came_by=1)),  # made up an hour later
    ],
)
def test_a_passage_is_cleared_by_a_visit_that_was_made_up(
    found: list[Visit], passages: list[Passage], tally: Tally
) -> None:
    """Each passage counts, and is falsely cleared by the visit about it that is nobody's."""
    assert judge(found, [], timedelta(0), passages) == tally


def test_a_true_visit_clears_no_passage() -> None:
    """A truck that comes by a minute before it serves the point has not made its visit up."""
    assert judge([visit(1)], [event(1)], timedelta(0), [passage(0)]) == Tally(right=1, came_by=1)


def test_passages_are_told_by_the_true_way() -> None:
    """A truck that drives by two due points, comes back, and serves one then, passed three times."""
    points = (point_at(100, 10, point_id="P1"), point_at(400, 10, point_id="P2"), point_at(800, 40, point_id="P3"))
    pit = replace(point_at(250, 5, point_id="P4"), container_type=ContainerType.PIT)
    rare = replace(point_at(700, 0, point_id="P5"), visits_per_day=0.001)
    truck = Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000.0)
    register = Register(Town("T"), (*points, pit, rare), (), (truck,))
    ground = register.ground
    ways, day = TrueWays(), register.town.service_date(AT)
    at = AT
    there_and_back = [*range(0, 1000, 10), *range(1000, 400, -10), *[400] * 60, *range(400, -1, -10)]
    for x_m in there_and_back:
        at += timedelta(seconds=2)
        place = point_at(x_m)
        ways.note(at, {"V1": ground.spot(place.lon, place.lat)})
        if x_m == 400 and at - AT > timedelta(seconds=250):
            served_until = at
    stand = TruthEvent(
        TruthKind.VISIT, served_until - timedelta(seconds=100), served_until, "V1", point_id="P2", served=True
    )
    found = ways.passages(register, [stand], day)
    assert [one.point_id for one in found] == ["P1", "P2", "P1"]
    assert all(one.halted_s == 0.0 and 8.0 < (one.end - one.start).total_seconds() < 16.0 for one in found)
    assert [one.point_id for one in ways.passages(register, [], day)] == ["P1", "P2", "P2", "P1"]
    assert max(one.halted_s for one in ways.passages(register, [], day)) == pytest.approx(118.0, abs=3.0)


def test_a_wrong_clock_is_judged_by_itself() -> None:
    """A truck whose clock is 40 minutes behind tells of its visit 40 minutes too early, and is right."""
    assert judge([visit(-40)], [event(0)], timedelta(minutes=-40)).right == 1


def test_small_days_reach_the_targets() -> None:
    """Over two seeds and four mixes precision and recall are what the office was promised, from each evidence."""
    sums = dict.fromkeys(Told, Tally())
    for mix in mixes_of(MIXES):
        for seed in (1, 2):
            for told, tally in tallies_of(seed, mix, 2).items():
                sums[told] += tally
    for told, tally in sums.items():
        assert tally.right + tally.overlooked > 600
        assert tally.precision >= TARGETS[told], told
        assert tally.recall >= TARGETS[told], told
    assert sums[Told.ALL].false_clearances <= MOST_FALSE_CLEARANCES
    assert sums[Told.ALL].passed > 60
    assert sums[Told.GPS_AND_LOAD].passed_cleared <= 1
    for told, tally in sums.items():
        assert tally.came_by > 300
        assert tally.came_by_cleared <= 1, told


def test_seeds_and_mixes_are_named() -> None:
    """Ranges and lists of seeds are read, parts of names find mixes, and what is none is told."""
    assert seeds_of("1-3,7") == (1, 2, 3, 7)
    assert [mix.name for mix in mixes_of(["night"])] == ["night shift"]
    with pytest.raises(ValueError, match="No mix has 'fog' in its name; there are: noise 5 m"):
        mixes_of(["fog"])
    assert as_json({"x": dict.fromkeys(Told, Tally(right=1))})["all"]
