"""Which product families each member buys, and the clock of every pair: what replenishment features are read from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.config import ReplenishmentConfig
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Norms
from features.profile.stage_clock import whole_days
from features.rhythm.clock import ReplenishmentClock
from features.rhythm.gaps import History
from features.rhythm.hazard import Rhythm
from features.rhythm.settings import ClockSettings, RhythmSettings
from recsys.types import UNKNOWN_ROW, EpochSeconds, Rows


@dataclass(frozen=True, slots=True)
class Families:
    """
    Families in the order in which the rhythm learnt them; those that came later follow and are like the population.

    A category keeps its place although others come and go, which changes the codes of categories.

    Attributes:
        of_code: Shape (n_categories,), int32: the family of each category.
        code_of: Shape (n_families,), int32: back again; UNKNOWN_ROW where the facts know no such category any more.
    """

    of_code: Rows
    code_of: Rows

    @classmethod
    def of(cls, learnt: Sequence[str], names: Sequence[str]) -> "Families":
        """From the names learnt and those of the facts' categories."""
        place = {name: family for family, name in enumerate(learnt)}
        of_code = np.array([place.setdefault(name, len(place)) for name in names], dtype=np.int32)
        code_of = np.full(len(place), UNKNOWN_ROW, dtype=np.int32)
        code_of[of_code] = np.arange(len(names), dtype=np.int32)
        return cls(of_code, code_of)


def learn_families(facts: MemberFacts, config: ReplenishmentConfig, *, seed: int) -> Norms:
    """The rhythm of each category, from a sample of members; JSON-able."""
    keep = facts.products.category[facts.purchases.product] != UNKNOWN_ROW
    if facts.n_members > config.sample_members:
        chosen = np.zeros(facts.n_members, dtype=np.bool_)
        rng = np.random.default_rng(seed)
        chosen[rng.choice(facts.n_members, config.sample_members, replace=False)] = True
        keep &= chosen[facts.purchases.member]
    member, category, day = _bought(facts, keep)
    rhythm = Rhythm.fit(History.of(member, category, day), whole_days(facts.calendar, facts.as_of), RhythmSettings())
    return {
        "rhythm": rhythm.to_settings(),
        "families": list(facts.products.category_names),
        "timezone": facts.calendar.timezone,
    }


def clock_of(facts: MemberFacts, fitted: Fitted, as_of: EpochSeconds) -> tuple[ReplenishmentClock, Rows]:
    """
    The clock of every pair of member and category bought before an instant, and the category codes of its pairs.

    Args:
        facts: Of all members, or of some; what is not before *as_of* is left out.
        fitted: `learn_families`, and the settings.
        as_of: Epoch seconds.
    """
    config = fitted.rules.config.replenishment
    families = Families.of(fitted.norms["families"], facts.products.category_names)
    keep = facts.products.category[facts.purchases.product] != UNKNOWN_ROW
    keep &= facts.purchases.at < as_of
    member, category, day = _bought(facts, keep)
    clock = ReplenishmentClock.fit(
        member,
        families.of_code[category],
        day,
        as_of_day=whole_days(facts.calendar, as_of),
        n_members=facts.n_members,
        rng=np.random.default_rng(0),  # only draws members to learn from, and the rhythm has been learnt
        rhythm=Rhythm.from_settings(fitted.norms["rhythm"]),
        settings=ClockSettings(
            early_share=config.early_quantile, late_share=config.late_quantile, horizon_days=config.horizon_days
        ),
    )
    return clock, families.code_of[clock.family]


def _bought(facts: MemberFacts, keep: NDArray[np.bool_]) -> tuple[Rows, Rows, NDArray[np.int32]]:
    """Member, category and local day of some order lines, all of which have a category."""
    purchases = facts.purchases
    member, category = purchases.member[keep], facts.products.category[purchases.product[keep]]
    return member, category, facts.orders.day[purchases.order[keep]]
