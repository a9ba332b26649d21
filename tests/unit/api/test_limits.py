"""How often one client may ask."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from fastapi import Request

from services.api.client_address import client_address
from services.api.errors import TooManyRequestsError
from services.api.limits import FROM_ADDRESS, REMEMBERED_CLIENTS, RateLimiter
from services.api.turns import Turns
from tests.road_servers import wait_until


class Seconds:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s


def _allowed(limiter: RateLimiter, client: str, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            limiter.take(client)
        except TooManyRequestsError:
            continue
        count += 1
    return count


def test_a_client_may_do_a_minutes_worth_at_once() -> None:
    """As many as a minute holds pass, then none, for this client alone."""
    limiter = RateLimiter(5, FROM_ADDRESS, Seconds())
    assert _allowed(limiter, "a", 20) == 5
    assert _allowed(limiter, "b", 20) == 5


@pytest.mark.parametrize(("passed_s", "expected"), [(11, 0), (12, 1), (30, 2), (60, 5), (3600, 5)])
def test_a_bucket_refills_steadily(passed_s: float, expected: int) -> None:
    """One more each twelve seconds at five a minute, and never more than a minute's worth."""
    clock = Seconds()
    limiter = RateLimiter(5, FROM_ADDRESS, clock)
    _allowed(limiter, "a", 5)
    clock.now_s = passed_s
    assert _allowed(limiter, "a", 20) == expected


def test_the_error_says_when_to_try_again() -> None:
    """Waiting as long as it says is enough."""
    clock = Seconds()
    limiter = RateLimiter(7, FROM_ADDRESS, clock)
    _allowed(limiter, "a", 7)
    with pytest.raises(TooManyRequestsError) as caught:
        limiter.take("a")
    clock.now_s = caught.value.retry_after_s
    limiter.take("a")


def test_clients_are_forgotten_in_the_end() -> None:
    """Memory stays bounded however many addresses ask; the one seen last is still known."""
    limiter = RateLimiter(1, FROM_ADDRESS, Seconds())
    for number in range(REMEMBERED_CLIENTS + 10):
        limiter.take(str(number))
    assert _allowed(limiter, str(REMEMBERED_CLIENTS + 9), 1) == 0
    assert _allowed(limiter, "0", 1) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),  # a home has as many
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("somewhere", "somewhere", True),
    ],
)
def test_who_is_one_client(one: str, other: str, same: bool) -> None:
    """An address of IPv4, a network of IPv6, whose owner has more addresses than there are requests."""
    seen = [client_address(Request({"type": "http", "client": (host, 4000)})) for host in (one, other)]
    assert (seen[0] == seen[1]) == same


def test_some_wait_their_turn_and_the_rest_come_again() -> None:
    """Two at once, three wait, the other three are told when to come again; all who waited have their turn."""
    turns, end = Turns(2, waiting=3, why="Busy", retry_after_s=7), Event()
    at_work: list[str] = []
    most: list[int] = []

    def work() -> None:
        with turns.taken():
            at_work.append("")
            most.append(len(at_work))
            end.wait(20)
            at_work.pop()

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(work) for _ in range(8)]
        wait_until(lambda: len([one for one in asked if one.done()]) == 3 and len(at_work) == 2, 20)
        end.set()
    refused = [error for one in asked if (error := one.exception()) is not None]
    assert [str(error) for error in refused] == ["Busy; try again in 7 s."] * 3
    assert {error.retry_after_s for error in refused if isinstance(error, TooManyRequestsError)} == {7}
    assert max(most) == 2
    with turns.taken():
        pass
