"""Levers that are harmless each and together push a product or an offer out of all proportion."""

from collections.abc import Iterator

import numpy as np

from recsys.policy.check.examined import Examined
from recsys.policy.check.panel import Person, awake, batch_of, path_of, spread
from recsys.policy.check.wording import listed, warning
from recsys.policy.file.rule import LEVERS
from recsys.policy.reading.problems import Problem
from recsys.types import UNKNOWN_ROW, ItemKind

MOST = 10.0
"""The largest factor that a lever may have by itself."""

_MEMBERS = 96
_ROUNDING = 1e-5


def levers_together(examined: Examined) -> Iterator[Problem]:
    """The most that a product, and an offer, is multiplied by for members of the bundle, where that is above 10."""
    knowledge, compiled = examined.knowledge, examined.compiled
    n = {ItemKind.PRODUCT: len(knowledge.catalogue), ItemKind.OFFER: len(knowledge.offers)}
    people = [Person(row) for row in (*spread(np.arange(len(knowledge.members)), _MEMBERS), UNKNOWN_ROW)]
    batch = batch_of(people, knowledge)
    calls = [call for name in examined.policy.placements if (call := awake(examined, name)) is not None]
    for kind, ids in ((ItemKind.PRODUCT, knowledge.catalogue.products), (ItemKind.OFFER, knowledge.offers.offers)):
        levers = [one for one in compiled.rules if one.rule.effect in LEVERS and one.rule.applies_to is kind]
        if not levers or not n[kind]:
            continue
        alike = np.packbits(np.stack([lever.what for lever in levers]), axis=0)
        rows = np.unique(alike, axis=1, return_index=True)[1].astype(np.int32)
        worst, told = MOST * (1 + _ROUNDING), None
        for call in calls:
            if kind is ItemKind.PRODUCT:
                factor, bits = compiled.product_boost(batch, call, np.tile(rows, (len(batch), 1)))
            else:
                factor, bits = compiled.offer_boost(batch, call)
                factor, bits = factor[:, rows], bits[:, rows]
            member, column = np.unravel_index(int(factor.argmax()), factor.shape)
            if factor[member, column] > worst:
                worst, told = float(factor[member, column]), (call, int(rows[column]), int(bits[member, column]))
        if told is not None:
            call, row, held = told
            parts = sorted(compiled.levers_of(held), key=lambda one: -one[1])
            of_them = listed(f"{rule} ({factor:g})" for rule, factor in parts)
            message = (
                f"{of_them} together multiply {kind} {ids.id(row)} by {worst:.3g} in the placement {call.placement!r}"
            )
            hint = f"lower them, so that together they stay at {MOST:g} or below"
            yield warning("levers_above_ten", message, hint=hint, path=path_of(examined, parts[0][0]))
