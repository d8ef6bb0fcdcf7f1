"""No feature of a day uses what came later: every column is computed again on facts that end there."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.commands import ingest
from features.dataset import Dataset
from features.profile.build import build_profile, fit_norms
from features.profile.config import ProfileConfig
from features.profile.groups import GROUPS
from features.profile.known import KnownMembers, facts_of, know_members, rules_of
from features.profile.rfm import Rfm
from features.profile.update import split_at
from features.purchases import instant
from features.simulator import run
from features.tables import DATED
from features.workspace import Workspace
from recsys.report import SILENT
from recsys.types import SECONDS_PER_DAY

CONFIG = ProfileConfig()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("shop")
    run.simulate(folder / "raw", members=220, products=100, seed=5, days=200, progress=SILENT)
    now = int(json.loads((folder / "raw" / "simulation.json").read_text())["now"])
    ingest("simulated", str(folder / "raw"), folder / "w", now=now, progress=SILENT)
    return Workspace.open(folder / "w")


@pytest.fixture(scope="module")
def day(shop: Workspace) -> int:
    """A midnight well inside the history, with facts of every kind before and after it."""
    at = shop.now // SECONDS_PER_DAY * SECONDS_PER_DAY - 40 * SECONDS_PER_DAY
    for table in ("purchases", "returns", "points_entries", "events", "redemptions"):
        when = shop.read_table(table).select(pl.col(DATED[table]).dt.epoch("s")).collect().to_series()
        assert when.min() < at < when.max(), table
    return at


@pytest.fixture(scope="module")
def truncated(shop: Workspace, day: int, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same workspace, into which nothing of the day or later ever came."""
    path = tmp_path_factory.mktemp("truncated") / "w"
    shutil.copytree(shop.path, path)
    for table, dated in {**DATED, "members": "joined_at", "merges": "merged_at"}.items():
        for file in (path / "tables" / table).iterdir():
            pl.read_parquet(file).filter(pl.col(dated) < instant(day)).write_parquet(file)
    for file in (path / "tables" / "members").iterdir():
        nobodys = {"tier": pl.lit(None, dtype=pl.String), "points": pl.lit(0, dtype=pl.Int64)}
        pl.read_parquet(file).with_columns(**nobodys).write_parquet(file)
    return Workspace.open(path)


@pytest.fixture(scope="module")
def known(shop: Workspace, day: int) -> KnownMembers:
    return know_members(Dataset.read(shop, day), CONFIG)


def test_every_group_gives_columns_here(known: KnownMembers) -> None:
    given = {group.name: [spec.name for spec in group.specs(known.rules)] for group in GROUPS}
    assert all(given.values())
    assert [name for columns in given.values() for name in columns] == list(known.profile.columns)


def test_no_column_changes_where_nothing_later_was_ever_recorded(
    known: KnownMembers, truncated: Workspace, day: int
) -> None:
    again = know_members(Dataset.read(truncated, day), CONFIG)
    assert again.facts.n_members == known.facts.n_members > 120
    for spec in known.profile.specs:
        assert again.profile[spec.name].tobytes() == known.profile[spec.name].tobytes(), spec.name
    assert json.dumps(again.norms) == json.dumps(known.norms)


def test_no_column_changes_where_the_later_facts_are_cut_off_after_reading(
    shop: Workspace, known: KnownMembers, day: int
) -> None:
    dataset = Dataset.read(shop, shop.now)
    rules = rules_of(dataset, CONFIG)
    past, _ = split_at(facts_of(dataset), day)
    earlier = Dataset.read(shop, day).member_ids
    rows = dataset.member_ids.rows(earlier.ids(np.arange(len(earlier))))
    some = past.of_members(rows)
    # Costs are known as of the ingest only, and stores from their first order on.
    then, now = known.facts.terms.store_names, some.terms.store_names
    code = np.array([then.index(name) if name in then else -1 for name in now] + [-1], dtype=np.int32)
    terms = replace(some.terms, store=code[some.terms.store], store_names=then)
    orders = replace(some.orders, store=code[some.orders.store])
    some = replace(some, terms=terms, orders=orders, products=known.facts.products)
    norms = fit_norms(some, rules)
    found = build_profile(some, norms, rules)
    for spec in known.profile.specs:
        assert found[spec.name].tobytes() == known.profile[spec.name].tobytes(), spec.name


def test_a_feature_that_looks_ahead_is_found(
    shop: Workspace, truncated: Workspace, day: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Rfm.summarise

    def peeking(self, facts, fitted):
        summary = dict(honest(self, facts, fitted))
        later = Dataset.read(source, shop.now if source is shop else day).purchases
        summary["frequency"] = summary["frequency"] + np.int32(len(later) % 97)
        return summary

    monkeypatch.setattr(Rfm, "summarise", peeking)
    source = shop
    with_future = know_members(Dataset.read(source, day), CONFIG).profile["frequency"]
    source = truncated
    assert not np.array_equal(know_members(Dataset.read(source, day), CONFIG).profile["frequency"], with_future)


def test_tiers_by_the_rules_are_those_that_the_simulated_retailer_gave(shop: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "w"
    shutil.copytree(shop.path, path)
    for file in (path / "tables" / "returns").iterdir():  # its ladder does not count them
        pl.read_parquet(file).clear().write_parquet(file)
    dataset = Dataset.read(Workspace.open(path), shop.now)
    recorded = [dataset.tiers.index(tier) for tier in dataset.members["tier"].to_list()]
    found = know_members(dataset, CONFIG).profile["tier_by_rules"]
    assert len(set(recorded)) > 2
    assert np.mean(found == np.array(recorded)) == 1.0
