"""How the kernel's functions are compiled: ahead of use, into a cache, and without counting references.

No function of the kernel makes an array, and its callers hold all that it works on; counting references to them took
half of its time.
"""

from __future__ import annotations

from functools import partial

from numba import njit
from numba.core import types
from numba.np import arrayobj


def _as_it_is(context, builder, index_type, index, _size):
    """An index without the question whether it counts from the end of the array: no index of the kernel does."""
    return context.cast(builder, index, index_type, types.intp if index_type.signed else types.uintp)


# The question is asked at each access, took a fifth of the search's time, and numba has no switch for it.
arrayobj.fix_integer_index = _as_it_is

compiled = partial(njit, cache=True, nogil=True, _nrt=False)
"""A function that is compiled when it is first called."""

inlined = partial(njit, cache=True, forceinline=True, _nrt=False)
"""A small function that becomes a part of each function that calls it."""
