"""What can go wrong with the broker, each as one sentence for a person."""

from services.domain.errors import RiqingError


class BrokerError(RiqingError):
    """The broker cannot be reached, refuses us, or refused a command."""
