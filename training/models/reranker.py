"""The second stage: trees that put what all sources propose to a member into one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.errors import InputError, LeakError, NotEnoughDataError
from recsys.knowledge import CandidateList
from recsys.report import Progress
from recsys.scorers.topk import top_k_sparse
from recsys.scorers.trees import Trees
from recsys.types import EpochSeconds, Rows
from training.models.boosting import fit_ranking_trees
from training.ranking_features import RankingFacts, build_pool
from training.reranker_config import RerankerConfig
from training.snapshots import Snapshot

_BLOCK_MEMBERS = 1_000


@dataclass(frozen=True, slots=True)
class Reranker:
    """
    Fitted trees, and the columns that they ask about.

    Attributes:
        trees: Their sum orders the candidates of one member.
        names: Of the columns, as in `training.ranking_features.Pool`.
    """

    trees: Trees
    names: tuple[str, ...]

    def rank(
        self, facts: RankingFacts, lists: Mapping[str, CandidateList], members: Rows, *, k: int, progress: Progress
    ) -> CandidateList:
        """
        The k best of what the sources propose together, in blocks, so that memory is that of the answer.

        Args:
            facts: Of the cut-off of the models that made the lists.
            lists: By source name, one line a member.
            members: Shape (m,): rows of those members.
            k: Length of the answer.
            progress: Told of every block.

        Returns:
            Best first, equal scores by product row; scores mean something within one member only.

        Raises:
            InputError: The lists are of other sources than those of the fit.
        """
        progress.step("rank again", len(members))
        products = np.empty((len(members), k), dtype=np.int32)
        scores = np.empty((len(members), k), dtype=np.float32)
        for start in range(0, len(members), _BLOCK_MEMBERS):
            block = slice(start, min(start + _BLOCK_MEMBERS, len(members)))
            theirs = {name: CandidateList(one.products[block], one.scores[block]) for name, one in lists.items()}
            pool = build_pool(facts, theirs, members[block])
            if pool.names != self.names:
                raise InputError(
                    f"the second stage learnt from the columns {', '.join(self.names)} and is asked about "
                    f"{', '.join(pool.names)}; give the lists of the same sources, in the same order"
                )
            n = block.stop - start
            starts = np.searchsorted(pool.owner, np.arange(n + 1))
            score = self.trees.predict(pool.features).astype(np.float32)
            ranked = sparse.csr_array((score, pool.product, starts), shape=(n, facts.n_products))
            products[block], scores[block] = top_k_sparse(ranked, k)
            progress.advance(n)
        return CandidateList(products, scores)


def fit(snapshots: Sequence[Snapshot], config: RerankerConfig, *, at: EpochSeconds, seed: int) -> Reranker:
    """
    Learn the order from what members bought of what was proposed (LambdaMART, Burges 2010).

    Args:
        snapshots: Lessons, all of whose windows end by *at*.
        config: Size of the trees.
        at: The first instant that the trees must not know.
        seed: Of their samples.

    Raises:
        LeakError: A snapshot's window ends after *at*.
        NotEnoughDataError: There is no snapshot, or all candidates were bought.
    """
    if not snapshots:
        raise NotEnoughDataError(
            "there is no snapshot to learn from; ingest more history or lower reranker.window_days"
        )
    late = [one for one in snapshots if one.ends > at]
    if late:
        raise LeakError(
            f"the snapshot's window [{late[0].begins}, {late[0].ends}) does not end by {at}: the second stage would "
            "know what it is judged on; give snapshots that end by then"
        )
    bags = [_bag(snapshots, config, seed, bag) for bag in range(config.n_bags)]
    return Reranker(Trees.joined(bags), snapshots[0].names)


def _bag(snapshots: Sequence[Snapshot], config: RerankerConfig, seed: int, bag: int) -> Trees:
    rng = np.random.default_rng([seed, bag])
    drawn = [one.sampled(config.n_negatives, rng) for one in snapshots]
    features, labels, group_sizes = (
        np.concatenate([getattr(one, name) for one in drawn]) for name in ("features", "labels", "group_sizes")
    )
    return fit_ranking_trees(features, labels, group_sizes, config.boosting, seed=seed + bag)
