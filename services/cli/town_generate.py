"""`riqing town generate`: write a simulated town, ready for `riqing import`."""

from pathlib import Path
from typing import Annotated

import typer

from firmware_sim.town.generate import DEFAULT_SEED, generate_town
from services.domain.errors import InvalidRequestError


def town_generate(
    directory: Annotated[Path, typer.Argument(help="The folder to write into; made if it is not there.")],
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = DEFAULT_SEED,
) -> None:
    """Write a simulated county town: roads.osm.pbf and every file that `riqing import` takes."""
    try:
        town = generate_town(directory, seed)
    except OSError as error:
        raise InvalidRequestError(
            f"The town cannot be written into {directory}: {error.strerror}; name a folder that may be written."
        ) from error
    print(
        f"{directory}: {len(town.points)} collection points, {len(town.facilities)} facilities, "
        f"{len(town.vehicles)} vehicles, {len(town.zones)} zones, {len(town.network.ways)} ways."
    )
