"""What offers add as a table for people, and the warnings that must be read before it is believed."""

from collections.abc import Mapping
from typing import Any

from recsys.report import Table
from training.response.added import IMPLAUSIBLE

Facts = Mapping[str, Any]

MOST_LINES = 30
_NAMED = 10
_TOLD = 3
_LOOK = "look at the log before you believe this"


def added_tables(facts: Facts) -> tuple[Table, ...]:
    """One table of at most MOST_LINES offers, the largest effect first; none without offers."""
    added = facts.get("added", [])
    if not added:
        return ()
    columns = ("offer", "drawn", "adds", "sd", "low", "high", "redeemed", "effect is", "borrowed")
    shown = added if len(added) <= MOST_LINES else added[: MOST_LINES - 1]
    rows = [
        (
            one["offer"],
            one["n_drawn"],
            *(one[name] for name in ("mean", "sd", "low", "high", "redeemed")),
            "measured" if one["measured"] else "ASSUMED",
            one["borrowed"],
        )
        for one in shown
    ]
    if len(shown) < len(added):
        rows.append((f"and {len(added) - len(shown)} more", *[""] * (len(columns) - 1)))
    title = f"What offers add: probability of an order within {facts['horizon_days']:g} days, mean over all members"
    formats = dict.fromkeys(("adds", "low", "high"), "+.4f") | {"redeemed": ".1%", "borrowed": ".0%"}
    return (Table(title, columns, tuple(rows), spare=("sd", "borrowed", "drawn"), formats=formats),)


def added_notes(facts: Facts) -> tuple[str, ...]:
    """How the table is read, and which offers are assumed, by name."""
    added = facts.get("added", [])
    if not added:
        return ()
    notes = [
        "What offers add: low and high are a 95 % interval; redeemed is a share of all showings; borrowed is the share "
        "of the added orders that is missing afterwards; drawn are showings that chance decided."
    ]
    assumed = [one["offer"] for one in added if not one["measured"]]
    if assumed:
        notes.append(f"Assumed, not measured: {_listed(assumed)}.")
    return tuple(notes)


def effect_warnings(facts: Facts) -> tuple[str, ...]:
    """What makes the effects, or some, hard to believe; nothing for facts of versions that did not look."""
    found = [
        f"WARNING: campaign {one['campaign']} is left out of what is measured: its log contradicts itself. "
        f"{one['arm']} has {one['share']:.1%} of {one['n']:,} exposures, its logged probability gives "
        f"{one['expected']:.1%} (p = {one['p_value']:.1g}). Find out which rows are missing, or how it was logged."
        for one in facts.get("contradicted", [])[:_TOLD]
    ]
    rest = [one["campaign"] for one in facts.get("contradicted", [])[_TOLD:]]
    if rest:
        found.append(f"WARNING: {len(rest)} more campaigns are left out for the same reason: {_listed(rest)}.")
    silent = facts.get("silent_arms", [])
    found += [
        f"WARNING: nobody of the {one['n']:,} in arm {one['arm']} of campaign {one['campaign']} ordered, against "
        f"{one['rate_of_others']:.1%} orders in the other arms; are its orders missing? {_LOOK.capitalize()}."
        for one in silent[:_TOLD]
    ]
    if len(silent) > _TOLD:
        found.append(f"WARNING: {len(silent) - _TOLD} more arms are without any order.")
    odd = [f"{one['offer']} {one['mean']:+.2f}" for one in facts.get("added", []) if abs(one["mean"]) > IMPLAUSIBLE]
    if odd:
        found.append(
            f"WARNING: effects beyond {IMPLAUSIBLE:g} orders a showing are implausible ({_listed(odd)}): {_LOOK}."
        )
    return tuple(found)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
