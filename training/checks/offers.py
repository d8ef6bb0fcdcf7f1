"""Whether the offers can be shown, afforded and measured."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl

from features.workspace import Workspace
from recsys.types import NO_OFFER, EpochSeconds
from training.checks.finding import Finding, State, counted, graded
from training.randomisation import contradictions

ENOUGH_IN_EACH_ARM = 200
_SHOWN = 5


def check_offers(workspace: Workspace, now: EpochSeconds) -> Iterator[Finding]:
    """Offer definitions that are valid, and their budgets."""
    instant = datetime.fromtimestamp(now, UTC)
    valid = (pl.col("valid_from") <= instant) & (instant < pl.col("valid_until"))
    row = (
        workspace.read_table("offers")
        .select(
            pl.len().alias("n"),
            valid.sum().alias("valid"),
            pl.col("budget_minor").is_not_null().sum().alias("budgets"),
        )
        .collect()
        .row(0, named=True)
    )
    n, n_valid, n_budgets = row["n"], row["valid"] or 0, row["budgets"] or 0
    yield Finding(
        "offers",
        State.MISSING if not n else State.OK if n_valid else State.THIN,
        f"{counted(n, 'offers')}, {n_valid:,} valid at {instant:%Y-%m-%d %H:%M} UTC",
        "1 valid offer",
        "without a valid offer every offer decision is no_offer; products are shown all the same",
        "" if n_valid else "ingest offer definitions that are valid now, or ask --now within their validity",
    )
    yield Finding(
        "budgets",
        State.MISSING if not n else State.OK if n_budgets else State.THIN,
        f"{n_budgets:,} of {counted(n, 'offers')} {'has' if n_budgets == 1 else 'have'} one",
        "1 offer",
        "an offer without a budget has no bound on what it gives away",
        "" if n_budgets else "give budget_minor when ingesting offers",
    )


def check_uplift(workspace: Workspace) -> Iterator[Finding]:
    """Randomised exposures with a no-offer arm, from which uplift is learnt."""
    drawn = (pl.col("logging_propensity") > 0) & (pl.col("logging_propensity") < 1)
    wrong = _contradicted(workspace, drawn)
    arms = (
        workspace.read_table("exposures")
        .filter(pl.col("campaign_id").is_not_null())
        .group_by("campaign_id")
        .agg(
            (drawn & (pl.col("offer_id") == NO_OFFER)).sum().alias("control"),
            (drawn & (pl.col("offer_id") != NO_OFFER)).sum().alias("offered"),
            pl.col("logging_propensity").is_not_null().sum().alias("randomised"),
            (pl.col("logging_propensity") >= 1).sum().alias("certain"),
        )
        .collect()
    )
    n_exposures = workspace.n_rows("exposures")
    n_certain = int(arms["certain"].sum())
    believed = arms.filter(~pl.col("campaign_id").is_in(wrong))
    smaller = believed.select(pl.min_horizontal("control", "offered").alias("arm"))["arm"]
    yield graded(
        "uplift measurement",
        int(smaller.max() or 0) if len(smaller) else 0,  # type: ignore[arg-type]  # polars types a maximum broadly
        enough=ENOUGH_IN_EACH_ARM,
        unit="randomised exposures in the smaller arm of the best campaign",
        why=f"what an offer causes is measured against members drawn to get none ({n_exposures:,} exposures in all, "
        f"{n_certain:,} with a propensity of 1, where chance decided nothing); without them there is no uplift: "
        "offers are valued by the prior, marked as not measured, and the bundle says propensity or prior",
        to_do="record exposures with a campaign_id and a logging_propensity below 1, and no_offer for the control arm; "
        "an experiment arm with behaviour no_offers in policy.yaml makes such a control from now on",
    )
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        yield Finding(
            "randomisation",
            State.THIN,
            f"{counted(len(wrong), 'campaigns')} of {len(arms):,} whose log contradicts itself",
            "none",
            "arms have other shares than the logged probabilities give (p < 1e-9): nobody knows how they were drawn, "
            "so they do not count as measured",
            f"find out which exposures are missing, or how logging_propensity was written, in "
            f"{', '.join(wrong[:_SHOWN])}{more}",
        )
    n_randomised = int(arms["randomised"].sum())
    yield graded(
        "off-policy evaluation",
        n_randomised,
        enough=ENOUGH_IN_EACH_ARM,
        unit="exposures with a logging propensity",
        why="a new policy can be judged on old decisions only where the chance of each is on record",
        to_do="log logging_propensity with every exposure; decisions of this product carry it",
    )


def _contradicted(workspace: Workspace, drawn: pl.Expr) -> list[str]:
    """Campaigns whose shares contradict their probabilities, by name."""
    frame = (
        workspace.read_table("exposures")
        .filter(pl.col("campaign_id").is_not_null() & drawn)
        .select(
            pl.col("campaign_id", "logging_propensity"),
            pl.col("campaign_id").rank("dense").cast(pl.Int64).alias("campaign"),
            pl.when(pl.col("offer_id") == NO_OFFER)
            .then(0)
            .otherwise(pl.col("offer_id").rank("dense"))
            .cast(pl.Int64)
            .alias("arm"),
            pl.col("member_id").rank("dense").cast(pl.Int64).alias("owner"),
        )
        .collect()
    )
    columns = {name: frame[name].to_numpy() for name in ("campaign", "arm", "owner")}
    found = contradictions(probability=frame["logging_propensity"].to_numpy().astype(np.float64), **columns)
    names = dict(frame.select("campaign", "campaign_id").unique().iter_rows())
    return sorted(str(names[one.campaign]) for one in found)
