"""The only door between stored facts and training: nothing later than the cut-off passes it."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.digest import digest_content
from features.purchases import Purchases, id_rows, instant, read_purchases
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.types import UNKNOWN_ROW, EpochSeconds
from recsys.vocabulary import Vocabulary

__all__ = ["Dataset", "Purchases", "read_truth"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """
    Everything that a model may learn from, as of a cut-off.

    Only members who agreed to personalisation are here, and only their facts (law 8). Every fact is strictly before
    the cut-off (law 9). Tiers and points are known as of the ingest only, not as of an earlier day: at an earlier
    cut-off they are withheld (tier null, points 0) rather than leaked from the future.

    Attributes:
        cut_off: Epoch seconds; the first instant that is not in the data.
        digest: SHA-256 of the content, 64 hexadecimal digits; the same whatever the order of rows or files.
        currency: ISO 4217 code of every amount.
        tiers: Tier names, low to high.
        members: The columns of `MembersTable`; row i is row i of ``member_ids``.
        products: The columns of `ProductsTable`; row i is row i of ``product_ids``.
        offers: The columns of `OffersTable`; row i is row i of ``offer_ids``. Offers that begin later are in it:
            an offer is a plan, not a fact.
        offer_scope: offer, product (int32 rows).
        exposures: The columns of `ExposuresTable`, and member, offer (int32 rows; offer -1 is ``no_offer``), at (epoch
            seconds). Sorted by at, then exposure_id.
        redemptions: The columns of `RedemptionsTable`, and member, offer, at, as above.
        events: member, product, offer (int32 rows; -1 where there is none), kind, at. Sorted by at, member.
        member_ids, product_ids, offer_ids: External ids to rows.
        purchases: The order lines.
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
    events: pl.DataFrame
    member_ids: Vocabulary
    product_ids: Vocabulary
    offer_ids: Vocabulary
    purchases: Purchases

    @classmethod
    def read(cls, workspace: Workspace, cut_off: EpochSeconds) -> "Dataset":
        """
        Read the facts strictly before *cut_off*.

        Raises:
            InputError: The cut-off is later than the workspace's facts reach (`workspace.now`), so that a model would
                claim to know days that nobody has seen.
        """
        if cut_off > workspace.now:
            raise InputError(
                f"the cut-off {cut_off} is later than the facts of {workspace.path} reach ({workspace.now}); "
                f"choose a cut-off up to {workspace.now}, or ingest newer facts"
            )
        members = _members(workspace, cut_off)
        products = workspace.read_table("products").collect().sort("product_id")
        offers = workspace.read_table("offers").collect().sort("offer_id")
        member_ids = Vocabulary.of(members["member_id"].to_list())
        product_ids = Vocabulary.of(products["product_id"].to_list())
        offer_ids = Vocabulary.of(offers["offer_id"].to_list())
        rows = {
            "member": id_rows(member_ids, "member"),
            "product": id_rows(product_ids, "product"),
            "offer": id_rows(offer_ids, "offer"),
        }
        offer_scope = (
            workspace.read_table("offer_scope")
            .join(rows["offer"].lazy(), on="offer_id")
            .join(rows["product"].lazy(), on="product_id")
            .select("offer", "product")
            .collect()
            .sort("offer", "product")
        )
        frames = {
            "members": members,
            "products": products,
            "offers": offers,
            "offer_scope": offer_scope,
            "exposures": _offer_facts(workspace, "exposures", "exposed_at", cut_off, rows),
            "redemptions": _offer_facts(workspace, "redemptions", "redeemed_at", cut_off, rows),
            "events": _events(workspace, cut_off, rows),
        }
        purchases = read_purchases(workspace, member_ids, product_ids, start=None, stop=cut_off)
        return cls(
            cut_off=cut_off,
            digest=digest_content(
                frames,
                {f"purchases.{name}": getattr(purchases, name) for name in Purchases.__slots__},
                {"cut_off": cut_off, "currency": workspace.currency, "tiers": workspace.tiers},
            ),
            currency=workspace.currency,
            tiers=workspace.tiers,
            **frames,
            member_ids=member_ids,
            product_ids=product_ids,
            offer_ids=offer_ids,
            purchases=purchases,
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
        InputError: The window is empty or reaches beyond the workspace's facts.
    """
    if not start < stop <= workspace.now:
        raise InputError(
            f"the window [{start}, {stop}) is not one of {workspace.path}; "
            f"it must begin before it ends and end by {workspace.now}"
        )
    return read_purchases(workspace, member_ids, product_ids, start=start, stop=stop)


def _members(workspace: Workspace, cut_off: EpochSeconds) -> pl.DataFrame:
    members = (
        workspace.read_table("members")
        .filter(
            pl.col("consent_personalisation"),
            pl.col("joined_at").is_null() | (pl.col("joined_at") < instant(cut_off)),
        )
        .collect()
        .sort("member_id")
    )
    if cut_off == workspace.now:
        return members
    return members.with_columns(pl.lit(None, dtype=pl.String).alias("tier"), pl.lit(0, dtype=pl.Int64).alias("points"))


def _offer_facts(
    workspace: Workspace, table: str, dated: str, cut_off: EpochSeconds, rows: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    key = f"{table.removesuffix('s')}_id"
    return (
        workspace.read_table(table)
        .filter(pl.col(dated) < instant(cut_off))
        .join(rows["member"].lazy(), on="member_id")
        .join(rows["offer"].lazy(), on="offer_id", how="left")
        .with_columns(pl.col("offer").fill_null(UNKNOWN_ROW), pl.col(dated).dt.epoch("s").alias("at"))
        .collect()
        .sort("at", key)
    )


def _events(workspace: Workspace, cut_off: EpochSeconds, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    columns = ["at", "member", "kind", "product", "offer"]
    return (
        workspace.read_table("events")
        .filter(pl.col("occurred_at") < instant(cut_off))
        .join(rows["member"].lazy(), on="member_id")
        .join(rows["product"].lazy(), on="product_id", how="left")
        .join(rows["offer"].lazy(), on="offer_id", how="left")
        .select(
            pl.col("occurred_at").dt.epoch("s").alias("at"),
            "member",
            "kind",
            pl.col("product").fill_null(UNKNOWN_ROW),
            pl.col("offer").fill_null(UNKNOWN_ROW),
        )
        .collect()
        .sort(columns)
    )
