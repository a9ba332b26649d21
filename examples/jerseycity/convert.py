"""Makes a register for Jersey City's trucks, for `riqing import`: `python convert.py SOURCE TARGET`.

SOURCE is truck_gps_2015-12.csv. It says where trucks were and nothing else: that they are compactors of one depot, in
the middle of where they were first seen in the morning, is assumed.
"""

import sys
from pathlib import Path

import pandas as pd

CAPACITY_KG = 9_000


def main(source: Path, target: Path) -> None:
    """Write facilities.csv and vehicles.csv below `target`."""
    target.mkdir(parents=True, exist_ok=True)
    fixes = pd.read_csv(source, dtype={"vehicle": str}).sort_values("ts_local")
    first = fixes.groupby("vehicle", as_index=False).first()
    depot = {"id": "DEPOT", "kind": "depot", "lon": first["lon"].median(), "lat": first["lat"].median()}
    vehicles = pd.DataFrame({"id": first["vehicle"], "kind": "compactor", "depot_id": "DEPOT"})
    pd.DataFrame([depot]).to_csv(target / "facilities.csv", index=False)
    vehicles.assign(capacity_kg=CAPACITY_KG).to_csv(target / "vehicles.csv", index=False)
    print(f"{len(vehicles)} vehicles, {len(fixes)} fixes from {fixes['ts_local'].min()} to {fixes['ts_local'].max()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python convert.py SOURCE TARGET")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
