"""Who may do what: one table over every route. What is not in it is refused to everybody."""

from dataclasses import dataclass

from services.domain.kinds import Role


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route; `by_stream_token` also takes a stream token from the address."""

    roles: frozenset[Role] = frozenset()
    public: bool = False
    by_stream_token: bool = False


ADMIN = Access(frozenset({Role.ADMIN}))
PLANNING = Access(frozenset({Role.ADMIN, Role.DISPATCHER}))
"""Those who send trucks out."""
ATTENDING = Access(PLANNING.roles | {Role.OFFICE})
"""Those who take note of what needs attention."""
CORRECTING = Access(frozenset({Role.ADMIN, Role.OFFICE}))
"""Those who answer for the figures."""
OFFICE = Access(frozenset({Role.ADMIN, Role.DISPATCHER, Role.OFFICE, Role.INSPECTOR}))
"""Those who see the whole town."""
WITH_CONTRACTOR = Access(OFFICE.roles | {Role.CONTRACTOR})
"""The contractor's people see their own zones, points and vehicles only."""
ANY_ROLE = Access(frozenset(Role))
"""Drivers see their own vehicle only."""
DRIVING = Access(PLANNING.roles | {Role.DRIVER})
"""Drivers report of their own vehicle; dispatchers for those who call."""
ANY_ROLE_STREAM = Access(frozenset(Role), by_stream_token=True)
PUBLIC = Access(public=True)

