"""Honest windows of the past: what sources would have proposed, by models that did not know what was bought next."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.workspace import Workspace
from recsys.errors import LeakError, NotEnoughDataError
from recsys.report import SILENT
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.cases import build_cases
from training.fit import Fitted
from training.nightly import candidate_lists
from training.ranking_features import Floats, RankingFacts, build_pool
from training.reranker_config import RerankerConfig


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    One window's lesson: candidates of members who then bought at least one of them.

    Attributes:
        begins: The cut-off of the models that proposed the candidates, and the first instant of the window.
        ends: The first instant after the window: what learns from it may be judged or served from here on only.
        features: Shape (n, d), as `training.ranking_features` gives them at ``begins``.
        names: d names of columns.
        labels: Shape (n,): the member bought the product within the window.
        group_sizes: Shape (n_groups,): lines of each member; together n.
        n_members: Members who bought anything on sale; those of them with nothing of it in the pool are no group.
        pool_recall: Mean share of what those members bought that the pool holds: no order of it can do better.
    """

    begins: EpochSeconds
    ends: EpochSeconds
    features: Floats
    names: tuple[str, ...]
    labels: NDArray[np.bool_]
    group_sizes: NDArray[np.int64]
    n_members: int
    pool_recall: float

    def sampled(self, n_negatives: int, rng: np.random.Generator) -> "Snapshot":
        """The same with all that was bought and at most so many of each member's other candidates, drawn at random."""
        n_groups = len(self.group_sizes)
        group = np.repeat(np.arange(n_groups), self.group_sizes)
        order = np.lexsort((rng.random(len(group)), ~self.labels, group))  # what was bought first, the rest as drawn
        place = np.arange(len(group)) - (np.cumsum(self.group_sizes) - self.group_sizes)[group]
        n_bought = np.bincount(group[self.labels], minlength=n_groups)
        kept = np.sort(order[place < n_bought[group] + n_negatives])
        sizes = np.bincount(group[kept], minlength=n_groups)
        return replace(self, features=self.features[kept], labels=self.labels[kept], group_sizes=sizes)


def snapshot_cut_offs(at: EpochSeconds, n: int, window_days: float) -> tuple[EpochSeconds, ...]:
    """The beginnings of the *n* windows before *at*, one ending where the next begins, the latest first."""
    window = round(window_days * SECONDS_PER_DAY)
    return tuple(at - window * (back + 1) for back in range(n))


def take_snapshot(
    workspace: Workspace, fitted: Fitted, config: RerankerConfig, *, n_candidates: int, at: EpochSeconds, seed: int
) -> Snapshot:
    """
    What the models propose at their cut-off and what was bought within the window after it.

    Args:
        workspace: Whose facts.
        fitted: Models that know nothing from the window on.
        config: Length of the window, and the most members.
        n_candidates: Length of every source's list.
        at: The first instant that what learns from the snapshot must not know.
        seed: Of the sample of members.

    Raises:
        LeakError: The window does not end by *at*, or the models learnt from purchases of the window.
        NotEnoughDataError: Nobody bought anything on sale in the window, or nothing that a source proposed.
    """
    dataset = fitted.dataset
    begins, ends = dataset.cut_off, dataset.cut_off + round(config.window_days * SECONDS_PER_DAY)
    if ends > at:
        raise LeakError(
            f"the snapshot's window [{begins}, {ends}) does not end by {at}: what learns from it would know what it is "
            "judged on; take an earlier cut-off"
        )
    latest = int(dataset.purchases.at.max(initial=begins - 1))
    if latest >= begins:
        raise LeakError(
            f"the models of the snapshot at {begins} learnt from a purchase at {latest}, which is in the window that "
            "they are to foresee; fit them on features.dataset.Dataset.read at the snapshot's cut-off"
        )
    case, _ = build_cases(
        workspace,
        dataset,
        fitted.members,
        fitted.catalogue,
        stop=ends,
        max_members=config.max_members,
        rng=np.random.default_rng([seed, begins]),
    )
    lists = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=n_candidates, progress=SILENT)
    facts = RankingFacts.of(dataset, fitted.members, fitted.catalogue, fitted.profile)
    pool = build_pool(facts, lists, case.members)
    n_products = len(fitted.catalogue)
    bought = np.isin(pool.owner * n_products + pool.product, case.truth.owners() * n_products + case.truth.values)
    if not bought.any():
        raise NotEnoughDataError(
            f"nothing that a source proposed at {begins} was bought by {ends}; lengthen reranker.window_days or "
            "n_candidates"
        )
    n_bought = np.bincount(pool.owner[bought], minlength=len(case.members))
    kept = n_bought[pool.owner] > 0
    return Snapshot(
        begins=begins,
        ends=ends,
        features=pool.features[kept],
        names=pool.names,
        labels=bought[kept],
        group_sizes=np.unique(pool.owner[kept], return_counts=True)[1].astype(np.int64),
        n_members=len(case.members),
        pool_recall=float((n_bought / case.truth.lengths()).mean()),
    )
