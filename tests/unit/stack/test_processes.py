"""Which processes a stack runs: all, those that are named, and as many ingests as share the work."""

import pytest

from services.stack.errors import StackError
from services.stack.processes import SERVICES, chosen_services

NAMES = [service.name for service in SERVICES]


@pytest.mark.parametrize(
    ("names", "workers", "expected"),
    [
        (None, 1, NAMES),
        (None, 3, [*NAMES[: NAMES.index("ingest") + 1], "ingest-2", "ingest-3", *NAMES[NAMES.index("ingest") + 1 :]]),
        (("api", "ingest"), 1, ["ingest", "api"]),
        (("ingest-2", "ingest-3"), 3, ["ingest-2", "ingest-3"]),  # a second machine
    ],
)
def test_what_runs(names: tuple[str, ...] | None, workers: int, expected: list[str]) -> None:
    """In the order of the list, whatever the order in which they are named."""
    assert [service.name for service in chosen_services(names, workers)] == expected


def test_all_ingests_are_alike() -> None:
    """They take their numbers themselves, so no command names one."""
    commands = {service.command for service in chosen_services(None, 4) if service.name.startswith("ingest")}
    assert len(commands) == 1


@pytest.mark.parametrize("name", ["plannr", "ingest-2", "ingest-0"])
def test_a_name_that_nobody_bears(name: str) -> None:
    """It is told with those that there are."""
    with pytest.raises(StackError, match=f"{name}.*ingest"):
        chosen_services((name,), 1)
