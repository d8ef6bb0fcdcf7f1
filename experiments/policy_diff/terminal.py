"""The comparison for the terminal: warnings first, then only what changes; facts and the page hold all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from experiments.policy_diff.not_compared import is_not_compared
from experiments.policy_diff.result import PlacementDiff, PolicyDiff
from experiments.policy_diff.tables import (
    MOST_MOVERS,
    budget_table,
    changed_groups,
    figure_table,
    mover_tables,
    nothing_table,
    part_table,
    rule_table,
)
from recsys.report import Table

_KEPT_WHERE_EMPTY = frozenset({"A", "B", "difference", "id"})


def diff_tables(diff: PolicyDiff) -> tuple[Table, ...]:
    """Those with rows, in the order in which they answer questions."""
    differing = {part.part_id for part in diff.parts}
    tables = (
        _warning_table(diff),
        _placement_table(diff),
        part_table(diff.parts),
        *(_figures(one)[0] for one in diff.placements),
        *(changed_groups(one) for one in diff.placements),
        *(table for one in diff.placements for table in mover_tables(one, MOST_MOVERS)),
        nothing_table(diff),
        *(_only(rule_table(one, differing), _does_something)[0] for one in diff.placements),
        _budgets(diff)[0],
    )
    return tuple(_without_empty_columns(table) for table in tables if table.rows)


def left_out(diff: PolicyDiff) -> str:
    """In one line, how many rows the terminal does not show because nothing changes in them; empty where it is none."""
    figures = sum(_figures(one)[1] for one in diff.placements)
    _, budgets = _budgets(diff)
    named = [f"{n:,} {what}" for n, what in ((figures, "figures"), (budgets, "budgets")) if n]
    if not named:
        return ""
    return f"Not shown, because nothing changes in them: {' and '.join(named)}; --json and --report hold all."


def idle_rules(diff: PolicyDiff) -> str:
    """In one line, the rules that differ and do nothing to anybody under either; empty where there are none."""
    differing = {part.part_id for part in diff.parts}
    rows = [row for one in diff.placements for row in rule_table(one, differing).rows]
    busy = {row[0] for row in rows if _does_something(row)}
    idle = sorted({row[0] for row in rows} - busy)
    return f"Rules that differ and do nothing here under A or B: {', '.join(idle)}." if idle else ""


def _does_something(row: tuple[Any, ...]) -> bool:
    return any(row[1:])


def _warning_table(diff: PolicyDiff) -> Table:
    return Table("Warnings", ("read these first",), tuple((warning,) for warning in diff.warnings))


def _placement_table(diff: PolicyDiff) -> Table:
    columns = ("placement", "slates_changed", "low", "high", "nothing_under_B_alone", "under_A_alone", "under_both")
    rows = tuple(
        (
            one.placement,
            *_changed(one),
            one.lost.members,
            one.gained.members,
            one.neither.members,
        )
        for one in diff.placements
    )
    title = f"Placements; {diff.members}"
    return Table(title, columns, rows, formats=dict.fromkeys(("slates_changed", "low", "high"), ".1%"))


def _changed(one: PlacementDiff) -> tuple[object, ...]:
    share = one.everybody.changed
    if share is None or is_not_compared(one):
        return "not compared" if share is not None else None, None, None
    return share.share, share.low, share.high


def _figures(placement: PlacementDiff) -> tuple[Table, int]:
    table = figure_table(placement, "a member, minor units")
    if placement.off_policy is None:
        table = replace(table, columns=table.columns[:-1], rows=tuple(row[:-1] for row in table.rows))
    return _only(table, lambda row: row[3] != 0 or row[4] is not None or row[-1] not in ("", None, 0.0))


def _budgets(diff: PolicyDiff) -> tuple[Table, int]:
    other = {one.budget_id for one in diff.budgets if one.amount_a != one.amount_b}
    return _only(budget_table(diff), lambda row: row[5] != 0 or row[-1] or row[1] in other)


def _only(table: Table, shown: Callable[[tuple[Any, ...]], bool]) -> tuple[Table, int]:
    """The table with those rows alone, and how many others it has."""
    rows = tuple(row for row in table.rows if shown(row))
    return replace(table, rows=rows), len(table.rows) - len(rows)


def _without_empty_columns(table: Table) -> Table:
    kept = [
        at
        for at, name in enumerate(table.columns)
        if name in _KEPT_WHERE_EMPTY or any(row[at] not in (None, "") for row in table.rows)
    ]
    columns = tuple(table.columns[at] for at in kept)
    return replace(table, columns=columns, rows=tuple(tuple(row[at] for at in kept) for row in table.rows))
