"""Who became whom: members that were merged into others, followed to the one that survives."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.purchases import instant
from features.sources.base import REASON
from recsys.errors import InputError
from recsys.types import EpochSeconds

_PLACE = "place"


def survivors(merges: pl.DataFrame, as_of: EpochSeconds) -> pl.DataFrame:
    """
    Whom every member that is merged away lives on as: a into b and b into c make c the survivor of a.

    Args:
        merges: The columns of `MergesTable`.
        as_of: Epoch seconds; a merge later than this has not happened. A cut-off is the first instant that is not
            known: give the second before it.

    Returns:
        member_id, survivor_id: one row a member merged away, sorted by member_id. Nobody else is in it, and no survivor
        is merged away.

    Raises:
        InputError: The merges lead in a circle, or a member is merged away twice; ingest refuses both.

    Example:
        >>> from datetime import UTC, datetime
        >>> day = [datetime(2024, 1, n, tzinfo=UTC) for n in (1, 2)]
        >>> cards = pl.DataFrame({"member_id": ["a", "b"], "into_member_id": ["b", "c"], "merged_at": day})
        >>> survivors(cards, int(day[0].timestamp())).rows()
        [('a', 'b')]
        >>> survivors(cards, int(day[1].timestamp())).rows()
        [('a', 'c'), ('b', 'c')]
    """
    happened = merges.filter(pl.col("merged_at") <= instant(as_of))
    if happened["member_id"].is_duplicated().any():
        twice = happened.filter(pl.col("member_id").is_duplicated())["member_id"].min()
        raise InputError(f"the member {twice!r} is merged away twice; keep one of its merges and ingest again")
    ended = happened.select("member_id", pl.col("into_member_id").alias("survivor_id"))
    # Every round doubles the steps that are followed, so a chain of n members ends after log2(n) rounds.
    for _ in range(ended.height.bit_length() + 1):
        onward = ended.rename({"member_id": "survivor_id", "survivor_id": "next_id"})
        followed = ended.join(onward, on="survivor_id", how="left")
        if followed["next_id"].null_count() == followed.height:
            return ended.sort("member_id")
        ended = followed.select("member_id", pl.coalesce("next_id", "survivor_id").alias("survivor_id"))
    circling = ended.filter(pl.col("survivor_id").is_in(ended["member_id"].implode()))["member_id"].min()
    raise InputError(f"the merges of {circling!r} lead in a circle; take one of them out and ingest again")


def refused_by_survivor(members: pl.DataFrame, merges: pl.DataFrame, as_of: EpochSeconds) -> pl.Series:
    """
    Members that are merged into somebody who did not agree to personalisation: the survivor's word is the latest.

    The other way round nothing changes: a member that did not agree stays left out, whoever it is merged into, because
    no later card can agree to what an earlier one refused. So what a member did is learnt from only where both the
    member and the survivor agree; members between the two have no say.

    Args:
        members: member_id and consent_personalisation of all members.
        merges: The columns of `MergesTable`.
        as_of: As of `survivors`.

    Returns:
        Their ids, sorted.
    """
    refusing = members.filter(~pl.col("consent_personalisation")).select(survivor_id="member_id")
    return survivors(merges, as_of).join(refusing, on="survivor_id", how="semi")["member_id"].sort()


def closes_circle(rows: pl.DataFrame) -> NDArray[np.bool_]:
    """
    Merges that would lead back to the member that they merge away.

    The earliest come first, those of one instant in the order of the rows; the one that would close a circle is
    refused, the others of it are kept.

    Args:
        rows: The columns of `MergesTable`, and REASON; each member once among the rows without a reason.

    Returns:
        Shape (n_rows,): true for those that close a circle.
    """
    closing = np.zeros(rows.height, dtype=np.bool_)
    above: dict[str, str] = {}
    ordered = rows.with_row_index(_PLACE).filter(pl.col(REASON).is_null()).sort("merged_at", _PLACE)
    for place, member, into in ordered.select(_PLACE, "member_id", "into_member_id").iter_rows():
        if _top(above, into) == member:
            closing[place] = True
        else:
            above[member] = into
    return closing


def _top(above: dict[str, str], member: str) -> str:
    """The end of a member's chain; the chain is shortened on the way, so that long ones are not walked again."""
    while member in above:
        up = above[member]
        above[member] = member = above.get(up, up)
    return member
