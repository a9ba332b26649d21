"""How the kernel's functions are compiled: ahead of use, into a cache, and without counting references.

No function of the kernel makes an array, and its callers hold all that it works on; counting references to them took
half of its time.
"""

from __future__ import annotations

from functools import partial

from numba import njit

compiled = partial(njit, cache=True, nogil=True, _nrt=False)
"""A function that is compiled when it is first called."""

inlined = partial(njit, cache=True, forceinline=True, _nrt=False)
"""A small function that becomes a part of each function that calls it."""
