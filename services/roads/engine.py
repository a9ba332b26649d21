"""The routing engine's programs (OSRM): where they are, and running one of them to its end."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.roads.datasets import Algorithm, Dataset, Profile
from services.roads.errors import RoadBuildError, RoadDataError

OWN_PROFILES = Path(__file__).with_name("profiles")

NO_STREETS_MESSAGE = "no edges remaining after parsing"


@dataclass(frozen=True, slots=True)
class Engine:
    """OSRM as installed in `directory`: programs in `bin`, stock profiles in `share/profiles`."""

    directory: Path

    def program(self, name: str) -> Path:
        """Return the path of a program such as `osrm-routed`.

        Raises:
            RoadBuildError: it is not there.

        """
        path = self.directory / "bin" / name
        if not path.is_file():
            raise RoadBuildError(
                f"The routing engine's program {path} is missing: run `make setup`, or set RIQING_OSRM_DIR."
            )
        return path

    def profile_file(self, profile: Profile) -> Path:
        """Return the Lua profile that datasets of `profile` are built with."""
        stock = self.directory / "share" / "profiles"
        return OWN_PROFILES / "truck.lua" if profile is Profile.TRUCK else stock / "foot.lua"

    def version(self) -> str:
        """Return the engine's version; datasets of one version are not read by another."""
        command = [str(self.program("osrm-extract")), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def run(self, name: str, *arguments: str | Path, time_limit_s: float | None = None) -> None:
        """Run a program to its end.

        Raises:
            RoadDataError: it found no street that its profile may use.
            RoadBuildError: it failed otherwise; the text carries its own last error line.
            subprocess.TimeoutExpired: it took longer than `time_limit_s` and was ended.

        """
        stock = self.directory / "share" / "profiles"
        result = subprocess.run(
            [self.program(name), *(_argument(each) if isinstance(each, Path) else each for each in arguments)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=time_limit_s,
            env={**os.environ, "LUA_PATH": f"{stock}/?.lua;;"},
        )
        if result.returncode == 0:
            return
        output = result.stdout + result.stderr
        if NO_STREETS_MESSAGE in output:
            raise RoadDataError("The road file holds no street that this profile may use.")
        raise RoadBuildError(f"{name} failed: {_last_error(output, result.returncode)}")


def _argument(path: Path) -> str:
    """Return a path as the programs read it: they take one with a space for two unless it is quoted, & escaping."""
    return '"' + str(path).replace("&", "&&").replace('"', '&"') + '"'


def _last_error(output: str, return_code: int) -> str:
    if return_code < 0:
        return f"it was ended by signal {-return_code}; the machine may be short of memory."
    errors = [line.split("[error]", 1)[1].strip() for line in output.splitlines() if "[error]" in line]
    return errors[-1] if errors else (output.strip().splitlines() or ["it said nothing."])[-1]


def server_arguments(dataset: Dataset, host: str, port: int) -> list[str]:
    """Return the arguments of `osrm-routed` for a dataset, without the program itself."""
    return [
        *("--ip", host, "--port", str(port), "--algorithm", dataset.description.algorithm.value),
        *("--max-table-size", "20000", "--max-viaroute-size", "5000"),
        *("--max-nearest-locations", "20000", "--max-nearest-size", "10"),
        # Longer than any pause in the planner's work, so that it need not connect again.
        *("--keepalive-timeout", "120", "--verbosity", "WARNING"),
        _argument(dataset.engine_base),
    ]


def contracted_or_not(engine: Engine, base: Path, time_limit_s: float) -> Algorithm:
    """Prepare an extracted network for queries and return how.

    Both preparations answer the same. Contraction answers tables about twice as fast but takes minutes on
    regular street grids (a grid of 50 by 50 streets 31 s, central Taipei 3 s), the other well under a second:
    so contraction is given `time_limit_s`.
    """
    engine.run("osrm-partition", base)
    engine.run("osrm-customize", base)
    if time_limit_s <= 0:
        return Algorithm.MULTI_LEVEL
    try:
        engine.run("osrm-contract", base, time_limit_s=time_limit_s)
    except subprocess.TimeoutExpired:
        base.with_name(base.name + ".hsgr").unlink(missing_ok=True)
        return Algorithm.MULTI_LEVEL
    return Algorithm.CONTRACTED
