"""What the routing engine answers for a truck in a drawn town."""

import numpy as np
import pytest

from services.roads.errors import NoRouteError, RoadEngineError
from services.roads.network import UNREACHABLE, RoadNetwork, decode_polyline6
from tests.road_files import place
from tests.road_servers import Served

SOUTH, EAST, NORTH, WEST = place(300, 0), place(600, 450), place(350, 600), place(0, 200)
ISLAND, SEA, BEHIND_FERRY = place(3200, 3000), place(2000, 1500), place(750, 1600)
BOTH_ENDS_OF_THE_BRIDGE = [place(0, 290), place(600, 290)]


def test_places_meet_the_nearest_road_or_none(town: Served) -> None:
    """A place beside the road is snapped to it with its distance; one in the sea is not, and spoils nothing."""
    beside, sea = town.network.snap([place(300, -30), SEA])
    assert beside is not None
    assert (beside.lon, beside.lat) == pytest.approx(SOUTH, abs=1e-5)
    assert beside.distance_m == pytest.approx(30, abs=1)
    assert beside.street == "南环路"
    assert sea is None
    assert town.network.snap([SEA]) == [None]
    assert town.network.snap([]) == []


@pytest.mark.parametrize(("limit_m", "found"), [(20, False), (40, True)])
def test_the_limit_decides_what_is_on_the_road(town: Served, limit_m: float, found: bool) -> None:
    """A place 30 m away is on the road within 40 m and off it within 20 m."""
    assert (town.network.snap([place(300, -30)], limit_m)[0] is not None) is found


def test_a_one_way_street_is_driven_one_way(town: Served) -> None:
    """Along the one-way north side it is short; against it the way leads round the ring."""
    matrix = town.network.matrix([EAST, NORTH])
    assert matrix.distance_m[0, 1] == pytest.approx(400, abs=5)
    assert matrix.distance_m[1, 0] == pytest.approx(350 + 600 + 600 + 450, abs=5)
    assert (np.diag(matrix.duration_s) == 0).all()


def test_a_truck_does_not_fit_under_the_low_bridge(town: Served) -> None:
    """The short cut of 600 m is 2.6 m high: the truck takes the south side."""
    matrix = town.network.matrix(BOTH_ENDS_OF_THE_BRIDGE)
    assert matrix.distance_m[0, 1] == pytest.approx(290 + 600 + 290, abs=5)


def test_a_private_road_is_entered_to_serve_but_not_to_pass(town: Served) -> None:
    """The yard's road is no short cut, yet a place in the yard is reached."""
    before, behind, inside = place(200, 600), place(0, 450), place(50, 550)
    matrix = town.network.matrix([before, behind, inside])
    assert matrix.distance_m[0, 1] == pytest.approx(200 + 150, abs=5)
    assert matrix.distance_m[0, 2] == pytest.approx(100 + 71, abs=5)


def test_what_no_road_reaches_is_unreachable_and_never_near(town: Served) -> None:
    """An island, a street behind a ferry and the sea are -1 from everywhere; all else stays right."""
    matrix = town.network.matrix([SOUTH, ISLAND, SEA, BEHIND_FERRY, WEST])
    assert matrix.duration_s.dtype == np.int32
    for row, column in [(0, 1), (1, 0), (0, 2), (2, 0), (2, 2), (0, 3), (3, 4), (1, 3)]:
        assert matrix.duration_s[row, column] == UNREACHABLE
        assert matrix.distance_m[row, column] == UNREACHABLE
    assert matrix.distance_m[0, 4] == pytest.approx(500, abs=5)
    assert [snap is None for snap in matrix.snaps] == [False, False, True, False, False]
    assert town.network.matrix([SEA]).duration_s.tolist() == [[UNREACHABLE]]
    assert town.network.matrix([]).duration_s.shape == (0, 0)


