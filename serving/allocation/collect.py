"""What every offer is worth to everybody, and what it costs, from the very steps that decisions are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Context
from recsys.engine import Engine
from recsys.offers.allocation.problem import Problem
from recsys.report import Progress
from recsys.types import KeepMask
from serving.export.audience import Audience
from serving.plan_run import MembersThen

REDEMPTIONS = "redemptions"
"""The measure of total limits: expected redemptions."""

_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Collected:
    """
    Everybody's offers.

    Attributes:
        problem: Of all members, and those offers that somebody may have.
        offers: Shape (n_offers,): their rows in the bundle.
    """

    problem: Problem
    offers: NDArray[np.int64]


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
    What a rule removes is not eligible, nor is a step of a ladder that is deeper than need be.

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
    for start in range(0, shape[0], _BLOCK):
        part = slice(start, min(start + _BLOCK, shape[0]))
        batch, shelf = engine.weigh_offers(members.subjects(audience.encoded[part]), context)
        tier[part] = batch.tier
        if shelf.removed.shape[1]:
            keep[part] = ((shelf.removed < 0) & ~shelf.choice.too_deep)[:, valid]
            values[part] = shelf.choice.arbitrated[:, valid]
            discount[part] = shelf.values.discount[:, valid]
            redeem[part] = shelf.values.p_redeem[:, valid]
        progress.advance(part.stop - part.start)
    problem = Problem(values, keep, np.maximum(discount, 0.0), tier, {REDEMPTIONS: redeem}, per_member=per_member)
    return Collected(problem, valid)