ACCESS: dict[tuple[str, str], Access] = {
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("POST", "/api/v1/auth/token"): PUBLIC,
    ("GET", "/api/v1/auth/me"): ANY_ROLE,
    ("POST", "/api/v1/auth/stream-token"): ANY_ROLE,
    ("POST", "/api/v1/auth/sign-out"): ANY_ROLE,
    ("POST", "/api/v1/auth/password"): ANY_ROLE,
    ("GET", "/api/v1/users"): ADMIN,
    ("POST", "/api/v1/users"): ADMIN,
    ("GET", "/api/v1/users/{user_name}"): ADMIN,
    ("PUT", "/api/v1/users/{user_name}"): ADMIN,
    ("POST", "/api/v1/users/{user_name}/password"): ADMIN,
    ("POST", "/api/v1/users/{user_name}/sign-out"): ADMIN,
    ("GET", "/api/v1/audit"): ADMIN,
    ("GET", "/api/v1/town"): ANY_ROLE,
    ("GET", "/api/v1/clock"): ANY_ROLE,
    ("PUT", "/api/v1/clock"): ADMIN,
    ("DELETE", "/api/v1/clock"): ADMIN,
    ("GET", "/api/v1/map/streets"): ANY_ROLE,
    ("GET", "/api/v1/map/base"): PUBLIC,
    ("GET", "/api/v1/map/base/archive"): PUBLIC,
    ("GET", "/api/v1/points"): WITH_CONTRACTOR,
    ("GET", "/api/v1/points/{point_id}"): WITH_CONTRACTOR,
    ("GET", "/api/v1/facilities"): ANY_ROLE,
    ("GET", "/api/v1/facilities/{facility_id}"): ANY_ROLE,
    ("GET", "/api/v1/zones"): WITH_CONTRACTOR,
    ("GET", "/api/v1/zones/{zone_id}"): WITH_CONTRACTOR,
    ("GET", "/api/v1/contractors"): WITH_CONTRACTOR,
    ("GET", "/api/v1/vehicles"): ANY_ROLE,
    ("GET", "/api/v1/vehicles/{vehicle_id}"): ANY_ROLE,
    ("GET", "/api/v1/vehicles/{vehicle_id}/track"): ANY_ROLE,
    ("GET", "/api/v1/devices"): ADMIN,
    ("POST", "/api/v1/devices"): ADMIN,
    ("DELETE", "/api/v1/devices/{kind}/{device_id}"): ADMIN,
    ("POST", "/api/v1/plans"): PLANNING,
    ("GET", "/api/v1/plans"): ANY_ROLE,
    ("GET", "/api/v1/plans/{plan_id}"): ANY_ROLE,
    ("GET", "/api/v1/plans/{plan_id}/events"): Access(OFFICE.roles, by_stream_token=True),
    ("POST", "/api/v1/plans/{plan_id}/cancel"): PLANNING,
    ("POST", "/api/v1/plans/{plan_id}/publish"): PLANNING,
    ("POST", "/api/v1/plans/{plan_id}/replan"): PLANNING,
    ("POST", "/api/v1/plans/{plan_id}/insertions"): PLANNING,
    ("POST", "/api/v1/plans/{plan_id}/edits"): PLANNING,
    ("GET", "/api/v1/plans/{plan_id}/compare"): OFFICE,
    ("GET", "/api/v1/plans/{plan_id}/routes/{vehicle_id}"): ANY_ROLE,
    ("GET", "/api/v1/driver/route"): ANY_ROLE,
    ("GET", "/api/v1/driver/reports"): ANY_ROLE,
    ("POST", "/api/v1/driver/reports"): DRIVING,
    ("PUT", "/api/v1/driver/reports/{report_id}/photo"): DRIVING,
    ("GET", "/api/v1/driver/reports/{report_id}/photo"): ANY_ROLE,
    ("GET", "/api/v1/clearance"): WITH_CONTRACTOR,
    ("GET", "/api/v1/clearance/visits"): WITH_CONTRACTOR,
    ("GET", "/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}"): WITH_CONTRACTOR,
    ("GET", "/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}/changes"): WITH_CONTRACTOR,
    ("PUT", "/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}/correction"): CORRECTING,
    ("DELETE", "/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}/correction"): CORRECTING,
    ("GET", "/api/v1/reports"): OFFICE,
    ("GET", "/api/v1/reports/{period}"): OFFICE,
    ("GET", "/api/v1/adherence"): WITH_CONTRACTOR,
    ("GET", "/api/v1/adherence/{vehicle_id}"): WITH_CONTRACTOR,
    ("GET", "/api/v1/coverage/toilets"): OFFICE,
    ("GET", "/api/v1/coverage/stations"): OFFICE,
    ("GET", "/api/v1/coverage/closures"): OFFICE,
    ("GET", "/api/v1/facilities/{facility_id}/phases"): OFFICE,
    ("PUT", "/api/v1/facilities/{facility_id}/phases/{begins_on}"): ATTENDING,
    ("DELETE", "/api/v1/facilities/{facility_id}/phases/{begins_on}"): ATTENDING,
    ("GET", "/api/v1/upkeep"): OFFICE,
    ("GET", "/api/v1/upkeep/conditions"): OFFICE,
    ("GET", "/api/v1/phases"): OFFICE,
    ("POST", "/api/v1/upkeep"): OFFICE,
    ("POST", "/api/v1/siting"): OFFICE,
    ("GET", "/api/v1/scenarios"): OFFICE,
    ("POST", "/api/v1/scenarios"): ATTENDING,
    ("POST", "/api/v1/scenarios/what-if"): OFFICE,
    ("GET", "/api/v1/scenarios/{scenario_id}"): OFFICE,
    ("DELETE", "/api/v1/scenarios/{scenario_id}"): ATTENDING,
    ("GET", "/api/v1/scenarios/{scenario_id}/effect"): OFFICE,
    ("GET", "/api/v1/scenarios/{scenario_id}/compare"): OFFICE,
    ("POST", "/api/v1/scenarios/{scenario_id}/adopt"): ATTENDING,
    ("GET", "/api/v1/utilisation/stations"): OFFICE,
    ("GET", "/api/v1/utilisation/toilets"): OFFICE,
    ("GET", "/api/v1/utilisation/vehicles"): OFFICE,
    ("GET", "/api/v1/utilisation/containers"): OFFICE,
    ("GET", "/api/v1/alarms"): WITH_CONTRACTOR,
    ("POST", "/api/v1/alarms/{alarm_id}/acknowledge"): ATTENDING,
    ("GET", "/api/v1/alarms/limits"): OFFICE,
    ("PUT", "/api/v1/alarms/limits/{limit_id}"): CORRECTING,
    ("GET", "/api/v1/cases"): WITH_CONTRACTOR,
    ("GET", "/api/v1/assessments"): WITH_CONTRACTOR,
    ("GET", "/api/v1/live"): ANY_ROLE_STREAM,
    ("GET", "/api/v1/public/toilets"): PUBLIC,
    ("GET", "/api/v1/public/town"): PUBLIC,
    ("GET", "/api/v1/public/streets"): PUBLIC,
    ("GET", "/api/v1/public/walks"): PUBLIC,
    ("PUT", "/api/v1/public/reports/{case_number}/photo"): PUBLIC,
    ("GET", "/api/v1/cases/{case_number}/photo"): OFFICE,
    ("POST", "/api/v1/public/reports"): PUBLIC,
    ("GET", "/api/v1/public/reports/{case_number}"): PUBLIC,
}

NOBODY = Access()


def access_to(method: str, path_template: str) -> Access:
    """Return who may call a route; nobody where the table does not say. HEAD is as GET."""
    return ACCESS.get(("GET" if method == "HEAD" else method, path_template), NOBODY)
