"""Whose trucks came to a contractor's points is its own business only where they are its own: others are not named."""

from dataclasses import replace

from services.store.clearance_figures import DueVisitRow
from services.store.connection import Connection
from services.store.register_pages import visible_vehicles
from services.store.visibility import Visibility

OwnVehicles = frozenset[str] | None
"""The vehicles that may be named to somebody; none: all of them."""


def own_vehicles(connection: Connection, visible: Visibility) -> OwnVehicles:
    """Return the vehicles that may be named to somebody limited to `visible`."""
    return visible_vehicles(connection, visible) if visible.is_limited else None


def is_others(vehicle_id: str | None, own: OwnVehicles) -> bool:
    """Tell whether a vehicle is not to be named."""
    return own is not None and vehicle_id is not None and vehicle_id not in own


def without_others(due: DueVisitRow, own: OwnVehicles) -> DueVisitRow:
    """Return a due visit that names no vehicle of others; what became of it stays."""
    if not is_others(due.vehicle_id, own) and not is_others(due.planned_vehicle_id, own):
        return due
    return replace(
        due,
        vehicle_id=None if is_others(due.vehicle_id, own) else due.vehicle_id,
        planned_vehicle_id=None if is_others(due.planned_vehicle_id, own) else due.planned_vehicle_id,
    )
