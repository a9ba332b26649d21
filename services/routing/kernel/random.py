"""A small random generator that each search carries with it, so that a seed gives the same plan on any thread.

xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", ACM TOMS 42, 2016.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel.compiled import inlined

_SCALE = 1.0 / 9007199254740992.0
_A, _B, _C, _D = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(11)
_MULTIPLIER = np.uint64(0x2545F4914F6CDD1D)


def seeded(seed: int) -> NDArray[np.uint64]:
    """A generator's state for a seed."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@inlined()
def uniform(state):
    """The next number, from 0 to below 1."""
    x = state[0]
    x ^= x >> _A
    x ^= x << _B
    x ^= x >> _C
    state[0] = x
    return np.float64((x * _MULTIPLIER) >> _D) * _SCALE


@inlined()
def below(state, count):
    """A whole number from 0 to below `count`."""
    return np.int64(uniform(state) * count)
