"""Made-up allocation problems: ordinary ones, and those on which prices alone decide nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import DISCOUNT, Row, budget, floor, parity, share_floor, stock

_TIERS = (0.6, 0.25, 0.1, 0.05)
_MARGIN = 0.35
_REDEEM = 0.3
_CONTACT_MINOR = 5


@dataclass(frozen=True, slots=True)
class Case:
    """A problem and its rows."""

    name: str
    problem: Problem
    rows: tuple[Row, ...]


def ordinary(n_members: int, n_offers: int, rng: np.random.Generator) -> Problem:
    """
    Lognormal baskets, depths of 3 to 30 %, uplifts of a few points, a fifth of the pairs not eligible.

    Values follow the economics of the engine: uplift x margin - discount on all who redeem - contact.
    """
    tier = rng.choice(len(_TIERS), n_members, p=_TIERS)
    basket = (rng.lognormal(8, 0.6, n_members) * (1 + 0.2 * tier))[:, None]
    depth = np.sort(rng.uniform(0.03, 0.3, n_offers))
    own = rng.normal(0.02, 0.02, n_members)[:, None] + rng.normal(0, 0.01, (n_members, n_offers))
    before = rng.beta(1.5, 6, n_members)[:, None]
    after = np.clip(before + np.clip(own + 0.15 * depth, -0.05, 0.5), 0, 1)
    discount = after * _REDEEM * depth * basket
    values = (after - before) * _MARGIN * basket - discount - _CONTACT_MINOR
    keep = rng.random((n_members, n_offers)) < 0.8
    return Problem(values, keep, discount, tier.astype(np.int64))


def correlated(n_members: int, n_offers: int, rng: np.random.Generator) -> Problem:
    """Worth follows cost within a hundredth, which makes knapsacks hard (Pisinger 2005, "strongly correlated")."""
    discount = rng.uniform(50, 1_000, (n_members, n_offers))
    values = discount + rng.normal(20, 10, discount.shape)
    tier = rng.choice(len(_TIERS), n_members, p=_TIERS)
    return Problem(values, np.ones(values.shape, dtype=np.bool_), discount, tier.astype(np.int64))


def alike(n_members: int, n_offers: int, rng: np.random.Generator) -> Problem:
    """Every pair is worth and costs the same, so every price is a tie between all members."""
    tier = rng.choice(len(_TIERS), n_members, p=_TIERS)
    values = np.full((n_members, n_offers), 40.0)
    return Problem(values, np.ones(values.shape, dtype=np.bool_), np.full(values.shape, 100.0), tier.astype(np.int64))


WORLDS: Mapping[str, Callable[[int, int, np.random.Generator], Problem]] = {
    "ordinary": ordinary,
    "correlated": correlated,
    "alike": alike,
}


def free_spend(problem: Problem) -> float:
    """Discount that is spent where everybody gets what is best for them and no row holds."""
    best, given = _free(problem)
    return float(problem.discount[np.arange(len(best)), best][given].sum())


def one_budget(problem: Problem, share: float = 0.3) -> tuple[Row, ...]:
    """One total budget, a share of what would be spent freely."""
    return (budget("all offers", share * free_spend(problem)),)


def twelve_rows(problem: Problem, *, tightness: float = 1.0, floors: bool = False) -> tuple[Row, ...]:
    """
    A total budget, nine stocks (or seven and two floors), parity of the lowest and the highest tier.

    Args:
        problem: Of at least nine offers.
        tightness: 1: the budget is .3 of free spending and a stock half of an offer's even share of free choices;
            smaller is tighter.
        floors: In place of two stocks: a twentieth of all discount for the highest tier, and for tier 1 a fifth of
            the budget.
    """
    n_members, n_offers = problem.values.shape
    spend = 0.3 * tightness * free_spend(problem)
    each = max(1, int(0.5 * tightness * _free(problem)[1].sum() / n_offers))
    stocks = [stock(f"stock of {offer}", each, np.eye(n_offers)[offer]) for offer in range(7 if floors else 9)]
    sizes = np.bincount(problem.tier, minlength=len(_TIERS)).tolist()
    delta = (0.5 if floors else 0.1) * spend / n_members
    fair = [*parity(DISCOUNT, (0, 3), sizes, delta=delta)]
    if floors:
        tiers = np.eye(len(_TIERS))
        fair += [share_floor("a share for tier 3", DISCOUNT, tiers[3], share=0.05)]
        fair += [floor("enough for tier 1", DISCOUNT, tiers[1], least=0.2 * spend)]
    return (budget("all offers", spend), *stocks, *fair)


def _free(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    values = np.where(problem.keep, problem.values, -np.inf)
    best = values.argmax(axis=1)
    return best, values.max(axis=1) > 0
