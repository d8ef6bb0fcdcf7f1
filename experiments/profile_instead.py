"""Another programme, as if it had always held: who moves where, and what members would get."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.profile_reading import Asked, recorded_tiers, tier_codes_at
from experiments.profile_report.money import Money
from experiments.profile_report.recorded_points import RecordedPoints
from features.dataset import Dataset
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Group, Rules
from features.profile.known import facts_of
from features.profile.lifecycle import Lifecycle
from features.profile.points import PointsBalance
from features.profile.tier import tier_facts
from recsys.errors import InputError
from recsys.loyalty.benefits import Benefits
from recsys.loyalty.compare import Moves
from recsys.loyalty.programme import Programme
from recsys.loyalty.tiers import tier_history
from recsys.report import Progress, Table
from recsys.types import STAGES

_MEASURED = ("points_multiplier_bp", "standing_discount_bp", "early_access_hours")
_POINTS = ("points_usable", "points_pending", "points_worth_minor")
_DIRECTIONS = ("down", "same", "up")
_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Instead:
    """
    Every member under what holds and under another programme, at one instant.

    Attributes:
        currency: Of amounts.
        by_rules: What holds are the rules of a programme; else it is what the retailer recorded.
        moves: Tiers are those of the workspace on both sides; UNKNOWN_ROW is none.
        stage: Shape (n_members,): position in ``types.STAGES``.
        benefits: Of each tier now and under the other, by name; those of tiers that a ladder in force has not are
            absent. Now is empty where the rules are not known.
        points: Sums over all members now and under the other, by column of `PointsBalance`; None without rules of
            points.
        recorded: Entries that stand in place of rules of points, under both programmes.
    """

    currency: str
    by_rules: bool
    moves: Moves
    stage: NDArray[np.int8]
    benefits: tuple[Mapping[str, Benefits], Mapping[str, Benefits]]
    points: tuple[Mapping[str, int] | None, Mapping[str, int] | None]
    recorded: RecordedPoints

    def counts(self, stage: int | None = None) -> NDArray[np.int64]:
        """Shape (n_tiers, n_tiers): members by tier now (row) and under the other; of one stage only where given."""
        if stage is None:
            return self.moves.matrix()
        some = self.stage == stage
        moves = self.moves
        return Moves(moves.from_tiers, moves.to_tiers, moves.from_tier[some], moves.to_tier[some]).matrix()

    def n_in_none(self) -> int:
        """Members who have no tier on one side or on both."""
        return int(((self.moves.from_tier < 0) | (self.moves.to_tier < 0)).sum())

    def gains(self) -> dict[str, dict[str, float]]:
        """Of each benefit that is a number: members who get more, less and the same, and the means of both sides."""
        both = (self.moves.from_tier >= 0) & (self.moves.to_tier >= 0)
        if not all(self.benefits) or not both.any():
            return {}
        names, found = self.moves.from_tiers, {}
        for measured in _MEASURED:
            now, then = (
                np.array([getattr(side[name], measured) if name in side else 0 for name in names], dtype=np.int64)[tier]
                for side, tier in zip(
                    self.benefits, (self.moves.from_tier[both], self.moves.to_tier[both]), strict=True
                )
            )
            more, less = int((then > now).sum()), int((then < now).sum())
            same = len(now) - more - less
            means = {"mean_now": float(now.mean()), "mean_instead": float(then.mean())}
            found[measured] = {"more": more, "less": less, "same": same, **means}
        return found


def instead_of(asked: Asked, other: Programme, config: ProfileConfig, *, progress: Progress) -> Instead:
    """
    Re-compute all histories under both programmes, as if each had always held.

    Raises:
        InputError: The workspace has no programme and nobody has a recorded tier, so there is nothing to compare with;
            or the retailer gave somebody a tier that the other programme does not have.
    """
    dataset, current = asked.dataset, asked.dataset.programme
    if current is None:
        before = recorded_tiers(dataset)
        if len(before) and not (before >= 0).any():
            raise InputError(
                f"there is nothing to compare with: {asked.workspace.programme_path} does not exist and no member has "
                f"a recorded tier as of {asked.moment(asked.as_of)}; write the programme that holds first: `recsys "
                f"profile --workspace {asked.workspace.path} --write-programme`"
            )
        facts = facts_of(dataset)
    else:
        progress.step("tiers as they are")
        facts = facts_of(dataset)
        before = _tiers(facts, current, dataset)
    progress.step("tiers instead")
    same_days = facts.calendar.timezone == other.timezone
    other_facts = facts if same_days else MemberFacts.of(dataset, other.calendar)
    after = _tiers(other_facts, other, dataset)
    progress.step("stages")
    stage = _columns(Lifecycle(), facts, Rules(current, dataset.tiers, config), ("stage",))["stage"]
    progress.step("points of both")
    return Instead(
        currency=dataset.currency,
        by_rules=current is not None,
        moves=Moves(dataset.tiers, dataset.tiers, before, after),
        stage=np.asarray(stage, dtype=np.int8),
        benefits=(_benefits(current, dataset), _benefits(other, dataset)),
        points=(
            _points(facts, Rules(current, dataset.tiers, config)),
            _points(other_facts, Rules(other, dataset.tiers, config)),
        ),
        recorded=RecordedPoints.of(facts.points),
    )


def instead_facts(found: Instead) -> dict[str, Any]:
    """JSON-able; matrices by tier now (row) and instead (column)."""
    return {
        "from": "rules" if found.by_rules else "recorded",
        "tiers": list(found.moves.from_tiers),
        "moves": found.counts().tolist(),
        "moves_by_stage": {stage.value: found.counts(code).tolist() for code, stage in enumerate(STAGES)},
        "directions": _directions(found.counts()),
        "n_in_no_tier": found.n_in_none(),
        "benefits": {
            name: {tier: said.model_dump(mode="json") for tier, said in side.items()}
            for name, side in zip(("now", "instead"), found.benefits, strict=True)
        },
        "members_by_benefit": found.gains(),
        "points": dict(zip(("now", "instead"), found.points, strict=True)),
        "currency": found.currency,
    }


def instead_tables(found: Instead) -> tuple[Table, ...]:
    """Who moves where, by stage, and what that means."""
    names, counts = found.moves.from_tiers, found.counts()
    now = "by the rules now" if found.by_rules else "as recorded"
    tables = [
        Table(
            f"Members by tier {now} (row) and instead (column)",
            ("tier", *(f"to {name}" for name in names), "all"),
            (
                *((name, *row.tolist(), int(row.sum())) for name, row in zip(names, counts, strict=True)),
                ("all", *counts.sum(axis=0).tolist(), int(counts.sum())),
            ),
        ),
        Table(
            "The same by stage",
            ("stage", *_DIRECTIONS),
            tuple(
                (stage.value, *_directions(found.counts(code)).values())
                for code, stage in enumerate(STAGES)
                if found.counts(code).any()
            ),
        ),
    ]
    if differing := _differing(found.benefits):
        tables.append(Table("Benefits that differ", ("tier", "benefit", "now", "instead"), differing))
    if gains := found.gains():
        rows = tuple((name.replace("_bp", ", basis points"), *row.values()) for name, row in gains.items())
        columns = ("benefit", "members who get more", "less", "the same", "mean now", "mean instead")
        tables.append(Table("What members get", columns, rows, formats=dict.fromkeys(columns[4:], ",.1f")))
    if any(found.points):
        tables.append(_points_table(found))
    return tuple(tables)


def instead_notes(found: Instead) -> tuple[str, ...]:
    """What to read first."""
    moved = _directions(found.counts())
    notes = [
        f"{moved['up']:,} members would be higher, {moved['down']:,} lower, {moved['same']:,} where they are, as if "
        "each programme had always held."
    ]
    if not found.by_rules:
        notes.append("There are no rules of now, so tiers are compared with the recorded ones and benefits with none.")
    if n := found.n_in_none():
        notes.append(f"{n:,} members have no tier on one side and are in no cell.")
    if any(found.points):
        notes += found.recorded.sentences("both programmes")
    return tuple(notes)


def _tiers(facts: MemberFacts, programme: Programme, dataset: Dataset) -> NDArray[np.int8]:
    history = tier_history(tier_facts(facts, programme, dataset.tiers), programme, as_of=facts.as_of)
    return tier_codes_at(history.tier_at(facts.as_of), programme, dataset.tiers)


def _benefits(programme: Programme | None, dataset: Dataset) -> dict[str, Benefits]:
    span = None if programme is None else programme.span_at(dataset.cut_off)
    return {} if span is None else {tier.name: tier.benefits for tier in span.ladder.tiers}


def _points(facts: MemberFacts, rules: Rules) -> dict[str, int] | None:
    if rules.programme is None or not rules.programme.points:
        return None
    columns = _columns(PointsBalance(), facts, rules, _POINTS)
    return {name: int(column.sum()) for name, column in columns.items()}


def _columns(group: Group, facts: MemberFacts, rules: Rules, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Some columns of a group, so many members at a time that what is held beside them stays small."""
    fitted, parts = Fitted(group.fit(facts, rules), rules), []
    for start in range(0, max(facts.n_members, 1), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, facts.n_members), dtype=np.int32)
        some = facts if len(rows) == facts.n_members else facts.of_members(rows)
        parts.append(group.view(group.summarise(some, fitted), fitted, facts.as_of))
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _directions(counts: NDArray[np.int64]) -> dict[str, int]:
    both = (np.tril(counts, -1), np.diag(counts), np.triu(counts, 1))
    return {name: int(part.sum()) for name, part in zip(_DIRECTIONS, both, strict=True)}


def _differing(benefits: tuple[Mapping[str, Benefits], Mapping[str, Benefits]]) -> tuple[tuple[Any, ...], ...]:
    now, then = benefits
    rows = []
    for tier in dict.fromkeys([*now, *then]):
        for name in Benefits.model_fields:
            sides = [_said(getattr(side[tier], name)) if tier in side else "no such tier" for side in (now, then)]
            if sides[0] != sides[1]:
                rows.append((tier, name, *sides))
    return tuple(rows)


def _said(benefit: str | int | bool | None) -> str:
    if benefit is None or benefit is False:
        return "none"
    return "yes" if benefit is True else f"{benefit:,}" if isinstance(benefit, int) else benefit


def _points_table(found: Instead) -> Table:
    money = Money(found.currency)
    rows = []
    for name in _POINTS:
        cells = [None if side is None else side[name] for side in found.points]
        is_money = name.endswith("_minor")
        shown = (None if one is None else money.text(one) if is_money else f"{one:,}" for one in cells)
        rows.append((name.removesuffix("_minor").replace("_", " "), *shown))
    return Table("Points of all members", ("what", "now", "instead"), tuple(rows))
