"""The command that asks what a member would be shown if something were different."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from recsys.decision import Decision
from recsys.differences import Moved
from recsys.report import Report, Table
from recsys.types import Relation
from recsys.what_if import Changes, WhatIf, what_if
from serving.decision_report import decision_notes, worth
from serving.one_decision import prepare
from serving.wire_what_if import encode_what_if

_SHOWN_TURNS = 20


def decide_what_if(
    workspace: Path,
    changes: Changes,
    *,
    member_id: str,
    placement: str | None,
    n: int | None,
    now: int | None,
    relation: Relation | None = None,
    products: tuple[str, ...] = (),
    language: str = "en",
) -> Report:
    """
    Both decisions side by side, and what changed; nothing is logged.

    Args:
        workspace: Where the published bundle, the policy and the store are.
        changes: What is different in the second decision.
        member_id, placement, n, now, relation, products, language: As of `serving.commands.decide`; of the first
            decision, and of the second where nothing else is said.

    Raises:
        InputError: A change names what there is not, or may not be made; or the policy has no such placement.
        BundleError: Nothing was published yet, or the bundle is broken.
        PolicyError: The policy is broken.
        StoreError: There is a store, and it does not answer.
    """
    prepared = prepare(
        workspace, member_id=member_id, placement=placement, n=n, now=now, explain=True, language=language,
        relation=relation, products=products,
    )  # fmt: skip
    found = what_if(prepared.served.engine, prepared.subject, prepared.context, changes)
    return what_if_report(found, currency=prepared.served.engine.knowledge.currency)


def what_if_report(found: WhatIf, *, currency: str) -> Report:
    """The report of `recsys decide` with a change: the two slates by position, then what changed and why."""
    tables = [_side_by_side(found.before, found.after)]
    changed = found.differences
    moves = (*changed.entered, *changed.left, *changed.moved)
    if moves:
        tables.append(_moves(moves))
    if changed.turned:
        rows = tuple((one.kind.value, one.before, one.after, one.n) for one in changed.turned[:_SHOWN_TURNS])
        tables.append(Table("Candidates that met another end", ("kind", "before", "after", "candidates"), rows))
    notes = [reason.text for reason in found.notes]
    if changed.offer_before is not None or changed.offer_after is not None:
        notes.append(f"offer: {changed.offer_before or 'not asked for'} -> {changed.offer_after or 'not asked for'}")
        before, after = (worth(one, None, currency) for one in (changed.value_before_minor, changed.value_after_minor))
        notes.append(f"offers shown are worth {before} -> {after}")
    notes += [f"before: {note}" for note in decision_notes(found.before, currency=currency)]
    notes += [f"after: {note}" for note in decision_notes(found.after, currency=currency)]
    notes.append("Neither decision was made: nothing is logged.")
    return Report(facts=orjson.loads(encode_what_if(found)), tables=tuple(tables), notes=tuple(notes))


def _side_by_side(before: Decision, after: Decision) -> Table:
    sides = [{item.position: item for item in decision.items} for decision in (before, after)]
    places = {(item.kind, item.id): item.position for item in before.items}
    rows = []
    for position in range(1, max((*sides[0], *sides[1]), default=0) + 1):
        left, right = (side.get(position) for side in sides)
        was = places.get((right.kind, right.id)) if right else None
        change = "" if right is None or was == position else "new" if was is None else f"from {was}"
        rows.append(
            (
                position,
                f"{left.id} {left.name}" if left else None,
                f"{right.id} {right.name}" if right else None,
                change,
            )
        )
    return Table("What is shown, and what would be", ("position", "before", "after", "change"), tuple(rows))


def _moves(moves: Sequence[Moved]) -> Table:
    rows = tuple(
        (
            one.kind.value,
            one.id,
            one.name,
            one.before,
            one.after,
            one.removed_by,
            one.reason.text if one.reason else None,
        )
        for one in moves
    )
    columns = ("kind", "id", "name", "before", "after", "rule", "why not in the other")
    return Table("What changes", columns, rows, spare=("name", "rule"))
