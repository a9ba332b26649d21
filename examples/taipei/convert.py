"""Turns Taipei's open data into the files that `riqing import` takes: `python convert.py SOURCE TARGET`.

SOURCE holds truck_stops_2024.csv (where and when each garbage truck stops), public_toilets.csv and
depots.geojson. What the open data does not say is assumed here, in one place, and printed at the end.
"""

import json
import sys
from pathlib import Path

import pandas as pd

EXPECTED_KG_PER_STOP = 250
CAPACITY_KG = 5_000
WINDOW_SLACK_MIN = 45
SHIFT = ("13:00", "01:00")
STATION_AT_DEPOTS_OF = ("中山區", "萬華區", "信義區")
STATION_T_PER_DAY = 400
DAY_MIN = 24 * 60

GRADES = {"a": "特優", "b": "優等", "c": "普通", "d": "改善"}


def minutes(times: "pd.Series[str]") -> "pd.Series[int]":
    """Return minutes after midnight of Taipei's integers: 1630 is 16:30, 11 is 00:11."""
    numbers = times.astype(int)
    return numbers // 100 * 60 + numbers % 100


def clock_times(after_midnight: "pd.Series[int]") -> "pd.Series[str]":
    """Return `HH:MM` of minutes after midnight, beyond midnight beginning anew."""
    wrapped = after_midnight % DAY_MIN
    return (wrapped // 60).map("{:02d}".format) + ":" + (wrapped % 60).map("{:02d}".format)


def points(stops: pd.DataFrame) -> pd.DataFrame:
    """Return the stops as collection points; a residents' timetable becomes the point's window."""
    arrival, departure = minutes(stops["抵達時間"]), minutes(stops["離開時間"])
    stay_min = (departure - arrival) % DAY_MIN
    return pd.DataFrame(
        {
            "id": [f"TPE-{number:04d}" for number in range(1, len(stops) + 1)],
            "lon": stops["經度"],
            "lat": stops["緯度"],
            "name": stops["地點"],
            "zone_id": "",
            "container_type": "roadside",
            "containers": 1,
            "expected_kg": EXPECTED_KG_PER_STOP,
            "visits_per_day": 1,
            "window_start": clock_times(arrival - WINDOW_SLACK_MIN),
            "window_end": clock_times(departure + WINDOW_SLACK_MIN),
            "service_s": stay_min.clip(1, 10) * 60,
        }
    )


def facilities(depots: list[dict], toilets: pd.DataFrame) -> pd.DataFrame:
    """Return depots, the assumed stations beside some of them, and the toilets."""
    rows = []
    for depot in depots:
        district = depot["properties"]["name"].removesuffix("清潔隊")
        lon, lat = depot["geometry"]["coordinates"]
        rows.append(
            {"id": f"D-{district}", "kind": "depot", "lon": lon, "lat": lat, "name": depot["properties"]["name"]}
        )
        if district in STATION_AT_DEPOTS_OF:
            station = {"id": f"S-{district}", "kind": "transfer_station", "lon": lon, "lat": lat, "bays": 4}
            rows.append(station | {"name": f"{district}轉運站", "design_t_per_day": STATION_T_PER_DAY, "tip_s": 480})
    for number, toilet in enumerate(toilets.itertuples(), start=1):
        seats, accessible = int(toilet.seat), int(toilet.dis)
        best = next((name for letter, name in GRADES.items() if int(getattr(toilet, letter))), "")
        rows.append(
            {
                "id": f"T-{number:04d}",
                "kind": "public_toilet",
                "lon": toilet.lng,
                "lat": toilet.lat,
                "name": toilet.name,
            }
            | {"class": best, "stalls_female": max(seats - accessible, 0), "stalls_accessible": accessible}
        )
    return pd.DataFrame(rows)


def vehicles(stops: pd.DataFrame) -> pd.DataFrame:
    """Return a compactor for each truck of the timetable, at the depot of the district it serves most."""
    district = stops.groupby("車號")["行政區"].agg(lambda names: names.mode().iloc[0])
    return pd.DataFrame(
        {
            "id": district.index,
            "kind": "compactor",
            "depot_id": "D-" + district.to_numpy(),
            "capacity_kg": CAPACITY_KG,
            "plate": district.index,
            "shift_start": SHIFT[0],
            "shift_end": SHIFT[1],
            "break_s": 1800,
            "break_after_s": 6 * 3600,
        }
    )


def main(source: Path, target: Path) -> None:
    """Write points.csv, facilities.csv and vehicles.csv below `target`."""
    target.mkdir(parents=True, exist_ok=True)
    stops = pd.read_csv(source / "truck_stops_2024.csv", dtype=str)
    toilets = pd.read_csv(source / "public_toilets.csv", dtype=str, encoding="utf-8-sig")
    depots = json.loads((source / "depots.geojson").read_text(encoding="utf-8"))["features"]
    tables = {"points": points(stops), "facilities": facilities(depots, toilets), "vehicles": vehicles(stops)}
    for name, table in tables.items():
        table.to_csv(target / f"{name}.csv", index=False)
        print(f"{target / name}.csv: {len(table)} rows")
    print(
        f"Assumed, because the open data does not say: {EXPECTED_KG_PER_STOP} kg a stop, trucks of {CAPACITY_KG} kg "
        f"working {SHIFT[0]} to {SHIFT[1]}, windows {WINDOW_SLACK_MIN} minutes wider than the timetable, "
        f"transfer stations of {STATION_T_PER_DAY} t/d beside the depots of {', '.join(STATION_AT_DEPOTS_OF)}."
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python convert.py SOURCE TARGET")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
