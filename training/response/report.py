"""How what offers cause was learnt, for people: tables, sentences, and one name a figure for the tracking server."""

from collections.abc import Mapping
from typing import Any

from recsys.report import Table
from training.response.added_report import added_notes, added_tables, effect_warnings
from training.response.fit import CELLS, PRIOR, PROPENSITY, UPLIFT

Facts = Mapping[str, Any]


def response_tables(facts: Facts) -> tuple[Table, ...]:
    """What offers add; the learners in each group of offers; the chance of an order; facts of `Learnt.facts`."""
    tables = list(added_tables(facts))
    rows = tuple(row for group in facts["groups"] for row in _group_rows(group))
    if rows:
        columns = ("offers", "shown", "no offer", "learner", "qini", "low", "high", "slope", "chosen")
        title = "Do members differ in what offers cause? Qini: added orders a member, above showing at random"
        formats = dict.fromkeys(("qini", "low", "high"), "+.5f") | {"slope": ".2f"}
        tables.append(Table(title, columns, rows, spare=("slope", "shown", "no offer"), formats=formats))
    thirds = tuple(row for group in facts["groups"] for row in _third_rows(group))
    if thirds:
        title = "Is it true? Added orders as foretold and as measured, by thirds of members that were not learnt from"
        told = ("offers", "learner", "third", "foretold", "measured", "low", "high")
        signed = dict.fromkeys(told[3:], "+.4f")
        tables.append(Table(title, told, thirds, spare=("learner",), formats=signed))
    chance = facts["order_chance"]
    if "log_loss" in chance:
        lines = tuple(
            (name, loss, chance["calibration_error"][name], "used" if name == _used(chance) else "")
            for name, loss in chance["log_loss"].items()
        )
        title = f"Chance of an order without any offer: {chance['n_judged']:,} members in the last window"
        tables.append(Table(title, ("by", "log loss", "calibration error", ""), lines))
    return tuple(tables)


def response_notes(facts: Facts, prior_uplift: float) -> tuple[str, ...]:
    """What a reader must know of the effects in the bundle."""
    notes = [*effect_warnings(facts), learner_sentence(facts["learner"]), *added_notes(facts)]
    if any(group["qini"] for group in facts["groups"]):
        notes.append(
            "slope: how much of a difference between members that a learner foretells is there on members it never "
            "saw: 1 is all of it, 0.5 half, 0 or less none (noise)."
        )
    rest = facts["n_offers"] - facts["n_measured"]
    if rest:
        notes.append(
            f"Offers without a random no-offer arm: {rest}. What they cause is ASSUMED "
            f"(from offers like them, or {prior_uplift:g} more orders a showing), not measured."
        )
    shown = facts["exposures"]
    if shown["n_certain"]:
        notes.append(
            f"{shown['n_certain']:,} exposures have a logging propensity of 1: chance decided nothing there, so they "
            "count as not drawn at random."
        )
    if shown["n_campaigns_varying"]:
        notes.append(
            f"In {shown['n_campaigns_varying']:,} campaigns probabilities differ between members: they count for cells "
            "of stage and tier, not for members' own effects."
        )
    notes += [
        f"{group['name']}: {group['reason']}." for group in facts["groups"] if not group["qini"] and group["n_treated"]
    ]
    chance = facts["order_chance"]
    if not chance["applied"]:
        notes.append(f"The chance of an order without any offer is that of the member's rate: {chance['reason']}.")
    return tuple(notes)


def learner_sentence(learner: str) -> str:
    """What `Response.learner` means."""
    if learner.startswith(UPLIFT):
        name = learner.removeprefix(UPLIFT)
        return f"Effects of offers: measured by stage and tier, and members' own deviations by the learner {name}."
    return {
        CELLS: "Effects of offers: measured by stage and tier; members of one cell could not be told apart.",
        PROPENSITY: "Effects of offers are NOT measured: no exposure was drawn at random against no_offer. What is "
        "learnt is the propensity to redeem, never uplift; what offers add is assumed.",
        PRIOR: "Effects of offers are NOT measured: there are no exposures. What offers add is assumed.",
    }.get(learner, f"Effects of offers: {learner}.")


def response_metrics(facts: Facts) -> dict[str, float]:
    """One name a figure: ``response.any_offer.linear.qini``."""
    flat = {"response.n_measured": float(facts["n_measured"])}
    flat["response.n_campaigns_contradicted"] = float(len(facts["contradicted"]))
    flat["response.n_silent_arms"] = float(len(facts["silent_arms"]))
    measured = [one["mean"] for one in facts["added"] if one["measured"]]
    if measured:
        flat |= {"response.added.highest": max(measured), "response.added.lowest": min(measured)}
    flat |= {f"response.exposures.{name}": float(count) for name, count in facts["exposures"].items()}
    for group in facts["groups"]:
        name = group["name"].replace(",", "").replace(" ", "_")
        flat[f"response.{name}.spread"] = group["spread"]
        for learner, found in group["qini"].items():
            flat |= {f"response.{name}.{learner}.qini{end}": found[key] for end, key in _ENDS.items()}
    chance = facts["order_chance"]
    for way, loss in chance.get("log_loss", {}).items():
        flat[f"response.order_chance.{way}.log_loss"] = loss
        flat[f"response.order_chance.{way}.calibration_error"] = chance["calibration_error"][way]
    return flat


_THIRDS = ("lowest", "middle", "highest")
_ENDS = {"": "value", "_low": "low", "_high": "high"}


def _group_rows(group: Facts) -> list[tuple[Any, ...]]:
    return [
        (
            group["name"],
            group["n_treated"],
            group["n_control"],
            name,
            found["value"],
            found["low"],
            found["high"],
            found["slope"],
            group["reason"] if name == group["learner"] else "",
        )
        for name, found in group["qini"].items()
    ]


def _third_rows(group: Facts) -> list[tuple[Any, ...]]:
    """Of the chosen learner; the mean tells nobody apart, so it has none."""
    thirds = group["qini"].get(group["learner"], {}).get("thirds", [])
    names = _THIRDS if len(thirds) == len(_THIRDS) else tuple(str(place + 1) for place in range(len(thirds)))
    return [
        (group["name"], group["learner"], name, *(third[key] for key in ("foretold", "measured", "low", "high")))
        for name, third in zip(names, thirds, strict=True)
    ]


def _used(chance: Facts) -> str:
    return "learnt" if chance["applied"] else "rate"
