"""The only door between stored facts and training: nothing later than the cut-off passes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dated import read_events, read_loyalty_facts, read_offer_facts, read_returns
from features.digest import digest_content
from features.merges import refused_by_survivor, survivors
from features.offer_scope import read_scope
from features.places import usual_places
from features.programme import read_programme
from features.purchases import Purchases, PurchaseTerms, id_rows, instant, read_purchases
from features.tables import DATED
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.loyalty.programme import Programme
from recsys.types import EpochSeconds
from recsys.vocabulary import Vocabulary

__all__ = ["Dataset", "LeftOut", "Purchases", "read_truth"]

LeftOut = Callable[[Sequence[str]], NDArray[np.bool_]]
"""Which of some members nothing may be learnt of any more: shape (n,), true for those to leave out."""

_AS_OF_INGEST = {"members": ("tier", "points"), "products": ("price_minor", "cost_minor", "stock")}


@dataclass(frozen=True, slots=True)
class Dataset:
    """
    Everything that a model may learn from, as of a cut-off.

    Only members who agreed to personalisation are here, and only their facts (law 8). Every fact is strictly before
    the cut-off (law 9). Tiers, points, prices, costs and stock are known as of the ingest only, not as of an earlier
    day: at an earlier cut-off they are withheld (points 0, the others null) rather than leaked from the future. A
    member of whom it is not known when they joined is there from the first fact on.

    Attributes:
        cut_off: Epoch seconds; the first instant that is not in the data.
        digest: SHA-256 of the content, 64 hexadecimal digits; the same whatever the order of rows or files.
        currency: ISO 4217 code of every amount.
        tiers: Tier names, low to high.
        members: The columns of `MembersTable`, and where each usually buys (`features.places.PLACES`); row i is row i
            of ``member_ids``. Who was merged into another is not among them: what they did is the survivor's, who
            joined when the first of them did.
        products: The columns of `ProductsTable`; row i is row i of ``product_ids``.
        offers: The columns of `OffersTable`, and scope_empty: its scope is told and matches no product; row i is row i
            of ``offer_ids``. Offers that begin later are in it: an offer is a plan, not a fact.
        offer_scope: offer, product (int32 rows); of an offer on the whole basket there are none.
        exposures: The columns of `ExposuresTable`, and member, offer (int32 rows; offer -1 is ``no_offer``), at (epoch
            seconds). Sorted by at, then exposure_id.
        redemptions: The columns of `RedemptionsTable`, and member, offer, at, as above.
        returns: member, product (int32 rows), at and bought_at (epoch seconds), quantity, refund_minor. Sorted by
            member, at.
        points_entries: member, at, kind, points. Sorted by member, at.
        tier_changes: member, at, tier (a name). Sorted by member, at.
        events: member, product, offer (int32 rows; -1 where there is none), kind, at. Sorted by at, member.
        member_ids, product_ids, offer_ids: External ids to rows.
        purchases: The order lines.
        terms: How each of them was bought.
        programme: Rules of tiers and points; absent where the workspace has none.
        n_left_out: Members who agreed at the ingest and whom ``left_out`` named.
    """

    cut_off: EpochSeconds
    digest: str
    currency: str
    tiers: tuple[str, ...]
    members: pl.DataFrame
    products: pl.DataFrame
    offers: pl.DataFrame
    offer_scope: pl.DataFrame
    exposures: pl.DataFrame
    redemptions: pl.DataFrame
    returns: pl.DataFrame
    points_entries: pl.DataFrame
    tier_changes: pl.DataFrame
    events: pl.DataFrame
    member_ids: Vocabulary
    product_ids: Vocabulary
    offer_ids: Vocabulary
    purchases: Purchases
    terms: PurchaseTerms
    programme: Programme | None
    n_left_out: int

    @classmethod
    def read(cls, workspace: Workspace, cut_off: EpochSeconds, *, left_out: LeftOut | None = None) -> "Dataset":
        """
        Read the facts strictly before *cut_off*.

        Args:
            workspace: Whose facts.
            cut_off: Epoch seconds.
            left_out: Asked about every member who agreed at the ingest, because since then members may have withdrawn
                or been erased; nothing of those it names is read. Absent means that all are as the ingest found them.

        Raises:
            InputError: The cut-off is later than the workspace's facts reach (`workspace.now`), so that a model would
                claim to know days that nobody has seen; or a table's file is broken.
        """
        if cut_off > workspace.now:
            raise InputError(
                f"the cut-off {cut_off} is later than the facts of {workspace.path} reach ({workspace.now}); "
                f"choose a cut-off up to {workspace.now}, or ingest newer facts"
            )
        with workspace.reading():
            return cls._read(workspace, cut_off, left_out)

    @classmethod
    def _read(cls, workspace: Workspace, cut_off: EpochSeconds, left_out: LeftOut | None) -> "Dataset":
        programme = read_programme(workspace)
        agreed = _agreed(workspace)
        there = agreed if left_out is None else agreed.filter(~_named(left_out, agreed["member_id"].to_list()))
        members = _known(workspace, cut_off, there)
        merged = survivors(workspace.read_table("merges").collect(), cut_off - 1).join(
            members.select("member_id"), on="member_id", how="semi"
        )
        members = _without_merged(members, merged)
        products = _as_of(workspace, cut_off, "products", workspace.read_table("products").collect().sort("product_id"))
        offers = workspace.read_table("offers").collect().sort("offer_id")
        member_ids = Vocabulary.of(members["member_id"].to_list())
        product_ids = Vocabulary.of(products["product_id"].to_list())
        offer_ids = Vocabulary.of(offers["offer_id"].to_list())
        rows = {
            "member": _member_rows(member_ids, merged),
            "product": id_rows(product_ids, "product"),
            "offer": id_rows(offer_ids, "offer"),
        }
        purchases, terms = read_purchases(workspace, rows, start=None, stop=cut_off)
        offer_scope, scope_empty = read_scope(workspace, rows, products)
        frames = {
            "members": pl.concat([members, usual_places(purchases, terms, members.height)], how="horizontal"),
            "products": products,
            "offers": offers.with_columns(
                scope_empty=pl.int_range(pl.len(), dtype=pl.Int32).is_in(scope_empty.implode())
            ),
            "offer_scope": offer_scope,
            "exposures": read_offer_facts(workspace, "exposures", cut_off, rows),
            "redemptions": read_offer_facts(workspace, "redemptions", cut_off, rows),
            "returns": read_returns(workspace, cut_off, rows),
            "points_entries": read_loyalty_facts(workspace, "points_entries", cut_off, rows["member"]),
            "tier_changes": read_loyalty_facts(workspace, "tier_changes", cut_off, rows["member"]),
            "events": read_events(workspace, cut_off, rows),
        }
        return cls(
            cut_off=cut_off,
            digest=digest_content(
                frames,
                {f"purchases.{name}": getattr(purchases, name) for name in Purchases.__slots__}
                | {f"terms.{name}": getattr(terms, name) for name in ("discount_minor", "offer", "channel", "store")},
                {
                    "cut_off": cut_off,
                    "currency": workspace.currency,
                    "tiers": workspace.tiers,
                    "channels": terms.channel_names,
                    "stores": terms.store_names,
                    "programme": "" if programme is None else programme.programme_id,
                },
            ),
            currency=workspace.currency,
            tiers=workspace.tiers,
            **frames,
            member_ids=member_ids,
            product_ids=product_ids,
            offer_ids=offer_ids,
            purchases=purchases,
            terms=terms,
            programme=programme,
            n_left_out=agreed.height - there.height,
        )


def read_truth(
    workspace: Workspace,
    member_ids: Vocabulary,
    product_ids: Vocabulary,
    start: EpochSeconds,
    stop: EpochSeconds,
) -> Purchases:
    """
    What really happened in [start, stop), for evaluation only; a model must never be fitted on it.

    Purchases of members or products outside the vocabularies are left out: nothing could have been predicted of them.

    Raises:
        InputError: The window is empty or reaches beyond the workspace's facts, or a table's file is broken.
    """
    if not start < stop <= workspace.now:
        raise InputError(
            f"the window [{start}, {stop}) is not one of {workspace.path}; "
            f"it must begin before it ends and end by {workspace.now}"
        )
    with workspace.reading():
        rows = {
            "member": id_rows(member_ids, "member"),
            "product": id_rows(product_ids, "product"),
            "offer": id_rows(Vocabulary.of([]), "offer"),
        }
        return read_purchases(workspace, rows, start=start, stop=stop)[0]


def _agreed(workspace: Workspace) -> pl.DataFrame:
    """Who agreed to personalisation at the ingest, and so did whoever they were merged into."""
    members = workspace.read_table("members").filter(pl.col("consent_personalisation"))
    return members.filter(~pl.col("member_id").is_in(_refused_since(workspace).implode())).collect().sort("member_id")


def _known(workspace: Workspace, cut_off: EpochSeconds, members: pl.DataFrame) -> pl.DataFrame:
    """Those who had joined before the cut-off or done something, and into whom somebody who had was merged by then."""
    there = members.filter(pl.col("joined_at").is_null() | (pl.col("joined_at") < instant(cut_off)))
    if cut_off < workspace.now:
        undated = there.filter(pl.col("joined_at").is_null()).select("member_id")
        unseen = undated.join(_seen_before(workspace, cut_off), on="member_id", how="anti")
        there = there.join(unseen, on="member_id", how="anti")
    merged = survivors(workspace.read_table("merges").collect(), cut_off - 1)
    heirs = merged.join(there, on="member_id", how="semi").select(member_id="survivor_id")
    known = pl.concat([there.select("member_id"), heirs])
    return _as_of(workspace, cut_off, "members", members.join(known, on="member_id", how="semi").sort("member_id"))


def _without_merged(members: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """The members that live on; each joined when the first of those merged into it did, or it is not known when."""
    one = members.join(merged, on="member_id", how="left", maintain_order="left")
    person = pl.coalesce("survivor_id", "member_id")
    first = pl.when(pl.col("joined_at").is_null().any()).then(None).otherwise(pl.col("joined_at").min())
    joined = one.with_columns(first.over(person).alias("joined_at"))
    return joined.filter(pl.col("survivor_id").is_null()).drop("survivor_id")


def _member_rows(member_ids: Vocabulary, merged: pl.DataFrame) -> pl.DataFrame:
    """As `id_rows`; who was merged away has the row of the survivor, where that is known."""
    own = id_rows(member_ids, "member")
    survivor = own.rename({"member_id": "survivor_id"})
    return pl.concat([own, merged.join(survivor, on="survivor_id").select("member_id", "member")])


def _refused_since(workspace: Workspace) -> pl.Series:
    """Whoever was merged into a member that did not agree; like consent, as of the ingest and not of the cut-off."""
    merges = workspace.read_table("merges").collect()
    named = merges["into_member_id"].implode()
    consents = workspace.read_table("members", ["member_id", "consent_personalisation"])
    consents = consents.filter(pl.col("member_id").is_in(named))
    return refused_by_survivor(consents.collect(), merges, workspace.ingested_at)


def _seen_before(workspace: Workspace, cut_off: EpochSeconds) -> pl.DataFrame:
    """member_id: everybody with a fact before the cut-off."""
    facts = [
        workspace.read_table(table, ["member_id", dated]).filter(pl.col(dated) < instant(cut_off)).select("member_id")
        for table, dated in DATED.items()
    ]
    return pl.concat([fact.unique() for fact in facts]).unique().collect()


def _as_of(workspace: Workspace, cut_off: EpochSeconds, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without what is known as of the ingest only, where the cut-off is earlier."""
    if cut_off == workspace.now:
        return rows
    nothing = {name: 0 if name == "points" else None for name in _AS_OF_INGEST[table]}
    return rows.with_columns(**{name: pl.lit(value, dtype=rows.schema[name]) for name, value in nothing.items()})


def _named(left_out: LeftOut, member_ids: list[str]) -> pl.Series:
    named = np.asarray(left_out(member_ids))
    if named.shape != (len(member_ids),) or named.dtype != np.bool_:
        raise InputError(
            f"left_out gave {named.dtype} of shape {named.shape} for {len(member_ids)} members; "
            "one bool a member is due"
        )
    return pl.Series(named)
