"""One decision for people: the slate, why nothing else, and what was chosen how."""

from collections import defaultdict
from datetime import UTC, datetime

import orjson

from recsys.decision import Decision, WhyNot
from recsys.report import Report, Table
from recsys.types import Relation
from serving.wire import encode_answer

_EXAMPLES = 3
_RELATIONS = {
    Relation.SIMILAR: "similar to",
    Relation.TOGETHER: "bought together with",
    Relation.COMPLETE: "what completes a basket of",
}
_WHOLE_FROM = 1_000


def decision_report(decision: Decision) -> Report:
    """
    The report of `recsys decide`.

    Args:
        decision: Made with ``explain``, it also says why not the others: by rule, with the count and a few examples;
            the facts hold every one of them.
    """
    items = tuple(
        (
            item.position,
            item.kind.value,
            item.id,
            item.name,
            _three_digits(item.score),
            item.source,
            "; ".join(reason.text for reason in item.reasons),
        )
        for item in decision.items
    )
    columns = ("position", "kind", "id", "name", "score", "source", "reasons")
    tables = [Table("Slate", columns, items, spare=("source", "kind"), formats={"score": ",.10g"})]
    if decision.why_not:
        tables.append(_why_not(decision.why_not))
    at = datetime.fromtimestamp(decision.decided_at, UTC).isoformat()
    notes = [f"{decision.answer.value} answer for {decision.placement} ({decision.channel.value}) at {at}"]
    if decision.relation is not None:
        notes.append(f"asked for: {_RELATIONS[decision.relation]} {', '.join(decision.product_ids) or 'nothing'}")
    if decision.offer_choice is not None:
        notes.append(
            f"offer: {decision.offer_choice}, chosen with logging propensity {decision.logging_propensity:.4f}"
        )
    if decision.experiment:
        notes.append(f"experiment {decision.experiment}, arm {decision.arm}")
    if decision.degraded:
        notes.append(f"degraded: {', '.join(decision.degraded)}")
    if decision.shortfall_reason:
        notes.append(f"fewer than asked for: {decision.shortfall_reason}")
    return Report(facts=orjson.loads(encode_answer(decision)), tables=tuple(tables), notes=tuple(notes))


def _why_not(removed: tuple[WhyNot, ...]) -> Table:
    ids: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in removed:
        ids[one.kind.value, one.rule].append(one.id)
    ordered = sorted(ids.items(), key=lambda pair: (pair[0][0], -len(pair[1]), pair[0][1]))
    rows = tuple(
        (kind, rule, len(found), ", ".join(found[:_EXAMPLES]) + (", ..." if len(found) > _EXAMPLES else ""))
        for (kind, rule), found in ordered
    )
    return Table(
        "Why not the others, by the first rule that removed them", ("kind", "rule", "removed", "such as"), rows
    )


def _three_digits(score: float) -> float:
    """Chances are small and values of offers large: three digits that count, and never fewer than the whole units."""
    return float(f"{score:.3g}") if abs(score) < _WHOLE_FROM else float(round(score))
