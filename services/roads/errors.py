"""What can go wrong with roads, each as a sentence for a person."""

from services.domain.errors import ConflictError, InvalidRequestError, RiqingError


class RoadsError(RiqingError):
    """Something about the road network failed."""


class RoadDataError(RoadsError, InvalidRequestError):
    """A road file is not usable: no OpenStreetMap PBF, cut short, without streets, or of another place."""


class RoadBuildError(RoadsError):
    """The routing engine's tools could not build a dataset from a readable road file."""


class RoadsBusyError(RoadsError, ConflictError):
    """Another build holds the roads folder."""


class NoRoadsError(RoadsError, ConflictError):
    """No road file has been imported yet."""


class RoadEngineError(RoadsError):
    """The routing engine does not answer, or answers what it should not."""


class NoRouteError(RoadsError):
    """There is no way on the road between two places, or no road near one of them."""


class UnwantedError(Exception):
    """Nobody waits for the answer any more."""
