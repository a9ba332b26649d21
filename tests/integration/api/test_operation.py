"""Running the API: health, metrics, errors as problem details, the description, the page, a database that goes away."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import create_app
from services.api.parts import Settings
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, server_settings, serving, settings


def test_alive_and_ready(api: Api) -> None:
    """Alive at once; ready with each dependency's state, where what is not set is no fault."""
    client = api.client()
    assert client.get("/healthz").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    states = {row["name"]: row["state"] for row in answer.json()["dependencies"]}
    assert states == {"database": "ready", "broker": "not_set", "roads": "no_dataset"}


def test_metrics_count_by_route(api: Api, admin: httpx.Client) -> None:
    """Requests are counted by the route's template, never by the path that was asked for."""
    admin.get("/api/v1/points/P1")
    admin.get("/api/v1/points/no-such-point")
    text = api.client().get("/metrics").text
    assert 'riqing_http_requests_total{method="GET",route="/api/v1/points/{point_id}",status="200"} 1.0' in text
    assert 'riqing_http_requests_total{method="GET",route="/api/v1/points/{point_id}",status="404"} 1.0' in text
    assert "no-such-point" not in text
    assert "riqing_devices_online 1.0" in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api", 404),
        ("POST", "/healthz", 405),
        ("GET", "/api/v1/auth/token", 405),
        ("DELETE", "/api/v1/points/P1", 405),
        ("PATCH", "/api/v1/clock", 405),
    ],
)
def test_what_is_not_there_is_a_problem(admin: httpx.Client, method: str, path: str, status: int) -> None:
    """Unknown paths and methods are problem details as well."""
    answer = admin.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["instance"]) == (status, path)
    assert body["type"].startswith("urn:riqing:problem:")
    assert body["detail"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"6C3\xbf", "application/json"),  # JSON as far as it is text
        (b"date=1", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_json_is_refused(admin: httpx.Client, content: bytes, media_type: str) -> None:
    """422, not a fault of the server."""
    answer = admin.post("/api/v1/plans", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_answer_bears_the_security_headers(api: Api) -> None:
    """A browser may neither frame it, guess its type, nor load scripts from elsewhere; errors included."""
    for path in ("/", "/healthz", "/api/v1/town"):
        headers = api.client().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_the_description_tells_roles_and_errors(api: Api) -> None:
    """OpenAPI: who may call a route, the errors as problem details, nothing of the framework's own."""
    document = api.client().get("/openapi.json").json()
    operation = document["paths"]["/api/v1/plans"]["post"]
    assert operation["x-roles"] == ["admin", "dispatcher"]
    assert set(operation["responses"]) >= {"202", "401", "403", "422", "429", "503"}
    assert operation["responses"]["429"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
    content = operation["responses"]["422"]["content"]["application/problem+json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert content["example"]["errors"] == [{"field": "body.date", "message": "Input should be a valid date"}]
    for methods in document["paths"].values():
        for described in methods.values():
            for status, answer in described["responses"].items():
                if status >= "400" and "application/problem+json" in answer["content"]:
                    assert answer["content"]["application/problem+json"]["example"]["status"] == int(status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "security" not in document["paths"]["/api/v1/public/toilets"]["get"]
    assert "OAuth2PasswordBearer" in document["components"]["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            assert described.get("description"), f"{method} {path} says nothing of itself"


def test_lists_are_compressed(admin: httpx.Client) -> None:
    """What is long goes compressed to whoever takes it."""
    assert admin.get("/api/v1/points").headers["content-encoding"] == "gzip"
    plain = admin.get("/api/v1/points", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def _with_server(**fields: Any) -> Settings:
    standard = settings()
    return Settings(server_settings(**fields), standard.sign_in, standard.limits, standard.enrolment, standard.broker)


def test_in_production_the_clock_is_left_alone(fresh_database: str) -> None:
    """PUT and DELETE are 403 where the settings say production; reading is not."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    app = create_app(_with_server(RIQING_ENVIRONMENT="production"), fresh_database)
    with serving(app, fresh_database) as api:
        admin = api.as_role(Role.ADMIN)
        assert admin.put("/api/v1/clock", json={"now": "2026-01-02T03:04:05Z"}).status_code == 403
        assert admin.delete("/api/v1/clock").status_code == 403
        assert admin.get("/api/v1/clock").status_code == 200


def test_the_page_is_served(api: Api, tmp_path: Path) -> None:
    """The built page at /, its named files for good, and its own addresses by its index; the API stays the API."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>日清</title>", encoding="utf-8")
    (tmp_path / "assets" / "app-1a2b.js").write_text("1")
    app = create_app(_with_server(RIQING_WEB_DIR=tmp_path), api.database_url)
    with serving(app, api.database_url) as paged:
        client = paged.client()
        assert "日清" in client.get("/").text
        assert client.get("/assets/app-1a2b.js").headers["cache-control"] == "public, max-age=31536000, immutable"
        assert client.get("/").headers["cache-control"] == "no-cache"
        assert "日清" in client.get("/dispatch/today", headers={"Accept": "text/html"}).text
        assert client.get("/assets/gone.js").status_code == 404
        assert client.get("/../pyproject.toml").status_code == 404
        assert client.get("/api/v1/town").status_code == 401
        assert client.get("/api/v1/auth/token").status_code == 405
        assert client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"


def test_without_a_page_it_says_so(api: Api) -> None:
    """A sentence with the remedy, where the page was not built."""
    answer = api.client().get("/")
    assert answer.status_code == 503
    assert "npm run build" in answer.text


@pytest.fixture
def cut_off_database(fresh_database: str) -> Iterator[tuple[str, Callable[[bool], None]]]:
    """A database with the seeded town, and a switch that shuts everybody out of it."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
        name = connection.info.dbname

    def let_in(allowed: bool) -> None:
        admin_url = fresh_database.rsplit("/", 1)[0] + "/postgres"
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(
                psycopg.sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
                    psycopg.sql.Identifier(name), psycopg.sql.Literal(-1 if allowed else 0)
                )
            )
            if not allowed:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = %s AND usename = current_user",
                    [name],
                )

    yield fresh_database, let_in
    let_in(True)


def test_a_database_that_goes_away_comes_back(cut_off_database: tuple[str, Callable[[bool], None]]) -> None:
    """Meanwhile 503 with problem details and not ready; afterwards all is as before, without a restart."""
    url, let_in = cut_off_database
    with serving(create_app(settings(), url), url) as api:
        admin = api.as_role(Role.ADMIN)
        assert admin.get("/api/v1/town").status_code == 200
        let_in(False)
        answer = admin.get("/api/v1/town")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Retry-After" in answer.headers
        assert admin.get("/healthz").status_code == 200
        let_in(True)
        for _ in range(50):
            if admin.get("/api/v1/town").status_code == 200:
                break
        assert admin.get("/api/v1/town").status_code == 200
        with admin.stream("GET", "/api/v1/live") as stream:
            assert stream.status_code == 200


def test_wrong_settings_are_one_sentence() -> None:
    """With a key that is too short the process says so and ends with 2."""
    environment = {"DATABASE_URL": "postgresql://x/y", "RIQING_SECRET_KEY": "short"}
    command = [sys.executable, "-m", "services.api"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "RIQING_SECRET_KEY" in result.stderr
    assert "Traceback" not in result.stderr
