"""Alarms of places: containers that are overfull, stations over their capacity, toilets whose air is over its limit."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.clearance.alarms.condition import Condition, Limit, Limits
from services.domain.gases import H2S_LIMIT, H2S_MG_M3_PER_PPM, NH3_LIMITS, NH3_MG_M3_PER_PPM
from services.domain.kinds import AlarmKind
from services.store.alarm_signs import ContainerSign, StationSign, ToiletSign


def overfull(containers: Iterable[ContainerSign], limits: Limits) -> list[Condition]:
    """Return the points of which a container is over the filling factor."""
    limit = limits.get("alarm_container_fill_ratio")
    if limit is None:
        return []
    return [
        Condition(
            AlarmKind.CONTAINER_OVERFULL,
            "point",
            sign.point_id,
            {"fill_ratio": round(sign.fill_ratio, 3), "limit": limit.raise_above},
            raises=sign.fill_ratio > limit.raise_above,
        )
        for sign in containers
        if sign.fill_ratio > limit.keep_above
    ]


def over_capacity(stations: Iterable[StationSign]) -> list[Condition]:
    """Return the stations that have taken in more today than a day is designed for."""
    return [
        Condition(
            AlarmKind.STATION_OVER_CAPACITY,
            "facility",
            sign.facility_id,
            {"throughput_t": round(sign.throughput_t, 2), "design_t_per_day": sign.design_t_per_day},
        )
        for sign in stations
        if sign.throughput_t > sign.design_t_per_day
    ]


def odour(toilets: Iterable[ToiletSign], limits: Limits, now: datetime) -> list[Condition]:
    """Return the toilets whose air is over a limit of their class, one condition each whichever gas.

    It is raised once every reading of the last while (`alarm_odour_min`, the newest one at least) is over, and kept
    until every one is down: a single gust is no alarm, and a single fresh breath ends none.
    """
    share, lasting = limits.get("alarm_odour_share"), limits.get("alarm_odour_min")
    if share is None or lasting is None:
        return []
    since = now - timedelta(minutes=lasting.raise_above)
    found = (_odour_of(sign, limits, share, since) for sign in toilets)
    return [condition for condition in found if condition is not None]


def _odour_of(sign: ToiletSign, limits: Limits, share: Limit, since: datetime) -> Condition | None:
    recent = [reading for reading in sign.readings if reading.observed_at > since] or sign.readings[-1:]
    kept: Condition | None = None
    for gas, factor, limit_id in (
        ("nh3", NH3_MG_M3_PER_PPM, NH3_LIMITS.get(sign.toilet_class or "", "")),
        ("h2s", H2S_MG_M3_PER_PPM, H2S_LIMIT),
    ):
        told = [ppm * factor for reading in recent if (ppm := getattr(reading, f"{gas}_ppm")) is not None]
        limit = limits.get(limit_id)
        if limit is None or not told or max(told) <= share.keep_above * limit.raise_above:
            continue
        detail: dict[str, object] = {f"{gas}_mg_m3": round(told[-1], 4), "limit": limit.raise_above}
        raises = min(told) > share.raise_above * limit.raise_above
        condition = Condition(AlarmKind.TOILET_ODOUR, "facility", sign.facility_id, detail, raises=raises)
        if raises:
            return condition
        kept = kept or condition
    return kept
