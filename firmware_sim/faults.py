"""The faults that a simulation is told to make, read from a TOML file."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from services.domain.errors import InvalidRequestError

DEFAULT_FIX_INTERVAL_S = 15.0
DEFAULT_GPS_NOISE_M = 4.0
DEFAULT_DEAD_SPOT_S = 180.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong; the defaults are a fleet without faults.

    `gps_noise_m` is the standard deviation of the error to the east and to the north. Ratios are shares of the
    stops at points. `breakdowns` and `silent_devices` are counts; `wrong_clock_s` is how far every truck's
    clock is ahead (behind, if negative). In a gap, which lasts 1 to 20 minutes, a truck's receiver sees no sky and
    its fixes are never taken, while in a dead spot they come late. `canyon_drift_m` is the standard deviation of
    the further error between tall buildings, in three tenths of the town. At a `queue_ratio` stop the truck stands
    in traffic beside the point and serves nothing; of a `forgotten_event_ratio` visit the truck reports nothing.
    Where `drivers_wait` is false nobody stands about for the plan's time, whoever is early goes on.
    """

    fix_interval_s: float = DEFAULT_FIX_INTERVAL_S
    gps_noise_m: float = DEFAULT_GPS_NOISE_M
    service_events: bool = True
    load_sensor: bool = True
    dead_spots_per_hour: float = 0.0
    dead_spot_s: float = DEFAULT_DEAD_SPOT_S
    skip_ratio: float = 0.0
    drive_past_ratio: float = 0.0
    breakdowns: int = 0
    wrong_clock_s: float = 0.0
    silent_devices: int = 0
    gaps_per_hour: float = 0.0
    canyon_drift_m: float = 0.0
    queue_ratio: float = 0.0
    forgotten_event_ratio: float = 0.0
    drivers_wait: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside what can be simulated, each with what was expected."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidRequestError(f"Expected {name} from {low:g} to {high:g}, got {value:g}.")
        if self.skip_ratio + self.drive_past_ratio + self.queue_ratio > 1:
            raise InvalidRequestError("Expected skip_ratio, drive_past_ratio and queue_ratio to be 1 together at most.")


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("fix_interval_s", 1, 3600),
    ("gps_noise_m", 0, 1000),
    ("dead_spots_per_hour", 0, 60),
    ("dead_spot_s", 1, 86_400),
    ("skip_ratio", 0, 1),
    ("drive_past_ratio", 0, 1),
    ("breakdowns", 0, 100_000),
    ("wrong_clock_s", -86_400, 86_400),
    ("silent_devices", 0, 100_000),
    ("gaps_per_hour", 0, 60),
    ("canyon_drift_m", 0, 1000),
    ("queue_ratio", 0, 1),
    ("forgotten_event_ratio", 0, 1),
)


def load_faults(path: Path) -> Faults:
    """Read faults from a TOML file whose keys are the fields of `Faults`.

    Raises:
        InvalidRequestError: the file cannot be read, is no TOML, has an unknown key, or a value of a wrong type
            or size; the text names the file, the key and what was expected.

    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequestError(f"The faults file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"The faults file {path} is not TOML: {error}.") from error
    try:
        return Faults(**{key: _checked(key, value) for key, value in given.items()})
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{path}: {error}") from error


def _checked(key: str, value: object) -> Any:
    """Return the value if the key is known and the value is of its type."""
    types = {field.name: field.type for field in fields(Faults)}
    if key not in types:
        raise InvalidRequestError(f"Unknown key {key!r}; expected one of {', '.join(types)}.")
    expected = types[key]
    if expected is bool and isinstance(value, bool):
        return value
    if expected is not bool and isinstance(value, int) and not isinstance(value, bool):
        return value
    if expected is float and isinstance(value, float):
        return value
    words = {bool: "true or false", int: "a whole number", float: "a number"}
    raise InvalidRequestError(f"Expected {key} to be {words[expected]}, got {value!r}.")  # type: ignore[index]
