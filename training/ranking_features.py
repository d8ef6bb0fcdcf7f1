"""What the second stage knows of a candidate: one function for what it learns from, is judged on and serves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from features.profile.group import Fitted
from features.profile.known import facts_of, rules_of
from features.profile.replenishment import Replenishment, due_pairs
from features.purchases import Purchases
from features.value import order_history
from recsys.catalogue import ALWAYS_FROM, Catalogue
from recsys.knowledge import CandidateList
from recsys.members import Members
from recsys.scorers.blend import RANK_CONSTANT
from recsys.types import SECONDS_PER_DAY, UNKNOWN_ROW, EpochSeconds, Rows
from training.pairs import build_pairs

Floats = NDArray[np.float32]

PAIR_COLUMNS = (
    "pair_orders", "pair_days_since", "pair_mean_gap_days", "pair_gaps_since", "pair_order_share", "pair_orders_7_days",
    "pair_orders_28_days", "pair_orders_90_days",
)  # fmt: skip
FAMILY_COLUMNS = ("family_state", "family_probability")
PRODUCT_COLUMNS = (
    "product_buyers_7_days", "product_buyers_28_days", "product_trend", "product_repeat_rate", "product_days_on_sale",
)  # fmt: skip
MEMBER_COLUMNS = (
    "member_orders_per_day", "member_basket_minor", "member_products", "member_days_since_order", "member_stage",
)  # fmt: skip
_WINDOWS_DAYS = (7.0, 28.0, 90.0)
_NO_FADING_DAYS = 1e9
_NEVER_BOUGHT = np.array([0 if name.startswith("pair_order") else np.nan for name in PAIR_COLUMNS], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class RankingFacts:
    """
    What is known of pairs, products and members at one cut-off.

    Nothing here is known as of the ingest only: prices and stock are withheld from earlier cut-offs, and so are tiers
    and points without a programme; trees that learnt there would meet them for the first time in what is served.

    Attributes:
        n_products: Of the catalogue.
        pair_keys: Shape (n_pairs,), int64, ascending: member row x n_products + product row of what was ever bought.
        of_pairs: Shape (n_pairs, 8), in the order of ``PAIR_COLUMNS``. Orders that held the product; days since the
            latest; mean days between them, NaN of one; the former in units of the latter; share of the member's
            orders; orders in 7, 28 and 90 days.
        family: Shape (n_products,), int32: code of the category; UNKNOWN_ROW where there is none.
        family_keys: Shape (n_families,), int64, ascending: member row x n_products + family of what was ever bought.
        of_families: Shape (n_families, 2), in the order of ``FAMILY_COLUMNS``, by the member's own clock of the family
            (`features.profile.replenishment`): its position in `features.rhythm.clock.DUE_STATES`, and the chance that
            it is bought within ``replenishment.horizon_days``.
        of_products: Shape (n_products, 5), in the order of ``PRODUCT_COLUMNS``. Distinct buyers in 7 and 28 days; the
            week's against the four weeks' mean, each with one buyer more; share of buyers who bought on several days;
            days on sale, or since the first purchase where that date is unknown, NaN where there is none either.
        of_members: Shape (n_members, 5), in the order of ``MEMBER_COLUMNS``. Days since the latest order are NaN where
            there was none; the stage is its position in ``types.STAGES``.
    """

    n_products: int
    pair_keys: NDArray[np.int64]
    of_pairs: Floats
    family: Rows
    family_keys: NDArray[np.int64]
    of_families: Floats
    of_products: Floats
    of_members: Floats

    @classmethod
    def of(cls, dataset: Dataset, members: Members, catalogue: Catalogue, profile: ProfileConfig) -> "RankingFacts":
        """
        Work them out once a cut-off; every fact is before it, because the dataset's are (law 9).

        Args:
            dataset: What is known at the cut-off.
            members, catalogue: Its nouns.
            profile: Settings of the families' clocks.
        """
        n_products, now = len(catalogue), dataset.cut_off
        pairs = build_pairs(dataset, _NO_FADING_DAYS)
        keys = _keys(pairs.member, pairs.product, n_products)
        history = order_history(dataset)
        n_orders = pairs.n_orders.astype(np.float64)
        days_since = (now - pairs.last_at) / SECONDS_PER_DAY
        gap = _where(n_orders > 1, (pairs.last_at - pairs.first_at) / SECONDS_PER_DAY / np.maximum(n_orders - 1, 1))
        share = n_orders / np.maximum(history.n_orders[pairs.member], 1)
        since_gaps = days_since / np.where(gap > 0, gap, np.nan)
        lately, buyers = [], []
        for days in _WINDOWS_DAYS:
            recent = build_pairs(replace(dataset, purchases=_since(dataset.purchases, now, days)), _NO_FADING_DAYS)
            counts = np.zeros(len(keys))
            counts[np.searchsorted(keys, _keys(recent.member, recent.product, n_products))] = recent.n_orders
            lately.append(counts)
            buyers.append(np.bincount(recent.product, minlength=n_products).astype(np.float64))
        trend = (buyers[0] + 1) / (buyers[1] * _WINDOWS_DAYS[0] / _WINDOWS_DAYS[1] + 1)
        silent_days = (now - history.last_at) / SECONDS_PER_DAY
        family, family_keys, of_families = _families(dataset, profile)
        return cls(
            n_products=n_products,
            pair_keys=keys,
            of_pairs=_table(n_orders, days_since, gap, since_gaps, share, *lately),
            family=family,
            family_keys=family_keys,
            of_families=of_families,
            of_products=_table(buyers[0], buyers[1], trend, catalogue.repeat_rate, _days_on_sale(dataset, catalogue)),
            of_members=_table(
                members.orders_per_day,
                members.basket_minor,
                members.purchased.lengths(),
                _where(history.n_orders > 0, silent_days),
                members.stage,
            ),
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """
    What all sources together propose to some members, one line a member and product.

    Attributes:
        owner: Shape (n,), int64, ascending: position in the members asked about.
        product: Shape (n,), int32: row; ascending within an owner.
        features: Shape (n, d), float32, in the order of ``names``; NaN where there is no value.
        names: d names: of each source the score and the rank, then what the sources say together, then what is known
            of the pair, the product and the member.
    """

    owner: NDArray[np.int64]
    product: Rows
    features: Floats
    names: tuple[str, ...]


def build_pool(facts: RankingFacts, lists: Mapping[str, CandidateList], members: Rows) -> Pool:
    """
    Join the lists of some members and say what is known of every candidate.

    A candidate that a source does not list has neither score nor rank of it (NaN), which the trees tell from a low one.

    Args:
        facts: Of the cut-off of the models that made the lists.
        lists: By source name, one line a member.
        members: Shape (m,): rows of those members.
    """
    n_products = facts.n_products
    place = {name: np.nonzero(one.products >= 0) for name, one in lists.items()}
    proposed = {name: _keys(place[name][0], one.products[place[name]], n_products) for name, one in lists.items()}
    nothing = np.empty(0, dtype=np.int64)
    keys = np.unique(np.concatenate([nothing, *proposed.values()]))
    columns: list[NDArray[np.floating]] = []
    fused, n_lists = np.zeros(len(keys)), np.zeros(len(keys))
    for name, one in lists.items():
        at = np.searchsorted(keys, proposed[name])
        score, rank = np.full(len(keys), np.nan), np.full(len(keys), np.nan)
        score[at], rank[at] = one.scores[place[name]], place[name][1] + 1
        fused[at] += 1.0 / (RANK_CONSTANT + rank[at])
        n_lists[at] += 1
        columns += [score, rank]
    owner, product = keys // n_products, (keys % n_products).astype(np.int32)
    row = members[owner]
    features = np.hstack(
        [
            _table(*columns, fused, n_lists),
            _found(facts.pair_keys, facts.of_pairs, _keys(row, product, n_products), _NEVER_BOUGHT),
            _of_families(facts, row, product),
            facts.of_products[product],
            facts.of_members[row],
        ]
    )
    of_sources = tuple(f"{name}_{what}" for name in lists for what in ("score", "rank"))
    names = (*of_sources, "fused_ranks", "n_lists", *PAIR_COLUMNS, *FAMILY_COLUMNS, *PRODUCT_COLUMNS, *MEMBER_COLUMNS)
    return Pool(owner, product, features, names)


def _families(dataset: Dataset, config: ProfileConfig) -> tuple[Rows, NDArray[np.int64], Floats]:
    """The family of each product, and the clock of every pair of member and family, as `RankingFacts` has them."""
    facts, rules = facts_of(dataset), rules_of(dataset, config)
    pairs = due_pairs(facts, Fitted(Replenishment().fit(facts, rules), rules), dataset.cut_off)
    keys = _keys(pairs.member, pairs.family, len(facts.products.category))
    return facts.products.category, keys, _table(pairs.state, pairs.probability)


def _of_families(facts: RankingFacts, row: Rows, product: Rows) -> Floats:
    """Shape (n, 2): NaN where the product has no family, or the member never bought it."""
    family = facts.family[product]
    keys = np.where(family == UNKNOWN_ROW, UNKNOWN_ROW, _keys(row, family, facts.n_products))
    return _found(facts.family_keys, facts.of_families, keys, np.full(len(FAMILY_COLUMNS), np.nan, dtype=np.float32))


def _found(known: NDArray[np.int64], lines: Floats, keys: NDArray[np.int64], missing: Floats) -> Floats:
    """Shape (n, width): the line of each key; *missing* where no line has it."""
    found = np.tile(missing, (len(keys), 1))
    if len(known):
        at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        there = known[at] == keys
        found[there] = lines[at[there]]
    return found


def _days_on_sale(dataset: Dataset, catalogue: Catalogue) -> NDArray[np.float64]:
    never = np.iinfo(np.int64).max
    first_sold = np.full(len(catalogue), never, dtype=np.int64)
    np.minimum.at(first_sold, dataset.purchases.product, dataset.purchases.at)
    began = np.where(catalogue.sale_from == ALWAYS_FROM, first_sold, catalogue.sale_from)
    known = began != never
    return _where(known, (dataset.cut_off - np.where(known, began, 0)) / SECONDS_PER_DAY)


def _since(purchases: Purchases, now: EpochSeconds, days: float) -> Purchases:
    recent = purchases.at >= now - round(days * SECONDS_PER_DAY)
    return Purchases(*(getattr(purchases, name)[recent] for name in Purchases.__slots__))


def _keys(owner: NDArray[np.integer], product: Rows, n_products: int) -> NDArray[np.int64]:
    return np.asarray(owner, dtype=np.int64) * n_products + product


def _where(known: NDArray[np.bool_], value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(known, value, np.nan))


def _table(*columns: NDArray[np.number]) -> Floats:
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
