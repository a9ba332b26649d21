"""The register as clearance needs it: read once, and again when it changes."""

from dataclasses import dataclass

from services.clearance.places import Places
from services.domain.kinds import DeviceKind, FacilityKind
from services.domain.registry import CollectionPoint, Vehicle
from services.domain.town import Town
from services.store.connection import Connection
from services.store.evidence import Asset, load_assets
from services.store.registry import load_facilities, load_points, load_vehicles, load_zones
from services.store.town import load_town
from services.store.visits import DueVisitOwner


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """The town, its points and where they are, its vehicles, and what each device speaks for."""

    town: Town
    points: dict[str, CollectionPoint]
    places: Places
    vehicles: dict[str, Vehicle]
    facility_kinds: dict[str, FacilityKind]
    contractor_of_zone: dict[str, str | None]
    assets: dict[int, Asset]

    def owner(self, point_id: str) -> DueVisitOwner:
        """Return whose point it is."""
        zone_id = self.points[point_id].zone_id
        return DueVisitOwner(zone_id, self.contractor_of(zone_id))

    def contractor_of(self, zone_id: str | None) -> str | None:
        """Return the contractor who works a zone."""
        return None if zone_id is None else self.contractor_of_zone.get(zone_id)

    def contractor_of_weight(self, vehicle_id: str, zone_id: str | None) -> str | None:
        """Return who answers for refuse: the zone's contractor, else, of no known zone, the vehicle's."""
        vehicle = self.vehicles.get(vehicle_id)
        if zone_id is None and vehicle is not None:
            return vehicle.contractor_id
        return self.contractor_of(zone_id)

    def keys_of(self, kind: DeviceKind, asset_ids: set[str]) -> dict[int, str]:
        """Return the devices that speak for some assets of a kind, with the asset of each."""
        return {
            key: asset.asset_id
            for key, asset in self.assets.items()
            if asset.kind is kind and asset.asset_id in asset_ids
        }

    @property
    def has_level_sensors(self) -> bool:
        """Tell whether any container reports its fill level."""
        return any(asset.kind is DeviceKind.CONTAINER for asset in self.assets.values())


def load_register(connection: Connection) -> Register:
    """Read the register.

    Raises:
        NotFoundError: there is no town yet.

    """
    town = load_town(connection)
    points = load_points(connection)
    facilities = load_facilities(connection)
    return Register(
        town=town,
        points={point.point_id: point for point in points},
        places=Places(points, facilities),
        vehicles={vehicle.vehicle_id: vehicle for vehicle in load_vehicles(connection)},
        facility_kinds={facility.facility_id: facility.kind for facility in facilities},
        contractor_of_zone={zone.zone_id: zone.contractor_id for zone in load_zones(connection)},
        assets=load_assets(connection),
    )
