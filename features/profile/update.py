"""A day later: only members of whom there is something new are computed again, the others are carried over."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import joined_columns, rows_of
from features.profile.build import AllNorms, Profile, names_of, summarise, view
from features.profile.facts import MemberFacts
from features.profile.group import NEXT_CHANGE_AT, Rules, Summary
from recsys.errors import InputError
from recsys.report import SILENT, Progress
from recsys.types import EpochSeconds, Instants

_TERMS = ("discount_minor", "offer", "channel", "store")
_BLOCKS = ("returns", "points", "grants", "redemptions", "visits")
_OF_MEMBERS = ("segment", "birth_month", "birth_day", "referred", "enrolled_at")
_OF_PRODUCTS = ("category", "brand", "cost_minor")


class _Dated(Protocol):
    @property
    def at(self) -> Instants: ...


@dataclass(frozen=True, slots=True)
class Updated:
    """
    A profile brought up to date.

    Attributes:
        profile: As of the end of the news; equal to one that is built from all facts.
        touched: Rows of the members computed again, ascending.
    """

    profile: Profile
    touched: NDArray[np.int64]


def update_profile(
    earlier: Profile,
    news: MemberFacts,
    *,
    past: MemberFacts,
    norms: AllNorms,
    rules: Rules,
    progress: Progress = SILENT,
) -> Updated:
    """
    The profile as of the end of the news, at a cost in proportion to the members they are about.

    Computed again are members with a fact in the news or who joined meanwhile, those of whom something undated is
    known otherwise now (a segment, the cost of what they bought), and those whose summary changes by itself in the
    meantime (an order falls out of a window, points expire, a tier is reviewed). All else is the arithmetic of `view`.

    Args:
        earlier: As of ``past.as_of``.
        news: The facts from then to ``news.as_of``, of the same members and products in the same rows. An order is in
            one of the two, and so is a day's visit: news begin at a local midnight at which no order is open.
        past: All facts before then; only those of touched members are read, so its arrays may be mapped files. Where
            products are known otherwise now, who bought them is looked up in all purchases.
        norms, rules: Those of *earlier*.
        progress: Told of every step.

    Raises:
        InputError: The three do not follow one another, are not about the same members or products, or the news know a
            segment, category, brand, channel or store that the past did not: then learn anew.
    """
    if not earlier.as_of == past.as_of < news.as_of or past.n_members != news.n_members:
        raise InputError(
            f"a profile as of {earlier.as_of} cannot go on with facts of {past.n_members} members until {past.as_of} "
            f"and news of {news.n_members} members until {news.as_of}; give the facts that it was built from, and "
            "what came after"
        )
    if names_of(past, rules) != names_of(news, rules):
        wrong = next(name for name, known in names_of(past, rules).items() if known != names_of(news, rules)[name])
        raise InputError(f"the news have other names of {wrong} than the past; read the past with them and build anew")
    progress.step("find whom the news are about")
    for what, then, now in (
        ("segments", past.n_segments, news.n_segments),
        ("products", len(past.products.category), len(news.products.category)),
    ):
        if then != now:
            raise InputError(f"the news know {now} {what} and the past {then}, so rows differ; learn and build anew")
    touched = _touched(earlier, past, news)
    some = joined(past.of_members(touched), news.of_members(touched))
    again = summarise(some, norms, rules, progress=progress)
    progress.step("say what holds now of everybody")
    summaries = {name: _with(summary, touched, again[name]) for name, summary in earlier.summaries.items()}
    return Updated(view(summaries, norms, news.as_of, rules, names=names_of(news, rules)), touched)


def joined(past: MemberFacts, news: MemberFacts) -> MemberFacts:
    """The facts of the same members before and after an instant at which no order was open, as one."""
    orders, place = joined_columns(past.orders, news.orders)
    row = np.empty(len(place), dtype=np.int32)
    row[place] = np.arange(len(place), dtype=np.int32)
    later = replace(news.purchases, order=news.purchases.order + np.int32(len(past.orders.member)))
    purchases, lines = joined_columns(past.purchases, later)
    terms: dict[str, Any] = {
        name: np.concatenate([getattr(past.terms, name), getattr(news.terms, name)])[lines] for name in _TERMS
    }
    return replace(
        news,
        # Who had not joined in the past has its end there.
        joined_at=np.where(past.joined_at < past.as_of, np.minimum(past.joined_at, news.joined_at), news.joined_at),
        purchases=replace(purchases, order=row[purchases.order]),
        terms=replace(news.terms, **terms),
        orders=orders,
        **{name: joined_columns(getattr(past, name), getattr(news, name))[0] for name in _BLOCKS},
    )


def split_at(facts: MemberFacts, at: EpochSeconds) -> tuple[MemberFacts, MemberFacts]:
    """The facts before an instant at which no order is open, and those from then on, of the same members."""
    before = facts.orders.at < at
    past = _part(facts, before, lambda one: one.at < at, at)
    return past, _part(facts, ~before, lambda one: one.at >= at, facts.as_of)


def _part(
    facts: MemberFacts, orders: NDArray[np.bool_], keep: Callable[[_Dated], NDArray[np.bool_]], as_of: EpochSeconds
) -> MemberFacts:
    lines = np.flatnonzero(orders[facts.purchases.order])
    purchases = rows_of(facts.purchases, lines)
    number = np.cumsum(orders, dtype=np.int32) - np.int32(1)
    blocks = {name: getattr(facts, name) for name in _BLOCKS}
    return replace(
        facts,
        as_of=as_of,
        as_of_day=int(facts.calendar.local_days(np.array([as_of]))[0]),
        joined_at=np.minimum(facts.joined_at, as_of),
        purchases=replace(purchases, order=number[purchases.order]),
        terms=rows_of(facts.terms, lines),
        orders=rows_of(facts.orders, np.flatnonzero(orders)),
        **{name: rows_of(block, np.flatnonzero(keep(block))) for name, block in blocks.items()},
    )


def _touched(earlier: Profile, past: MemberFacts, news: MemberFacts) -> NDArray[np.int64]:
    touched = news.joined_at >= earlier.as_of
    for name in _OF_MEMBERS:
        touched |= getattr(past, name) != getattr(news, name)
    otherwise = [getattr(past.products, name) != getattr(news.products, name) for name in _OF_PRODUCTS]
    changed = np.logical_or.reduce(otherwise)
    if changed.any():
        touched[past.purchases.member[changed[past.purchases.product]]] = True
    for name in ("orders", *_BLOCKS):
        touched[getattr(news, name).member] = True
    for summary in earlier.summaries.values():
        if NEXT_CHANGE_AT in summary:
            touched |= summary[NEXT_CHANGE_AT] <= news.as_of
    return np.flatnonzero(touched)


def _with(summary: Summary, rows: NDArray[np.int64], again: Summary) -> Summary:
    """The summary with some members' rows replaced."""
    changed = {key: values.copy() for key, values in summary.items()}
    for key, values in changed.items():
        values[rows] = again[key]
    return changed
