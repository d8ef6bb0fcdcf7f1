"""One decision for people: the slate, why nothing else, what offers are worth, and what was chosen how."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import orjson

from recsys.decision import Candidate, Decision, Economics, Multiplier
from recsys.loyalty.currencies import decimals
from recsys.report import Report, Table
from recsys.types import ItemKind, Relation
from recsys.why_not import WhySection, section_name
from serving.wire_bytes import encode_answer

_EXAMPLES = 3
_MOST_OFFERS = 15
_RELATIONS = {
    Relation.SIMILAR: "similar to",
    Relation.TOGETHER: "bought together with",
    Relation.COMPLETE: "what completes a basket of",
}
_WHOLE_FROM = 1_000


def decision_report(
    decision: Decision, *, currency: str, language: str = "en", shortfall: str = "", unknown: Sequence[str] = ()
) -> Report:
    """
    The report of `recsys decide`.

    Args:
        decision: Made with ``explain``, it also says why not the others: by what kept them out, with the count and a
            few examples; the facts hold every one of them.
        currency: Of the bundle.
        language: Of sections and reasons; that of the decision.
        shortfall: Why fewer than asked for, in words.
        unknown: Ids of products in the question that the bundle does not know.
    """
    tables = [slate_table("Slate", decision, currency=currency)]
    if decision.candidates:
        offers = [one for one in decision.candidates if one.kind is ItemKind.OFFER and one.removed_by is None]
        tables += [_offers(offers, currency)] if offers else []
        left_out = [one for one in decision.candidates if one.position is None]
        tables += [_why_not(left_out, language)] if left_out else []
    notes = list(decision_notes(decision, currency=currency, shortfall=shortfall))
    if unknown:
        notes.append(f"not in the bundle, so passed over: {', '.join(unknown)}")
    return Report(facts=orjson.loads(encode_answer(decision)), tables=tuple(tables), notes=tuple(notes))


def slate_table(title: str, decision: Decision, *, currency: str) -> Table:
    """What is shown, by position; what offers are worth, and levers, where there are any."""
    levers = {(one.kind, one.id): one.multipliers for one in decision.candidates or () if one.multipliers}
    rows = tuple(
        (
            item.position,
            item.kind.value,
            item.id,
            item.name,
            three_digits(item.score),
            item.source,
            "; ".join([*(reason.text for reason in item.reasons), *([item.gap.text] if item.gap else [])]),
            worth(item.value_minor, item.value_sd_minor, currency) or None,
            _multiplied(levers.get((item.kind, item.id), ())) or None,
        )
        for item in decision.items
    )
    columns = ("position", "kind", "id", "name", "score", "source", "reasons", "worth", "multipliers")
    used = [at for at, name in enumerate(columns) if at < 7 or any(row[at] is not None for row in rows)]
    return Table(
        title,
        tuple(columns[at] for at in used),
        tuple(tuple(row[at] for at in used) for row in rows),
        spare=("source", "kind"),
        formats={"score": ",.10g"},
    )


def decision_notes(decision: Decision, *, currency: str, shortfall: str = "") -> Iterable[str]:
    """What a decision says of itself, as sentences; its shortfall in words where they are given."""
    at = datetime.fromtimestamp(decision.decided_at, UTC).isoformat()
    yield f"{decision.answer.value} answer for {decision.placement} ({decision.channel.value}) at {at}"
    if decision.relation is not None:
        yield f"asked for: {_RELATIONS[decision.relation]} {', '.join(decision.product_ids) or 'nothing'}"
    if decision.offer_choice is not None:
        yield f"offer: {decision.offer_choice}, chosen with logging propensity {decision.logging_propensity:.4f}"
    if decision.economics:
        yield _saved(decision.economics, currency)
    if decision.experiment:
        yield f"experiment {decision.experiment}, arm {decision.arm}"
    if decision.degraded:
        yield f"degraded: {', '.join(decision.degraded)}"
    if decision.shortfall_reason:
        yield f"fewer than asked for: {shortfall or decision.shortfall_reason}"


def _saved(economics: Economics, currency: str) -> str:
    kind = economics.response_class.value.replace("_", " ")
    basis = "" if economics.measured else " (assumed: what it adds was never measured)"
    told = f"to {economics.offer_id} the member is a {kind}{basis}"
    if not economics.discount_avoided_minor and not economics.depth_saved_bp:
        return f"{told}; nothing deeper than the choice was eligible"
    discount, deadweight = (
        worth(amount, None, currency)
        for amount in (economics.discount_avoided_minor, economics.deadweight_avoided_minor)
    )
    return (
        f"{told}; the deepest eligible offer, {economics.deepest_offer_id}, is expected to cost {discount} more in "
        f"discount, {deadweight} of it on orders that come anyway, and is deeper by {economics.depth_saved_bp / 100:g} "
        "points of a usual order"
    )


def worth(value_minor: int | None, sd_minor: int | None, currency: str) -> str:
    """
    Minor units as money with its standard deviation; empty for what has no value.

    >>> worth(1234, 56, "GBP"), worth(-70, None, "JPY"), worth(None, None, "GBP")
    ('12.34 ± 0.56 GBP', '-70 JPY', '')
    """
    if value_minor is None:
        return ""
    digits = decimals(currency)
    spread = "" if sd_minor is None else f" ± {sd_minor / 10**digits:,.{digits}f}"
    return f"{value_minor / 10**digits:,.{digits}f}{spread} {currency}"


def three_digits(score: float) -> float:
    """Chances are small and values of offers large: three digits that count, and never fewer than the whole units."""
    return float(f"{score:.3g}") if abs(score) < _WHOLE_FROM else float(round(score))


def _offers(offers: Sequence[Candidate], currency: str) -> Table:
    rows = tuple(
        (
            one.id,
            one.name,
            worth(one.value_minor, one.value_sd_minor, currency),
            _multiplied(one.multipliers) or None,
            worth(round(one.score), None, currency),
            one.logging_propensity,
            f"position {one.position}" if one.reason is None else one.reason.text,
        )
        for one in offers[:_MOST_OFFERS]
    )
    more = f", the best {_MOST_OFFERS} of {len(offers)}" if len(offers) > _MOST_OFFERS else ""
    columns = ("id", "name", "worth", "multipliers", "compared by", "propensity", "became")
    return Table(f"Offers that no rule removed{more}", columns, rows, spare=("name",))


def _why_not(left_out: Sequence[Candidate], language: str) -> Table:
    found: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in left_out:
        assert one.reason is not None
        assert one.section is not None
        section = section_name(WhySection(one.section), language)
        found[one.kind.value, one.removed_by or one.reason.code, section, one.reason.text].append(one.id)
    ordered = sorted(found.items(), key=lambda pair: (pair[0][0], -len(pair[1]), pair[0][1]))
    rows = tuple(
        (kind, rule, len(ids), ", ".join(ids[:_EXAMPLES]) + (", ..." if len(ids) > _EXAMPLES else ""), section, text)
        for (kind, rule, section, text), ids in ordered
    )
    columns = ("kind", "by", "left out", "such as", "section", "why")
    return Table("Why not the others, by the first rule that removed them or what chose others", columns, rows)


def _multiplied(levers: Sequence[Multiplier]) -> str:
    return ", ".join(f"{lever.rule} x {lever.factor:g}" for lever in levers)
