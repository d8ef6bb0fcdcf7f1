"""Whether the purchase history carries the recommenders and their measurement."""

import json
from collections.abc import Iterator

import polars as pl

from features.workspace import Workspace
from recsys.types import SECONDS_PER_DAY
from training.checks.finding import Finding, State, counted, graded, share
from training.config import TrainConfig

ENOUGH_RECENT_LINES = 500
ENOUGH_CF_MEMBERS = 200
CF_PRODUCTS = 3
ENOUGH_REPEATS = 200
ENOUGH_HOLDOUT_MEMBERS = 100
ENOUGH_KNOWN = 0.5
REJECTED_IS_MUCH = 0.05


def check_consent(workspace: Workspace) -> Iterator[Finding]:
    """Who may be learnt from, and who may be written to."""
    row = (
        workspace.read_table("members")
        .select(
            pl.len().alias("n"),
            pl.col("consent_personalisation").sum().alias("personal"),
            pl.col("consent_email").sum().alias("email"),
        )
        .collect()
        .row(0, named=True)
    )
    n = row["n"]
    yield graded(
        "members who agreed to personalisation",
        row["personal"] or 0,
        enough=ENOUGH_CF_MEMBERS,
        unit="members",
        why="only their history trains a model; the others get what is popular",
        to_do="map the consent columns when ingesting, or ask members for consent",
    )
    yield share(
        "members who agreed to e-mail",
        (row["email"] or 0) / n if n else 0.0,
        enough=0.1,
        of="members",
        why="`recsys export` sends nothing to the others",
        to_do="map consent_email when ingesting",
    )