def test_a_matrix_in_blocks_equals_single_answers(town: Served) -> None:
    """Enough places for several blocks: sampled cells are what a matrix of two places says."""
    chance = np.random.default_rng(3)
    places = [place(*chance.uniform(0, 600, 2)) for _ in range(700)]
    whole = town.network.matrix(places)
    assert sum(snap is None for snap in whole.snaps) > 10
    for row, column in chance.integers(0, 700, (25, 2)):
        pair = town.network.matrix([places[row], places[column]])
        assert whole.duration_s[row, column] == pair.duration_s[0, 1]
        assert whole.distance_m[row, column] == pair.distance_m[0, 1]


def test_a_matrix_of_hubs_has_their_ways_and_no_others(town: Served) -> None:
    """From and to the hubs it is the whole matrix, in several requests as well; elsewhere nothing is known."""
    chance = np.random.default_rng(5)
    places = [place(*chance.uniform(0, 600, 2)) for _ in range(300)]
    whole, thin = town.network.matrix(places), town.network.matrix(places, hubs=set(places[:260]))
    assert thin.snaps == whole.snaps
    for name in ("duration_s", "distance_m"):
        known, asked = getattr(whole, name), getattr(thin, name)
        assert np.array_equal(asked[:260], known[:260])
        assert np.array_equal(asked[:, :260], known[:, :260])
        others = asked[260:, 260:]
        assert set(others[~np.eye(40, dtype=np.bool_)].tolist()) == {UNREACHABLE}


def test_a_route_has_the_matrix_s_length_and_a_line_for_every_leg(town: Served) -> None:
    """Legs sum to what the matrix promised, lead from place to place, and survive the polyline."""
    stops = [WEST, SOUTH, EAST, NORTH, WEST]
    legs = town.network.route(stops)
    matrix = town.network.matrix(stops)
    for number, leg in enumerate(legs):
        assert leg.distance_m == pytest.approx(matrix.distance_m[number, number + 1], abs=1)
        assert leg.duration_s == pytest.approx(matrix.duration_s[number, number + 1], abs=1)
        assert leg.geometry[0] == pytest.approx(stops[number], abs=2e-5)
        assert leg.geometry[-1] == pytest.approx(stops[number + 1], abs=2e-5)
        assert decode_polyline6(leg.polyline6) == leg.geometry
    assert town.network.route([WEST]) == []


def test_the_kerb_side_can_be_asked_for(town: Served) -> None:
    """A place on the left of a two-way street is passed and approached from the other side, by matrix and by route."""
    start, beside_left, beside_right = place(100, 0), place(300, 20), place(300, -20)
    either = town.network.matrix([start, beside_left]).distance_m[0, 1]
    kerb = town.network.matrix([start, beside_left], kerb={beside_left}).distance_m[0, 1]
    assert either == pytest.approx(200, abs=5)
    assert kerb > 2 * either
    (leg,) = town.network.route([start, beside_left], kerb={beside_left})
    assert leg.distance_m == pytest.approx(kerb, abs=1)
    hubs = town.network.matrix([start, beside_left], kerb={beside_left}, hubs={start})
    assert hubs.distance_m[0, 1] == kerb
    # on the right it is passed anyway, and the start's own side is not asked for
    assert town.network.matrix([start, beside_right], kerb={beside_right}).distance_m[0, 1] == either


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ([SOUTH, EAST, SEA], "There is no road within 150 m of 112.02"),
        ([SOUTH, EAST, ISLAND], "No road leads from 112.00611, 28.00405 to 112.03"),
    ],
)
def test_a_route_that_cannot_be_names_the_leg(town: Served, stops: list[tuple[float, float]], expected: str) -> None:
    """The error says which place is off the road, or between which two there is no way."""
    with pytest.raises(NoRouteError, match=expected):
        town.network.route(stops)


def test_a_server_that_is_not_there_or_no_road_server_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, unused_port: int, town: Served
) -> None:
    """Nobody listening and somebody else listening each get their own sentence."""
    monkeypatch.setattr("services.roads.network.RESTART_WAIT_S", 0.3)
    with RoadNetwork(f"http://127.0.0.1:{unused_port}") as nobody, pytest.raises(RoadEngineError, match="not answer"):
        nobody.snap([SOUTH])
    with RoadNetwork(f"{town.url}/elsewhere") as other, pytest.raises(RoadEngineError, match="road server"):
        other.snap([SOUTH])
