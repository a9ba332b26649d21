"""Writes a simulated town's register as the files that `riqing import` takes."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from firmware_sim.town.land_use import MappedLand
from services.domain.registry import (
    CollectedWeight,
    CollectionPoint,
    Contractor,
    DailyWindow,
    Facility,
    PopulationCell,
    Vehicle,
    Zone,
)

Row = Mapping[str, object]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows that share their columns as CSV; an empty cell stands for None."""
    rows = iter(rows)
    first = next(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def point_row(point: CollectionPoint) -> Row:
    """Return a row of points.csv."""
    start, end = _windows(point.windows)
    return {
        "id": point.point_id,
        "lon": point.lon,
        "lat": point.lat,
        "name": point.name,
        "zone_id": point.zone_id,
        "container_type": point.container_type,
        "containers": point.containers,
        "expected_kg": _plain(point.expected_kg),
        "visits_per_day": _plain(point.visits_per_day),
        "window_start": start,
        "window_end": end,
        "service_s": point.service_s,
        "priority": point.priority,
        "approach": point.approach,
    }


def facility_row(facility: Facility) -> Row:
    """Return a row of facilities.csv."""
    is_toilet = facility.toilet_class is not None
    opens, closes = ("", "") if facility.open_hours is None else _windows((facility.open_hours,))
    return {
        "id": facility.facility_id,
        "kind": facility.kind,
        "lon": facility.lon,
        "lat": facility.lat,
        "name": facility.name,
        "zone_id": facility.zone_id,
        "status": facility.status,
        "opened_on": facility.opened_on,
        "design_life_years": _plain(facility.design_life_years),
        "design_t_per_day": _plain(facility.design_t_per_day),
        "bays": facility.bays,
        "tip_s": facility.tip_s,
        "open_time": opens,
        "close_time": closes,
        "class": facility.toilet_class,
        "stalls_male": facility.stalls_male if is_toilet else None,
        "stalls_female": facility.stalls_female if is_toilet else None,
        "stalls_accessible": facility.stalls_accessible if is_toilet else None,
    }


def vehicle_row(vehicle: Vehicle) -> Row:
    """Return a row of vehicles.csv."""
    starts, ends = ("", "") if vehicle.shift is None else _windows((vehicle.shift,))
    return {
        "id": vehicle.vehicle_id,
        "kind": vehicle.kind,
        "depot_id": vehicle.depot_id,
        "capacity_kg": _plain(vehicle.capacity_kg),
        "plate": vehicle.plate,
        "capacity_m3": _plain(vehicle.capacity_m3),
        "container_types": ";".join(sorted(vehicle.container_types or ())),
        "shift_start": starts,
        "shift_end": ends,
        "break_s": vehicle.break_s,
        "break_after_s": vehicle.break_after_s,
        "contractor_id": vehicle.contractor_id,
        "speed_factor": _plain(vehicle.speed_factor),
        "cost_per_km": _plain(vehicle.cost_per_km),
        "cost_per_h": _plain(vehicle.cost_per_h),
        "fixed_cost": _plain(vehicle.fixed_cost),
    }


def contractor_row(contractor: Contractor) -> Row:
    """Return a row of contractors.csv."""
    return {"id": contractor.contractor_id, "name": contractor.name}


def population_row(cell: PopulationCell) -> Row:
    """Return a row of population.csv."""
    return {"lon": cell.lon, "lat": cell.lat, "residents": _plain(cell.residents)}


def history_row(collected: CollectedWeight) -> Row:
    """Return a row of history.csv."""
    return {"point_id": collected.point_id, "date": collected.service_date, "kg": _plain(collected.kg)}


def write_areas(path: Path, features: Iterable[Row]) -> None:
    """Write GeoJSON, a feature a line."""
    lines = [json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features]
    path.write_text('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def zone_feature(zone: Zone) -> Row:
    """Return a feature of zones.geojson."""
    properties = {
        "id": zone.zone_id,
        "name": zone.name,
        "contractor_id": zone.contractor_id,
        "cleaning_grade": zone.cleaning_grade,
        "responsible": zone.responsible,
    }
    return {"type": "Feature", "properties": properties, "geometry": zone.geometry}


def land_feature(land: MappedLand) -> Row:
    """Return a feature of landuse.geojson."""
    properties = {"id": land.parcel_id, "landuse": land.landuse}
    return {"type": "Feature", "properties": properties, "geometry": land.geometry}


def _plain(value: float | None) -> float | None:
    """Write whole numbers without a decimal point."""
    return int(value) if value is not None and value == int(value) else value


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def _windows(windows: tuple[DailyWindow, ...]) -> tuple[str, str]:
    """Return window_start and window_end; several windows stand in the first, as interfaces.md has it."""
    if not windows:
        return "", ""
    if len(windows) == 1:
        return _clock(windows[0].start_s), _clock(windows[0].end_s)
    return ";".join(f"{_clock(window.start_s)}-{_clock(window.end_s)}" for window in windows), ""
