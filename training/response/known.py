"""What was known of a member at any instant, and no later: what chances and effects are learnt from."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, Instants
from training.response.due import due_families
from training.timeline import Orders, Timeline

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_WINDOWS = (28, 91, 365)
_RATE_DAYS = 90.0
"""Nothing is known of so many days more: a rate from a short past is pulled towards zero."""
_TRACE_WEIGHT = 4.0
"""What followed earlier exposures counts against so many in which nothing came out of the usual."""
_MOST_CHANNELS = 4
_MOST_GAPS = 10.0


@dataclass(frozen=True, slots=True)
class MemberPast:
    """
    The dated facts of all members of a dataset, laid out so that any instant can be looked up.

    Attributes:
        orders: By the instant of their last line.
        shown: Exposures to offers, without ``no_offer``.
        redeemed: Redemptions.
        followed: Exposures to offers by the end of their horizon: what came of them is known then.
        left_alone: The same of ``no_offer``.
        due_from, due_until: When families of products became due, and when they were no longer; see `due_families`.
        joined: Shape (n_members,), float64: epoch seconds; NaN where it is not known.
        kinds: Offer kinds that were ever shown.
        channels: Positions of channels that the share of orders is known of.
        names: Of the columns that `known_at` gives.
        horizon: Seconds.
    """

    orders: Timeline
    shown: Timeline
    redeemed: Timeline
    followed: Timeline
    left_alone: Timeline
    due_from: Timeline
    due_until: Timeline
    joined: Floats
    kinds: tuple[int, ...]
    channels: tuple[int, ...]
    names: tuple[str, ...]
    horizon: int

    @classmethod
    def of(cls, dataset: Dataset, horizon_days: float) -> "MemberPast":
        """Read it out of a dataset; *horizon_days* is how long an exposure is followed."""
        n, horizon = len(dataset.member_ids), round(horizon_days * SECONDS_PER_DAY)
        orders = Orders.of(dataset)
        names = dataset.terms.channel_names
        channels = tuple(range(len(names))) if 1 < len(names) <= _MOST_CHANNELS else ()
        columns: dict[str, NDArray[np.generic]] = {
            "paid": orders.paid_minor,
            "discount": orders.discount_minor,
            "discounted": orders.discount_minor > 0,
        }
        columns |= {f"channel_{code}": orders.channel == code for code in channels}
        line = Timeline.of(orders.member, orders.last_at, n_members=n, columns=columns)
        kind_of = np.array([OFFER_KINDS.index(kind) for kind in dataset.offers["kind"].to_list()] + [-1])
        exposed = _facts(dataset.exposures)
        kind = kind_of[exposed[2]]
        kinds = tuple(np.unique(kind[kind >= 0]).tolist())
        used = _facts(dataset.redemptions.filter(pl.col("offer") >= 0))
        due_from, due_until = due_families(dataset)
        joined = dataset.members["joined_at"].dt.epoch("s").cast(pl.Float64).fill_null(float("nan")).to_numpy()
        offered = exposed[2] >= 0
        traces = [
            Timeline.of(exposed[0][rows], exposed[1][rows] + horizon, n_members=n, columns={"surprise": surprise[rows]})
            for surprise in [_surprise(line, joined, exposed[0], exposed[1], horizon=horizon)]
            for rows in (offered, ~offered)
        ]
        return cls(
            orders=line,
            shown=_by_kind(exposed[0][offered], exposed[1][offered], kind[offered], kinds=kinds, n_members=n),
            redeemed=_by_kind(used[0], used[1], kind_of[used[2]], kinds=kinds, n_members=n),
            followed=traces[0],
            left_alone=traces[1],
            due_from=due_from,
            due_until=due_until,
            joined=joined,
            kinds=kinds,
            channels=channels,
            names=_names(kinds, tuple(names[code] for code in channels)),
            horizon=horizon,
        )


def known_at(past: MemberPast, member: Numbers, at: Instants) -> Floats:
    """
    What was known of members at instants, one line a pair.

    Everything is from facts strictly before the instant. Counts, days and money are logarithms of one more. Nothing
    about birth, sex or where somebody lives is among it.

    Args:
        past: Of the same dataset.
        member: Shape (n,), rows.
        at: Shape (n,), epoch seconds.

    Returns:
        Shape (n, len(past.names)), float64; NaN where nothing is known.
    """
    member, at = member.astype(np.int64), at.astype(np.int64)
    orders, place = past.orders, past.orders.place(member, at)
    n = orders.count(member, place).astype(np.float64)
    columns = [np.log1p(n)]
    begun = (orders.place(member, at - days * SECONDS_PER_DAY) for days in _WINDOWS)
    columns += [np.log1p((place - start).astype(np.float64)) for start in begun]
    last, first = orders.last_at(member, place), orders.first_at(member, place)
    silence = (at - last) / SECONDS_PER_DAY
    several = np.where(n > 1, n - 1, np.nan)
    gap = np.maximum((last - first) / several / SECONDS_PER_DAY, 1.0)
    some = np.where(n > 0, n, np.nan)
    paid, discount = orders.total("paid", member, place), orders.total("discount", member, place)
    columns += [
        np.log1p(silence),
        np.log(gap),
        np.minimum(silence / gap, _MOST_GAPS),
        _chance_by_rate(orders, past.joined, member, at, horizon=past.horizon),
        np.log1p(watched_days(orders, past.joined, member, at)),
        np.log1p(np.maximum(paid, 0.0) / some),
        orders.total("discounted", member, place) / some,
        discount / np.where(paid + discount > 0, paid + discount, np.nan),
        _due(past, member, at),
    ]
    columns += [orders.total(f"channel_{code}", member, place) / some for code in past.channels]
    return np.column_stack(columns + _contacts(past, member, at))


def watched_days(orders: Timeline, joined: Floats, member: Numbers, at: Instants) -> Floats:
    """Shape (n,): since joining or the first order, whichever was earlier; NaN where neither has been."""
    first = orders.first_at(member, orders.place(member, at))
    return np.maximum(at - np.fmin(joined[member], first), 0.0) / SECONDS_PER_DAY


def _chance_by_rate(orders: Timeline, joined: Floats, member: Numbers, at: Instants, *, horizon: int) -> Floats:
    """Shape (n,): of an order within the horizon, by the member's own rate of orders so far."""
    days = np.nan_to_num(watched_days(orders, joined, member, at))
    rate = orders.count(member, orders.place(member, at)) / (_RATE_DAYS + days)
    return np.asarray(-np.expm1(-rate * horizon / SECONDS_PER_DAY))


