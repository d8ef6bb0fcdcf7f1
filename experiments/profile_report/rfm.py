"""Recency, frequency and monetary value of all members, as a grid of scores."""

from dataclasses import dataclass

import numpy as np

from experiments.profile_report.counting import Cells, crossed, hidden, means, share, shown
from experiments.profile_report.money import Money
from experiments.profile_report.plots import Grid
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from features.profile.build import AllNorms, Profile
from features.profile.group import Rules
from recsys.report import Table

TITLE = "Who bought lately, often and for much?"


@dataclass(frozen=True, slots=True)
class RfmPart:
    """
    Members by score of recency (row) and of frequency (column), 1 is worst.

    Attributes:
        window_days: Orders of this many days count.
        n_scores: Scores go from 1 to this.
        members: By recency, then frequency.
        mean_monetary_minor: Paid in the window, mean a member, alike; None where it is not shown.
        cuts: By measure: above each of these values the next score begins; of recency they are days, negative.
        n_without_order: Members who never ordered and have no score.
        n_lapsed: Members who ordered, but not within the window.
        best_members_share, best_spend_share: Of the members with the two highest scores of frequency and recency
            both: their share of all with scores, and of what these paid.
    """

    window_days: int
    n_scores: int
    members: Cells
    mean_monetary_minor: tuple[tuple[float | None, ...], ...]
    cuts: dict[str, tuple[float, ...]]
    n_without_order: int
    n_lapsed: int
    best_members_share: float
    best_spend_share: float


def rfm_part(profile: Profile, norms: AllNorms, rules: Rules) -> RfmPart | Absent:
    """Count the scores that the profile has."""
    if "recency_score" not in profile.columns:
        return Absent("The profile has no scores of recency, frequency and monetary value.")
    recency, frequency = (profile[f"{name}_score"].astype(np.int64) - 1 for name in ("recency", "frequency"))
    scored = recency >= 0
    if not scored.any():
        return Absent("Nobody ordered anything, so nobody has scores.")
    n, spent = rules.config.rfm.n_scores, profile["monetary_minor"]
    counts, sums = (crossed(recency, frequency, (n, n), weights) for weights in (None, spent))
    best = scored & (recency >= n - 2) & (frequency >= n - 2)
    return RfmPart(
        window_days=rules.config.rfm.window_days,
        n_scores=n,
        members=hidden(counts),
        mean_monetary_minor=means(sums, counts),
        cuts={name: tuple(cuts) for name, cuts in norms["rfm"].items()},
        n_without_order=int((~scored).sum()),
        n_lapsed=int((scored & (profile["frequency"] == 0)).sum()),
        best_members_share=share(best.sum(), scored.sum()),
        best_spend_share=share(spent[best].sum(), spent[scored].sum()),
    )


def rfm_section(part: RfmPart | Absent, money: Money) -> PageSection:
    """The grid, twice: how many members, and what they paid."""
    if isinstance(part, Absent):
        return PageSection("rfm", TITLE, part.reason)
    n = part.n_scores
    top_down = tuple(range(n - 1, -1, -1))
    rows, columns = tuple(str(score + 1) for score in top_down), tuple(str(score + 1) for score in range(n))
    counts = tuple(part.members[row] for row in top_down)
    paid = tuple(part.mean_monetary_minor[row] for row in top_down)
    axis, quality = f"score of frequency, {n}: most orders", f"score of recency, {n}: latest"
    members = Grid(
        rows,
        columns,
        tuple(tuple(float(one) if one else None for one in line) for line in counts),
        tuple(tuple(map(shown, line)) for line in counts),
        axis,
        quality,
    )
    written = tuple(tuple("-" if one is None else f"{money.major(one):,.0f}" for one in line) for line in paid)
    title = f"Members by recency and frequency, orders of {part.window_days} days"
    paid_title = f"Mean paid in {part.window_days} days by recency and frequency, {money.unit} a member"
    blocks: list[Block] = [
        chart_of(
            "rfm-members",
            members,
            _table(title, rows, columns, members.texts),
            "Each cell: how many members. Top right: bought lately and often; bottom right: were regular and are "
            "silent, worth a call; bottom left: gone.",
        )
    ]
    if any(one is not None for line in paid for one in line):
        blocks.append(
            chart_of(
                "rfm-spend",
                Grid(rows, columns, paid, written, axis, quality),
                _table(paid_title, rows, columns, written),
                "The same cells: what a member of it paid on average in the window. Lapsed members paid nothing in it.",
            )
        )
    blocks.append(
        Table(
            "Where a score begins",
            ("score", "days silent, at most", "orders, more than", f"paid, more than ({money.unit})"),
            _cuts(part, money),
        )
    )
    return PageSection("rfm", TITLE, _intro(part), tuple(blocks))


def _intro(part: RfmPart) -> str:
    return (
        f"Scores go from 1 to {part.n_scores}, {part.n_scores} is best; they cut all members who ever ordered into "
        f"about equal parts. {part.best_members_share:.0%} of them have the two highest scores of recency and of "
        f"frequency, and paid {part.best_spend_share:.0%} of the {part.window_days} days. Ordered "
        f"before but not in the window: {part.n_lapsed:,}; never ordered and in no cell: {part.n_without_order:,}."
    )


def _cuts(part: RfmPart, money: Money) -> tuple[tuple[str, ...], ...]:
    """A row a score: from which values on; the first is open. Nobody is silent for less than no day."""
    recency, frequency, monetary = (part.cuts[name] for name in ("recency", "frequency", "monetary"))
    first = ("1", "any", "any", "any")
    return (
        first,
        *(
            (str(score), f"{-days - 1:,.0f}" if days < 0 else "nobody", f"{orders:,.0f}", f"{money.major(paid):,.0f}")
            for score, (days, orders, paid) in enumerate(zip(recency, frequency, monetary, strict=True), start=2)
        ),
    )


def _table(title: str, rows: tuple[str, ...], columns: tuple[str, ...], cells: tuple[tuple[str, ...], ...]) -> Table:
    heads = (f"frequency {column}" for column in columns)
    return Table(title, ("recency", *heads), tuple((row, *line) for row, line in zip(rows, cells, strict=True)))
