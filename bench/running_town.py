"""A town of its own on a running stack, for measurements over the real database, roads and processes."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.domain.town import Town
from services.registry.importing import RegisterKind, import_file
from services.roads.build import build_roads
from services.stack.lifecycle import Stack, StartRequest
from services.stack.processes import chosen_services
from services.store.connection import connect
from services.store.migrate import migrate
from services.store.town import create_town

FILES = {
    RegisterKind.CONTRACTORS: "contractors.csv",
    RegisterKind.ZONES: "zones.geojson",
    RegisterKind.FACILITIES: "facilities.csv",
    RegisterKind.POINTS: "points.csv",
    RegisterKind.VEHICLES: "vehicles.csv",
}


@contextmanager
def running_town(services: Sequence[str], write_files: Callable[[Path], object]) -> Iterator[Stack]:
    """A stack with some of its services, into which the files that were written to a folder are imported."""
    with tempfile.TemporaryDirectory(prefix="riqing-bench-") as folder:
        files, stack = Path(folder) / "town", Stack(Path(folder) / "stack")
        write_files(files)
        try:
            stack.start(StartRequest(services=chosen_services(services)), migrate, lambda _: None)
            build_roads(files / "roads.osm.pbf", stack.folder.roads)
            with connect(stack.remembered().database_url) as connection:
                create_town(connection, Town("bench"))
                for kind, name in FILES.items():
                    import_file(connection, kind, files / name)
            yield stack
        finally:
            stack.stop(lambda _: None)