def _surprise(orders: Timeline, joined: Floats, member: Numbers, at: Instants, *, horizon: int) -> Floats:
    """Shape (n,): whether an order followed within the horizon, less the chance that the rate gave it."""
    ordered = orders.place(member, at + horizon) > orders.place(member, at)
    return ordered - _chance_by_rate(orders, joined, member, at, horizon=horizon)


def _contacts(past: MemberPast, member: Numbers, at: Instants) -> list[Floats]:
    shown, redeemed = past.shown, past.redeemed
    place, used = shown.place(member, at), redeemed.place(member, at)
    received = shown.count(member, place).astype(np.float64)
    lately = place - shown.place(member, at - 28 * SECONDS_PER_DAY)
    columns = [
        np.log1p(received),
        np.log1p(redeemed.count(member, used).astype(np.float64)),
        np.log1p(lately.astype(np.float64)),
        np.log1p((at - shown.last_at(member, place)) / SECONDS_PER_DAY),
    ]
    for kind in past.kinds:
        of_kind = shown.total(f"kind_{kind}", member, place)
        columns.append(redeemed.total(f"kind_{kind}", member, used) / (of_kind + 1.0))
    for trace in (past.followed, past.left_alone):
        known = trace.place(member, at)
        columns.append(trace.total("surprise", member, known) / (trace.count(member, known) + _TRACE_WEIGHT))
    return columns


def _due(past: MemberPast, member: Numbers, at: Instants) -> Floats:
    begun = past.due_from.count(member, past.due_from.place(member, at))
    over = past.due_until.count(member, past.due_until.place(member, at))
    return np.log1p((begun - over).astype(np.float64))


def _names(kinds: tuple[int, ...], channels: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "orders",
        *(f"orders_{days}_days" for days in _WINDOWS),
        "days_since_order",
        "mean_gap_days",
        "gaps_of_silence",
        "chance_by_rate",
        "watched_days",
        "mean_basket",
        "discounted_orders",
        "discount_share",
        "due_families",
        *(f"orders_in_{name}" for name in channels),
        "offers_received",
        "offers_redeemed",
        "contacts_28_days",
        "days_since_contact",
        *(f"redeemed_{OFFER_KINDS[kind]}" for kind in kinds),
        "followed_offers",
        "followed_none",
    )


def _facts(frame: pl.DataFrame) -> tuple[Numbers, Instants, Numbers]:
    member, at, offer = (frame[name].to_numpy().astype(np.int64) for name in ("member", "at", "offer"))
    return member, at, offer


def _by_kind(
    member: Numbers, at: Instants, kind: NDArray[np.integer], *, kinds: tuple[int, ...], n_members: int
) -> Timeline:
    return Timeline.of(member, at, n_members=n_members, columns={f"kind_{one}": kind == one for one in kinds})
