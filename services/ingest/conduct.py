"""What a device's messages tell of the device: that its clock is wrong, or that it sends more than its share.

Pure: the writer (services/ingest/writer.py) feeds it batches and raises its findings as alarms.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

CLOSE = timedelta(minutes=5)
"""A reading that is no older than this on arrival shows a clock that is right."""
SUSPICIOUS = timedelta(minutes=20)
STEADY = timedelta(seconds=90)
"""A wrong clock is wrong by the same amount all the time; what was held back comes ever less late."""
SAMPLES, WATCHED_FOR = 5, timedelta(minutes=3)
"""So many batches, and for so long, must be late by the same amount before we say that it is the clock."""

_DAY_S, _ZONE_S, _ABOUT_S = 86_400, 1_800, 300


@dataclass(frozen=True, slots=True)
class ClockFinding:
    """A device's clock is wrong, or right again where `wrong_by` is none; ahead is positive."""

    device_key: int
    wrong_by: timedelta | None

    @property
    def likely(self) -> str | None:
        """What has probably been set wrongly: `time_zone`, `date`, or `clock`."""
        if self.wrong_by is None:
            return None
        wrong_s = abs(self.wrong_by.total_seconds())
        if _about_a_multiple(wrong_s, _DAY_S):
            return "date"
        if wrong_s <= 14 * 3_600 + _ABOUT_S and _about_a_multiple(wrong_s, _ZONE_S):
            return "time_zone"
        return "clock"


def _about_a_multiple(seconds: float, unit_s: int) -> bool:
    return seconds > unit_s - _ABOUT_S and abs(seconds - round(seconds / unit_s) * unit_s) <= _ABOUT_S


@dataclass(slots=True)
class _Lateness:
    since: datetime
    by: timedelta
    samples: int = 1


class ClockJudge:
    """Tells devices whose clock is wrong from those that hand in what they held back."""

    def __init__(self) -> None:
        self._late: dict[int, _Lateness] = {}
        self._wrong: set[int] = set()

    def ahead(self, device_key: int, by: timedelta) -> ClockFinding | None:
        """Take note of a reading from the future, which alone proves the clock wrong."""
        self._late.pop(device_key, None)
        return self._found_wrong(device_key, by)

    def newest(self, device_key: int, observed_at: datetime, received_at: datetime) -> ClockFinding | None:
        """Take note of the newest reading that came at one time; return what that changes."""
        lateness = received_at - observed_at
        if lateness < SUSPICIOUS:
            self._late.pop(device_key, None)
            if lateness <= CLOSE and device_key in self._wrong:
                self._wrong.discard(device_key)
                return ClockFinding(device_key, None)
            return None
        known = self._late.get(device_key)
        if known is None or abs(lateness - known.by) > STEADY:
            self._late[device_key] = _Lateness(received_at, lateness)
            return None
        known.samples += 1
        if known.samples < SAMPLES or received_at - known.since < WATCHED_FOR:
            return None
        return self._found_wrong(device_key, -lateness)

    def remember(self, device_keys: Iterable[int]) -> None:
        """Know devices as wrong about which somebody was told before we started."""
        self._wrong.update(device_keys)

    def forget(self, finding: ClockFinding) -> None:
        """Take back what could be told to nobody, so that the next message finds it again."""
        if finding.wrong_by is None:
            self._wrong.add(finding.device_key)
        else:
            self._wrong.discard(finding.device_key)

    def _found_wrong(self, device_key: int, by: timedelta) -> ClockFinding | None:
        if device_key in self._wrong:
            return None
        self._wrong.add(device_key)
        return ClockFinding(device_key, by)


_LEVELS_OF_A_DEVICE = 5


@dataclass(slots=True)
class _Credit:
    messages: float
    at_s: float


class Shares:
    """How much each device has left of what it may send: so much a second, and a burst that it saves up."""

    def __init__(self, messages_per_s: float, burst_messages: int) -> None:
        self._messages_per_s, self._burst_messages = messages_per_s, burst_messages
        self._credits: dict[bytes, _Credit] = {}

    def charge(self, topics: Counter[bytes], now_s: float) -> list[bytes]:
        """Take messages off the shares of those who sent them; return who has nothing left, as topic prefixes.

        Who is returned starts anew with a full burst: something will be done about it.
        """
        spent: list[bytes] = []
        for topic, count in topics.items():
            prefix = b"/".join(topic.split(b"/", _LEVELS_OF_A_DEVICE)[:_LEVELS_OF_A_DEVICE])
            credit = self._credits.get(prefix)
            if credit is None:
                credit = self._credits[prefix] = _Credit(self._burst_messages, now_s)
            earned = (now_s - credit.at_s) * self._messages_per_s
            credit.messages = min(credit.messages + earned, self._burst_messages) - count
            credit.at_s = now_s
            if credit.messages < 0:
                spent.append(prefix)
                del self._credits[prefix]
        return spent
