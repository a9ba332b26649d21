"""The town's HTTP API as the simulator uses it: sign in, read the register, enrol devices, run the clock."""

from collections.abc import AsyncIterator, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from firmware_sim.devices.device import DeviceKey
from firmware_sim.register import Register
from firmware_sim.roster import RosterEntry
from services.domain.errors import RiqingError
from services.domain.kinds import ContainerType, DeviceKind, FacilityKind, FacilityStatus, VehicleKind
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle
from services.domain.town import Interval, Town

ADMIN = "admin"
ENROL_AT_ONCE = 200
_TOKEN_PATH = "/api/v1/auth/token"  # noqa: S105 - a path, not a token
_TIMEOUT_S = 60.0
_ENROLMENT_TIMEOUT_S = 300.0

Json = dict[str, Any]


class TownApiError(RiqingError):
    """The API cannot be reached or refuses what the simulator asks of it."""


@dataclass(frozen=True, slots=True)
class DeviceCredential:
    """A device's own account at the broker."""

    key: DeviceKey
    username: str
    password: str
    mqtt_url: str
    topic_prefix: str
    ca_certificate: str | None = None
    """Whom to trust where the address is one with TLS (PEM); None for whom everybody trusts."""


@dataclass(frozen=True, slots=True)
class LastHeard:
    """Whether a device is online by what the town has stored, and when its last reading was observed."""

    online: bool
    observed_at: str | None


