"""A member row and an instant as one number that sorts by both, so that one search finds a member's next instant."""

import numpy as np
from numpy.typing import NDArray

from recsys.types import EpochSeconds, Instants

Keys = NDArray[np.int64]
"""A member row and an instant in one number."""

NEVER: EpochSeconds = 1 << 33
"""An instant after all instants of the calendar (the year 2242)."""

_INSTANT_BITS = 34
_ORIGIN = 1 << 32


def keys_of(members: NDArray[np.integer], at: NDArray[np.integer] | int) -> Keys:
    """Member rows and instants as sortable keys."""
    return (np.asarray(members, dtype=np.int64) << _INSTANT_BITS) + (np.asarray(at, dtype=np.int64) + _ORIGIN)


def members_of(keys: Keys) -> NDArray[np.int64]:
    """Whose the keys are."""
    return keys >> _INSTANT_BITS


def next_instants(keys: Keys, members: NDArray[np.integer], after: NDArray[np.int64] | int) -> Instants:
    """The first instant of each member's *keys* (sorted) that is later than *after*; `NEVER` where there is none."""
    if not len(keys):
        return np.full(len(members), NEVER, dtype=np.int64)
    found = np.searchsorted(keys, keys_of(members, after), side="right")
    key = keys[np.minimum(found, len(keys) - 1)]
    owned = (found < len(keys)) & (members_of(key) == members)
    return np.where(owned, (key & ((1 << _INSTANT_BITS) - 1)) - _ORIGIN, NEVER)
