"""Which keys came by before: eight bytes a key, because fifty million keys do not fit as texts."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

_Hashes = NDArray[np.uint64]


@dataclass(slots=True)
class SeenKeys:
    """
    A growing set of 64-bit hashes of keys, as sorted runs of doubling length.

    Two keys in fifty million share a hash with a probability of 0.00007; the later of them would be called a repeat.

    Example:
        >>> seen = SeenKeys()
        >>> seen.add(pl.DataFrame({"key": ["a", "b", "a"]})).tolist()
        [False, False, True]
        >>> seen.add(pl.DataFrame({"key": ["c", "b"]})).tolist()
        [False, True]
    """

    _runs: list[_Hashes] = field(default_factory=list)

    def add(self, keys: pl.DataFrame) -> NDArray[np.bool_]:
        """Shape (n_rows,): the key was added before, or stands in an earlier row of *keys*. All are added."""
        hashes = keys.hash_rows(seed=0).to_numpy()
        distinct, first = np.unique(hashes, return_index=True)
        repeated = np.ones(len(hashes), dtype=np.bool_)
        fresh = np.ones(len(distinct), dtype=np.bool_)
        for run in self._runs:
            found = np.searchsorted(run, distinct)
            found[found == len(run)] = 0
            fresh &= run[found] != distinct
        repeated[first[fresh]] = False
        self._keep(distinct[fresh])
        return repeated

    def _keep(self, run: _Hashes) -> None:
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)
