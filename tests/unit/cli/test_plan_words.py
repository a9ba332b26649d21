"""Changes of a plan in words."""

import re

import pytest

from services.cli.plan_words import change_of, late_of, waiting_of
from services.domain.circumstances import VehicleOrder
from services.domain.errors import InvalidRequestError
from services.routing.by_hand import Move
from services.routing.revising import Insertion, Order


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("move P1 V2", Move(("P1", 1), "V2")),
        ("move P1#2 V2 7", Move(("P1", 2), "V2", 7)),
        ("move 'P 1' V2", Move(("P 1", 1), "V2")),  # a point with a space in its name
        ("insert P1 V2", Insertion("P1", None, "V2")),
        ("insert P1 V2 7 kg=50.5", Insertion("P1", 50.5, "V2", 7)),
        ("lock V2", Order(VehicleOrder.LOCK, "V2")),
        ("include V2", Order(VehicleOrder.INCLUDE, "V2")),
    ],
)
def test_words_become_a_change(text: str, change: Move | Insertion | Order) -> None:
    """As the help has them."""
    assert change_of(text) == change


@pytest.mark.parametrize(
    "text",
    ["", "fly V1", "lock", "lock V1 V2", "move P1", "move P1 V1 first", "move 'P1 V1", "move P1#x V1", "move P1 V1 2 3",
     "move P1 V1 kg=5", "insert P1"],
)  # fmt: skip
def test_other_words_are_answered_with_what_can_be_written(text: str) -> None:
    """The sentence repeats what was written and names the words that there are."""
    with pytest.raises(InvalidRequestError, match=re.escape(f"{text!r} is no change of a plan. Write move POINT")):
        change_of(text)


def test_what_waits_and_who_is_late() -> None:
    """The last equals sign counts, so that a name may have one."""
    assert waiting_of("P1") == ("P1", None)
    assert waiting_of("P=1=250") == ("P=1", 250.0)
    assert late_of("V1=20") == ("V1", 20.0)
    for text, sentence in (("V1", "write VEHICLE=MINUTES"), ("V1=soon", "is not a number"), ("V1=-5", "from 0 to")):
        with pytest.raises(InvalidRequestError, match=sentence):
            late_of(text)
    with pytest.raises(InvalidRequestError, match="must be from 0 to 1,000,000"):
        waiting_of("P1=nan")
