"""How often one client may ask."""

import pytest

from services.api.errors import TooManyRequestsError
from services.api.limits import FROM_ADDRESS, REMEMBERED_CLIENTS, RateLimiter


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
