"""Whether offer definitions say something that nobody can ever have, or that the retailer hardly meant."""

from collections.abc import Iterator, Mapping

import polars as pl

from features.offer_scope import read_scope
from features.purchases import id_rows
from features.workspace import Workspace
from recsys.offers.definitions import Trigger
from recsys.types import OfferKind
from recsys.vocabulary import Vocabulary
from training.checks.finding import Finding, State, counted

_SHOWN = 3
_OF_A_PROGRAMME = (Trigger.POINTS_EXPIRING, Trigger.TIER_NEAR, Trigger.TIER_AT_RISK)


def check_definitions(workspace: Workspace) -> Iterator[Finding]:
    """Offers for no product, of which nothing is left, that give all they ask for, ask no points, or wait in vain."""
    offers = workspace.read_table("offers").collect().sort("offer_id")
    if not offers.height:
        return
    flaws = {
        "valid for no product": _for_nothing(workspace, offers["offer_id"]),
        "with a budget or a limit of nothing": _named(
            offers, (pl.col("budget_minor") == 0) | (pl.col("total_limit") == 0)
        ),
        "taking off as much as they ask for": _named(
            offers,
            (pl.col("kind").cast(pl.String) == OfferKind.AMOUNT_OFF.value)
            & (pl.col("min_spend_minor") > 0)
            & (pl.min_horizontal("amount_minor", "max_discount_minor") >= pl.col("min_spend_minor")),
        ),
        "paid with points and asking for none": _named(
            offers,
            (pl.col("kind").cast(pl.String) == OfferKind.POINTS_REDEMPTION.value)
            & (pl.col("points_cost").fill_null(0) == 0),
        ),
        "waiting for what is never told": _named(offers, pl.col("trigger").is_in(_never_told(workspace))),
    }
    found = {flaw: names for flaw, names in flaws.items() if names}
    yield Finding(
        "offer definitions",
        State.THIN if found else State.OK,
        "; ".join(_told(flaw, names) for flaw, names in found.items())
        or f"{counted(offers.height, 'offers')}, no flaw",
        "none with a flaw",
        "an offer that nobody can redeem is shown to nobody, and one that takes off all that it asks for is a gift",
        "correct them in the offers table and ingest again; a trigger waits for a programme "
        "(`recsys profile --write-programme`), birth months, members.referred or points of the kind referral"
        if found
        else "",
    )


def _told(flaw: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names):,} {flaw} ({', '.join(names[:_SHOWN])}{more})"


def _named(offers: pl.DataFrame, where: pl.Expr) -> list[str]:
    return offers.filter(where)["offer_id"].to_list()


def _for_nothing(workspace: Workspace, offer_ids: pl.Series) -> list[str]:
    products = workspace.read_table("products", ["product_id", "category", "brand"]).collect()
    offers = Vocabulary.of(offer_ids.to_list())
    rows = {
        "offer": id_rows(offers, "offer"),
        "product": id_rows(Vocabulary.of(products["product_id"].to_list()), "product"),
    }
    _, empty = read_scope(workspace, rows, products)
    return [offers.id(row) for row in empty.to_list()]


def _never_told(workspace: Workspace) -> list[str]:
    """Triggers that no member of this workspace can ever set off, for want of facts."""
    members = workspace.read_table("members")
    told: Mapping[Trigger, bool] = {
        **dict.fromkeys(_OF_A_PROGRAMME, workspace.programme_path.exists()),
        Trigger.BIRTHDAY: _any(members, pl.col("birth_month").is_not_null()),
        Trigger.WELCOME: _any(members, pl.col("joined_at").is_not_null()),
        Trigger.REFERRED: _any(members, pl.col("referred")),
        Trigger.REFERRER: _any(workspace.read_table("points_entries"), pl.col("kind").cast(pl.String) == "referral"),
    }
    return [trigger.value for trigger, is_told in told.items() if not is_told]


def _any(rows: pl.LazyFrame, where: pl.Expr) -> bool:
    return bool(rows.select(where.fill_null(False).any()).collect().item())
