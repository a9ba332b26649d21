"""Alarms of silence: assets of which a device, or every one, is not heard though it should be."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.clearance.alarms.condition import Condition, Limit, Limits
from services.domain.kinds import ALARM_SUBJECTS, AlarmKind, DeviceKind
from services.store.alarm_signs import DeviceSign

FORGOTTEN_AFTER = timedelta(days=7)
"""A device that has been silent for longer is no news."""


def silent(devices: Iterable[DeviceSign], limits: Limits, now: datetime) -> list[Condition]:
    """Return the assets with a device that should be heard and is not, longer than its kind may be silent.

    One alarm for an asset, whichever of its devices: it names the silent ones, and how many there are in all.
    """
    by_asset: dict[tuple[str, str], list[DeviceSign]] = defaultdict(list)
    for sign in devices:
        if now - sign.last_heard_at <= FORGOTTEN_AFTER:
            by_asset[ALARM_SUBJECTS[DeviceKind(sign.kind)], sign.asset_id].append(sign)
    found = (_silence(subject_kind, here, limits, now) for (subject_kind, _), here in by_asset.items())
    return [condition for condition in found if condition is not None]


def _silence(subject_kind: str, devices: list[DeviceSign], limits: Limits, now: datetime) -> Condition | None:
    overdue: list[tuple[DeviceSign, Limit, bool]] = []
    for sign in devices:
        limit = limits.get(f"alarm_{sign.kind}_silent_min")
        silence_min = (now - sign.last_heard_at).total_seconds() / 60.0
        if limit is not None and sign.expected and silence_min > limit.keep_above:
            overdue.append((sign, limit, silence_min > limit.raise_above))
    raises = any(past for *_, past in overdue)
    named = [item for item in overdue if item[2] or not raises]
    if not named:
        return None
    newest, limit, _ = max(named, key=lambda item: item[0].last_heard_at)
    return Condition(
        AlarmKind.DEVICE_SILENT,
        subject_kind,
        newest.asset_id,
        {
            "last_heard_at": newest.last_heard_at.isoformat(),
            "limit_min": limit.raise_above,
            "devices": len(devices),
            "silent_devices": sorted(sign.device_id for sign, *_ in named),
        },
        raises=raises,
        goes_on=True,
    )
