"""Where the programs that the stack runs are kept: `.tools` in the project, or `RIQING_TOOLS_DIR`."""

import os
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import ProvisionError

PROJECT_DIR = Path(__file__).resolve().parents[2]
POSTGRES_PROGRAMS_PATTERN = "usr/lib/postgresql/*/bin"


@dataclass(frozen=True, slots=True)
class Tools:
    """The folder that `services.stack.provision` fills."""

    folder: Path

    @classmethod
    def here(cls) -> "Tools":
        """Return the tools folder that the environment names, or the project's own."""
        return cls(Path(os.environ.get("RIQING_TOOLS_DIR") or PROJECT_DIR / ".tools").absolute())

    def postgres_program(self, name: str) -> Path:
        """Return the path of `postgres`, `initdb`, `psql`, `pg_dump` or another of its programs."""
        folders = sorted((self.folder / "servers").glob(POSTGRES_PROGRAMS_PATTERN))
        return self._existing((folders[0] if folders else self.folder / "servers") / name)

    def mosquitto(self) -> Path:
        """Return the path of the MQTT broker."""
        return self._existing(self.folder / "broker/usr/sbin/mosquitto")

    def dynamic_security_plugin(self) -> Path:
        """Return the path of the broker's plugin that keeps accounts and access rules."""
        found = sorted((self.folder / "broker/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        return self._existing(found[0] if found else self.folder / "broker/usr/lib/mosquitto_dynamic_security.so")

    def persistence_plugin(self) -> Path | None:
        """Return the path of the broker's plugin that writes each message down; Mosquitto has it from 2.1 on."""
        return next((self.folder / "broker/usr/lib").glob("*/mosquitto/mosquitto_persist_sqlite.so"), None)

    def roads_program(self, name: str) -> Path:
        """Return the path of one of OSRM's tools, such as `osrm-routed`."""
        return self._existing(self.folder / "roads/osrm/bin" / name)

    def roads_profiles(self) -> Path:
        """Return the folder with OSRM's Lua profiles."""
        return self._existing(self.folder / "roads/osrm/share/profiles")

    def chromium(self) -> Path:
        """Return a browser for tests that has Chinese fonts, or the one that RIQING_CHROMIUM names."""
        return self._existing(Path(os.environ.get("RIQING_CHROMIUM") or self.folder / "browser/chromium"))

    def _existing(self, path: Path) -> Path:
        if not path.exists():
            raise ProvisionError(f"{path} is missing: run `make setup`, which fetches it.")
        return path
