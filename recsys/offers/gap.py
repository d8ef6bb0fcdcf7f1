"""The gap to an offer's threshold, and what the member usually buys that closes it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.types import MoneyMinor

MAX_PRODUCTS = 3
"""A proposal of more than so many products is a shopping list."""

_SEARCHED = 40


class Gap(NamedTuple):
    """
    What is missing to an offer's threshold.

    Attributes:
        threshold_minor: Smallest qualifying spend.
        spend_minor: What qualifies of the basket now; of the member's usual order where nothing is in it.
        missing_minor: The difference, above 0.
        products: Rows of products that close it together, most wanted first; empty where none of the member's
            candidates do.
        added_minor: Their price.
        assumed: There is no basket, so the member's usual order stands for it.
        scoped: Only some products qualify.
    """

    threshold_minor: int
    spend_minor: int
    missing_minor: int
    products: tuple[int, ...]
    added_minor: int
    assumed: bool
    scoped: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Products that a member may be shown, most wanted first.

    Attributes:
        usual: Rows of those that the member bought before.
        new: Rows of the others.
    """

    usual: Sequence[int]
    new: Sequence[int]


def find_gap(
    batch: MemberBatch, member: int, offer: int, *, wanted: Callable[[], Wanted], knowledge: Knowledge
) -> Gap | None:
    """
    Say what is missing to an offer's threshold, and propose what closes it.

    What the member usually buys comes before what is new, one product before several, and what costs least beyond the
    gap before what costs more; among equals what is wanted more. At most `MAX_PRODUCTS`, each once. Products of
    unknown or no price, outside the offer's scope or in the basket are not proposed. Without a basket the member's
    usual order stands for it; of an offer with a scope, none of that counts, because what it will hold is not known.
    An offer with a scope and no threshold needs one product of it.

    Args:
        batch: The members of the call.
        member, offer: Position in it, and row of the offer.
        wanted: Answers what the member may be shown; asked only where something is missing.
        knowledge: Of the bundle.

    Returns:
        None where nothing is missing.
    """
    offers = knowledge.offers
    threshold = int(offers.min_spend_minor[offer])
    n_scoped = int(offers.scope.indptr[offer + 1] - offers.scope.indptr[offer])
    if not threshold and not n_scoped:
        return None
    scope = frozenset(offers.scope.values[offers.scope.indptr[offer] : offers.scope.indptr[offer + 1]].tolist())
    basket = batch.basket.values[batch.basket.indptr[member] : batch.basket.indptr[member + 1]].tolist()
    price = knowledge.catalogue.price_minor
    if basket:
        spend = sum(max(int(price[row]), 0) for row in basket if not scope or row in scope)
    else:
        spend = 0 if scope else int(batch.basket_minor[member])
    # Whatever the threshold, a scope needs one product of it.
    missing = max(threshold, 1 if scope else 0) - spend
    if missing <= 0:
        return None
    products: tuple[int, ...] = ()
    found = wanted()
    for rows in (found.usual, (*found.usual, *found.new)):
        able, prices = _able(rows, scope, basket, price)
        products = _closing(able, prices, missing) if threshold else tuple(able[:1])
        if products:
            break
    added = sum(int(price[row]) for row in products)
    return Gap(threshold, spend, max(threshold - spend, 0), products, added, assumed=not basket, scoped=bool(scope))


def _able(
    rows: Sequence[int], scope: Collection[int], basket: Collection[int], price: MoneyMinor
) -> tuple[list[int], list[int]]:
    """The first products that may be proposed, each once, and their prices."""
    able: list[int] = []
    prices: list[int] = []
    for row in dict.fromkeys(rows):
        if (not scope or row in scope) and row not in basket and (one := int(price[row])) > 0:
            able.append(row)
            prices.append(one)
            if len(able) == _SEARCHED:
                break
    return able, prices


def _closing(rows: Sequence[int], prices: Sequence[int], missing: int) -> tuple[int, ...]:
    """The one, two or three products that close the gap with least beyond it, as few as can; none if they cannot."""
    places = range(len(rows))
    one = min(((price, place) for place, price in enumerate(prices) if price >= missing), default=None)
    if one is not None:
        return (rows[one[1]],)
    pairs = ((prices[a] + prices[b], a, b) for a, b in combinations(places, 2))
    two = min((pair for pair in pairs if pair[0] >= missing), default=None)
    if two is None and len(rows) >= MAX_PRODUCTS:
        # All pairs fall short, so the two dearest leave least to add; the third is the cheapest that does.
        first, second = sorted(places, key=lambda place: (-prices[place], place))[:2]
        left = missing - prices[first] - prices[second]
        rest = (place for place in places if place not in (first, second) and prices[place] >= left)
        third = min(((prices[place], place) for place in rest), default=None)
        return () if third is None else tuple(rows[place] for place in sorted((first, second, third[1])))
    return () if two is None else (rows[two[1]], rows[two[2]])
