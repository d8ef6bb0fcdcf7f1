"""One member whole: every column in its group, and the dated facts behind tier, stage, points and families."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.profile_reading import Asked
from experiments.profile_report.money import Money
from experiments.profile_report.recorded_points import RecordedPoints
from features.profile.build import AllNorms, Profile, build_profile, fit_norms
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Rules
from features.profile.groups import GROUPS
from features.profile.known import facts_of, rules_of
from features.profile.points_posting import post_member_points
from features.profile.replenishment import due_pairs
from features.profile.tier import tier_facts
from features.profile.transitions import stage_transitions
from features.rhythm.clock import DUE_STATES, DueState
from recsys.errors import InputError
from recsys.loyalty.currencies import decimals
from recsys.loyalty.history import ChangeReason
from recsys.loyalty.points_facts import NEVER
from recsys.loyalty.tiers import tier_history
from recsys.profile import ColumnSpec, Unit, Value
from recsys.report import Progress, Table, show_cell
from recsys.types import STAGES, EpochSeconds

_REASONS = {
    ChangeReason.JOINED: "joined",
    ChangeReason.EARNED: "met what the tier asks for",
    ChangeReason.REVIEW: "no longer met what keeps the tier above",
    ChangeReason.LADDER_CHANGED: "other rules began",
    ChangeReason.GRANTED: "given by the retailer",
}
_URGENCY = (DueState.OVERDUE, DueState.DUE, DueState.EARLY)
_TITLES = {"rfm": "Recency, frequency, monetary value"}
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class OneMember:
    """
    What is known of a member.

    Attributes:
        asked: Whose members, and as of when.
        member_id: As asked for.
        recorded_tier: As the retailer recorded it; None where it is not known.
        profile: Every column, of this member alone.
        tiers, stages, lots, families: Dated facts, JSON-able, ascending; families the most urgent first.
        horizon_days: Of the chances of families.
        recorded: Entries of all members that stand in place of rules of points; None without such rules.
    """

    asked: Asked
    member_id: str
    recorded_tier: str | None
    profile: Profile
    tiers: tuple[dict[str, Any], ...]
    stages: tuple[dict[str, Any], ...]
    lots: tuple[dict[str, Any], ...]
    families: tuple[dict[str, Any], ...]
    horizon_days: float
    recorded: RecordedPoints | None

    def values(self) -> dict[str, Value]:
        """By column."""
        return self.profile.member_profile().of_member(0)

    def moment(self, at: EpochSeconds | None) -> str | None:
        """An instant for people."""
        return None if at is None else self.asked.moment(at)

    def day(self, midnight: EpochSeconds) -> str:
        """A local midnight for people."""
        return self.asked.moment(midnight).removesuffix(" 00:00")


def know_member(asked: Asked, member_id: str, config: ProfileConfig, *, progress: Progress) -> OneMember:
    """
    Learn from all members what features need, and look at one.

    Raises:
        InputError: Nothing may be shown of such a member; whether there is one is not said.
    """
    row = asked.dataset.member_ids.row(member_id)
    if row < 0:
        raise InputError(
            f"there is nothing to show of a member {member_id!r} as of {asked.moment(asked.as_of)}: the id is not "
            "known, or whoever it stands for has not joined yet, is now part of another member, or does not agree to "
            "personalisation; check the id"
        )
    everybody, rules = facts_of(asked.dataset), rules_of(asked.dataset, config)
    norms = fit_norms(everybody, rules, progress=progress)
    progress.step("look at the member")
    facts = everybody.of_members(np.array([row], dtype=np.int32))
    return OneMember(
        asked=asked,
        member_id=member_id,
        recorded_tier=asked.dataset.members["tier"][row],
        profile=build_profile(facts, norms, rules),
        tiers=_tiers(facts, rules),
        stages=_stages(facts, norms, rules),
        lots=_lots(facts, norms, rules),
        families=_families(facts, norms, rules),
        horizon_days=config.replenishment.horizon_days,
        recorded=RecordedPoints.of(everybody.points) if rules.programme and rules.programme.points else None,
    )


def member_facts(one: OneMember) -> dict[str, Any]:
    """JSON-able; instants are epoch seconds, amounts minor units."""
    values, rules = one.values(), rules_of(one.asked.dataset, ProfileConfig())
    described = {
        group.name: {
            spec.name: {"value": values[spec.name], "unit": spec.unit.value, "meaning": spec.meaning}
            for spec in group.specs(rules)
        }
        for group in GROUPS
    }
    return {
        "member_id": one.member_id,
        "as_of": one.asked.as_of,
        "timezone": one.asked.timezone,
        "currency": one.asked.dataset.currency,
        "recorded_tier": one.recorded_tier,
        "groups": {name: columns for name, columns in described.items() if columns},
        "tier_history": list(one.tiers),
        "stage_transitions": list(one.stages),
        "points_lots": list(one.lots),
        "families": list(one.families),
    }


def member_tables(one: OneMember) -> tuple[Table, ...]:
    """The columns by group, then the dated facts."""
    money, described = Money(one.asked.dataset.currency), member_facts(one)["groups"]
    specs = {spec.name: spec for spec in one.profile.specs}
    tables = [
        Table(
            _TITLES.get(name, name.replace("_", " ").capitalize()),
            ("column", "value", "unit", "meaning"),
            tuple((column, *_shown(one, specs[column], said["value"], money)) for column, said in columns.items()),
        )
        for name, columns in described.items()
    ]
    if one.tiers:
        rows = tuple(
            (one.moment(change["at"]), change["from"], change["to"], _REASONS[ChangeReason(change["reason"])])
            for change in one.tiers
        )
        tables.append(Table("Tiers, by the programme's rules", ("from", "before", "tier", "why"), rows))
    if one.stages:
        stages = tuple((one.moment(change["at"]), change["from"], change["to"]) for change in one.stages)
        tables.append(Table("Stages", ("from", "before", "stage"), stages))
    if one.lots:
        lots = tuple(
            (one.moment(lot["earned_at"]), one.moment(lot["usable_at"]), one.moment(lot["ends_at"]) or "never",
             lot["points"], lot["left"])
            for lot in one.lots[:_MOST_ROWS]
        )  # fmt: skip
        tables.append(Table("Points that are left, what ends first on top",
                            ("earned", "usable from", "end", "earned points", "left"), lots))  # fmt: skip
    if one.families:
        chance = f"bought within {one.horizon_days:g} days"
        families = tuple(
            (family["family"], family["state"], one.day(family["last_at"]), one.day(family["due_from"]),
             one.day(family["overdue_from"]), family["probability"])
            for family in one.families[:_MOST_ROWS]
        )  # fmt: skip
        tables.append(Table("Families of products by the member's own clock, what is overdue or due on top",
                            ("family", "state", "last bought", "due from", "overdue from", chance),
                            families, formats={chance: ".1%"}))  # fmt: skip
    return tuple(tables)


def member_notes(one: OneMember) -> tuple[str, ...]:
    """Whose, as of when, in which time; and where the record and the rules differ."""
    notes = [f"Member {one.member_id} as of {one.asked.moment(one.asked.as_of)}; times are those of "
             f"{one.asked.timezone}."]  # fmt: skip
    by_rules = one.values().get("tier_by_rules")
    if one.recorded_tier is not None and by_rules is not None and one.recorded_tier != by_rules:
        notes.append(
            f"The retailer recorded the tier {one.recorded_tier}; the programme's rules give {by_rules}. Decisions go "
            "by the record."
        )
    if one.recorded is not None:
        notes += one.recorded.sentences()
    for name, rows in (("lots of points", one.lots), ("families", one.families)):
        if len(rows) > _MOST_ROWS:
            notes.append(f"{len(rows) - _MOST_ROWS:,} more {name} are in --json.")
    return tuple(notes)


def _shown(one: OneMember, spec: ColumnSpec, value: Value, money: Money) -> tuple[str | None, str, str]:
    """Value, unit and meaning for people."""
    if spec.names is not None or spec.unit in (Unit.YES_NO, Unit.EPOCH_SECONDS):
        unit = ""
    else:
        unit = money.unit if spec.unit is Unit.MINOR else str(spec.unit)
    if value is None:
        return None, unit, spec.meaning
    if spec.unit is Unit.EPOCH_SECONDS:
        return one.moment(int(value)), unit, spec.meaning
    if spec.unit is Unit.MINOR:
        return f"{money.major(float(value)):,.{decimals(money.currency)}f}", unit, spec.meaning
    return show_cell(value), unit, spec.meaning


def _tiers(facts: MemberFacts, rules: Rules) -> tuple[dict[str, Any], ...]:
    if rules.programme is None:
        return ()
    history = tier_history(tier_facts(facts, rules.programme, rules.tiers), rules.programme, as_of=facts.as_of)
    return tuple(
        {"at": at, "from": before or None, "to": after, "reason": reason}
        for at, before, after, reason in history.changes(0)
    )


def _stages(facts: MemberFacts, norms: AllNorms, rules: Rules) -> tuple[dict[str, Any], ...]:
    start = min(int(facts.joined_at[0]), facts.as_of)
    moved = stage_transitions(facts, Fitted(norms["lifecycle"], rules), start, facts.as_of + 1)
    return tuple(
        {"at": int(at), "from": STAGES[before].value, "to": STAGES[after].value}
        for at, before, after in zip(moved.at, moved.from_stage, moved.to_stage, strict=True)
    )


def _lots(facts: MemberFacts, norms: AllNorms, rules: Rules) -> tuple[dict[str, Any], ...]:
    if rules.programme is None or not rules.programme.points:
        return ()
    posting = post_member_points(facts, rules.programme, rules.tiers, recorded=norms["points"])
    lots = posting.closing.lots
    rows = np.flatnonzero((lots.left > 0) & (lots.expires_at > posting.closing.at))
    rows = rows[np.lexsort((lots.number[rows], lots.at[rows], lots.expires_at[rows]))]
    return tuple(
        {
            "earned_at": int(lots.at[row]),
            "usable_at": int(lots.usable_at[row]),
            "ends_at": None if lots.expires_at[row] >= NEVER else int(lots.expires_at[row]),
            "points": int(lots.points[row]),
            "left": int(lots.left[row]),
        }
        for row in rows
    )


def _families(facts: MemberFacts, norms: AllNorms, rules: Rules) -> tuple[dict[str, Any], ...]:
    pairs = due_pairs(facts, Fitted(norms["replenishment"], rules), facts.as_of)
    found = [
        {
            "family": facts.products.category_names[pairs.family[i]],
            "state": DUE_STATES[pairs.state[i]].value,
            "last_at": int(pairs.last_at[i]),
            "due_from": int(pairs.early_at[i]),
            "expected_at": int(pairs.due_at[i]),
            "overdue_from": int(pairs.late_at[i]),
            "probability": float(pairs.probability[i]),
        }
        for i in range(len(pairs))
    ]
    return tuple(sorted(found, key=lambda one: (_URGENCY.index(DueState(one["state"])), one["expected_at"])))
