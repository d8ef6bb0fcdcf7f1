"""An allocation in words and tables: budgets and what they are worth, tiers, and what fairness costs."""

from collections.abc import Mapping
from typing import Any

from recsys.offers.allocation.rows import COUNT, DISCOUNT
from recsys.report import Report, Table

_UNITS = {COUNT: "messages", DISCOUNT: "minor units"}
_SHORT = 1e-6


def report_of(facts: Mapping[str, Any]) -> Report:
    """What the terminal shows of an allocation's facts."""
    tables = []
    if facts["rows"]:
        rows = tuple(_line(row) for row in facts["rows"])
        columns = ("row", "of", "sense", "bound", "used", "share", "price of one more", "missing")
        formats = {"bound": ",.2f", "used": ",.2f", "share": ".1%", "missing": ",.2f"}
        tables.append(Table("Budgets, limits, fairness", columns, rows, spare=("of", "sense"), formats=formats))
    means = tuple(
        (one["tier"], one["members"], one["mean_without_fairness_minor"], one["mean_minor"]) for one in facts["tiers"]
    )
    title = "Expected discount a member, minor units"
    formats = {"without fairness": ",.2f", "with": ",.2f"}
    tables.append(Table(title, ("tier", "members", "without fairness", "with"), means, formats=formats))
    return Report(facts=facts, tables=tuple(tables), notes=tuple(_notes(facts)))


def _line(row: Mapping[str, Any]) -> tuple[Any, ...]:
    of = _UNITS.get(row["measure"], row["measure"])
    if row["share_asked"] is not None:
        asked, reached = row["share_asked"], row["share_reached"]
        filled = reached / asked if asked else None
        return row["name"], f"share of {of}", row["sense"], f"{asked:.1%}", f"{reached:.1%}", filled, row["price"], None
    filled = row["used"] / row["bound"] if row["bound"] > 0 else None
    return row["name"], of, row["sense"], row["bound"], row["used"], filled, row["price"], row["missing"] or None


def _notes(facts: Mapping[str, Any]) -> list[str]:
    currency = facts["currency"]
    notes = [
        f"{facts['out']}: {facts['offers_given']:,} offers for {facts['members_with_offers']:,} of "
        f"{facts['audience']['members']:,} members, worth {facts['value_minor']:,} {currency} minor units; nothing "
        f"that keeps these rows is worth more than {facts['bound_minor']:,} (gap {facts['gap']:.1e})."
    ]
    for row in facts["rows"]:
        if row["closed"]:
            notes.append(_closed(row))
        elif row["measure"] == DISCOUNT and row["sense"] == "<=" and not row["fairness"] and row["price"] > _SHORT:
            notes.append(f"{row['name']}: one more 1.00 of this budget is worth {row['price']:.2f}.")
        if row["missing"]:
            notes.append(
                f"{row['name']} is missed by {row['missing']:,.2f}: it reaches {row['used']:,.2f} of "
                f"{row['bound']:,.2f}, and {row['reachable']:,.2f} if it were the only row; lower it, or give it more."
            )
    if any(row["fairness"] for row in facts["rows"]):
        notes.append(f"Price of fairness: {facts['price_of_fairness']:.2%} of the value without it.")
        notes.append(f"Floors and parity hold in {facts['out']}/offers.csv only: no price of a decision keeps them.")
    if facts["days_left"] > 1:
        notes.append(f"Budgets and limits must last for {facts['days_left']} days; the bounds are today's part.")
    if facts["prices_served"]:
        notes.append("Decisions with this bundle and policy pay these prices from now on (shadow_prices.json).")
    else:
        notes.append("The prices are not served: they are those of an audience, and decisions are for everybody.")
    return notes


def _closed(row: Mapping[str, Any]) -> str:
    told = f"{row['name']} has room for nothing: its offers are priced so that nobody gets them at a discount"
    return f"{told}." if row["measure"] == DISCOUNT else f"{told}; what costs no discount is still decided for."
