"""Sending a plan to the trucks: road geometry for every leg, one retained route message a truck, in revisions."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.session import take_leave
from services.domain.kinds import DeviceKind, MessageKind, PlanStatus, StopKind
from services.domain.registry import Position
from services.domain.telemetry import RouteMessage, RouteStop, encode
from services.domain.topics import Topic, TopicError, check_device_id
from services.domain.town import Town
from services.roads.network import RoadNetwork
from services.store import plans
from services.store.connection import Connection
from services.store.devices import list_devices
from services.store.plans import PlanRow
from services.store.registry import load_points, load_vehicles
from services.store.routes import StopRow, load_stops
from services.store.town import load_clock, load_town

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 20.0
"""How long the broker may take to let us in, and to acknowledge all routes."""


def publish_plan(connection: Connection, plan_id: UUID, network: RoadNetwork, mqtt_url: str) -> None:
    """Send every truck its route of a plan, and one without stops to those that the plan leaves at home.

    The plan counts as published once the broker has acknowledged every message. Doing it again after it was cut off
    is safe: the revisions stay the same. `connection` commits each statement by itself.

    Raises:
        RoadsError: the road server does not answer, or a leg has no road any more.
        BrokerError: the broker cannot be reached, or refuses or does not acknowledge a message.

    """
    plan = plans.load_plan(connection, plan_id)
    if plan.status is not PlanStatus.READY:
        log.warning("plan %s is %s and not published", plan_id, plan.status)
        return
    town, now = load_town(connection), load_clock(connection).now()
    stops = _stops_by_vehicle(connection, plan_id)
    polylines = _leg_geometry(network, stops)
    plans.save_leg_geometry(connection, plan_id, polylines)
    service_s = {point.point_id: point.service_s for point in load_points(connection)}
    collecting = {vehicle.vehicle_id for vehicle in load_vehicles(connection) if vehicle.may_serve}
    recipients = sorted(collecting | set(stops) | plans.vehicles_sent_routes(connection, plan.service_date))
    with connection.transaction():
        revisions = plans.assign_revisions(connection, plan_id, plan.service_date, recipients, now)
    messages = [
        _message(plan, vehicle_id, revisions[vehicle_id], now, stops.get(vehicle_id, []), polylines, service_s)
        for vehicle_id in recipients
    ]
    _send(BrokerAddress.parse(mqtt_url), _addressed(connection, town, messages))
    with connection.transaction():
        plans.mark_published(connection, plan_id, plan.service_date, now)
    log.info("published plan %s to %d trucks", plan_id, len(messages))


def _stops_by_vehicle(connection: Connection, plan_id: UUID) -> dict[str, list[StopRow]]:
    rows = load_stops(connection, plan_id)
    return {vehicle_id: list(stops) for vehicle_id, stops in groupby(rows, key=lambda stop: stop.vehicle_id)}


def _position(stop: StopRow) -> Position:
    assert stop.lon is not None, "the register never loses what a plan names"
    assert stop.lat is not None
    return stop.lon, stop.lat


def _leg_geometry(network: RoadNetwork, stops: Mapping[str, Sequence[StopRow]]) -> dict[tuple[str, int], str]:
    """Return the road to every stop but a route's first, by vehicle and sequence; a break has none."""
    polylines = {}
    for vehicle_id, route in stops.items():
        driven = [stop for stop in route if stop.kind != StopKind.BREAK]
        kerb = {_position(stop) for stop in driven if stop.is_at_kerb}
        legs = network.route([_position(stop) for stop in driven], kerb=kerb)
        for stop, leg in zip(driven[1:], legs, strict=True):
            polylines[vehicle_id, stop.sequence] = leg.polyline6
    return polylines


