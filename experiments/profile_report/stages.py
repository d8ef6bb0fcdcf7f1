"""Members by lifecycle stage, how they moved between stages month by month, and who came back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import Counts, month_of, several, share
from experiments.profile_report.plots import PLAIN, Bar, Bars, Columns, Grid, named, shaded
from experiments.profile_report.sections import Absent, PageSection, chart_of
from features.profile.build import AllNorms, Profile
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Rules
from features.profile.lifecycle import ACTIVE, CHURNED, DORMANT, POTENTIAL
from features.profile.transitions import StageTransitions, stage_transitions
from recsys.loyalty.calendar import Period, add_months
from recsys.report import Table
from recsys.types import STAGES
from training.sections import Chart

TITLE = "In which stage are members, and where do they go?"
MONTHS = 13
_NAMES = tuple(stage.value for stage in STAGES)


@dataclass(frozen=True, slots=True)
class StageMonth:
    """
    One month, the last of them up to the as-of instant.

    Attributes:
        members: At its end, by stage; who had not joined is in none.
        flows: Changes from one stage (first index) to another (second) within it.
    """

    month: str
    members: Counts
    flows: tuple[Counts, ...]

    @property
    def returns(self) -> int:
        """Members who were dormant or churned and ordered."""
        return self.flows[DORMANT][ACTIVE] + self.flows[CHURNED][ACTIVE]


@dataclass(frozen=True, slots=True)
class StagePart:
    """
    Stages of everybody.

    Attributes:
        names: Of the stages, in the order of all counts.
        members: As of the instant.
        months: Ascending.
        new_days, dormant_quantile, churned_quantile, min_dormant_days, min_churned_days: See `LifecycleConfig`.
    """

    names: tuple[str, ...]
    members: Counts
    months: tuple[StageMonth, ...]
    new_days: int
    dormant_quantile: float
    churned_quantile: float
    min_dormant_days: int
    min_churned_days: int


def stage_part(facts: MemberFacts, profile: Profile, norms: AllNorms, rules: Rules) -> StagePart | Absent:
    """Count stages and their changes, in the calendar of the facts."""
    if "stage" not in profile.columns:
        return Absent("The profile has no stages.")
    if not facts.n_members:
        return Absent("There are no members.")
    now = np.bincount(profile["stage"], minlength=len(STAGES)).astype(np.int64)
    last = facts.calendar.period_starts(facts.calendar.local_days(np.array([facts.as_of - 1])), Period.MONTH)
    months = add_months(np.repeat(last, MONTHS), np.arange(1 - MONTHS, 1))
    start = facts.calendar.start_of(int(months[0]))
    moved = stage_transitions(facts, Fitted(norms["lifecycle"], rules), start, facts.as_of + 1)
    flows = _flows(moved, facts, months)
    joined = _by_month(facts, facts.joined_at[facts.joined_at >= start], months)
    ends, at_end = [], now.copy()
    for month in range(MONTHS - 1, -1, -1):
        ends.append(tuple(at_end.tolist()))
        at_end = at_end - flows[month].sum(axis=0) + flows[month].sum(axis=1)
        at_end[POTENTIAL] -= joined[month]
    rows = [
        StageMonth(month_of(month), members, tuple(tuple(line) for line in flow.tolist()))
        for month, members, flow in zip(months, reversed(ends), flows, strict=True)
    ]
    first = next((at for at, row in enumerate(rows) if sum(row.members)), MONTHS - 1)
    return StagePart(_NAMES, tuple(now.tolist()), tuple(rows[first:]), **rules.config.lifecycle.model_dump())


def stage_section(part: StagePart | Absent) -> PageSection:
    """Now, month by month, from where to where, and back."""
    if isinstance(part, Absent):
        return PageSection("stages", TITLE, part.reason)
    intro = (
        f"New for {part.new_days} days from the first order; then active, until the silence is longer than "
        f"{part.dormant_quantile:.0%} of the member's own gaps between orders and than {part.min_dormant_days} days "
        f"(dormant), or than {part.churned_quantile:.0%} and {part.min_churned_days} days (churned). Potential members "
        "have joined and never ordered. Members who leave and come back on the way are counted at every step."
    )
    charts = [_now_chart(part), _months_chart(part)]
    if any(sum(map(sum, month.flows)) for month in part.months):
        charts += [_flows_chart(part), _returns_chart(part)]
        return PageSection("stages", TITLE, intro, (*charts, _flows_table(part)))
    return PageSection("stages", TITLE, intro, (*charts, "Nobody changed stage in these months."))


def _flows(moved: StageTransitions, facts: MemberFacts, months: NDArray[np.int32]) -> NDArray[np.int64]:
    """Shape (n_months, n_stages, n_stages)."""
    n = len(STAGES)
    month = np.searchsorted(months, facts.calendar.local_days(moved.at), side="right") - 1
    cell = (month * n + moved.from_stage) * n + moved.to_stage
    return np.bincount(cell[month >= 0], minlength=len(months) * n * n).reshape(len(months), n, n)


def _by_month(facts: MemberFacts, instants: NDArray[np.int64], months: NDArray[np.int32]) -> NDArray[np.int64]:
    month = np.searchsorted(months, facts.calendar.local_days(instants), side="right") - 1
    return np.bincount(month[month >= 0], minlength=len(months))


def _now_chart(part: StagePart) -> Chart:
    n = sum(part.members)
    counted = tuple(zip(part.names, part.members, strict=True))
    rows = tuple(Bar(name, (float(count),)) for name, count in counted)
    table = Table(
        f"Members by stage, {n:,} in all",
        ("stage", "members", "share"),
        tuple((name, count, share(count, n)) for name, count in counted),
        formats={"share": ".1%"},
    )
    return chart_of("stages-now", Bars(rows, (PLAIN,), "members"), table, "As of the date of the page.")


def _months_chart(part: StagePart) -> Chart:
    labels = tuple(month.month for month in part.months)
    parts = tuple(tuple(float(month.members[at]) for month in part.months) for at in range(len(part.names)))
    table = Table(
        "Members by stage at the end of each month",
        ("month", *part.names, "all"),
        tuple((month.month, *month.members, sum(month.members)) for month in part.months),
    )
    reading = "Each column is everybody who had joined by then. The last month ends with the date of the page."
    return chart_of("stages-months", Columns(labels, parts, shaded(part.names), "month", "members"), table, reading)


def _flows_chart(part: StagePart) -> Chart:
    total = np.sum([month.flows for month in part.months], axis=0)
    texts = tuple(tuple(f"{count:,}" if count else "" for count in line) for line in total.tolist())
    values = tuple(tuple(float(count) or None for count in line) for line in total.tolist())
    table = Table(
        f"Changes of stage in {several(len(part.months), 'month')}, from (row) to (column)",
        ("from", *(f"to {name}" for name in part.names)),
        tuple((name, *line) for name, line in zip(part.names, total.tolist(), strict=True)),
    )
    grid = Grid(part.names, part.names, values, texts, "to", "from")
    reading = "How often members went from one stage to another; who went twice is counted twice."
    return chart_of("stages-flows", grid, table, reading)


def _returns_chart(part: StagePart) -> Chart:
    labels = tuple(month.month for month in part.months)
    moves = tuple(_moves(month) for month in part.months)
    of_stage = shaded(part.names)
    drawn = ((DORMANT, "became dormant"), (CHURNED, "became churned"), (ACTIVE, "came back"))
    looks = tuple(named(of_stage[stage], name) for stage, name in drawn)
    parts = tuple(tuple(float(one[at]) for one in moves) for at in range(3))
    silent = (None, *(month.members[DORMANT] + month.members[CHURNED] for month in part.months))
    table = Table(
        "Silent and back, by month",
        ("month", "became dormant", "became churned", "came back", "of the silent"),
        tuple(
            (month.month, *move, None if before is None else share(move[2], before + _fell_silent(month)))
            for month, move, before in zip(part.months, moves, silent, strict=False)
        ),
        formats={"of the silent": ".1%"},
    )
    reading = (
        "Came back: was dormant or churned and ordered. The share in the table is of all who were silent when the "
        "month began or fell silent within it."
    )
    return chart_of("stages-returns", Columns(labels, parts, looks, "month", "changes"), table, reading)


def _fell_silent(month: StageMonth) -> int:
    return sum(month.flows[a][b] for a in range(DORMANT) for b in (DORMANT, CHURNED))


def _moves(month: StageMonth) -> tuple[int, int, int]:
    """Members who became dormant, became churned, came back."""
    return sum(line[DORMANT] for line in month.flows), sum(line[CHURNED] for line in month.flows), month.returns


def _flows_table(part: StagePart) -> Table:
    n = len(part.names)
    kinds = [(a, b) for a in range(n) for b in range(n) if any(month.flows[a][b] for month in part.months)]
    return Table(
        "Every change of stage by month",
        ("month", *(f"{part.names[a]} to {part.names[b]}" for a, b in kinds)),
        tuple((month.month, *(month.flows[a][b] for a, b in kinds)) for month in part.months),
    )
