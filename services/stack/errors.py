"""What can go wrong with the local stack, each as one sentence for the person who started it."""

from pathlib import Path

from services.domain.errors import RiqingError


class StackError(RiqingError):
    """The stack cannot do what was asked; the text says why and what to do."""


class ProvisionError(StackError):
    """A program that the stack needs cannot be fetched or does not run here."""


class AlreadyRunningError(StackError):
    """A second `up` of the same data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The stack in {folder} is up already: see `riqing status`, stop it with `riqing down`, "
            "or start another one with --data-dir."
        )
