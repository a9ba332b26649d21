"""Answers that are kept with the state of the store that they were made of."""

from services.api.memo import MOST_ANSWERS, Memo


def test_an_answer_is_of_its_state() -> None:
    """It is given as long as the state is the same, and the newest one stands."""
    memo = Memo()
    memo.keep("figures", (1, 7), b"old")
    assert memo.get("figures", (1, 7)) == b"old"
    assert memo.get("figures", (2, 8)) is None
    assert memo.get("others", (1, 7)) is None
    memo.keep("figures", (2, 8), b"new")
    assert memo.get("figures", (1, 7)) is None
    assert memo.get("figures", (2, 8)) == b"new"


def test_what_nobody_asks_for_is_forgotten() -> None:
    """Memory stays bounded, and what is asked for goes last."""
    memo = Memo()
    for number in range(MOST_ANSWERS):
        memo.keep(number, 0, b"answer")
    assert memo.get(0, 0) == b"answer"
    memo.keep("one more", 0, b"answer")
    assert memo.get(1, 0) is None
    assert memo.get(0, 0) == b"answer"
