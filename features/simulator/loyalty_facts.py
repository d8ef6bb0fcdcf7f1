"""What a programme records besides purchases: birthdays, returns and points for other things than buying."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.simulator.columns import chosen, fixed_ids, instants
from features.simulator.facts import joined_seconds, member_ids
from features.simulator.people import People
from features.simulator.world import World
from recsys.types import SECONDS_PER_DAY

_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_RETURNED, _MAX_RETURN_DAYS = 0.02, 20
_OPEN_S, _OPEN_FOR_S = 8 * 3_600, 14 * 3_600
_SIGN_INS, _SIGN_IN_POINTS = 0.6, 5  # expected a member over the whole history
_REFERRAL, _REFERRAL_POINTS = 0.03, 100
_KINDS = ("sign_in", "referral")


def birth_days(birth_month: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Shape (n_members,): day of the birth month, 29 February among them; 0 where the month is 0, that is not told."""
    days: NDArray[np.int64] = _MONTH_DAYS[birth_month]
    return np.where(days > 0, rng.integers(0, np.maximum(days, 1)) + 1, 0)


def returns_frame(world: World, purchases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """
    The returns table of one cohort, in the order of its purchases: a line comes back once at most.

    About two lines in a hundred come back 1 to 20 days later within the opening hours, half of those with several
    units in part; what was paid is paid back, in part a share of it rounded down. What would come back at or after the
    end of the history has not come back yet.
    """
    n = purchases.height
    comes_back, in_part = rng.random(n) < _RETURNED, rng.random(n) < 0.5
    days, second = rng.integers(1, _MAX_RETURN_DAYS + 1, n), _OPEN_S + rng.integers(0, _OPEN_FOR_S, n)
    units = purchases["quantity"].to_numpy().astype(np.int64)
    some = 1 + (rng.random(n) * (units - 1)).astype(np.int64)
    quantity = np.where(in_part & (units > 1), some, units)
    bought_at = purchases["purchased_at"].dt.epoch("s").to_numpy()
    returned_at = bought_at // SECONDS_PER_DAY * SECONDS_PER_DAY + days * SECONDS_PER_DAY + second
    paid = purchases["paid_minor"].to_numpy().astype(np.int64)
    returned = np.flatnonzero(comes_back & (returned_at < world.calendar.now))
    lines = purchases[returned]
    return pl.DataFrame({
        "return_id": "b" + lines["purchase_id"].str.slice(1),
        "purchase_id": lines["purchase_id"],
        "member_id": lines["member_id"],
        "quantity": pl.Series(quantity[returned], dtype=pl.Int32),
        "refund_minor": (paid * quantity // units)[returned],
        "returned_at": instants(returned_at[returned]),
    })  # fmt: skip


def points_entries_frame(
    world: World, people: People, number: NDArray[np.int64], rng: np.random.Generator
) -> pl.DataFrame:
    """
    The points entries of one cohort, sorted by member: a few sign-ins and referrals.

    They lie between joining, or the beginning of the history, and leaving, or its end. The balance in the members table
    does not hold them: it is what purchases earned and redemptions took.
    """
    calendar = world.calendar
    first = np.maximum(joined_seconds(world, people, number), calendar.start)
    last = np.minimum(calendar.start + people.left * SECONDS_PER_DAY, calendar.now)
    n_sign_ins, n_referrals = rng.poisson(_SIGN_INS, len(people)), rng.random(len(people)) < _REFERRAL
    counts = np.where(first < last, np.stack([n_sign_ins, n_referrals]), 0)
    member = np.repeat(np.arange(len(people)), counts.sum(axis=0))
    ordinal = np.arange(len(member)) - np.searchsorted(member, member)
    kind = (ordinal >= counts[0][member]).astype(np.int64)
    at = first[member] + (rng.random(len(member)) * (last - first)[member]).astype(np.int64)
    return pl.DataFrame({
        "entry_id": fixed_ids("g", (number[member], 8), "-", (ordinal + 1, 3)),
        "member_id": member_ids(number[member]),
        "kind": chosen(_KINDS, kind),
        "points": np.array([_SIGN_IN_POINTS, _REFERRAL_POINTS])[kind],
        "order_id": pl.repeat(None, len(member), dtype=pl.String, eager=True),
        "occurred_at": instants(at),
    })  # fmt: skip
