"""The fault run of bench/ingest in short: everything is killed with -9, alone and together, while devices publish."""

from pathlib import Path

import pytest

from bench.ingest import faults
from services.broker.settings import Persistence
from services.stack.tools import Tools

SHORT = faults.Plan(messages=20_000, rate_per_s=2_000, kills=len(faults.KINDS), seed=2)
"""Every kind of kill once."""
SHARED = faults.Plan(messages=10_000, rate_per_s=2_000, kills=4, seed=3, workers=2)


@pytest.mark.parametrize("plan", [SHORT, SHARED], ids=["one ingest", "two ingests"])
def test_nothing_is_lost_or_twice(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: faults.Plan
) -> None:
    """What 200 devices were told is stored is stored, once, handed over once, and shown as the latest where it is."""
    del tools
    monkeypatch.setenv("RIQING_BROKER_PERSISTENCE", Persistence.BEFORE_ACKNOWLEDGING.value)
    with faults.faulty_stack(tmp_path / "stack", plan.workers, lambda _: None) as stack:
        account = faults.run(stack, plan, lambda *_: None)
    assert account.is_clean, account
    assert account.stored == plan.messages
    assert sum(account.kills.values()) == plan.kills
    assert account.cut_off > 0, "no device noticed that the broker was killed"
