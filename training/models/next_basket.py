"""The next basket: own rhythm, what sells and what follows what, weighed by trees on baskets that were really next."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import NotEnoughDataError
from recsys.scorers.basket_evidence import BasketEvidence, Features
from recsys.scorers.next_basket import BLOCK_MEMBERS, NextBasketScorer
from recsys.scorers.topk import top_k
from training.basket_config import NextBasketConfig
from training.baskets import Baskets, Labels
from training.models.basket_facts import member_facts, own_facts, product_facts
from training.models.boosting import fit_trees
from training.models.item_graph import best_of_product, to_power


def fit(
    baskets: Baskets,
    config: NextBasketConfig,
    *,
    seed: int,
    labels: Labels | None = None,
    lessons: Iterable[tuple[Baskets, Labels]] | None = None,
) -> NextBasketScorer:
    """
    Trees that tell the products of the next basket among the candidates.

    Args:
        baskets: All that may be known.
        config: Settings.
        seed: Of the sample of members and the trees.
        labels: What some members bought after their histories. Absent: the trees learn from earlier histories, and are
            then used with the histories as they are.
        lessons: Those earlier histories and what some members bought next. Absent: the latest basket of each member as
            seen from before it, then the one before that, and so on.

    Raises:
        NotEnoughDataError: No member has a basket to learn from, or every candidate was bought, or none.
    """
    evidence = build_evidence(baskets, config)
    rng = np.random.default_rng(seed)
    if labels is not None:
        examples = [_examples(evidence, _sample(labels, config.max_training_members, rng), config, rng)]
    else:
        examples = list(_learnt(_earlier(baskets, config.n_lessons) if lessons is None else lessons, config, rng))
    if not examples or not len(examples[0][0]):
        raise NotEnoughDataError("no member has two baskets, so there is no next basket to learn from; add history")
    features, bought = (np.concatenate(parts) for parts in zip(*examples, strict=True))
    return NextBasketScorer(evidence, fit_trees(features, bought, config.boosting, seed=seed))


def _earlier(baskets: Baskets, n_lessons: int) -> Iterator[tuple[Baskets, Labels]]:
    """The latest baskets as seen from before them, then the ones before these, and so on."""
    for _ in range(n_lessons):
        baskets, labels = baskets.before_latest()
        yield baskets, labels


def _learnt(
    lessons: Iterable[tuple[Baskets, Labels]], config: NextBasketConfig, rng: np.random.Generator
) -> Iterator[tuple[Features, NDArray[np.bool_]]]:
    left = config.max_training_members
    for baskets, labels in lessons:
        if not left or not len(labels):
            return
        labels = _sample(labels, left, rng)
        left -= len(labels)
        yield _examples(build_evidence(baskets, config), labels, config, rng)


def _sample(labels: Labels, n_most: int, rng: np.random.Generator) -> Labels:
    n_kept = min(len(labels), n_most)
    return labels.take(np.sort(rng.choice(len(labels), n_kept, replace=False)))


def build_evidence(baskets: Baskets, config: NextBasketConfig) -> BasketEvidence:
    """Everything that the scorer asks about, from these baskets alone."""
    age = baskets.age()
    latest = baskets.matrix((age == 0).astype(np.float64))
    latest.eliminate_zeros()
    size = np.maximum(np.diff(latest.indptr), 1)
    latest.data /= np.repeat(size, np.diff(latest.indptr)).astype(np.float32)
    in_latest = np.bincount(baskets.product[age == 0], minlength=baskets.n_products).astype(np.float32)
    in_latest[in_latest == 0] = np.nan
    popular = top_k(in_latest[None], config.n_popular)[0][0]
    following, together, alike = _graphs(baskets, config)
    return BasketEvidence(
        own=baskets.lists(),
        own_facts=own_facts(baskets, config),
        latest=latest,
        faded=baskets.matrix(config.fast_decay ** age.astype(np.float64)),
        following=following,
        together=together,
        alike=alike,
        product_facts=product_facts(baskets),
        member_facts=member_facts(baskets),
        popular=popular[popular >= 0],
        n_reached=config.n_reached,
    )


def _examples(
    evidence: BasketEvidence, labels: Labels, config: NextBasketConfig, rng: np.random.Generator
) -> tuple[Features, NDArray[np.bool_]]:
    """Candidates and whether they were bought; of those that were not, a sample, which changes no order."""
    n_products = len(evidence.product_facts)
    keep = np.ones(n_products, dtype=np.bool_)
    features, bought = [np.empty((0, evidence.n_features), dtype=np.float32)], [np.empty(0, dtype=np.bool_)]
    for start in range(0, len(labels), BLOCK_MEMBERS):
        block = labels.take(np.arange(start, min(start + BLOCK_MEMBERS, len(labels))))
        owner, product, of_block = evidence.candidates(block.members, keep=keep)
        true = block.truth.owners() * n_products + block.truth.values
        hit = np.isin(owner * n_products + product, true)
        kept = hit | (rng.random(len(hit)) < config.negative_share)
        features.append(of_block[kept])
        bought.append(hit[kept])
    return np.concatenate(features), np.concatenate(bought)


def _graphs(baskets: Baskets, config: NextBasketConfig) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """For each product, those of the following basket, of the same one, and of the same members."""
    n_baskets = baskets.n_baskets()
    start = np.cumsum(n_baskets) - n_baskets
    basket = start[baskets.member] + baskets.number
    ones = np.ones(len(baskets), dtype=np.float32)
    held = sparse.csr_array((ones, (basket, baskets.product)), shape=(int(n_baskets.sum()), baskets.n_products))
    last = np.zeros(held.shape[0], dtype=np.bool_)
    last[(start + n_baskets - 1)[n_baskets > 0]] = True
    before = np.flatnonzero(~last)
    bought = baskets.matrix(np.ones(len(baskets)))
    bought.data[:] = 1.0
    return (
        _related(held[before], held[before + 1], config, with_itself=True),
        _related(held, held, config, with_itself=False),
        _related(bought, bought, config, with_itself=False),
    )


def _related(
    source: sparse.csr_array, target: sparse.csr_array, config: NextBasketConfig, *, with_itself: bool
) -> sparse.csr_array:
    """
    Pairs counted, over (frequency of the source + shrink) ** a and frequency of the target ** b; the best of each row.

    RP3beta (Paudel et al. 2017) with shrinkage, from a basket to the next or to itself.
    """
    n_source = np.asarray(source.sum(axis=0), dtype=np.float64).ravel() + config.shrink_baskets
    n_target = np.asarray(target.sum(axis=0), dtype=np.float64).ravel()
    return best_of_product(
        source.T.tocsr(),
        target,
        config.n_related,
        rows=to_power(np.maximum(n_source, 1.0), -config.source_power),
        columns=to_power(n_target, -config.target_power),
        with_itself=with_itself,
    )
