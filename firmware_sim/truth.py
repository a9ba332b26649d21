"""The truth about a simulated day: what really happened, whatever the devices said of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class TruthKind(StrEnum):
    """What can happen."""

    VISIT = "visit"
    DRIVE_PAST = "drive_past"
    TIPPING = "tipping"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """Something that happened between two instants; what does not belong to its kind is None.

    A visit that is not `served` is a planned stop that the driver left out. `kg` was really moved.
    """

    event: TruthKind
    start: datetime
    end: datetime
    vehicle_id: str | None = None
    point_id: str | None = None
    facility_id: str | None = None
    served: bool | None = None
    kg: float | None = None
    entries: int | None = None

    def as_json(self) -> str:
        """Return the event as one line of JSON."""
        given = {
            "event": self.event,
            "start": self.start.isoformat(timespec="milliseconds"),
            "end": self.end.isoformat(timespec="milliseconds"),
            "vehicle_id": self.vehicle_id,
            "point_id": self.point_id,
            "facility_id": self.facility_id,
            "served": self.served,
            "kg": self.kg,
            "entries": self.entries,
        }
        return json.dumps({key: value for key, value in given.items() if value is not None}, ensure_ascii=False)


def write_truth(path: Path, events: Iterable[TruthEvent]) -> None:
    """Write events as JSON lines, by time of start; an existing file is replaced in one step."""
    lines = sorted((event.start, event.as_json()) for event in events)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text("".join(f"{line}\n" for _, line in lines), encoding="utf-8")
    unfinished.replace(path)
