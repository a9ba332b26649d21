"""What a row of each import file must look like, and the register values it becomes.

Every field is a text as it stands in the file (or a JSON value from GeoJSON); an empty one counts as absent.
Field names are those of interfaces.md; `columns` turns a checked row into the store's columns.
"""

import math
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.validation import explain_validity

from services.domain.kinds import Approach, ContainerType, FacilityKind, FacilityStatus, VehicleKind
from services.domain.land_use import USE_OF
from services.domain.registry import DailyWindow
from services.domain.town import DAY_S

MAXIMUM_TEXT_LENGTH = 200


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _seconds_after_midnight(text: object) -> int:
    """Read a local `HH:MM` (24:00 is the end of the day)."""
    hours, separator, minutes = str(text).strip().partition(":")
    if not (separator and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ValueError(f"{str(text)[:40]!r} is not a time; write HH:MM such as 06:30")
    seconds = int(hours) * 3600 + int(minutes) * 60
    if int(minutes) > 59 or seconds > DAY_S:
        raise ValueError(f"{str(text)[:40]!r} is not a time of the day; write 00:00 to 24:00")
    return seconds


def _window(start_text: object, end_text: object) -> DailyWindow:
    start_s, end_s = _seconds_after_midnight(start_text), _seconds_after_midnight(end_text)
    if start_s % DAY_S == end_s:
        raise ValueError(f"the window {start_text}-{end_text} is empty; its end must differ from its start")
    return DailyWindow(start_s % DAY_S, end_s)


def _container_type_set(text: object) -> object:
    return frozenset(part.strip() for part in text.split(";") if part.strip()) if isinstance(text, str) else text


def _iso_date(text: object) -> date:
    try:
        return datetime.strptime(str(text).strip(), "%Y-%m-%d").date()  # noqa: DTZ007 — a date has no zone
    except ValueError as error:
        raise ValueError(f"{str(text)[:40]!r} is not a date; write YYYY-MM-DD") from error


def _an_area(geometry: dict[str, Any]) -> dict[str, Any]:
    """Refuse a geometry that is no area on the map."""
    kind = geometry.get("type")
    if kind not in {"Polygon", "MultiPolygon"}:
        raise ValueError(f"must be a Polygon or MultiPolygon, not {kind}")
    try:
        area = shape(geometry)
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError("has broken coordinates") from error
    if area.is_empty:
        raise ValueError("is empty")
    if not area.is_valid:
        raise ValueError(f"is not a valid area: {explain_validity(area)}")
    west, south, east, north = area.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("must be in WGS-84 degrees, longitude before latitude")
    return geometry


Number = Annotated[float, AfterValidator(_finite)]
NotNegative = Annotated[float, Field(ge=0), AfterValidator(_finite)]
Positive = Annotated[float, Field(gt=0), AfterValidator(_finite)]
Text = Annotated[str, Field(min_length=1, max_length=MAXIMUM_TEXT_LENGTH)]
Code = Annotated[str, Field(min_length=1, max_length=128)]
Longitude = Annotated[float, Field(ge=-180, le=180), AfterValidator(_finite)]
Latitude = Annotated[float, Field(ge=-90, le=90), AfterValidator(_finite)]
TimeOfDay = Annotated[int, BeforeValidator(_seconds_after_midnight)]
Area = Annotated[dict[str, Any], AfterValidator(_an_area)]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Seconds = Annotated[int, Field(ge=0, le=DAY_S)]


class RegisterRow(BaseModel):
    """A row of an import file."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, coerce_numbers_to_str=True)

    identifier: ClassVar[str] = "id"
    renamed: ClassVar[dict[str, str]] = {}

    def columns(self) -> dict[str, Any]:
        """Return the row as the store's columns."""
        return {self.renamed.get(name, name): getattr(self, name) for name in type(self).model_fields}

    @classmethod
    def columns_given(cls, fields: set[str]) -> set[str]:
        """Return the store's columns that a file with these `fields` speaks of."""
        return {cls.renamed.get(name, name) for name in cls.model_fields if name in fields}


class ContractorRow(RegisterRow):
    """A row of contractors.csv."""

    renamed: ClassVar[dict[str, str]] = {"id": "contractor_id"}

    id: Code
    name: Text


class ZoneRow(RegisterRow):
    """A feature of zones.geojson."""

    renamed: ClassVar[dict[str, str]] = {"id": "zone_id"}

    id: Code
    name: Text | None = None
    contractor_id: Code | None = None
    cleaning_grade: Text | None = None
    responsible: Text | None = None
    geometry: Area


class LandParcelRow(RegisterRow):
    """A feature of landuse.geojson: OpenStreetMap's `landuse`, or the tag that tells the use in its place."""

    renamed: ClassVar[dict[str, str]] = {"id": "parcel_id"}

    id: Code
    landuse: Text | None = None
    leisure: Text | None = None
    amenity: Text | None = None
    place: Text | None = None
    name: Text | None = None
    geometry: Area

    @model_validator(mode="after")
    def _use_is_known(self) -> Self:
        if self._value is None:
            raise ValueError("landuse is required (or leisure, amenity or place that tells the use)")
        if self._value not in USE_OF:
            near = get_close_matches(self._value, USE_OF, n=1)
            meant = f"; did you mean {near[0]}?" if near else "; write one of OpenStreetMap's, such as residential"
            raise ValueError(f"landuse {self._value!r} is no use of land that is known{meant}")
        return self

    @property
    def _value(self) -> str | None:
        """The value that tells the use: that of a tag which is known, else what is given."""
        given = [value for value in (self.landuse, self.leisure, self.amenity, self.place) if value is not None]
        return next((value for value in given if value in USE_OF), given[0] if given else None)

    def columns(self) -> dict[str, Any]:
        """Return the row as the store's columns; whichever tag told the use, it is its landuse."""
        return {"parcel_id": self.id, "landuse": self._value, "name": self.name, "geometry": self.geometry}

    @classmethod
    def columns_given(cls, fields: set[str]) -> set[str]:
        """Return the store's columns that a file with these `fields` speaks of."""
        return {"landuse", "geometry"} | (fields & {"name"})


class PointRow(RegisterRow):
    """A row of points.csv; several windows stand in `window_start` as `06:00-09:00;17:00-20:00`."""

    renamed: ClassVar[dict[str, str]] = {"id": "point_id"}

    id: Code
    lon: Longitude
    lat: Latitude
    name: Text | None = None
    zone_id: Code | None = None
    container_type: ContainerType = ContainerType.BIN
    containers: Count = 1
    expected_kg: Annotated[NotNegative, Field(le=1_000_000)] = 0.0
    visits_per_day: Annotated[Positive, Field(ge=0.01, le=24)] = 1.0
    window_start: Text | None = None
    window_end: Text | None = None
    windows: Text | None = None
    service_s: Seconds = 60
    priority: Annotated[int, Field(ge=0, le=1_000)] = 1
    approach: Approach = Approach.ANY

    @model_validator(mode="after")
    def _windows_are_readable(self) -> Self:
        self.daily_windows()
        return self

    def daily_windows(self) -> tuple[DailyWindow, ...]:
        """Return the windows in which the point may be visited; none means any time."""
        several = self.windows or (self.window_start if "-" in (self.window_start or "") else None)
        if several is not None:
            pairs = [part.partition("-")[::2] for part in several.split(";") if part.strip()]
            return tuple(_window(start, end) for start, end in pairs)
        if (self.window_start is None) != (self.window_end is None):
            given, missing = ("start", "end") if self.window_end is None else ("end", "start")
            raise ValueError(f"window_{given} needs a window_{missing}")
        if self.window_start is None or self.window_end is None:
            return ()
        starts, ends = self.window_start.split(";"), self.window_end.split(";")
        if len(starts) != len(ends):
            raise ValueError("window_start and window_end must name as many times")
        return tuple(_window(start, end) for start, end in zip(starts, ends, strict=True))

    def columns(self) -> dict[str, Any]:
        """Return the row as the store's columns, its windows as one."""
        columns = super().columns()
        del columns["window_start"], columns["window_end"]
        columns["windows"] = self.daily_windows()
        return columns

    @classmethod
    def columns_given(cls, fields: set[str]) -> set[str]:
        """Return the store's columns that a file with these `fields` speaks of."""
        given = super().columns_given(fields)
        windows = {"window_start", "window_end", "windows"}
        return (given - windows) | ({"windows"} if given & windows else set())


class FacilityRow(RegisterRow):
    """A row of facilities.csv."""

    renamed: ClassVar[dict[str, str]] = {
        "id": "facility_id",
        "class": "toilet_class",
        "class_": "toilet_class",
        "open_time": "open_start_s",
        "close_time": "open_end_s",
    }

    id: Code
    kind: FacilityKind
    lon: Longitude
    lat: Latitude
    name: Text | None = None
    zone_id: Code | None = None
    status: FacilityStatus = FacilityStatus.IN_SERVICE
    opened_on: IsoDate | None = None
    design_life_years: Positive | None = None
    design_t_per_day: Positive | None = None
    bays: Annotated[int, Field(ge=1, le=1_000)] | None = None
    tip_s: Seconds | None = None
    open_time: TimeOfDay | None = None
    close_time: TimeOfDay | None = None
    class_: Annotated[Text | None, Field(alias="class")] = None
    stalls_male: Count = 0
    stalls_female: Count = 0
    stalls_accessible: Count = 0

    @model_validator(mode="after")
    def _hours_are_a_pair(self) -> Self:
        if (self.open_time is None) != (self.close_time is None):
            given, missing = ("open", "close") if self.close_time is None else ("close", "open")
            raise ValueError(f"{given}_time needs an {missing}_time")
        if self.open_time is not None and self.close_time is not None:
            self.open_time %= DAY_S
        return self

    @classmethod
    def columns_given(cls, fields: set[str]) -> set[str]:
        """Return the store's columns that a file with these `fields` speaks of."""
        return super().columns_given(fields) | ({"toilet_class"} if "class" in fields else set())


class PhaseRow(RegisterRow):
    """A row of phases.csv: from when on a facility has a status, and what works bring."""

    identifier: ClassVar[str] = ""
    renewable: ClassVar[tuple[str, ...]] = (
        "class_", "stalls_male", "stalls_female", "stalls_accessible", "design_t_per_day",
    )  # fmt: skip

    facility_id: Code
    begins_on: IsoDate
    status: FacilityStatus
    replaced_by: Code | None = None
    note: Annotated[str, Field(max_length=2_000)] = ""
    class_: Annotated[Text | None, Field(alias="class")] = None
    stalls_male: Count | None = None
    stalls_female: Count | None = None
    stalls_accessible: Count | None = None
    design_t_per_day: Positive | None = None

    def renewed(self) -> dict[str, Any]:
        """Return what works bring, as the register has its fields."""
        given = {name: getattr(self, name) for name in self.renewable}
        return {name.replace("class_", "toilet_class"): value for name, value in given.items() if value is not None}


class VehicleRow(RegisterRow):
    """A row of vehicles.csv."""

    renamed: ClassVar[dict[str, str]] = {
        "id": "vehicle_id",
        "shift_start": "shift_start_s",
        "shift_end": "shift_end_s",
    }

    id: Code
    kind: VehicleKind
    depot_id: Code
    capacity_kg: Annotated[Positive, Field(le=200_000)]
    plate: Text | None = None
    capacity_m3: Positive | None = None
    container_types: Annotated[frozenset[ContainerType] | None, BeforeValidator(_container_type_set)] = None
    shift_start: TimeOfDay | None = None
    shift_end: TimeOfDay | None = None
    break_s: Seconds = 0
    break_after_s: Seconds | None = None
    contractor_id: Code | None = None
    speed_factor: Annotated[Positive, Field(ge=0.05, le=5)] = 1.0
    cost_per_km: NotNegative = 2.0
    cost_per_h: NotNegative = 40.0
    fixed_cost: NotNegative = 100.0

    @model_validator(mode="after")
    def _shift_is_a_pair(self) -> Self:
        if (self.shift_start is None) != (self.shift_end is None):
            given, missing = ("start", "end") if self.shift_end is None else ("end", "start")
            raise ValueError(f"shift_{given} needs a shift_{missing}")
        if self.shift_start is not None:
            self.shift_start %= DAY_S
        return self


class PopulationRow(RegisterRow):
    """A row of population.csv."""

    identifier: ClassVar[str] = ""

    lon: Longitude
    lat: Latitude
    residents: NotNegative


class HistoryRow(RegisterRow):
    """A row of history.csv."""

    identifier: ClassVar[str] = ""
    renamed: ClassVar[dict[str, str]] = {"date": "service_date"}

    point_id: Code
    date: IsoDate
    kg: NotNegative
