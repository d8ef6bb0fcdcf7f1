"""Facts about members, products and their pairs that the next-basket model weighs."""

import numpy as np
from numpy.typing import NDArray

from recsys.scorers.basket_evidence import Features
from training.basket_config import NextBasketConfig
from training.baskets import Baskets

PRODUCT_FACTS = ("popularity", "in_latest", "latest_share", "first_share", "repeat_share", "again_share")
MEMBER_FACTS = ("n_baskets", "mean_size", "latest_size", "distinct", "distinct_share")

_PRIOR_BUYERS, _PRIOR_BASKETS = 2.0, 5.0


def own_facts(baskets: Baskets, config: NextBasketConfig) -> Features:
    """Shape (distinct pairs, 5), in the order of ``baskets.lists()``: the columns of `OWN`."""
    age = baskets.age()
    order = np.lexsort((age, baskets.product, baskets.member))
    starts = np.flatnonzero(_begins_pair(baskets, order))
    facts = np.zeros((len(starts), 5), dtype=np.float32)
    if len(starts):
        of = age[order].astype(np.float64)
        ends = np.append(starts[1:], len(order)) - 1
        facts[:, 0] = ends - starts + 1
        facts[:, 1] = np.add.reduceat(config.slow_decay**of, starts)
        facts[:, 2] = np.add.reduceat(config.fast_decay**of, starts)
        facts[:, 3], facts[:, 4] = of[starts], of[ends]
    return facts


def product_facts(baskets: Baskets) -> Features:
    """
    Shape (n_products, 6), float32: the columns of `PRODUCT_FACTS`.

    Share of all baskets that hold the product and of members' latest baskets; shares of its lines that are in latest
    and in first baskets, which say whether it is coming or going; shares of its buyers who bought it again and of its
    lines that the next basket repeats, both leaning on those of all products.
    """
    age, n_baskets = baskets.age(), baskets.n_baskets()
    lines = _count(baskets, np.ones(len(baskets), dtype=np.bool_))
    latest, first = _count(baskets, age == 0), _count(baskets, baskets.number == 0)
    order = np.lexsort((age, baskets.product, baskets.member))
    begins = _begins_pair(baskets, order)
    repeated = np.zeros(len(order), dtype=np.bool_)
    repeated[:-1] = begins[:-1] & ~begins[1:]
    buyers = np.bincount(baskets.product[order][begins], minlength=baskets.n_products)
    again = np.bincount(baskets.product[order][repeated], minlength=baskets.n_products)
    # Within a pair sorted by age, the line before is the next later basket that held the product.
    at_once = np.zeros(len(order), dtype=np.bool_)
    at_once[1:] = ~begins[1:] & (np.diff(age[order]) == 1)
    followed = np.bincount(baskets.product[order][at_once], minlength=baskets.n_products)
    with_next = lines - latest
    facts = (
        lines / max(int(n_baskets.sum()), 1),
        latest / max(int((n_baskets > 0).sum()), 1),
        latest / np.maximum(lines, 1),
        first / np.maximum(lines, 1),
        _leaning(again, buyers, _PRIOR_BUYERS),
        _leaning(followed, with_next, _PRIOR_BASKETS),
    )
    return np.stack(facts, axis=1).astype(np.float32)


def member_facts(baskets: Baskets) -> Features:
    """Shape (n_members, 5), float32: the columns of `MEMBER_FACTS`; sizes in distinct products."""
    n_baskets = baskets.n_baskets()
    n_lines = np.bincount(baskets.member, minlength=baskets.n_members)
    distinct = baskets.lists().lengths()
    facts = (
        n_baskets,
        n_lines / np.maximum(n_baskets, 1),
        np.bincount(baskets.member[baskets.age() == 0], minlength=baskets.n_members),
        distinct,
        distinct / np.maximum(n_lines, 1),
    )
    return np.stack(facts, axis=1).astype(np.float32)


def _begins_pair(baskets: Baskets, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    member, product = baskets.member[order], baskets.product[order]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (member[1:] != member[:-1]) | (product[1:] != product[:-1])
    return begins


def _count(baskets: Baskets, which: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.bincount(baskets.product[which], minlength=baskets.n_products)


def _leaning(events: NDArray[np.integer], chances: NDArray[np.integer], prior: float) -> NDArray[np.float64]:
    overall = events.sum() / max(int(chances.sum()), 1)
    return np.asarray((events + prior * overall) / (chances + prior))
