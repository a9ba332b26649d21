"""The API's description: who may call what, and every error that a route can answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.api.etags import BY_CONTENT
from services.api.problems import PROBLEM_JSON, Problem
from services.api.roles import access_to
from services.api.tables import MEDIA_TYPES, TableFormat, columns_of

DESCRIPTION = """
Plans, follows and proves a county town's daily refuse collection (日清).

Instants are RFC 3339 with an offset; dates are service days; times of day are local HH:MM. A quantity's name
carries its unit; rates are ratios from 0 to 1. Lists are paged by `cursor`. Places are GeoJSON when
`Accept: application/geo+json` asks for it. Errors are problem details (RFC 9457).
"""

PROBLEM_SCHEMA = "#/components/schemas/Problem"
ALWAYS = {"503": "The database, the broker or the road engine does not answer; try again."}
SIGN_IN = ("POST", "/api/v1/auth/token")
WRONG_PASSWORD = {"401": "User name or password is wrong, or the refresh token is worth nothing."}
NOT_PUBLIC = {"401": "Not signed in.", "403": "The role may not call this."}
WITH_PATH_PARAMETER = {"404": "There is no such thing."}
WITH_INPUT = {"422": "Something in the request is wrong; `errors` names the fields."}
WITH_BODY = {"413": "The body is too large."}

CONFLICTS = "409"
MAY_CONFLICT = {
    ("POST", "/api/v1/plans/{plan_id}/cancel"): "The plan is done already.",
    ("POST", "/api/v1/plans/{plan_id}/publish"): "The plan is not ready.",
    ("POST", "/api/v1/plans/{plan_id}/replan"): "The plan is not ready, was replaced, or its day is over.",
    ("POST", "/api/v1/plans/{plan_id}/insertions"): "The plan cannot be revised, or no road leads to the point.",
    ("POST", "/api/v1/plans/{plan_id}/edits"): "The plan cannot be revised, or what is to be changed is settled.",
    ("GET", "/api/v1/plans/{plan_id}/compare"): "One plan is not ready, or they are of different days.",
    ("POST", "/api/v1/driver/reports"): "Another report was sent under this number.",
    ("PUT", "/api/v1/driver/reports/{report_id}/photo"): "The report has another photo already.",
    ("POST", "/api/v1/users"): "The name is taken, or the limit does not go with the role.",
    ("PUT", "/api/v1/users/{user_name}"): "The last admin who may sign in, or the limit does not go with the role.",
    ("PUT", "/api/v1/public/reports/{case_number}/photo"): "It has another photo, or is being dealt with already.",
    ("POST", "/api/v1/siting"): "Another search is under way, nothing can be gained, or no roads are imported yet.",
    ("POST", "/api/v1/scenarios"): "The name is taken, or a change contradicts the register.",
    ("POST", "/api/v1/scenarios/what-if"): "A change contradicts the register.",
    ("GET", "/api/v1/scenarios/{scenario_id}/effect"): "A change contradicts the register.",
    ("GET", "/api/v1/scenarios/{scenario_id}/compare"): "A change contradicts the register.",
    ("POST", "/api/v1/scenarios/{scenario_id}/adopt"): "It was adopted, builds nothing, or contradicts the register.",
    ("PUT", "/api/v1/facilities/{facility_id}/phases/{begins_on}"): "The status cannot follow the one before it.",
    ("DELETE", "/api/v1/facilities/{facility_id}/phases/{begins_on}"): "The next status cannot follow without it.",
    ("POST", "/api/v1/upkeep"): "The fault was repaired already.",
    ("GET", "/api/v1/coverage/closures"): "No roads are imported yet.",
    ("GET", "/api/v1/coverage/toilets"): "No roads are imported yet.",
    ("GET", "/api/v1/coverage/stations"): "No roads are imported yet.",
}
TOO_MANY = "Too many requests or failures; `Retry-After` says when to try again."
COUNTED = frozenset(
    {
        ("POST", "/api/v1/auth/token"),
        ("GET", "/api/v1/map/base"),
        ("GET", "/api/v1/map/base/archive"),
        ("GET", "/api/v1/public/toilets"),
        ("GET", "/api/v1/public/town"),
        ("GET", "/api/v1/public/streets"),
        ("GET", "/api/v1/public/walks"),
        ("PUT", "/api/v1/public/reports/{case_number}/photo"),
        ("POST", "/api/v1/public/reports"),
        ("GET", "/api/v1/public/reports/{case_number}"),
    }
)
"""Public routes that are counted by address; all others are counted by person."""
RETRY_AFTER = {"description": "Seconds until it is worth trying again.", "schema": {"type": "integer"}}

EXAMPLE_DETAILS = {
    "401": "The session is over; sign in again.",
    "403": "The role driver may not POST /api/v1/plans.",
    "404": "There is no vehicle 'A-1'.",
    "409": "The plan is not ready, so it cannot be published.",
    "413": "The request's body is too large.",
    "422": "body.date: Input should be a valid date",
    "429": "Too many requests from this address; try again in 12 s.",
    "503": "The database does not answer at the moment; try again.",
}
TAGGED = frozenset(
    {
        "/api/v1/zones",
        "/api/v1/zones/{zone_id}",
        "/api/v1/plans/{plan_id}",
        "/api/v1/plans/{plan_id}/routes/{vehicle_id}",
        "/api/v1/map/streets",
    }
)
"""Routes that tag their answers by a stored version."""
STRING = {"type": "string"}


def operation_id(route: APIRoute) -> str:
    """Return what an operation is called, and its function in generated clients: subject and deed."""
    subject = str(route.tags[0]) if route.tags else ""
    return f"{subject}_{route.name}".replace("-", "_").lstrip("_")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Riqing 日清", version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _add_problem_schema(schemas)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _describe_operation(operation, method.upper(), path)
                if method == "get" and (path in TAGGED or path.startswith(BY_CONTENT)):
                    _describe_tag(operation)
        for path in lists_of(document):
            _describe_tables(document["paths"][path]["get"])
        app.openapi_schema = document
    return app.openapi_schema


def _add_problem_schema(schemas: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's own, which we do not answer
        schemas.pop(name, None)


def lists_of(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the paths that answer a list, and the columns that each has as a table."""
    schemas = document["components"]["schemas"]
    lists = {}
    for path, operations in document["paths"].items():
        if "{" not in path and path.startswith("/api/") and "get" in operations:
            item = _item_of(operations["get"]["responses"].get("200", {}).get("content", {}), schemas)
            if item is not None:
                lists[path] = columns_of(item, schemas)
    return lists