def _message(
    plan: PlanRow,
    vehicle_id: str,
    revision: int,
    now: datetime,
    stops: Sequence[StopRow],
    polylines: Mapping[tuple[str, int], str],
    point_service_s: Mapping[str, int],
) -> RouteMessage:
    return RouteMessage(
        plan_id=str(plan.plan_id),
        service_date=plan.service_date.isoformat(),
        revision=revision,
        vehicle_id=vehicle_id,
        published_at=now,
        stops=tuple(
            RouteStop(
                sequence=stop.sequence,
                kind=StopKind(stop.kind),
                id=stop.id or "",
                lon=_position(stop)[0],
                lat=_position(stop)[1],
                arrive_at=stop.arrive_at,
                depart_at=stop.depart_at,
                service_s=_service_s(stop, point_service_s),
                leg_distance_m=stop.leg_distance_m,
                leg_polyline6=polylines.get((vehicle_id, stop.sequence), ""),
            )
            for stop in stops
        ),
    )


def _service_s(stop: StopRow, point_service_s: Mapping[str, int]) -> int:
    """Return what the work at a stop takes; the rest of the time there is waiting, before the work."""
    if stop.kind == StopKind.DEPOT:
        return 0
    there_s = round((stop.depart_at - stop.arrive_at).total_seconds())
    if stop.kind == StopKind.POINT and stop.id is not None and stop.id in point_service_s:
        return min(there_s, point_service_s[stop.id])
    return there_s


def _addressed(connection: Connection, town: Town, messages: Sequence[RouteMessage]) -> list[tuple[str, bytes]]:
    """Return topic and payload for every device of each message's vehicle.

    A vehicle without a device gets it where a device of its own name will look, once it is enrolled.
    """
    devices: dict[str, list[str]] = {}
    for device in list_devices(connection, DeviceKind.VEHICLE):
        if device.revoked_at is None:
            devices.setdefault(device.asset_id, []).append(device.device_id)
    addressed = []
    for message in messages:
        for device_id in devices.get(message.vehicle_id, [message.vehicle_id]):
            try:
                check_device_id(device_id)
            except TopicError as error:
                log.warning("no route is sent to vehicle %r: %s", message.vehicle_id, error)
                continue
            topic = Topic(town.name, DeviceKind.VEHICLE, device_id, MessageKind.ROUTE)
            addressed.append((str(topic), encode(message)))
    return addressed


@contextmanager
def _connected(address: BrokerAddress, client: Client) -> Iterator[None]:
    """Keep a client connected; leaving the block disconnects it."""
    is_open = threading.Event()
    refusal: list[ReasonCode] = []

    def on_connect(_client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _: Properties | None) -> None:
        if code.is_failure:
            refusal.append(code)
        is_open.set()

    client.on_connect = on_connect
    client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set()
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        raise BrokerError(f"The broker at {address} cannot be reached: {error.strerror or error}.") from error
    client.loop_start()
    try:
        if not is_open.wait(ANSWER_WITHIN_S):
            raise BrokerError(f"The broker at {address} did not answer within {ANSWER_WITHIN_S:.0f} s.")
        if refusal:
            raise BrokerError(f"The broker at {address} refuses {address.username!r}: {refusal[0]}.")
        yield
    finally:
        take_leave(client)


def _send(address: BrokerAddress, messages: Sequence[tuple[str, bytes]]) -> None:
    """Publish retained messages and return when the broker has acknowledged every one of them.

    Raises:
        BrokerError: it cannot be reached, refuses one, or does not acknowledge all in time.

    """
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=address.secret_client_id("publisher"),
        protocol=MQTTProtocolVersion.MQTTv5,
    )
    refused: list[ReasonCode] = []

    def on_publish(_client: Client, _data: Any, _number: int, code: ReasonCode, _: Properties | None) -> None:
        if code.is_failure:
            refused.append(code)

    client.on_publish = on_publish
    with _connected(address, client):
        give_up_at = time.monotonic() + ANSWER_WITHIN_S
        sent = [client.publish(topic, payload, qos=1, retain=True) for topic, payload in messages]
        for (topic, _), info in zip(messages, sent, strict=True):
            if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
                raise BrokerError(f"The route for {topic} cannot be sent: {info.rc.name}.")
            info.wait_for_publish(max(0.0, give_up_at - time.monotonic()))
            if not info.is_published():
                raise BrokerError(f"The broker at {address} did not acknowledge the route for {topic} in time.")
    if refused:
        raise BrokerError(f"The broker at {address} refuses our routes: {refused[0]}.")
