"""Before and after a scenario as GeoJSON: the facilities in service, what is done, and the places left outside."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.domain.kinds import FacilityStatus
from services.domain.registry import Facility
from services.facilities.coverage import Gap
from services.facilities.scenario import Change

BEFORE, AFTER = "before", "after"


def map_of(
    phase: str, facilities: Iterable[Facility], gaps: Iterable[Gap], changes: Sequence[Change]
) -> list[dict[str, Any]]:
    """Return the features of one phase: facilities in service by kind, with `change` where one is to be, and gaps."""
    kinds = {change.facility_id: change.kind for change in changes}
    features = [
        _feature(
            facility.lon,
            facility.lat,
            phase=phase,
            feature=facility.kind,
            id=facility.facility_id,
            name=facility.name,
            change=kinds.get(facility.facility_id),
        )
        for facility in facilities
        if facility.status is FacilityStatus.IN_SERVICE
    ]
    features += [
        _feature(
            gap.lon,
            gap.lat,
            phase=phase,
            feature="gap",
            id=gap.point_id,
            demand=gap.demand,
            distance_m=gap.distance_m,
            zone_id=gap.zone_id,
        )
        for gap in gaps
    ]
    return features


def _feature(lon: float, lat: float, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
