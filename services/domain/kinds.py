"""The closed vocabularies of the domain: every kind, status, outcome and role that has a fixed list."""

from enum import StrEnum


class ContainerType(StrEnum):
    """What refuse waits in at a collection point (domain.md: container, pit bin)."""

    BIN = "bin"
    CART = "cart"
    SKIP = "skip"
    PIT = "pit"
    ROADSIDE = "roadside"


class Approach(StrEnum):
    """From which side of the street a truck comes to a collection point: either, or the side on which it stands."""

    ANY = "any"
    KERB = "kerb"


class VehicleKind(StrEnum):
    """Sanitation vehicles (环卫车辆)."""

    COMPACTOR = "compactor"
    CRANE_TRUCK = "crane_truck"
    HOOK_LIFT = "hook_lift"
    SWEEPER = "sweeper"
    WASHER = "washer"
    MUCK_TRUCK = "muck_truck"


CONTAINER_TYPES_BY_VEHICLE_KIND: dict[VehicleKind, frozenset[ContainerType]] = {
    VehicleKind.COMPACTOR: frozenset({ContainerType.BIN, ContainerType.CART, ContainerType.ROADSIDE}),
    VehicleKind.CRANE_TRUCK: frozenset({ContainerType.PIT}),
    VehicleKind.HOOK_LIFT: frozenset({ContainerType.SKIP}),
    VehicleKind.SWEEPER: frozenset(),
    VehicleKind.WASHER: frozenset(),
    VehicleKind.MUCK_TRUCK: frozenset(),
}
"""What a vehicle may serve where the register does not say so itself (domain.md: a pit bin needs a crane)."""


class FacilityKind(StrEnum):
    """Sanitation facilities (环卫设施)."""

    DEPOT = "depot"
    TRANSFER_STATION = "transfer_station"
    LANDFILL = "landfill"
    INCINERATOR = "incinerator"
    CONSTRUCTION_LANDFILL = "construction_landfill"
    PUBLIC_TOILET = "public_toilet"


DISPOSAL_SITE_KINDS = frozenset({FacilityKind.LANDFILL, FacilityKind.INCINERATOR, FacilityKind.CONSTRUCTION_LANDFILL})
"""The end of the chain (处理场)."""

REFUSE_UNLOADING_KINDS = frozenset({FacilityKind.TRANSFER_STATION, FacilityKind.LANDFILL, FacilityKind.INCINERATOR})
"""Where a collection vehicle may tip household refuse; construction waste has a landfill of its own."""


class FacilityStatus(StrEnum):
    """The life cycle of a facility (新建, 改造)."""

    PLANNED = "planned"
    UNDER_CONSTRUCTION = "under_construction"
    IN_SERVICE = "in_service"
    UNDER_RENOVATION = "under_renovation"
    RETIRED = "retired"


class DeviceKind(StrEnum):
    """What publishes telemetry."""

    VEHICLE = "vehicle"
    STATION = "station"
    TOILET = "toilet"
    CONTAINER = "container"


class MessageKind(StrEnum):
    """The last part of a telemetry topic."""

    POSITION = "position"
    SERVICE = "service"
    LEVEL = "level"
    WEIGHING = "weighing"
    USAGE = "usage"
    STATUS = "status"
    ROUTE = "route"


class ServiceOutcome(StrEnum):
    """What a service event says happened at a point."""

    SERVED = "served"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class ServiceSource(StrEnum):
    """What on the vehicle reported a service event."""

    RFID = "rfid"
    ARM = "arm"
    BUTTON = "button"
    DRIVER = "driver"
    """The driver's phone, over HTTP."""


class WeighingDirection(StrEnum):
    """Whether refuse entered the station or left it for disposal."""

    IN = "in"
    OUT = "out"


class StopKind(StrEnum):
    """What a stop of a route is for."""

    DEPOT = "depot"
    POINT = "point"
    STATION = "station"
    BREAK = "break"


class PlanStatus(StrEnum):
    """Where a plan is between being asked for and being there."""

    QUEUED = "queued"
    SOLVING = "solving"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UnservedReason(StrEnum):
    """Why a due visit is in no route."""

    NO_VEHICLE_MAY_SERVE = "no_vehicle_may_serve"
    NO_ROAD_NEARBY = "no_road_nearby"
    UNREACHABLE = "unreachable"
    WINDOW_CANNOT_BE_MET = "window_cannot_be_met"
    TOO_LITTLE_CAPACITY = "too_little_capacity"
    STATION_CLOSED_OR_FULL = "station_closed_or_full"
    SHIFT_TOO_SHORT = "shift_too_short"
    TIME_RAN_OUT = "time_ran_out"


class DueVisitStatus(StrEnum):
    """What became of a due visit."""

    CLEARED = "cleared"
    PENDING = "pending"
    MISSED = "missed"


class MissedReason(StrEnum):
    """Why a due visit is not cleared (domain.md, Clearance)."""

    NOT_PLANNED = "not_planned"
    PLANNED_BUT_NOT_VISITED = "planned_but_not_visited"
    VISITED_OUTSIDE_WINDOW = "visited_outside_window"
    DEVICE_SILENT = "device_silent"
    """Planned, but the vehicle's device told nothing then: nobody can know."""


class EvidenceKind(StrEnum):
    """What a visit was decided from, best first."""

    SERVICE_EVENT = "service_event"
    STAY = "stay"
    LEVEL_DROP = "level_drop"
    LOAD_RISE = "load_rise"


class AlarmKind(StrEnum):
    """What an alarm is about."""

    CONTAINER_OVERFULL = "container_overfull"
    DEVICE_SILENT = "device_silent"
    STATION_OVER_CAPACITY = "station_over_capacity"
    TOILET_ODOUR = "toilet_odour"
    DUE_VISIT_AT_RISK = "due_visit_at_risk"
    """A truck runs late or has left something out."""
    VEHICLE_STANDING = "vehicle_standing"
    VEHICLE_OFF_ROUTE = "vehicle_off_route"
    COVER_OPEN = "cover_open"
    """A loaded truck drives with its cover open."""
    LOAD_LOST = "load_lost"
    """A truck got lighter away from everywhere it may tip: spilling or dumping."""
    PUBLISH_REFUSED = "publish_refused"
    """A device publishes where it may not."""
    DEVICE_TOO_FAST = "device_too_fast"
    """A device has sent more than its share and is kept out for a moment."""
    DEVICE_CLOCK_WRONG = "device_clock_wrong"
    SPOOL_FILLING = "spool_filling"
    """The broker holds many messages that are not stored yet."""
    SPOOL_OVERFLOWED = "spool_overflowed"
    """The broker has dropped messages that it had acknowledged."""
    DISK_FILLING = "disk_filling"
    """The disk of the broker or the database is nearly full."""


ALARM_SUBJECTS: dict[DeviceKind, str] = {
    DeviceKind.VEHICLE: "vehicle",
    DeviceKind.STATION: "facility",
    DeviceKind.TOILET: "facility",
    DeviceKind.CONTAINER: "point",
}
"""The kind of subject of an alarm about a device: what the device speaks for."""


class Role(StrEnum):
    """What a signed-in person may do."""

    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    OFFICE = "office"
    INSPECTOR = "inspector"
    CONTRACTOR = "contractor"
    DRIVER = "driver"
