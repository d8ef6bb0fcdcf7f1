"""What member features are made of: everything dated of all members, or of some, strictly before an instant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import text_codes
from features.profile.blocks import (
    POINTS_KINDS,
    GrantFacts,
    OrderFacts,
    PointsFacts,
    ProductFacts,
    RedemptionFacts,
    ReturnFacts,
    VisitFacts,
    rows_of,
    taken,
)
from features.purchases import Purchases, PurchaseTerms
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.types import OFFER_KINDS, UNKNOWN_ROW, EpochSeconds, Instants, MoneyMinor, OfferKind, Rows


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """
    Everything that features of members may use, strictly before an instant.

    Attributes:
        as_of: Epoch seconds; the first instant that is not in the facts.
        as_of_day: Its local day: days since 1970-01-01.
        calendar: Local days of the programme's time zone.
        n_members: How many members; row i is row i of the dataset's ids, or of the rows that `of_members` was given.
        joined_at: Shape (n_members,): as recorded, or the first order, whichever is earlier; ``as_of`` where neither is
            known.
        joined_known: Shape (n_members,), bool: the day of joining is recorded.
        enrolled_at: Shape (n_members,): joining as recorded, be there earlier orders or not; -1 where it is not.
        birth_month, birth_day: Shape (n_members,), int8; 0 where unknown.
        referred: Shape (n_members,), bool: another member is told to have brought them.
        segment: Shape (n_members,), int32; UNKNOWN_ROW where there is none.
        n_segments: How many segments there are.
        purchases, terms: The order lines, sorted by member and instant, and how each was bought.
        orders: The orders.
        returns, points, grants, redemptions, visits: Further dated facts.
        products: What was bought.
    """

    as_of: EpochSeconds
    as_of_day: int
    calendar: ProgrammeCalendar
    n_members: int
    joined_at: Instants
    joined_known: NDArray[np.bool_]
    enrolled_at: Instants
    birth_month: NDArray[np.int8]
    birth_day: NDArray[np.int8]
    referred: NDArray[np.bool_]
    segment: Rows
    n_segments: int
    purchases: Purchases
    terms: PurchaseTerms
    orders: OrderFacts
    returns: ReturnFacts
    points: PointsFacts
    grants: GrantFacts
    redemptions: RedemptionFacts
    visits: VisitFacts
    products: ProductFacts

    @classmethod
    def of(cls, dataset: Dataset, calendar: ProgrammeCalendar) -> "MemberFacts":
        """The facts of a dataset, as of its cut-off; *calendar* tells its local days."""
        n_members = len(dataset.member_ids)
        redemptions = _redemptions(dataset)
        orders = order_facts(dataset.purchases, dataset.terms, redemptions, calendar)
        segment, names = text_codes(dataset.members["segment"])
        joined = dataset.members["joined_at"].dt.epoch("s")
        known = joined.is_not_null().to_numpy()
        first = np.full(n_members, dataset.cut_off, dtype=np.int64)
        starts = np.flatnonzero(np.diff(orders.member, prepend=-1))
        first[orders.member[starts]] = orders.at[starts]
        category, category_names = text_codes(dataset.products["category"])
        brand, brand_names = text_codes(dataset.products["brand"])
        return cls(
            as_of=dataset.cut_off,
            as_of_day=int(calendar.local_days(np.array([dataset.cut_off]))[0]),
            calendar=calendar,
            n_members=n_members,
            joined_at=np.minimum(joined.fill_null(dataset.cut_off).to_numpy().astype(np.int64), first),
            joined_known=known,
            enrolled_at=joined.fill_null(-1).to_numpy().astype(np.int64),
            birth_month=_small(dataset.members["birth_month"]),
            birth_day=_small(dataset.members["birth_day"]),
            referred=dataset.members["referred"].fill_null(False).to_numpy(),
            segment=segment,
            n_segments=len(names),
            purchases=dataset.purchases,
            terms=dataset.terms,
            orders=orders,
            returns=_returns(dataset.returns),
            points=_points(dataset.points_entries),
            grants=_grants(dataset.tier_changes, dataset.tiers),
            redemptions=redemptions,
            visits=_visits(dataset.events, calendar),
            products=ProductFacts(
                category,
                brand,
                category_names,
                brand_names,
                dataset.products["cost_minor"].cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64),
            ),
        )

    def of_members(self, rows: NDArray[np.integer]) -> "MemberFacts":
        """The facts of some members, ascending rows without repeats, who are rows 0, 1, ... of the answer."""
        purchases, lines = taken(self.purchases, rows)
        orders, kept_orders = taken(self.orders, rows)
        number = np.searchsorted(kept_orders, purchases.order).astype(np.int32)
        return replace(
            self,
            n_members=len(rows),
            joined_at=self.joined_at[rows],
            joined_known=self.joined_known[rows],
            enrolled_at=self.enrolled_at[rows],
            birth_month=self.birth_month[rows],
            birth_day=self.birth_day[rows],
            referred=self.referred[rows],
            segment=self.segment[rows],
            purchases=replace(purchases, order=number),
            terms=rows_of(self.terms, lines),
            orders=orders,
            returns=taken(self.returns, rows)[0],
            points=taken(self.points, rows)[0],
            grants=taken(self.grants, rows)[0],
            redemptions=taken(self.redemptions, rows)[0],
            visits=taken(self.visits, rows)[0],
        )


def order_facts(
    purchases: Purchases, terms: PurchaseTerms, redemptions: RedemptionFacts, calendar: ProgrammeCalendar
) -> OrderFacts:
    """The orders that lines belong to; lines are sorted by member and instant, and orders numbered as they appear."""
    n, number = purchases.n_orders, purchases.order
    first = np.full(n, len(purchases), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(purchases)))
    member, at = purchases.member[first], purchases.at[first]
    day = calendar.local_days(at)
    named = terms.offer != UNKNOWN_ROW
    redeemed = _day_keys(redemptions.member, calendar.local_days(redemptions.at))
    coupon = np.bincount(number[named], minlength=n).astype(np.bool_) | np.isin(_day_keys(member, day), redeemed)
    return OrderFacts(
        member=member,
        at=at,
        day=day,
        paid_minor=_sums(number, purchases.paid_minor, n),
        discount_minor=_sums(number, terms.discount_minor, n),
        coupon=coupon,
        coupon_minor=_sums(number[named], terms.discount_minor[named], n),
        n_lines=np.bincount(number, minlength=n).astype(np.int32),
        channel=terms.channel[first],
        store=terms.store[first],
    )


def _day_keys(member: Rows, day: NDArray[np.int32]) -> NDArray[np.int64]:
    return (member.astype(np.int64) << 32) + day


def _sums(number: NDArray[np.int32], amounts: MoneyMinor, n: int) -> MoneyMinor:
    # Exact: an order's amount is far below 2**53 minor units.
    return np.bincount(number, weights=amounts, minlength=n).astype(np.int64)


def _small(column: pl.Series) -> NDArray[np.int8]:
    return column.fill_null(0).to_numpy().astype(np.int8)


def _ints(column: pl.Series, missing: int = 0) -> NDArray[np.int64]:
    return column.cast(pl.Int64).fill_null(missing).to_numpy().astype(np.int64)


def _member(frame: pl.DataFrame) -> Rows:
    return frame["member"].to_numpy().astype(np.int32)


def _redemptions(dataset: Dataset) -> RedemptionFacts:
    frame = dataset.redemptions.sort("member", "at", "redemption_id")
    code_of = {kind.value: code for code, kind in enumerate(OFFER_KINDS)}
    kinds = np.array([code_of[OfferKind(kind)] for kind in dataset.offers["kind"].to_list()] + [-1], dtype=np.int8)
    offer = frame["offer"].to_numpy()
    return RedemptionFacts(_member(frame), _ints(frame["at"]), kinds[offer], _ints(frame["discount_minor"]))


def _returns(frame: pl.DataFrame) -> ReturnFacts:
    product = frame["product"].to_numpy().astype(np.int32)
    bought_at, refund_minor = _ints(frame["bought_at"]), _ints(frame["refund_minor"])
    return ReturnFacts(_member(frame), _ints(frame["at"]), product, bought_at, refund_minor)


def _points(frame: pl.DataFrame) -> PointsFacts:
    return PointsFacts(_member(frame), _ints(frame["at"]), _codes(frame["kind"], POINTS_KINDS), _ints(frame["points"]))


def _grants(frame: pl.DataFrame, tiers: tuple[str, ...]) -> GrantFacts:
    """One a member and second: merged cards may hold two tiers from one midnight on, and the higher one stands."""
    member, at, tier = _member(frame), _ints(frame["at"]), _codes(frame["tier"], tiers)
    order = np.lexsort((tier, at, member))
    member, at, tier = member[order], at[order], tier[order]
    last = np.append((member[1:] != member[:-1]) | (at[1:] != at[:-1]), np.ones(min(1, len(at)), dtype=np.bool_))
    return GrantFacts(member[last], at[last], tier[last])


def _codes(names: pl.Series, known: Sequence[str]) -> NDArray[np.int8]:
    """Shape (n,): position of each name among the known ones."""
    codes = {name: code for code, name in enumerate(known)}
    return names.cast(pl.String).replace_strict(codes, return_dtype=pl.Int8).to_numpy()


def _visits(events: pl.DataFrame, calendar: ProgrammeCalendar) -> VisitFacts:
    day = calendar.local_days(events["at"].to_numpy())
    first = (
        events.select("member", "at")
        .with_columns(day=day)
        .group_by("member", "day")
        .agg(pl.col("at").min())
        .sort("member", "at")
    )
    return VisitFacts(_member(first), _ints(first["at"]))
