"""What every offer is worth to everybody, and what it costs, from the very steps that decisions are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Context
from recsys.engine import Engine
from recsys.exploration import EXPLORE_SD, Floats
from recsys.offers.allocation.problem import Problem
from recsys.report import Progress
from recsys.types import KeepMask
from serving.export.audience import Audience
from serving.plan_run import MembersThen

REDEMPTIONS = "redemptions"
"""The measure of total limits: expected redemptions."""

_BLOCK = 1_000
_NO_DISCOUNT = 1e-6
_CUSHION = 2.0
"""Whoever is decided for later, or is nobody known, may be worth more than any member is now."""


@dataclass(frozen=True, slots=True)
class Collected:
    """
    Everybody's offers.

    Attributes:
        problem: Of all members, and those offers that somebody may have.
        offers: Shape (n_offers,): their rows in the bundle.
        dearest: Shape (n_offers,): a price of a minor unit of discount at which no decision gives the offer or tries
            it out, whatever rules, levers and channel; 0 where it costs nobody a discount.
    """

    problem: Problem
    offers: NDArray[np.int64]
    dearest: Floats


def collect(
    engine: Engine,
    audience: Audience,
    members: MembersThen,
    context: Context,
    *,
    per_member: int,
    progress: Progress,
) -> Collected:
    """
    Ask the engine block by block.

    Values are what a decision compares offers by: the lower bound of the expected incremental margin times the levers.
    What a rule removes is not eligible, nor is a step of a ladder that is deeper than need be. Of members who may get
    several offers only the best step of each ladder is, as no slate holds two.

    Args:
        engine: Without shadow prices: the allocation finds them.
        audience: The members.
        members: What is known of them.
        context: Placement, instant and seed.
        per_member: Offers that a member may get at most.
        progress: Told of every block.

    Raises:
        StoreError: The store does not answer.
    """
    valid = np.flatnonzero(engine.knowledge.offers.valid(context.now))
    shape = (len(audience), len(valid))
    values, discount, redeem = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    keep: KeepMask = np.zeros(shape, dtype=np.bool_)
    tier = np.zeros(shape[0], dtype=np.int64)
    dearest = np.zeros(shape[1])
    contact = _dearest_contact(engine)[valid]
    for start in range(0, shape[0], _BLOCK):
        part = slice(start, min(start + _BLOCK, shape[0]))
        batch, shelf = engine.weigh_offers(members.subjects(audience.encoded[part]), context)
        tier[part] = batch.tier
        if shelf.removed.shape[1]:
            open_to = (shelf.removed < 0) & ~shelf.choice.too_deep
            if per_member > 1:
                worth = shelf.choice.arbitrated
                above_zero = np.where(open_to, worth - worth.min(axis=1, keepdims=True) + 1.0, 0.0)
                open_to &= engine.terms.ladders.best_steps(above_zero, shelf.values.discount) > 0
            keep[part] = open_to[:, valid]
            hoped = shelf.values.mean + EXPLORE_SD * shelf.values.sd
            closing = _worth_a_unit(hoped[:, valid] + contact, shelf.values.discount[:, valid])
            dearest = np.maximum(dearest, _CUSHION * closing)
            values[part] = shelf.choice.arbitrated[:, valid]
            discount[part] = shelf.values.discount[:, valid]
            redeem[part] = shelf.values.p_redeem[:, valid]
        progress.advance(part.stop - part.start)
    problem = Problem(values, keep, np.maximum(discount, 0.0), tier, {REDEMPTIONS: redeem}, per_member=per_member)
    return Collected(problem, valid, dearest)


def _dearest_contact(engine: Engine) -> Floats:
    """Shape (n_offers,): what a message costs at most; another channel than the one asked about may be free."""
    by_channel = max(engine.policy.contact_cost_minor.values(), default=0)
    return np.maximum(engine.knowledge.offers.contact_cost_minor, by_channel).astype(np.float64)


def _worth_a_unit(worth: Floats, discount: Floats) -> Floats:
    """Shape (n_offers,): the most that a minor unit of an offer's discount is worth to any of these members."""
    costs = discount > _NO_DISCOUNT
    each: Floats = np.where(costs, worth / np.where(costs, discount, 1.0), 0.0).max(axis=0, initial=0.0)
    return each
