"""Each source's list for each member, worked out ahead so that a request only looks it up."""

from collections.abc import Mapping

import numpy as np

from recsys.knowledge import CandidateList
from recsys.ragged import Ragged
from recsys.report import Progress
from recsys.scorers.base import Scorer
from recsys.types import KeepMask, Rows

_BLOCK_MEMBERS = 20_000


def candidate_lists(
    scorers: Mapping[str, Scorer],
    members: Rows,
    *,
    keep: KeepMask,
    k: int,
    progress: Progress,
    without: Ragged | None = None,
) -> dict[str, CandidateList]:
    """
    The k best products of every source for every member, in blocks, so that memory is that of the answer.

    Args:
        scorers: By source name.
        members: Shape (m,): rows of members.
        keep: Shape (n_products,): products on sale.
        k: Length of every list.
        progress: Told of every block.
        without: Ragged (m,): products a member goes without.
    """
    lists: dict[str, CandidateList] = {}
    for name, scorer in scorers.items():
        progress.step(f"lists of {name}", len(members))
        products = np.empty((len(members), k), dtype=np.int32)
        scores = np.empty((len(members), k), dtype=np.float32)
        for start in range(0, len(members), _BLOCK_MEMBERS):
            block = np.arange(start, min(start + _BLOCK_MEMBERS, len(members)))
            theirs = None if without is None else without.take(block)
            products[block], scores[block] = scorer.best(members[block], keep=keep, k=k, without=theirs)
            progress.advance(len(block))
        lists[name] = CandidateList(products, scores)
    return lists
