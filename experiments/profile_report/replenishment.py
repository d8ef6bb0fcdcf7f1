"""What members need again: families of products that are due or overdue, and whether their clock was right lately."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import blocks_of, by_code, share
from experiments.profile_report.plots import LINES, Bar, Bars, Lines, Strand, named, shaded
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from features.profile.build import AllNorms, Profile
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Rules
from features.profile.replenishment import DuePairs, due_pairs
from features.rhythm.clock import DUE_STATES, DueState
from recsys.report import Table
from recsys.types import EpochSeconds
from training.sections import Chart

TITLE = "What do members need again?"
MOST_FAMILIES = 20
_BIN_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_LEAST_PAIRS = 30
_Z = 1.96
_DUE, _OVERDUE = DUE_STATES.index(DueState.DUE), DUE_STATES.index(DueState.OVERDUE)


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """Members of one family by state, and how many of them are expected to buy it within the horizon."""

    family: str
    early: int
    due: int
    overdue: int
    expected: float

    @property
    def n_members(self) -> int:
        """Who ever bought the family."""
        return self.early + self.due + self.overdue


@dataclass(frozen=True, slots=True)
class ClockBin:
    """
    Pairs of member and family with about the same chance, some days ago.

    Attributes:
        pairs: How many.
        predicted: Mean chance to buy within the horizon, as of then.
        happened: Share that did.
        low, high: Its 95 % interval (Wilson), as if pairs were independent.
    """

    pairs: int
    predicted: float
    happened: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReplenishmentPart:
    """
    The clock of every pair of member and family.

    Attributes:
        horizon_days: Of chances.
        families: Those with most members due or overdue first, at most MOST_FAMILIES.
        n_families: How many somebody bought.
        n_pairs, n_due, n_overdue: Pairs in all.
        n_members_due: Members with a family that is due.
        bins: By chance, ascending; bins of fewer than 30 pairs are left out.
    """

    horizon_days: float
    families: tuple[FamilyRow, ...]
    n_families: int
    n_pairs: int
    n_due: int
    n_overdue: int
    n_members_due: int
    bins: tuple[ClockBin, ...]


def replenishment_part(
    facts: MemberFacts, profile: Profile, norms: AllNorms, rules: Rules
) -> ReplenishmentPart | Absent:
    """Count the states of all pairs now, and hold the chances of a horizon ago against what was bought since."""
    if "n_due_families" not in profile.columns:
        return Absent("The profile has no clocks of families.")
    names, horizon = facts.products.category_names, rules.config.replenishment.horizon_days
    fitted, n_states = Fitted(norms["replenishment"], rules), len(DUE_STATES)
    # Whole days, as many as the horizon has: the day that is under way at the as-of instant is not judged.
    then, until = (facts.calendar.start_of(facts.as_of_day - back) for back in (max(round(horizon), 1), 0))
    states = np.zeros(len(names) * n_states)
    expected = np.zeros(len(names))
    bins = np.zeros((3, len(_BIN_EDGES) - 1))
    for some in blocks_of(facts):
        now = due_pairs(some, fitted, facts.as_of)
        states += by_code(now.family.astype(np.int64) * n_states + now.state, len(states))
        expected += by_code(now.family, len(names), now.probability)
        bins += _outcomes(some, due_pairs(some, fitted, then), then, until)
    counts = states.reshape(-1, n_states).astype(np.int64)
    if not counts.sum():
        return Absent("Nobody bought anything of a category, so there is nothing that could be due.")
    rows = [
        FamilyRow(name, early, due, overdue, chance)
        for name, (early, due, overdue), chance in zip(names, counts.tolist(), expected.tolist(), strict=True)
    ]
    bought = [row for row in rows if row.n_members]
    return ReplenishmentPart(
        horizon_days=horizon,
        families=tuple(sorted(bought, key=lambda row: (-row.due - row.overdue, row.family))[:MOST_FAMILIES]),
        n_families=len(bought),
        n_pairs=int(counts.sum()),
        n_due=int(counts[:, _DUE].sum()),
        n_overdue=int(counts[:, _OVERDUE].sum()),
        n_members_due=int((profile["n_due_families"] > 0).sum()),
        bins=tuple(_bin(*map(float, row)) for row in bins.T if row[0] >= _LEAST_PAIRS),
    )


def replenishment_section(part: ReplenishmentPart | Absent) -> PageSection:
    """By family, and how right the clock was."""
    if isinstance(part, Absent):
        return PageSection("replenishment", TITLE, part.reason)
    intro = (
        f"Pairs of a member and a family (category) that the member bought: {part.n_pairs:,}. Due by the member's own "
        f"clock: {part.n_due:,}; overdue, silent for longer than almost all of such gaps: {part.n_overdue:,}. Members "
        f"with at least one family that is due: {part.n_members_due:,}."
    )
    blocks: list[Block] = []
    if part.n_due + part.n_overdue:
        blocks.append(_family_chart(part))
    if part.bins:
        blocks.append(_bins_chart(part))
    else:
        blocks.append("Too few pairs were known a horizon ago to hold their chances against what was bought since.")
    return PageSection("replenishment", TITLE, intro, tuple(blocks))


def _outcomes(facts: MemberFacts, pairs: DuePairs, then: EpochSeconds, until: EpochSeconds) -> NDArray[np.float64]:
    """Shape (3, n_bins): pairs, sum of chances, and how many bought the family from then until another instant."""
    n_families = len(facts.products.category_names)
    family = facts.products.category[facts.purchases.product]
    since = (facts.purchases.at >= then) & (facts.purchases.at < until) & (family >= 0)
    bought = facts.purchases.member[since].astype(np.int64) * n_families + family[since]
    happened = np.isin(pairs.member.astype(np.int64) * n_families + pairs.family, bought)
    place = np.clip(np.searchsorted(_BIN_EDGES, pairs.probability, side="right") - 1, 0, len(_BIN_EDGES) - 2)
    weights = (None, pairs.probability, happened.astype(np.float64))
    return np.array([by_code(place, len(_BIN_EDGES) - 1, one) for one in weights])


def _bin(pairs: float, chances: float, bought: float) -> ClockBin:
    happened = bought / pairs
    middle = (happened + _Z**2 / (2 * pairs)) / (1 + _Z**2 / pairs)
    half = _Z / (1 + _Z**2 / pairs) * (happened * (1 - happened) / pairs + _Z**2 / (4 * pairs**2)) ** 0.5
    return ClockBin(int(pairs), chances / pairs, happened, max(middle - half, 0.0), min(middle + half, 1.0))


def _family_chart(part: ReplenishmentPart) -> Chart:
    n, shown = part.n_families, len(part.families)
    which = f"the {shown} with most due of {n:,}" if n > shown else "all"
    expected = f"expected within {part.horizon_days:g} days"
    table = Table(
        f"Members by state of their clock and family, {which}",
        ("family", "early", "due", "overdue", "share overdue", expected),
        tuple(
            (row.family, row.early, row.due, row.overdue, share(row.overdue, row.n_members), row.expected)
            for row in part.families
        ),
        formats={"share overdue": ".1%", expected: ",.0f"},
    )
    rows = tuple(Bar(one.family, (float(one.due), float(one.overdue))) for one in part.families)
    reading = (
        "Due is when a reminder helps; whoever is overdue may have gone elsewhere, or stopped needing it. Expected: "
        "how many of all members of the family will buy it again, the early ones among them."
    )
    return chart_of("replenishment-families", Bars(rows, shaded(("due", "overdue")), "members"), table, reading)


def _bins_chart(part: ReplenishmentPart) -> Chart:
    labels = tuple(f"{one.predicted:.0%}" for one in part.bins)
    happened = Strand(
        named(LINES[0], "bought"),
        tuple(one.happened for one in part.bins),
        tuple(one.low for one in part.bins),
        tuple(one.high for one in part.bins),
    )
    predicted = Strand(named(LINES[1], "as predicted"), tuple(one.predicted for one in part.bins))
    table = Table(
        f"The clock of {part.horizon_days:g} days ago against what was bought since",
        ("pairs", "predicted", "bought", "low", "high"),
        tuple((one.pairs, one.predicted, one.happened, one.low, one.high) for one in part.bins),
        formats=dict.fromkeys(("predicted", "bought", "low", "high"), ".1%"),
    )
    reading = (
        "Pairs with about the same chance: how many bought the family within the horizon. The band holds 95 % of what "
        "luck does if pairs were independent; those of one member are not. The rhythm of all members was learnt until "
        "now, so this flatters a little."
    )
    plot = Lines(labels, (happened, predicted), "mean chance predicted", "share of pairs that bought")
    return chart_of("replenishment-clock", plot, table, reading)
