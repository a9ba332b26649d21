"""A route along the roads: as it was published or, before that, as the road network leads it now."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.api.places import collection, feature, position_of
from services.api.shapes.plans import RouteAnswer
from services.domain.errors import NotFoundError
from services.roads.network import LonLat, RoadNetwork, decode_polyline6
from services.store.connection import Connection
from services.store.register_pages import visible_vehicles
from services.store.routes import StopRow, load_routes, load_stops
from services.store.visibility import Visibility


@dataclass(frozen=True, slots=True)
class RouteOnRoads:
    """A route and the way to each of its stops from the one before; `legs` is none until it is known.

    The truck comes to the places of `kerb` on the side of the street on which they are.
    """

    answer: RouteAnswer
    legs: tuple[tuple[LonLat, ...], ...] | None
    kerb: frozenset[LonLat] = frozenset()

    def with_roads(self) -> "RouteOnRoads":
        """Return the route with its ways, asking the road network where they were not published.

        Raises:
            RoadEngineError: the road network does not answer.
            NoRouteError: it knows no way.

        """
        if self.legs is not None:
            return self
        places = [(stop.lon, stop.lat) for stop in self.answer.stops if stop.lon is not None and stop.lat is not None]
        with RoadNetwork.for_profile() as network:
            return replace(self, legs=tuple(leg.geometry for leg in network.route(places, kerb=self.kerb)))

    @property
    def line(self) -> list[LonLat]:
        """The whole way; where one leg ends and the next begins the place is named once."""
        way: list[LonLat] = []
        for place in (place for leg in self.legs or () for place in leg):
            if not way or way[-1] != place:
                way.append(place)
        return way

    def geo_json(self) -> dict[str, Any]:
        """Return the way as a LineString, and a Point for each stop."""
        vehicle_id = self.answer.vehicle_id
        way = {
            "type": "Feature",
            "id": vehicle_id,
            "geometry": {"type": "LineString", "coordinates": self.line} if len(self.line) > 1 else None,
            "properties": self.answer.model_dump(mode="json", exclude={"stops"}),
        }
        stops = (
            {**feature(stop, position_of(stop)), "id": f"{vehicle_id}/{stop.sequence}"} for stop in self.answer.stops
        )
        return collection([way, *stops])


def load_route_on_roads(connection: Connection, plan_id: UUID, vehicle_id: str, visible: Visibility) -> RouteOnRoads:
    """Return a vehicle's route in a plan.

    Raises:
        NotFoundError: the plan has none for this vehicle that may be seen.

    """
    routes = load_routes(connection, plan_id, vehicle_id)
    hidden = visible.is_limited and vehicle_id not in visible_vehicles(connection, visible)
    if not routes or hidden:
        raise NotFoundError(f"Plan {plan_id} has no route for the vehicle {vehicle_id!r}.")
    stops = load_stops(connection, plan_id, vehicle_id)
    kerb = frozenset(
        (stop.lon, stop.lat) for stop in stops if stop.is_at_kerb and stop.lon is not None and stop.lat is not None
    )
    return RouteOnRoads(RouteAnswer.of(routes[0], stops), _published_legs(stops), kerb)


def _published_legs(stops: list[StopRow]) -> tuple[tuple[LonLat, ...], ...] | None:
    """Return the ways as stored; none before publication. A break is taken where one stands: no way leads there."""
    texts = [stop.leg_polyline6 for stop in stops[1:]]
    if all(text is None for text in texts):
        return None
    return tuple(decode_polyline6(text) for text in texts if text)
