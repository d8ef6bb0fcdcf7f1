"""What returns take of the points that the returned lines earned."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.facts import MemberFacts
from recsys.loyalty.claw_backs import ReturnedParts, points_clawed
from recsys.loyalty.earning import Earned
from recsys.loyalty.exact import running_sums
from recsys.loyalty.points_facts import Reason, Takings

_KEY = ["member", "at", "product"]


def claw_backs(facts: MemberFacts, earned: Earned) -> Takings:
    """
    What each return takes, out of the lot of its order.

    A return knows the product and the instant of its purchase, so all lines of one member, product and instant are as
    one. Where they are of several orders, as with receipts that know only their day, the points of the first order go
    first: no lot gives back more than these lines earned in it.

    Args:
        facts: Of the members.
        earned: Of their orders, lines in the order of orders.
    """
    bought, returned = _bought(facts, earned), facts.returns
    parts = bought.group_by("line", *_KEY, maintain_order=True).agg(pl.col("points").sum(), pl.col("paid").sum())
    came_back = pl.DataFrame(
        {
            "member": returned.member,
            "at": returned.bought_at,
            "product": returned.product,
            "returned_at": returned.at,
            "refund": returned.refund_minor,
        }
    ).join(parts, on=_KEY, how="inner", maintain_order="left")
    line, at = _int64(came_back["line"]), _int64(came_back["returned_at"])
    points = points_clawed(
        ReturnedParts(line, at, _int64(came_back["refund"])),
        line_points=_int64(parts["points"]),
        amount_minor=_int64(parts["paid"]),
    )
    piece, order, taken = _by_order(line, at, points, bought)
    return Takings(
        member=came_back["member"].to_numpy()[piece].astype(np.int32),
        at=at[piece],
        points=taken,
        number=len(facts.points.member) + len(facts.redemptions.member) + np.arange(len(piece), dtype=np.int64),
        reason=np.full(len(piece), Reason.RETURN, dtype=np.uint8),
        lot=order,
        order=order,
    )


def _bought(facts: MemberFacts, earned: Earned) -> pl.DataFrame:
    """Lines of which something may have come back: key, order, points, paid, and line, the number of the key."""
    purchases, returns = facts.purchases, facts.returns
    lines = np.argsort(purchases.order, kind="stable")
    instants = pl.DataFrame({"member": returns.member, "at": returns.bought_at}).unique().lazy()
    return (
        pl.LazyFrame(
            {
                "member": purchases.member[lines],
                "at": purchases.at[lines],
                "product": purchases.product[lines],
                "order": purchases.order[lines].astype(np.int64),
                "points": earned.line_points,
                "paid": purchases.paid_minor[lines],
            }
        )
        .join(instants, on=["member", "at"], how="semi")
        .sort(*_KEY, "order", "points", "paid")
        .with_columns(line=pl.struct(_KEY).rle_id().cast(pl.Int64))
        .collect()
    )


def _by_order(
    line: NDArray[np.int64], at: NDArray[np.int64], points: NDArray[np.int64], bought: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which return, which order and how many points: a return takes those that follow what earlier ones took."""
    in_turn = np.lexsort((at, line))
    before = np.empty(len(line), dtype=np.int64)
    before[in_turn] = running_sums(points[in_turn], np.diff(line[in_turn], prepend=-1) > 0) - points[in_turn]
    ends = np.cumsum(_int64(bought["points"]))
    begins = ends - _int64(bought["points"])
    first = np.searchsorted(_int64(bought["line"]), line)
    start = begins[first] + before
    stop = start + points
    reach = np.where(points > 0, np.searchsorted(begins, stop) - first, 0)
    piece = np.repeat(np.arange(len(line)), reach)
    row = np.arange(len(piece)) - np.repeat(np.cumsum(reach) - reach, reach) + first[piece]
    taken = np.minimum(ends[row], stop[piece]) - np.maximum(begins[row], start[piece])
    some = taken > 0
    return piece[some], _int64(bought["order"])[row[some]], taken[some]


def _int64(column: pl.Series) -> NDArray[np.int64]:
    return column.to_numpy().astype(np.int64)
