"""Processor time of processes, as the kernel counts it."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    """Return the seconds that a process and its children have spent, those that have ended included."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended; its parent counts its time
        total += sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S
    return total


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def idle_s() -> float:
    """Return the seconds that the machine's cores have had nothing to do, added up."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[4]) / _TICKS_PER_S
