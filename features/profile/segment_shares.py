"""The shares of codes in each segment: what is expected of a member nobody knows much of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.evidence import Figures, numbered
from features.profile.segment_norms import SEGMENT_WEIGHT, segment_rows
from recsys.types import Rows

_KEPT = 50
"""A segment keeps its own shares of so many codes; the others share the rest as they do among everybody."""


@dataclass(frozen=True, slots=True)
class SegmentShares:
    """
    Shares of codes by segment, small also for many segments and codes.

    Attributes:
        everybody: Shape (n_codes,): shares among all members; they sum to 1 where every code has a name.
        rest: Shape (n_segments + 1,): a code that the segment did not keep has rest x everybody's share there; the
            last one, 1, is of members without a segment.
        keys: Ascending: segment x n_codes + code of what was kept.
        shares: Of the keys, in addition to rest x everybody's.
        leaders: Shape (n_segments + 1, n_leaders), int32: the codes of the largest shares, largest first; -1 where
            there are fewer.
    """

    everybody: Figures
    rest: Figures
    keys: NDArray[np.int64]
    shares: Figures
    leaders: Rows

    @classmethod
    def read(cls, norms: Mapping[str, Any], names: tuple[str, ...], n_leaders: int) -> "SegmentShares":
        """
        What `fit_shares` gave, in the codes of the day.

        Args:
            norms: Of one dimension.
            names: What codes stand for today; those that the norms do not have get share 0.
            n_leaders: How many codes are to be found first.
        """
        row_of = {name: row for row, name in enumerate(names)}
        code = np.array([row_of.get(name, -1) for name in norms["names"]], dtype=np.int64)
        everybody = np.zeros(len(names))
        everybody[code[code >= 0]] = np.asarray(norms["everybody"], dtype=np.float64)[code >= 0]
        rest = np.asarray(norms["rest"], dtype=np.float64)
        segment = np.asarray(norms["kept_segment"], dtype=np.int64)
        kept = code[np.asarray(norms["kept_code"], dtype=np.int64)]
        found = np.flatnonzero(kept >= 0)
        keys = segment[found] * len(names) + kept[found]
        order = np.argsort(keys)
        shares = np.asarray(norms["kept_share"], dtype=np.float64)[found]
        some = cls(everybody, rest, keys[order], shares[order], np.empty((0, 0), dtype=np.int32))
        return cls(everybody, rest, keys[order], shares[order], some._leaders(n_leaders))

    def of(self, segment: Rows, code: Rows) -> Figures:
        """The share of each code in each segment (broadcast against each other); 0 for codes below 0."""
        n_codes = max(len(self.everybody), 1)
        row = segment_rows(segment, len(self.rest) - 1)
        shares = np.where(code >= 0, self.rest[row] * np.append(self.everybody, 0.0)[code], 0.0)
        if not len(self.keys):
            return shares
        wanted = row.astype(np.int64) * n_codes + code
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return shares + np.where((code >= 0) & (self.keys[place] == wanted), self.shares[place], 0.0)

    def _leaders(self, n_leaders: int) -> Rows:
        # A leader of a segment was kept, or leads among everybody's codes that were not: never beyond kept + leaders.
        n_codes, n_rows = len(self.everybody), len(self.rest)
        order = np.argsort(-self.everybody, kind="stable").astype(np.int32)
        leaders = np.full((n_rows, n_leaders), -1, dtype=np.int32)
        bounds = np.searchsorted(self.keys, np.arange(n_rows + 1, dtype=np.int64) * max(n_codes, 1))
        for row in range(n_rows):
            kept = (self.keys[bounds[row] : bounds[row + 1]] % max(n_codes, 1)).astype(np.int32)
            free = order[: len(kept) + n_leaders]
            codes = np.sort(np.concatenate([kept, free[~np.isin(free, kept)]]))
            shares = self.of(np.full(len(codes), row, dtype=np.int32), codes)
            best = codes[np.argsort(-shares, kind="stable")[:n_leaders]]
            leaders[row, : len(best)] = best
        return leaders


def fit_shares(
    segment: Rows, code: Rows, weight: Figures, *, n_segments: int, names: tuple[str, ...]
) -> dict[str, Any]:
    """
    Shares of weight by code in each segment; JSON-able.

    A segment leans on everybody by SEGMENT_WEIGHT, and everybody on equal shares by a weight of 1, so that a code
    nobody bought has a share too.

    Args:
        segment, code: Shape (n,): of each fact; members without a segment have n_segments.
        weight: Shape (n,).
        n_segments: How many there are.
        names: What codes stand for.
    """
    n_codes = max(len(names), 1)
    everybody = np.bincount(code, weight, n_codes) + 1.0 / n_codes
    everybody = (everybody / everybody.sum())[: len(names)]
    keys, number = numbered(segment.astype(np.int64) * n_codes + code)
    sums = np.bincount(number, weight, len(keys)).astype(np.float64)
    keys, sums = keys[keys < n_segments * n_codes], sums[keys < n_segments * n_codes]
    row = keys // n_codes
    of_segment = np.bincount(row, sums, n_segments)
    order = np.lexsort((keys, -sums, row))
    n_before = np.cumsum(np.bincount(row, minlength=n_segments)) - np.bincount(row, minlength=n_segments)
    kept = np.sort(order[np.arange(len(order)) - n_before[row[order]] < _KEPT])
    whole = of_segment + SEGMENT_WEIGHT
    rest = (whole - np.bincount(row[kept], sums[kept], n_segments)) / whole
    return {
        "names": list(names),
        "everybody": everybody.tolist(),
        "rest": [*rest.tolist(), 1.0],
        "kept_segment": row[kept].tolist(),
        "kept_code": (keys[kept] % n_codes).tolist(),
        "kept_share": (sums[kept] / whole[row[kept]]).tolist(),
    }