def _item_of(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a list's items; none where the answer is no list."""
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        fields = schemas[schema["$ref"].rsplit("/", 1)[1]]["properties"]
        schema = fields["items"] if {"items", "next_cursor"} <= set(fields) else {}
    item: Mapping[str, Any] | None = schema.get("items")
    return item


def _describe_tables(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": "format",
            "in": "query",
            "required": False,
            "description": "`csv` or `xlsx`: the whole list as a table, whatever `limit` and `cursor` say. "
            "`Accept` can ask for it as well.",
            "schema": {"enum": [*TableFormat], "type": "string", "default": TableFormat.JSON},
        }
    )
    content = operation["responses"]["200"]["content"]
    content[MEDIA_TYPES[TableFormat.CSV]] = {"schema": {"type": "string"}}
    content[MEDIA_TYPES[TableFormat.XLSX]] = {"schema": {"type": "string", "format": "binary"}}
    operation["responses"].setdefault("422", _problem_response("422", WITH_INPUT["422"]))


def _describe_tag(operation: dict[str, Any]) -> None:
    tag = {"description": "Send it as `If-None-Match` to be told whether this still holds.", "schema": STRING}
    operation["responses"]["200"].setdefault("headers", {})["ETag"] = tag
    operation["responses"]["304"] = {"description": "What the client has, by its `If-None-Match`, still holds."}


def _describe_operation(operation: dict[str, Any], method: str, path: str) -> None:
    access = access_to(method, path)
    if access.public:
        operation.pop("security", None)
    else:
        roles = ", ".join(sorted(access.roles))
        operation["description"] = f"{operation.get('description', '')}\n\nRoles: {roles}."
        operation["x-roles"] = sorted(access.roles)
    responses = operation["responses"]
    responses.pop("422", None)
    for status, sentence in _errors(operation, method, path, access.public).items():
        responses.setdefault(status, _problem_response(status, sentence))


def _errors(operation: dict[str, Any], method: str, path: str, is_public: bool) -> dict[str, str]:
    has_body = "requestBody" in operation
    errors: dict[str, str] = {}
    if path.startswith("/api/"):
        errors |= ALWAYS
    if not is_public:
        errors |= NOT_PUBLIC
    if (method, path) == SIGN_IN:
        errors |= WRONG_PASSWORD
    if "{" in path or path.startswith("/api/"):  # a stack without a town knows nothing yet
        errors |= WITH_PATH_PARAMETER
    if has_body or operation.get("parameters"):
        errors |= WITH_INPUT
    if has_body:
        errors |= WITH_BODY
    if sentence := MAY_CONFLICT.get((method, path)):
        errors[CONFLICTS] = sentence
    if not is_public or (method, path) in COUNTED:
        errors["429"] = TOO_MANY
    return errors


def _problem_response(status: str, sentence: str) -> dict[str, Any]:
    phrase = HTTPStatus(int(status)).phrase
    example = {
        "type": f"urn:riqing:problem:{phrase.lower().replace(' ', '-')}",
        "title": phrase,
        "status": int(status),
        "detail": EXAMPLE_DETAILS[status],
        "instance": "/api/v1/plans",
    }
    if status == "422":
        example["errors"] = [{"field": "body.date", "message": "Input should be a valid date"}]
    return {
        "description": sentence,
        **({"headers": {"Retry-After": RETRY_AFTER}} if status in ("429", "503") else {}),
        "content": {PROBLEM_JSON: {"schema": {"$ref": PROBLEM_SCHEMA}, "example": example}},
    }
