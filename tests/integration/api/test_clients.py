"""Clients made from the description, in Python and TypeScript: they build, their types hold, they call the API."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api

WEB = Path(__file__).parents[3] / "web"
BINARY = ("image/jpeg", "image/png", "image/webp", "application/vnd.pmtiles")
NAMES_OF_BINARY = dict.fromkeys(BINARY, "application/octet-stream")

PYTHON_USE = """
import sys

from town_client import AuthenticatedClient, Client
from town_client.api.register import register_list_points
from town_client.api.sign_in import sign_in_create_token
from town_client.api.vehicles import vehicles_read_vehicle
from town_client.models import (
    BodySignInCreateToken, BodySignInCreateTokenGrantType, PagePointAnswer, TokenAnswer, VehicleAnswer,
)

url, name, password = sys.argv[1:]
form = BodySignInCreateToken(
    grant_type=BodySignInCreateTokenGrantType.PASSWORD, username=name, password=password
)
signed_in = sign_in_create_token.sync(client=Client(base_url=url), body=form)
assert isinstance(signed_in, TokenAnswer)
client = AuthenticatedClient(base_url=url, token=signed_in.access_token)
points = register_list_points.sync(client=client, zone_id="Z1")
assert isinstance(points, PagePointAnswer)
vehicle = vehicles_read_vehicle.sync("V1", client=client)
assert isinstance(vehicle, VehicleAnswer)
print([point.id for point in points.items], vehicle.plate)
"""

TYPESCRIPT_USE = """
import { createClient } from "./client/client";
import { registerListPoints, signInCreateToken, vehiclesReadVehicle } from "./client";

declare const process: { argv: string[] };
const [url = "", username = "", password = ""] = process.argv.slice(2);
const visitor = createClient({ baseUrl: url });
const signedIn = await signInCreateToken({ client: visitor, body: { username, password }, throwOnError: true });
const client = createClient({ baseUrl: url, auth: signedIn.data.access_token });
const points = await registerListPoints({ client, query: { zone_id: "Z1" }, throwOnError: true });
const vehicle = await vehiclesReadVehicle({ client, path: { vehicle_id: "V1" }, throwOnError: true });
const ids: string[] = points.data.items.map((point) => point.id);
const plate: string | null = vehicle.data.plate;
console.log(JSON.stringify([ids, plate]));
"""


def _run(command: list[str | Path], cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    # The generators look there for the formatters that they call.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | offline | {"PATH": path} | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, f"{command[0]}: {result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def description(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description as the running API gives it."""
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_bytes(api.client().get("/openapi.json").content)
    return path


def _program(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def test_every_operation_has_a_name_of_its_own(description: Path) -> None:
    """Clients name their functions by it."""
    paths = json.loads(description.read_text())["paths"].values()
    names = [operation["operationId"] for operations in paths for operation in operations.values()]
    assert len(names) == len(set(names))
    assert {"register_list_points", "plans_create_plan"} <= set(names)


def test_every_shape_has_a_name_of_its_own(description: Path) -> None:
    """Two of one name are told apart by their modules, which no client should have to name."""
    schemas = json.loads(description.read_text())["components"]["schemas"]
    assert [name for name in schemas if "__" in name] == []


def test_a_client_in_python(api: Api, description: Path, tmp_path: Path) -> None:
    """Generated without a warning, checked by mypy, and it signs in and reads."""
    (tmp_path / "names.json").write_text(json.dumps({"content_type_overrides": NAMES_OF_BINARY}))
    generate: list[str | Path] = [
        _program("openapi-python-client"),
        "generate",
        "--path",
        description,
        "--config",
        "names.json",
    ]
    said = _run([*generate, "--meta", "none", "--output-path", "town_client", "--fail-on-warning"], tmp_path)
    assert "WARNING" not in said
    (tmp_path / "use.py").write_text(PYTHON_USE)
    # What the generator has in every client, whatever the API, is not ours to type.
    (tmp_path / "mypy.ini").write_text("[mypy]\n[mypy-town_client.client]\nignore_errors = True\n")
    _run([_program("mypy"), "--config-file=mypy.ini", "use.py"], tmp_path)
    said = _run(
        [sys.executable, "use.py", api.url, "admin-1", seeded_town.PASSWORD], tmp_path, {"PYTHONPATH": str(tmp_path)}
    )
    assert said.strip() == "['P1', 'P2'] 京AV1"


def test_a_client_in_typescript(api: Api, description: Path, tmp_path: Path) -> None:
    """Generated, checked by the compiler in strict mode, and it signs in and reads."""
    (tmp_path / "node_modules").symlink_to(WEB / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    programs = WEB / "node_modules" / ".bin"
    _run([programs / "openapi-ts", "-i", description, "-o", "client", "-c", "@hey-api/client-fetch"], tmp_path)
    (tmp_path / "use.ts").write_text(TYPESCRIPT_USE)
    strict = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--noEmit"]
    _run([programs / "tsc", *strict, "--lib", "es2023,dom,dom.iterable", "--skipLibCheck", "use.ts"], tmp_path)
    bundle = ["build", "--ssr", "use.ts", "--outDir", "built", "--logLevel", "error"]
    _run([programs / "vite", *bundle], tmp_path)
    [built] = (tmp_path / "built").iterdir()
    said = _run(["node", built, api.url, "admin-1", seeded_town.PASSWORD], tmp_path)
    assert json.loads(said) == [["P1", "P2"], "京AV1"]
