"""Settings of the roads: where datasets and the engine's programs are, and where its servers listen."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from services.roads.datasets import Profile

PROJECT_DIR = Path(__file__).resolve().parents[2]


def _default_engine_dir() -> Path:
    tools_dir = os.environ.get("RIQING_TOOLS_DIR")
    return (Path(tools_dir) if tools_dir else PROJECT_DIR / ".tools") / "roads" / "osrm"


class RoadsSettings(BaseSettings):
    """Where the built datasets are kept."""

    directory: Path = Field(default=Path(".riqing/roads"), validation_alias="RIQING_ROADS_DIR")


class EngineSettings(BaseSettings):
    """The routing engine's programs, and how much time the build may spend on speeding up its queries.

    `directory` holds OSRM's programs in `bin` and its stock profiles in `share/profiles`.
    `contraction_limit_s`: regular street grids take minutes to contract; past this limit (on the wall) the
    dataset is served without, with the same answers at about half the speed.
    """

    directory: Path = Field(default_factory=_default_engine_dir, validation_alias="RIQING_OSRM_DIR")
    contraction_limit_s: float = Field(default=6.0, ge=0, validation_alias="RIQING_ROADS_CONTRACTION_LIMIT_S")


class RoadServersSettings(BaseSettings):
    """The addresses of the two servers, one a profile.

    A server binds the port of its own address at `listen`, which is not loopback only in a container.
    """

    truck_url: str = Field(default="http://127.0.0.1:5011", validation_alias="RIQING_ROADS_TRUCK_URL")
    foot_url: str = Field(default="http://127.0.0.1:5012", validation_alias="RIQING_ROADS_FOOT_URL")
    listen: str = Field(default="127.0.0.1", validation_alias="RIQING_ROADS_LISTEN")

    def url_of(self, profile: Profile) -> str:
        """Return the address of the server for `profile`."""
        return self.truck_url if profile is Profile.TRUCK else self.foot_url
