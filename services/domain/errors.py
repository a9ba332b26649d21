"""The root of every error that a user can cause: one sentence that says where and what would be right."""


class RiqingError(Exception):
    """An error whose text is meant for a person: what is wrong, where, and what would be right."""


class NotFoundError(RiqingError):
    """What was asked for by its identifier does not exist."""


class ConflictError(RiqingError):
    """What was asked for contradicts the present state."""


class InvalidRequestError(RiqingError):
    """What was asked for is wrong in itself."""
