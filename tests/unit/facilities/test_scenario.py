"""Changes to the facilities that are thought through without the register."""

import pytest

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.coverage import Gap
from services.facilities.scenario import Change, ChangeKind, with_changes
from services.facilities.scenario_map import AFTER, map_of

TOILETS = [
    Facility("T1", FacilityKind.PUBLIC_TOILET, 113.0, 28.0, name="老", stalls_male=3),
    Facility("T2", FacilityKind.PUBLIC_TOILET, 113.1, 28.0, status=FacilityStatus.RETIRED),
    Facility("T3", FacilityKind.PUBLIC_TOILET, 113.2, 28.0, status=FacilityStatus.PLANNED),
]
NEW = Change(ChangeKind.BUILD, "T9", FacilityKind.PUBLIC_TOILET, 113.5, 28.5, stalls_female=4)


def test_changes_make_another_town_and_leave_this_one() -> None:
    """What is built or renovated is in service with its new stalls, what is closed retired; the list stays."""
    changes = [NEW, Change(ChangeKind.RENOVATE, "T1", stalls_male=5), Change(ChangeKind.CLOSE, "T3")]
    after = {facility.facility_id: facility for facility in with_changes(TOILETS, changes)}
    assert (after["T1"].stalls_male, after["T1"].name) == (5, "老")
    assert after["T3"].status is FacilityStatus.RETIRED
    assert (after["T9"].status, after["T9"].position, after["T9"].stalls) == (
        FacilityStatus.IN_SERVICE,
        (113.5, 28.5),
        4,
    )
    assert TOILETS[0].stalls_male == 3
    assert len(TOILETS) == 3


def test_a_planned_facility_may_be_built() -> None:
    """What the register plans already is built under its own identifier."""
    (built,) = with_changes([TOILETS[2]], [Change(ChangeKind.BUILD, "T3", FacilityKind.PUBLIC_TOILET, 113.3, 28.0)])
    assert (built.status, built.lon) == (FacilityStatus.IN_SERVICE, 113.3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(ChangeKind.CLOSE, "T8"), "no facility 'T8' to close"),
        (Change(ChangeKind.RENOVATE, "T8"), "no facility 'T8' to renovate"),
        (Change(ChangeKind.RENOVATE, "T2"), "'T2' is retired"),
        (Change(ChangeKind.BUILD, "T1", FacilityKind.PUBLIC_TOILET, 113.0, 28.0), "'T1' already"),
    ],
)
def test_changes_that_contradict_the_register(change: Change, expected: str) -> None:
    """A sentence names the facility."""
    with pytest.raises(ConflictError, match=expected):
        with_changes(TOILETS, [change])


def test_a_new_facility_is_somewhere() -> None:
    """It needs a kind and a place."""
    with pytest.raises(ValueError, match="T9"):
        Change(ChangeKind.BUILD, "T9", FacilityKind.PUBLIC_TOILET, 113.0)


def test_the_map_tells_what_is_done_and_what_is_left() -> None:
    """Facilities in service with what is done to them, and the gaps; what is not in service is left out."""
    features = map_of(AFTER, with_changes(TOILETS, [NEW]), [Gap(113.0, 28.1, 40, None)], [NEW])
    told = [(item["properties"]["feature"], item["properties"].get("change")) for item in features]
    assert told == [("public_toilet", None), ("public_toilet", "build"), ("gap", None)]
    assert features[1]["geometry"] == {"type": "Point", "coordinates": [113.5, 28.5]}
    assert {item["properties"]["phase"] for item in features} == {"after"}
