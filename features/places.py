"""Where each member usually buys: the channel and the store of most order lines."""

import numpy as np
import polars as pl

from features.purchases import Purchases, PurchaseTerms
from recsys.types import UNKNOWN_ROW, Rows

PLACES = {"usual_channel": "channel", "usual_store": "store"}
"""Column of the answer: column of the purchases' terms."""


def usual_places(purchases: Purchases, terms: PurchaseTerms, n_members: int) -> pl.DataFrame:
    """
    The columns of `PLACES` as names, a row for each member.

    Null where none of the member's lines says it; among equals the first by name.
    """
    names = {"usual_channel": terms.channel_names, "usual_store": terms.store_names}
    usual = {name: _most_lines(purchases.member, getattr(terms, column), n_members) for name, column in PLACES.items()}
    return pl.DataFrame(usual).select(
        pl.col(name).replace_strict(dict(enumerate(names[name])), default=None, return_dtype=pl.String)
        for name in PLACES
    )


def _most_lines(member: Rows, code: Rows, n_members: int) -> Rows:
    """Shape (n_members,): the code of most lines, the lowest among equals; UNKNOWN_ROW without any."""
    counted = (
        pl.DataFrame({"member": member, "code": code})
        .lazy()
        .filter(pl.col("code") != UNKNOWN_ROW)
        .group_by("member", "code")
        .len()
        .sort(["member", "len", "code"], descending=[False, True, False])
        .unique("member", keep="first", maintain_order=True)
        .collect()
    )
    usual = np.full(n_members, UNKNOWN_ROW, dtype=np.int32)
    usual[counted["member"].to_numpy()] = counted["code"].to_numpy()
    return usual
