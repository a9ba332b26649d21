"""Answers that are kept with the state of the store that they were made of."""

import pytest

from services.api import memo as memo_module
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


def test_large_answers_push_out_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit into the bytes are kept; one that is made anew counts once."""
    monkeypatch.setattr(memo_module, "MOST_BYTES", 100)
    memo = Memo()
    for state in range(3):
        memo.keep("first", state, b"x" * 60)
    memo.keep("second", 0, b"y" * 40)
    assert (memo.get("first", 2), memo.get("second", 0)) == (b"x" * 60, b"y" * 40)
    memo.keep("third", 0, b"z")
    assert (memo.get("first", 2), memo.get("second", 0), memo.get("third", 0)) == (None, b"y" * 40, b"z")
