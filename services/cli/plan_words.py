"""What a dispatcher writes at the command line: changes of a plan, urgent points and late vehicles in words."""

import shlex

from services.domain.circumstances import VehicleOrder
from services.domain.errors import InvalidRequestError
from services.routing.by_hand import Move
from services.routing.revising import Insertion, Order

MOST_TOLD = 1e6
"""Kilograms or minutes beyond this are a slip of the hand."""

CHANGES = """move POINT VEHICLE [STOP]; insert POINT VEHICLE [STOP] [kg=KG]; lock, unlock, exclude or include VEHICLE.
STOP is the number of the stop that it comes before; POINT#2 is the point's second visit of the day."""


def waiting_of(text: str) -> tuple[str, float | None]:
    """Return a point and the kg that wait there, where they are said: "P1" or "P1=250".

    Raises:
        InvalidRequestError: that is no number.

    """
    name, equals, kg = text.rpartition("=")
    return (name, _number(kg, text)) if equals else (text, None)


def late_of(text: str) -> tuple[str, float]:
    """Return a vehicle and how many minutes late it is: "V1=20".

    Raises:
        InvalidRequestError: it does not say so.

    """
    name, equals, minutes = text.rpartition("=")
    if not equals:
        raise InvalidRequestError(f"{text!r} does not say how late it is; write VEHICLE=MINUTES.")
    return name, _number(minutes, text)


def _number(number: str, text: str) -> float:
    try:
        value = float(number)
    except ValueError as error:
        raise InvalidRequestError(f"{number!r} in {text!r} is not a number.") from error
    if not 0 <= value <= MOST_TOLD:
        raise InvalidRequestError(f"{number!r} in {text!r} must be from 0 to {MOST_TOLD:,.0f}.")
    return value


def change_of(text: str) -> Move | Insertion | Order:
    """Return the change that is meant, as `CHANGES` has them.

    Raises:
        InvalidRequestError: there is no such change.

    """
    try:
        action, *words = shlex.split(text)
        if action in tuple(VehicleOrder):
            (vehicle_id,) = words
            return Order(VehicleOrder(action), vehicle_id)
        kg = [_number(word.removeprefix("kg="), text) for word in words if word.startswith("kg=")]
        point, vehicle_id, *stop = [word for word in words if not word.startswith("kg=")]
        sequence = int(*stop) if stop else None
        if action == "insert":
            return Insertion(point, kg[0] if kg else None, vehicle_id, sequence)
        if action == "move" and not kg:
            name, _, occurrence = point.partition("#")
            return Move((name, int(occurrence or 1)), vehicle_id, sequence)
    except (ValueError, TypeError) as error:
        raise InvalidRequestError(f"{text!r} is no change of a plan. Write {CHANGES}") from error
    raise InvalidRequestError(f"{text!r} is no change of a plan. Write {CHANGES}")
