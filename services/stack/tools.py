"""Where the programs that the stack runs are kept: `.tools` in the project, or `RIQING_TOOLS_DIR`."""

import os
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import ProvisionError

PROJECT_DIR = Path(__file__).resolve().parents[2]
POSTGRES_VERSION = 17


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
        return self._existing(self.folder / f"servers/usr/lib/postgresql/{POSTGRES_VERSION}/bin" / name)

    def mosquitto(self) -> Path:
        """Return the path of the MQTT broker."""
        return self._existing(self.folder / "servers/usr/sbin/mosquitto")

    def dynamic_security_plugin(self) -> Path:
        """Return the path of the broker's plugin that keeps accounts and access rules."""
        found = sorted((self.folder / "servers/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        return self._existing(found[0] if found else self.folder / "servers/usr/lib/mosquitto_dynamic_security.so")

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
