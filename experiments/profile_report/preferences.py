"""Where, when and what members buy, and how open they are to what they never had."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.profile_report.counting import Counts, by_code, in_classes, several, share
from experiments.profile_report.plots import PLAIN, Bar, Bars, Columns
from experiments.profile_report.sections import Absent, Block, PageSection, chart_of
from features.profile.build import Profile
from features.profile.facts import MemberFacts
from recsys.report import Table
from recsys.types import SECONDS_PER_DAY
from training.sections import Chart

TITLE = "Where, when and what do members buy?"
DAYS = 365
MOST_NAMES = 20
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY_OF_DAY_0 = 3  # 1970-01-01 was a Thursday
_NOT_RECORDED = "not recorded"
_OPENNESS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 1e9)
_OPENNESS_NAMES = ("0", "0.25", "0.5", "0.75", "1", "1.25", "1.5", "2")
_PRICE_BANDS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.01)


@dataclass(frozen=True, slots=True)
class Liking:
    """
    One channel, weekday, category or brand.

    Attributes:
        n: Orders, or order lines, of the days that the part says.
        paid_minor: For them.
        favourite_of: Members whose favourite it is; None where the profile does not say.
    """

    name: str
    n: int
    paid_minor: int
    favourite_of: int | None


@dataclass(frozen=True, slots=True)
class PreferencesPart:
    """
    What is bought in the last days.

    Attributes:
        days: Of the orders counted.
        channels, weekdays: By orders; a channel that is not recorded is the last, ``not recorded``.
        categories, brands: By order lines, the most first, at most MOST_NAMES.
        n_categories, n_brands: How many have a line.
        members_by_openness: Members with an order, by ``new_product_openness`` in the classes of the page.
        members_by_price_band: Likewise by ``price_band``, fifths from the cheapest.
    """

    days: int
    channels: tuple[Liking, ...]
    weekdays: tuple[Liking, ...]
    categories: tuple[Liking, ...]
    brands: tuple[Liking, ...]
    n_categories: int
    n_brands: int
    members_by_openness: Counts
    members_by_price_band: Counts


def preferences_part(facts: MemberFacts, profile: Profile) -> PreferencesPart | Absent:
    """Count the orders of a year and the favourites that the profile says."""
    since = facts.as_of - DAYS * SECONDS_PER_DAY
    orders, lines = facts.orders, facts.purchases
    of_order, of_line = orders.at >= since, lines.at >= since
    if not of_order.any():
        return Absent(f"Nobody ordered in the last {DAYS} days.")
    ordered = profile["recency_days"] >= 0 if "recency_days" in profile.columns else None
    weekday = (orders.day + _WEEKDAY_OF_DAY_0) % len(_WEEKDAYS)
    product = facts.products

    def counted(
        name: str, codes: NDArray[np.integer], names: tuple[str, ...], keep: NDArray[np.bool_], paid: NDArray[np.int64]
    ) -> tuple[Liking, ...]:
        return _likings(codes[keep], names, paid[keep], _favourites(profile, f"top_{name}", len(names), ordered))

    categories, brands = (
        counted(name, codes[lines.product], names, of_line, lines.paid_minor)
        for name, codes, names in (
            ("category", product.category, product.category_names),
            ("brand", product.brand, product.brand_names),
        )
    )
    return PreferencesPart(
        days=DAYS,
        channels=counted("channel", orders.channel, facts.terms.channel_names, of_order, orders.paid_minor),
        weekdays=counted("weekday", weekday, _WEEKDAYS, of_order, orders.paid_minor),
        categories=_most(categories[: len(product.category_names)]),
        brands=_most(brands[: len(product.brand_names)]),
        n_categories=sum(one.n > 0 for one in categories[: len(product.category_names)]),
        n_brands=sum(one.n > 0 for one in brands[: len(product.brand_names)]),
        members_by_openness=_classes(profile, "new_product_openness", _OPENNESS, ordered),
        members_by_price_band=_classes(profile, "price_band", _PRICE_BANDS, ordered),
    )


def preferences_section(part: PreferencesPart | Absent) -> PageSection:
    """A chart a dimension, and the two that are figures."""
    if isinstance(part, Absent):
        return PageSection("preferences", TITLE, part.reason)
    intro = (
        f"Orders and order lines of {part.days} days. A member's favourite has the largest share of what that member "
        "ever bought, recent purchases counting more; who bought little leans on the segment."
    )
    blocks: list[Block] = []
    missing = []
    for name, title, likings, unit in (
        ("channel", "Orders by channel", part.channels, "orders"),
        ("weekday", "Orders by weekday, local time", part.weekdays, "orders"),
        ("category", f"Order lines by category, {_of(part.categories, part.n_categories)}", part.categories, "lines"),
        ("brand", f"Order lines by brand, {_of(part.brands, part.n_brands)}", part.brands, "lines"),
    ):
        if any(one.n for one in likings if one.name != _NOT_RECORDED):
            blocks.append(_liking_chart(f"preferences-{name}", title, likings, unit))
        else:
            missing.append(name)
    if any(part.members_by_openness):
        blocks.append(_openness_chart(part))
    if any(part.members_by_price_band):
        blocks.append(_price_chart(part))
    if missing:
        blocks.append(f"Not recorded for any of these orders, so not shown: {', '.join(missing)}.")
    return PageSection("preferences", TITLE, intro, tuple(blocks))


def _likings(
    codes: NDArray[np.integer], names: tuple[str, ...], paid: NDArray[np.int64], favourites: tuple[int, ...] | None
) -> tuple[Liking, ...]:
    """By code; what has none comes last, where there is any."""
    n = len(names)
    known = np.where(codes >= 0, codes, n)
    counts, sums = by_code(known, n + 1), by_code(known, n + 1, paid)
    found = [
        Liking(name, int(counts[at]), int(sums[at]), None if favourites is None else favourites[at])
        for at, name in enumerate(names)
    ]
    if counts[n]:
        found.append(Liking(_NOT_RECORDED, int(counts[n]), int(sums[n]), None))
    return tuple(found)


def _most(likings: tuple[Liking, ...]) -> tuple[Liking, ...]:
    """The most bought."""
    return tuple(sorted((one for one in likings if one.n), key=lambda one: (-one.n, one.name))[:MOST_NAMES])


def _favourites(profile: Profile, column: str, n: int, ordered: NDArray[np.bool_] | None) -> tuple[int, ...] | None:
    if column not in profile.columns:
        return None
    codes = profile[column] if ordered is None else profile[column][ordered]
    return tuple(int(count) for count in by_code(codes, n))


def _classes(profile: Profile, column: str, edges: tuple[float, ...], ordered: NDArray[np.bool_] | None) -> Counts:
    if column not in profile.columns:
        return (0,) * (len(edges) - 1)
    return in_classes(profile[column] if ordered is None else profile[column][ordered], edges)


def _of(shown: tuple[Liking, ...], n: int) -> str:
    return f"the {len(shown)} with most of {n:,}" if n > len(shown) else "all"


def _liking_chart(name: str, title: str, likings: tuple[Liking, ...], unit: str) -> Chart:
    n, paid = sum(one.n for one in likings), sum(one.paid_minor for one in likings)
    table = Table(
        title,
        ("name", unit, f"share of {unit}", "share of spend", "favourite of members"),
        tuple((one.name, one.n, share(one.n, n), share(one.paid_minor, paid), one.favourite_of) for one in likings),
        formats={f"share of {unit}": ".1%", "share of spend": ".1%"},
    )
    rows = tuple(Bar(one.name, (float(one.n),)) for one in likings)
    reading = "Shares in the table are of what is shown. Favourites are counted over members who ever ordered."
    return chart_of(name, Bars(rows, (PLAIN,), unit), table, reading)


def _openness_chart(part: PreferencesPart) -> Chart:
    n, counted = sum(part.members_by_openness), zip(_OPENNESS_NAMES, part.members_by_openness, strict=True)
    table = Table(
        f"Openness to new products, {several(n, 'member')} who ever ordered",
        ("openness, from", "members", "share"),
        tuple((name, count, share(count, n)) for name, count in counted),
        formats={"share": ".1%"},
    )
    counts = (tuple(map(float, part.members_by_openness)),)
    plot = Columns(_OPENNESS_NAMES, counts, (PLAIN,), "openness, from (1 is usual)", "members")
    reading = "First-time products over what is usual after as many orders: 2 tries twice as many, 0.5 half as many."
    return chart_of("preferences-openness", plot, table, reading)


def _price_chart(part: PreferencesPart) -> Chart:
    n = sum(part.members_by_price_band)
    names = tuple(f"{low:.1f}" for low in _PRICE_BANDS[:-1])
    table = Table(
        f"Price level within categories, {several(n, 'member')} who ever ordered",
        ("price band, from", "members", "share"),
        tuple((name, count, share(count, n)) for name, count in zip(names, part.members_by_price_band, strict=True)),
        formats={"share": ".1%"},
    )
    counts = (tuple(map(float, part.members_by_price_band)),)
    plot = Columns(names, counts, (PLAIN,), "price band, from 0 (cheapest) to 1 (dearest)", "members")
    reading = "Which of the prices within a category a member pays; who bought little leans on the segment."
    return chart_of("preferences-price", plot, table, reading)
