"""From a workspace to a bundle: repeatable to the byte, blind to what comes later, plain about what is missing."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from recsys.bundle import Bundle
from recsys.errors import InputError, NotEnoughDataError
from recsys.knowledge import Knowledge
from recsys.report import SILENT
from tests.training.shop import DAYS, START, member_row, product_row, write_rows, write_shop
from training.build import build_bundle
from training.config import TrainConfig
from training.pipeline import judge

WEIGHTS = {
    "als": 0.5,
    "lightfm": 0.25,
    "graph": 0.125,
    "frequency": 1.0,
    "own_orders": 0.25,
    "popular_segment": 0.01,
}


@pytest.fixture(scope="module")
def built(shop, quick):
    return build(shop, quick)


def build(shop, quick, seed=3):
    return build_bundle(shop, quick, WEIGHTS, seed=seed, run_id="r", git_sha="g", progress=SILENT)


def line(number, member, product, day):
    return {
        "purchase_id": f"b{number}", "order_id": f"o{number}", "member_id": f"m{member:03}",
        "product_id": f"p{product:03}", "quantity": 1, "paid_minor": 100, "discount_minor": 0,
        "purchased_at": START + timedelta(days=day), "channel": None, "store_id": None, "offer_id": None,
    }  # fmt: skip


def tiny(path, lines, n_members=8, n_products=5):
    rows = {
        "members": [member_row(member) for member in range(n_members)],
        "products": [product_row(product) for product in range(n_products)],
        "purchases": [line(number, *one) for number, one in enumerate(lines)],
    }
    return write_rows(path, rows)


def test_the_bundle_opens_as_knowledge_of_all_consenting_members(built, shop):
    knowledge = Knowledge.of(Bundle.open(built.path))
    assert built.path.name == built.manifest.bundle_id[:16]
    assert list(knowledge.source_weights) == list(WEIGHTS)
    assert len(knowledge.members) == 210
    assert knowledge.members.members.row("m215") == -1
    assert knowledge.cut_off == shop.now
    assert knowledge.popular.products.shape == (3, 30)
    assert all(one.products.shape == (210, 20) for one in knowledge.sources.values())


def test_the_newest_product_is_on_a_list_although_nobody_bought_it(built):
    knowledge = Knowledge.of(Bundle.open(built.path))
    assert (knowledge.sources["lightfm"].products == 159).any()
    assert not (knowledge.sources["als"].products == 159).any()


def test_other_order_of_rows_and_files_gives_the_same_bundle(built, tmp_path, quick):
    again = build(write_shop(tmp_path / "w", shuffled=True), quick)
    assert again.manifest.bundle_id == built.manifest.bundle_id


def test_members_who_left_since_the_ingest_are_in_neither_judgement_nor_bundle(tmp_path, quick):
    shop = write_shop(tmp_path / "w")
    gone = {"m000", "m004", "m215"}  # m215 had never agreed

    def left_out(member_ids):
        return np.array([member_id in gone for member_id in member_ids])

    done = build_bundle(shop, quick, WEIGHTS, seed=3, run_id="r", git_sha="g", progress=SILENT, left_out=left_out)
    assert (done.n_left_out, done.n_members) == (2, 208)
    for file in done.path.iterdir():
        assert not any(member_id.encode() in file.read_bytes() for member_id in gone), file.name
    asked = []
    config = TrainConfig.model_validate(quick.model_dump() | {"als": {"enabled": False}, "lightfm": {"enabled": False}})
    judgement = judge(shop, config, seed=0, progress=SILENT, left_out=lambda ids: asked.append(ids) or left_out(ids))
    assert judgement.n_left_out == 2
    # Two windows for the second stage, the two cut-offs, and at the end of each window whether chances came true.
    assert len(asked) == 6


def test_another_seed_gives_another_bundle(built, shop, quick, tmp_path):
    other = build(write_shop(tmp_path / "w"), quick, seed=4)
    assert other.manifest.dataset_digest == built.manifest.dataset_digest
    assert other.manifest.bundle_id != built.manifest.bundle_id


def test_what_is_judged_does_not_depend_on_what_the_test_window_holds(quick, tmp_path, shop):
    """Weights are chosen before the test window: a shop with another ending chooses the same."""
    ended = write_shop(tmp_path / "w")
    part = next((ended.path / "tables" / "purchases").iterdir())
    test_at = START + timedelta(days=DAYS - 14)
    frame = ended.read_table("purchases").collect()
    inside = frame["purchased_at"] >= test_at
    frame.with_columns(product_id=frame["product_id"].set(inside, "p001")).write_parquet(part)
    one = judge(shop, quick, seed=0, progress=SILENT)
    two = judge(ended, quick, seed=0, progress=SILENT)
    assert one.weights == two.weights
    assert one.dataset_digest == two.dataset_digest
    assert one.cases[0].rows[-1].metrics != two.cases[0].rows[-1].metrics


def test_a_broken_file_of_a_table_is_an_error_in_words(tmp_path, quick):
    shop = write_shop(tmp_path / "w")
    part = shop.table_files("purchases")[0]
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"tables of .* cannot be read.*recsys ingest"):
        judge(shop, quick, seed=0, progress=SILENT)
    with pytest.raises(InputError, match="cannot be read"):
        Dataset.read(shop, shop.now)


class TestThinWorkspaces:
    def test_nobody_agreed(self, tmp_path, quick):
        shop = write_shop(tmp_path / "w")
        part = shop.table_files("members")[0]
        members = pl.read_parquet(part).with_columns(consent_personalisation=pl.lit(False))
        members.write_parquet(part)
        with pytest.raises(NotEnoughDataError, match="no purchase by a member with consent"):
            judge(shop, quick, seed=0, progress=SILENT)

    def test_no_purchases(self, tmp_path, quick):
        with pytest.raises(NotEnoughDataError, match=r"span 0\.0 days"):
            judge(tiny(tmp_path / "w", []), quick, seed=0, progress=SILENT)

    def test_nothing_bought_in_the_windows(self, tmp_path, quick):
        early = [(member, member % 5, member) for member in range(8)]
        with pytest.raises(NotEnoughDataError, match="no member with consent bought"):
            judge(tiny(tmp_path / "w", early), quick, seed=0, progress=SILENT)

    @pytest.mark.parametrize("n_products", [1, 5])
    def test_identical_baskets_of_few_products_still_make_a_bundle(self, tmp_path, quick, n_products):
        lines = [
            (member, product, day + 0.5)
            for member in range(8)
            for product in range(n_products)
            for day in range(5, DAYS, 12)
        ]
        shop = tiny(tmp_path / "w", lines, n_products=n_products)
        judgement = judge(shop, quick, seed=0, progress=SILENT)
        assert [case.name for case in judgement.cases] == ["all"]
        built = build(shop, quick)
        knowledge = Knowledge.of(Bundle.open(built.path))
        assert len(knowledge.catalogue) == n_products
        assert np.isfinite(knowledge.members.orders_per_day).all()

    def test_members_with_one_purchase_each(self, tmp_path, quick):
        lines = [(member, member % 5, DAYS - 60 + 7.3 * member) for member in range(8)]
        shop = tiny(tmp_path / "w", lines)
        judgement = judge(shop, quick.model_copy(update={"evaluation": quick.evaluation}), seed=0, progress=SILENT)
        assert judgement.cases[0].n_members >= 1
        assert build(shop, quick).n_members == 8

    def test_models_switched_off_are_not_sources(self, shop, quick):
        off = quick.model_dump() | {"als": {"enabled": False}, "lightfm": {"enabled": False}}
        judgement = judge(shop, TrainConfig.model_validate(off), seed=0, progress=SILENT)
        assert set(judgement.weights) == {"graph", "frequency", "own_orders", "popular_segment"}


def test_training_never_reads_beyond_its_cut_off(shop):
    early = Dataset.read(shop, shop.now - 40 * 86_400)
    assert early.purchases.at.max() < early.cut_off
    assert early.exposures["at"].max() < early.cut_off