class TownApi:
    """A signed-in session; use it as an asynchronous context manager."""

    def __init__(self, url: str, password: str) -> None:
        """Nothing is asked before the context is entered."""
        self._url, self._password = url.rstrip("/"), password
        self._http = httpx.AsyncClient(base_url=self._url, timeout=_TIMEOUT_S)

    async def __aenter__(self) -> "TownApi":
        """Sign in as the administrator."""
        if not self._password:
            raise TownApiError(
                "RIQING_ADMIN_PASSWORD is not set; `riqing up` writes it to the stack's folder (--data-dir)."
            )
        try:
            await self._sign_in()
        except BaseException:
            await self._http.aclose()
            raise
        return self

    async def _sign_in(self) -> None:
        form = {"grant_type": "password", "username": ADMIN, "password": self._password}
        answer = await self._ask("POST", _TOKEN_PATH, data=form)
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def today(self) -> date:
        """Return the service day that the town is in by its clock."""
        return date.fromisoformat((await self._ask("GET", "/api/v1/town"))["service_date"])

    async def register(self) -> Register:
        """Return the town with its points, facilities and vehicles."""
        town = await self._ask("GET", "/api/v1/town")
        return Register(
            town=Town(town["name"], town["timezone"], time.fromisoformat(town["day_start"])),
            points=tuple(sorted([_point(row) async for row in self._list("points")], key=lambda p: p.point_id)),
            facilities=tuple(
                sorted([_facility(row) async for row in self._list("facilities")], key=lambda f: f.facility_id)
            ),
            vehicles=tuple(sorted([_vehicle(row) async for row in self._list("vehicles")], key=lambda v: v.vehicle_id)),
        )

    async def was_driven(self, day: Interval) -> bool:
        """Tell whether a vehicle has been heard of in the service day, or later."""
        positions = [row["last_position"] async for row in self._list("vehicles")]
        return any(one and datetime.fromisoformat(one["observed_at"]) >= day.start for one in positions)

    async def vehicles_with_route(self, day: date) -> frozenset[str]:
        """Return the vehicles that the day's published plan sends out; none where no plan is published."""
        found: set[str] = set()
        async for plan in self._list("plans", {"date": day.isoformat()}):
            if plan["published"]:
                routes = (await self._ask("GET", f"/api/v1/plans/{plan['id']}"))["routes"]
                found.update(route["vehicle_id"] for route in routes)
        return frozenset(found)

    async def enrolled(self) -> frozenset[DeviceKey]:
        """Return the devices that are enrolled."""
        return frozenset(
            [
                DeviceKey(DeviceKind(row["kind"]), row["device_id"])
                async for row in self._list("devices")
                if row["revoked_at"] is None
            ]
        )

    async def last_heard(self, keys: Container[DeviceKey]) -> dict[DeviceKey, LastHeard]:
        """Return what the town last heard of devices."""
        rows = [(DeviceKey(DeviceKind(row["kind"]), row["device_id"]), row) async for row in self._list("devices")]
        return {key: LastHeard(bool(row["online"]), row["last_observed_at"]) for key, row in rows if key in keys}

    async def batches_to_examine(self) -> int:
        """Return how many batches of stored readings clearance has yet to see; 0 where the town does not tell."""
        text = await self._send("GET", "/metrics")
        samples = [one for family in text_string_to_metric_families(text.text) for one in family.samples]
        return sum(int(one.value) for one in samples if one.name == "riqing_stored_batches")

    async def enrol(self, entries: Sequence[RosterEntry]) -> list[DeviceCredential]:
        """Give devices accounts at the broker, new ones where they have some."""
        found: list[DeviceCredential] = []
        for start in range(0, len(entries), ENROL_AT_ONCE):
            devices = [
                {"kind": entry.key.kind, "device_id": entry.key.device_id, "asset_id": entry.asset_id}
                for entry in entries[start : start + ENROL_AT_ONCE]
            ]
            answer = await self._ask("POST", "/api/v1/devices", json={"devices": devices}, timeout=_ENROLMENT_TIMEOUT_S)
            found.extend(_credential(row) for row in answer["items"])
        return found

    async def set_clock(self, now: datetime, speed: float) -> None:
        """Let the town's clock show `now` and run at `speed`."""
        await self._ask("PUT", "/api/v1/clock", json={"now": now.isoformat(), "speed": speed})

    async def reset_clock(self) -> None:
        """Give the real clock back."""
        await self._ask("DELETE", "/api/v1/clock")

    async def _list(self, name: str, query: Mapping[str, str] | None = None) -> AsyncIterator[Json]:
        """Yield a list's items, page by page."""
        cursor: str | None = None
        while True:
            params = {**(query or {}), **({"cursor": cursor} if cursor else {})}
            page = await self._ask("GET", f"/api/v1/{name}", params=params)
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def _ask(self, method: str, path: str, **options: Any) -> Json:
        answer = await self._send(method, path, **options)
        return answer.json() if answer.content else {}

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._request(method, path, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED and path != _TOKEN_PATH:
            await self._sign_in()  # a simulated day may take longer than a token lasts
            answer = await self._request(method, path, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise TownApiError(
                f"The API at {self._url} refuses {ADMIN}'s password: {_reason(answer)} "
                "RIQING_ADMIN_PASSWORD must be that of this stack."
            )
        if answer.is_error:
            raise TownApiError(f"The API refused {method} {path} with {answer.status_code}: {_reason(answer)}")
        return answer

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise TownApiError(
                f"The API at {self._url} does not answer ({type(error).__name__}); is the stack up (`riqing status`)?"
            ) from error


def _reason(answer: httpx.Response) -> str:
    """Return what the problem details say (RFC 9457), or the beginning of the answer."""
    try:
        problem = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(problem.get("detail") or problem.get("title") or problem) if isinstance(problem, dict) else str(problem)


def _credential(row: Json) -> DeviceCredential:
    key = DeviceKey(DeviceKind(row["kind"]), row["device_id"])
    url = row.get("mqtts_url") or row["mqtt_url"]
    return DeviceCredential(key, row["username"], row["password"], url, row["topic_prefix"], row.get("ca_certificate"))


def _point(row: Json) -> CollectionPoint:
    return CollectionPoint(
        row["id"],
        row["lon"],
        row["lat"],
        name=row["name"],
        zone_id=row["zone_id"],
        container_type=ContainerType(row["container_type"]),
        containers=row["containers"],
        expected_kg=row["expected_kg"],
        visits_per_day=row["visits_per_day"],
        service_s=row["service_s"],
    )


def _facility(row: Json) -> Facility:
    opens, closes = row["open_time"], row["close_time"]
    return Facility(
        row["id"],
        FacilityKind(row["kind"]),
        row["lon"],
        row["lat"],
        name=row["name"],
        status=FacilityStatus(row["status"]),
        design_t_per_day=row["design_t_per_day"],
        bays=row["bays"],
        tip_s=row["tip_s"],
        open_hours=None if opens is None or closes is None else DailyWindow(_second(opens), _second(closes)),
        stalls_male=row["stalls_male"],
        stalls_female=row["stalls_female"],
        stalls_accessible=row["stalls_accessible"],
    )


def _vehicle(row: Json) -> Vehicle:
    return Vehicle(
        row["id"],
        VehicleKind(row["kind"]),
        row["depot_id"],
        row["capacity_kg"],
        plate=row["plate"],
        container_types=frozenset(ContainerType(name) for name in row["container_types"]),
    )


def _second(clock: str) -> int:
    """Return seconds after midnight of HH:MM, 24:00 included."""
    hours, minutes = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60
