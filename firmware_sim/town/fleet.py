"""The town's trucks and the companies that run them."""

from dataclasses import dataclass
from random import Random

from services.domain.kinds import ContainerType, VehicleKind
from services.domain.registry import Contractor, DailyWindow, Vehicle

CONTRACTORS = (Contractor("K1", "洁城环境服务有限公司"), Contractor("K2", "绿源保洁有限公司"))

_SHIFT_H = 8.5
_BREAK_S, _BREAK_AFTER_S = 1_800, 4 * 3600


@dataclass(frozen=True, slots=True)
class _Model:
    kind: VehicleKind
    capacity_kg: float
    capacity_m3: float
    container_types: frozenset[ContainerType]
    speed_factor: float
    cost_per_km: float


_WHEELED = frozenset({ContainerType.BIN, ContainerType.CART, ContainerType.ROADSIDE})
_LARGE_COMPACTOR = _Model(VehicleKind.COMPACTOR, 8_000.0, 16.0, _WHEELED, 1.0, 3.4)
_SMALL_COMPACTOR = _Model(VehicleKind.COMPACTOR, 5_000.0, 10.0, _WHEELED, 1.0, 2.8)
_CRANE_TRUCK = _Model(VehicleKind.CRANE_TRUCK, 7_000.0, 14.0, frozenset({ContainerType.PIT}), 0.95, 3.6)
_HOOK_LIFT = _Model(VehicleKind.HOOK_LIFT, 10_000.0, 20.0, frozenset({ContainerType.SKIP}), 0.95, 4.2)

_ROSTER: tuple[tuple[_Model, float, str], ...] = (
    *((_LARGE_COMPACTOR, hour, contractor) for hour, contractor in ((4.0, "K1"), (4.5, "K2"), (5.0, "K1"))),
    *((_SMALL_COMPACTOR, hour, contractor) for hour, contractor in ((4.0, "K2"), (4.5, "K1"), (4.5, "K2"))),
    *((_SMALL_COMPACTOR, hour, contractor) for hour, contractor in ((5.0, "K1"), (5.0, "K2"))),
    *((_LARGE_COMPACTOR, hour, contractor) for hour, contractor in ((13.5, "K1"), (14.0, "K2"))),
    *((_SMALL_COMPACTOR, hour, contractor) for hour, contractor in ((13.5, "K1"), (14.0, "K2"))),
    *((_CRANE_TRUCK, hour, contractor) for hour, contractor in ((5.5, "K1"), (6.0, "K2"), (6.0, "K2"))),
    *((_HOOK_LIFT, 8.0, contractor) for contractor in ("K2", "K1")),
)
"""Each truck with the hour its shift starts and the company that runs it: two shifts of compactors, the crane
trucks (K2 has most of the townships, so two of them), and the hook-lifts that haul from stations to landfill."""


def vehicles_of(depot_id: str, random: Random) -> list[Vehicle]:
    """Return the fleet, every truck at one depot."""
    return [_vehicle(index, *entry, depot_id, random) for index, entry in enumerate(_ROSTER)]


def _vehicle(index: int, model: _Model, start_h: float, contractor_id: str, depot_id: str, random: Random) -> Vehicle:
    start_s = int(start_h * 3600)
    plate = "".join(random.choice("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(4))
    return Vehicle(
        vehicle_id=f"V{index + 1:02d}",
        kind=model.kind,
        depot_id=depot_id,
        capacity_kg=model.capacity_kg,
        plate=f"青A{plate}",
        capacity_m3=model.capacity_m3,
        container_types=model.container_types,
        shift=DailyWindow(start_s, start_s + int(_SHIFT_H * 3600)),
        break_s=_BREAK_S,
        break_after_s=_BREAK_AFTER_S,
        contractor_id=contractor_id,
        speed_factor=model.speed_factor,
        cost_per_km=model.cost_per_km,
        cost_per_h=45.0,
        fixed_cost=120.0,
    )
