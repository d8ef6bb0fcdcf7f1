"""The next basket: own rhythm, what sells and what follows what, weighed by trees on baskets that were really next."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import NotEnoughDataError
from recsys.scorers.basket_evidence import BasketEvidence, Features
from recsys.scorers.next_basket import BLOCK_MEMBERS, NextBasketScorer
from recsys.scorers.topk import top_k, top_k_sparse
from training.basket_config import NextBasketConfig
from training.baskets import Baskets, Labels
from training.models.basket_facts import member_facts, own_facts, product_facts
from training.models.boosting import fit_trees

_BLOCK_PRODUCTS = 512


def fit(baskets: Baskets, config: NextBasketConfig, *, seed: int, labels: Labels | None = None) -> NextBasketScorer:
    """
    Trees that tell the products of the next basket among the candidates.

    Args:
        baskets: All that may be known.
        config: Settings.
        seed: Of the sample of members and the trees.
        labels: What some members bought after their histories. Absent: the trees learn each member's latest basket
            from the histories before it, and are then used with the histories as they are.

    Raises:
        NotEnoughDataError: No member has a basket to learn from, or every candidate was bought, or none.
    """
    evidence = build_evidence(baskets, config)
    rng = np.random.default_rng(seed)
    if labels is not None:
        lessons = [_examples(evidence, _sample(labels, config.max_training_members, rng), config, rng)]
    else:
        lessons = list(_earlier_lessons(baskets, config, rng))
    if not lessons or not len(lessons[0][0]):
        raise NotEnoughDataError("no member has two baskets, so there is no next basket to learn from; add history")
    features, bought = (np.concatenate(parts) for parts in zip(*lessons, strict=True))
    return NextBasketScorer(evidence, fit_trees(features, bought, config.boosting, seed=seed))


def _earlier_lessons(
    baskets: Baskets, config: NextBasketConfig, rng: np.random.Generator
) -> Iterator[tuple[Features, NDArray[np.bool_]]]:
    """The latest baskets as seen from before them, then the ones before these, and so on."""
    left = config.max_training_members
    for _ in range(config.n_lessons):
        baskets, labels = baskets.before_latest()
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
    n_products = source.shape[1]
    n_source = np.asarray(source.sum(axis=0), dtype=np.float64).ravel() + config.shrink_baskets
    n_target = np.maximum(np.asarray(target.sum(axis=0), dtype=np.float64).ravel(), 1.0)
    by_product = source.T.tocsr()
    blocks = []
    for start in range(0, n_products, _BLOCK_PRODUCTS):
        pairs = sparse.csr_array(by_product[start : start + _BLOCK_PRODUCTS] @ target)
        row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr)) + start
        held_back = (
            np.maximum(n_source[row], 1.0) ** config.source_power * n_target[pairs.indices] ** config.target_power
        )
        pairs.data = (pairs.data / held_back).astype(np.float32)
        if not with_itself:
            pairs.data[row == pairs.indices] = np.nan
        near, score = top_k_sparse(pairs, config.n_related)
        line, place = np.nonzero(near >= 0)
        kept = (score[line, place], (line, near[line, place]))
        blocks.append(sparse.csr_array(kept, shape=(pairs.shape[0], n_products)))
    if not blocks:
        return sparse.csr_array((0, 0), dtype=np.float32)
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))
