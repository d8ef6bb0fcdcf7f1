"""The rows of a workspace's allocation: budgets and limits of offers, of the policy, and what the command asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.offers.allocation.pacing import allowance, weekly
from recsys.offers.allocation.prices import LimitPrices
from recsys.offers.allocation.problem import Values
from recsys.offers.allocation.rows import COUNT, DISCOUNT, Row, budget, floor, parity, share_floor, stock
from recsys.offers.definitions import UNLIMITED, UNLIMITED_MINOR, OfferDefinitions
from recsys.policy.compiled import CompiledPolicy
from recsys.time_zones import read_zone
from recsys.types import EpochSeconds
from serving.allocation.collect import REDEMPTIONS, Collected
from serving.allocation.section import AllocationSection

TOTAL = "all offers"


@dataclass(frozen=True, slots=True)
class Period:
    """
    What is left, and for how long.

    Attributes:
        now: The instant of the allocation.
        days: Days that budgets and limits must last, today among them.
        total_minor: Of the discounts of all offers together; None for no bound.
    """

    now: EpochSeconds
    days: int
    total_minor: int | None


def rows_of(
    collected: Collected,
    offers: OfferDefinitions,
    policy: CompiledPolicy,
    section: AllocationSection,
    *,
    period: Period,
) -> tuple[Row, ...]:
    """
    Every row; money and redemptions as far as today may use them.

    What was spent is not known here: budgets and limits are taken as what is left. Where they must last for several
    days, today gets its part by the expected volume.

    Args:
        collected: The problem.
        offers: Definitions of the bundle.
        policy: Its guardrails' budgets.
        section: Parity, floors, contacts.
        period: The days.
    """
    today = _today(policy, section, period)
    ids = [offers.offers.id(int(row)) for row in collected.offers]
    rows: list[Row] = []
    if period.total_minor is not None:
        rows.append(budget(TOTAL, today(period.total_minor)))
    for spec, limit in zip(policy.source.guardrails.budgets, policy.budgets, strict=True):
        paid = limit.offers[collected.offers].astype(np.float64)
        if limit.starts <= period.now < limit.ends and paid.any():
            rows.append(budget(f"budget {spec.id}", today(limit.amount_minor), paid))
    for column, (name, row) in enumerate(zip(ids, collected.offers.tolist(), strict=True)):
        alone = np.eye(len(ids))[column]
        if offers.budget_minor[row] != UNLIMITED_MINOR:
            rows.append(budget(f"offer {name}", today(int(offers.budget_minor[row])), alone))
        if offers.total_limit[row] != UNLIMITED:
            most = float(today(int(offers.total_limit[row])))
            rows.append(Row(f"limit of {name}", REDEMPTIONS, most, offers=alone))
    if section.contacts is not None:
        rows.append(stock("contacts", section.contacts))
    return (*rows, *_fair(collected, policy, section))


def _today(policy: CompiledPolicy, section: AllocationSection, period: Period) -> Callable[[int], int]:
    weekday = datetime.fromtimestamp(period.now, read_zone(policy.source.time_zone)).weekday()

    def share(left: int) -> int:
        days = weekly(section.weekly_volume, n_days=period.days, first_weekday=weekday, budget_minor=max(left, 0))
        return allowance(days, day=0, spent_minor=0)

    return share


def _fair(collected: Collected, policy: CompiledPolicy, section: AllocationSection) -> list[Row]:
    tiers = policy.source.tiers
    sizes = np.bincount(collected.problem.tier, minlength=len(tiers)).tolist()
    rows: list[Row] = []
    for one in section.parity:
        first, second = (tiers.index(tier) for tier in one.tiers)
        pair = parity(DISCOUNT, (first, second), sizes, delta=one.delta_minor)
        for row, (more, less) in zip(pair, (one.tiers, one.tiers[::-1]), strict=True):
            name = f"{one.id}: {more} over {less}"
            rows.append(Row(name, row.measure, row.bound, tiers=row.tiers, sense=row.sense, fairness=True))
    for wanted in section.floors:
        weights = np.eye(len(tiers))[tiers.index(wanted.tier)]
        if wanted.share is not None:
            rows.append(share_floor(wanted.id, DISCOUNT, weights, share=wanted.share))
        else:
            rows.append(floor(wanted.id, DISCOUNT, weights, least=float(wanted.least_minor or 0)))
    return rows


def price_by_offer(collected: Collected, rows: tuple[Row, ...], found: LimitPrices, given: Values) -> Values:
    """
    Shape (n_offers,): what one more minor unit of an offer's expected discount costs, by the rows that name no tier.

    Rows that count messages or redemptions are turned into money at the mean discount of those given; where an offer
    was given to nobody, of those eligible. A row with nothing to spend keeps its offers from everybody whom they cost a
    discount, at `Collected.dearest`. What a row asks of tiers is not in it: online, a decision knows one member.

    Args:
        collected: The problem.
        rows: Its rows.
        found: What limits are worth.
        given: Shape (n_members, n_offers): 1 where given.
    """
    problem, n_offers = collected.problem, len(collected.offers)
    by_offer, least = np.zeros(n_offers), np.zeros(n_offers)
    where = np.where(given.any(axis=0), given > 0, problem.keep)
    money = np.maximum((problem.discount * where).sum(axis=0), 1e-9)
    for row, worth, closed in zip(rows, found.price.tolist(), found.closed.tolist(), strict=True):
        if len(row.tiers) or row.fairness or not (worth or closed):
            continue
        weights = row.offers if len(row.offers) else np.ones(n_offers)
        if closed:
            least = np.where(weights > 0, collected.dearest, least)
        elif row.measure == DISCOUNT:
            by_offer += weights * worth
        else:
            uses = where.astype(np.float64) if row.measure == COUNT else problem.measures[row.measure] * where
            by_offer += weights * worth * uses.sum(axis=0) / money
    return np.maximum(by_offer, least)