def check_recommenders(workspace: Workspace, config: TrainConfig) -> Iterator[Finding]:
    """Popularity, collaborative filtering, repeat purchase and the test window."""
    recent_days = config.popularity.window_days
    lines = _consented_lines(workspace)
    recent = pl.col("at") >= workspace.now - round(recent_days * SECONDS_PER_DAY)
    yield graded(
        "popularity",
        lines.filter(recent).select(pl.len()).collect().item(),
        enough=ENOUGH_RECENT_LINES,
        unit=f"order lines in the last {recent_days:g} days",
        why="what sells now is the floor and the fallback of every answer",
        to_do="ingest newer purchases",
    )
    pairs = lines.group_by("member_id", "product_id").agg((pl.col("at") // SECONDS_PER_DAY).n_unique().alias("days"))
    facts = (
        pairs.group_by("member_id")
        .agg(pl.len().alias("products"), (pl.col("days") > 1).sum().alias("repeats"))
        .select((pl.col("products") >= CF_PRODUCTS).sum().alias("members"), pl.col("repeats").sum())
        .collect()
        .row(0, named=True)
    )
    yield graded(
        "collaborative filtering",
        facts["members"] or 0,
        enough=ENOUGH_CF_MEMBERS,
        unit=f"members with {CF_PRODUCTS} or more products",
        why="tastes are learnt from members whose purchases overlap",
        to_do="ingest a longer history",
    )
    yield graded(
        "repeat purchase",
        facts["repeats"] or 0,
        enough=ENOUGH_REPEATS,
        unit="member-product pairs bought on several days",
        why="own frequency can only repeat what was repeated; without it this list stays nearly empty",
        to_do="ingest a longer history; where goods are bought once, leave the frequency model out",
    )
    yield _check_test_window(workspace, lines, config.evaluation.holdout_days)


def check_cold_start(workspace: Workspace) -> Iterator[Finding]:
    """Features that place products nobody has bought and members who have bought nothing."""
    products = (
        workspace.read_table("products")
        .select(
            pl.len().alias("n"),
            pl.col("category").is_not_null().sum().alias("category"),
            pl.col("cost_minor").is_not_null().sum().alias("cost"),
        )
        .collect()
        .row(0, named=True)
    )
    n = products["n"]
    yield share(
        "cold-start features of products",
        products["category"] / n if n else 0.0,
        enough=ENOUGH_KNOWN,
        of=f"{n:,} products with a category",
        why="a product that nobody bought is placed by its category and brand",
        to_do="map category and brand when ingesting",
    )
    yield share(
        "margins",
        products["cost"] / n if n else 0.0,
        enough=ENOUGH_KNOWN,
        of=f"{n:,} products with a cost",
        why="offers are valued in margin; where the cost is unknown the policy's default margin rate is used",
        to_do="map cost_minor when ingesting, or set economics.default_margin_rate in policy.yaml",
    )
    members = (
        workspace.read_table("members")
        .select(
            pl.len().alias("n"),
            pl.col("segment").is_not_null().sum().alias("segment"),
            pl.col("tier").is_not_null().sum().alias("tier"),
        )
        .collect()
        .row(0, named=True)
    )
    yield share(
        "cold-start features of members",
        members["segment"] / members["n"] if members["n"] else 0.0,
        enough=ENOUGH_KNOWN,
        of=f"{members['n']:,} members with a segment",
        why="a member without purchases gets what is popular in the segment",
        to_do="map segment (a region, a household type) when ingesting",
    )
    yield _check_tiers(workspace, members["tier"] / members["n"] if members["n"] else 0.0)


def check_quarantine(workspace: Workspace) -> Iterator[Finding]:
    """How much of what came in was rejected."""
    path = workspace.quarantine / "report.json"
    if not path.is_file():
        yield Finding("quarantine", State.MISSING, "no report", "a report", "ingest has not run", "run `recsys ingest`")
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    rejected = sum(int(table["rejected"]) for table in report.values())
    rows_in = sum(int(table["rows_in"]) for table in report.values())
    of_all = rejected / rows_in if rows_in else 0.0
    yield Finding(
        "quarantine",
        State.OK if of_all <= REJECTED_IS_MUCH else State.THIN,
        f"{counted(rejected, 'rejected rows')} ({of_all:.1%})",
        f"at most {REJECTED_IS_MUCH:.0%}",
        "rejected rows teach nothing; their reasons are beside them",
        "" if of_all <= REJECTED_IS_MUCH else f"read {path} and mend the most frequent reason at its source",
    )


def _check_test_window(workspace: Workspace, lines: pl.LazyFrame, holdout_days: float) -> Finding:
    cut = workspace.now - round(holdout_days * SECONDS_PER_DAY)
    before = lines.filter(pl.col("at") < cut).select("member_id").unique()
    after = lines.filter(pl.col("at") >= cut).select("member_id").unique()
    return graded(
        "evaluation",
        before.join(after, on="member_id").select(pl.len()).collect().item(),
        enough=ENOUGH_HOLDOUT_MEMBERS,
        unit=f"members who bought before and within the last {holdout_days:g} days",
        why="models are measured on them; with few, no difference is ever certain and the gate stays shut",
        to_do="ingest a longer history, or set a longer window in the training configuration",
    )


def _check_tiers(workspace: Workspace, stated: float) -> Finding:
    n = len(workspace.tiers)
    state = State.MISSING if n < 2 else State.OK if stated >= ENOUGH_KNOWN else State.THIN
    return Finding(
        "tiers",
        state,
        f"{counted(n, 'tiers')}, stated for {stated:.0%} of members",
        f"2 tiers, {ENOUGH_KNOWN:.0%}",
        "members without a tier count as the lowest; with one tier, rules by tier have no effect",
        "" if state is State.OK else "map tier when ingesting and name the tiers, low to high",
    )


def _consented_lines(workspace: Workspace) -> pl.LazyFrame:
    consented = workspace.read_table("members").filter(pl.col("consent_personalisation")).select("member_id")
    lines = workspace.read_table("purchases", ["member_id", "product_id", "purchased_at"])
    return lines.join(consented, on="member_id").with_columns(pl.col("purchased_at").dt.epoch("s").alias("at"))
