"""The cold-start benchmark: attributes that tell everything, and the purchases that are taken away."""

import json

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from recsys.errors import InputError, NotEnoughDataError

N_PRODUCTS = 60


def written(folder, *, members=200):
    """Members like one of five kinds and buy nothing else; the kind is an attribute of the product."""
    rng = np.random.default_rng(8)
    rows = [
        (member, at, int(product), ["train"] * 4 + ["valid", "test"])
        for member in range(members)
        for at, product in enumerate(rng.permutation(N_PRODUCTS // 5)[:6] * 5 + member % 5)
    ]
    frame = pl.DataFrame(
        [(member, at, product, roles[at]) for member, at, product, roles in rows],
        schema=["user_id", "position", "item_id", "role"],
        orient="row",
    )
    frame.write_parquet(folder / "sequences.parquet")
    pairs = [(product, product % 5) for product in range(N_PRODUCTS)]
    pl.DataFrame(pairs, schema=["item_id", "attribute_id"], orient="row").write_parquet(
        folder / "item_attributes.parquet"
    )
    return folder


def test_attributes_find_cold_products_and_collaborative_filtering_cannot(tmp_path):
    report = run("cold_start", {"data": written(tmp_path), "resamples": 50})
    facts = json.loads(json.dumps(report.facts))
    ours = facts["ours"]["cold_ndcg_at_20"]
    assert ours > facts["peers"]["graphs_alone"]["cold_ndcg_at_20"] + 0.1
    assert ours > facts["peers"]["attribute_popularity"]["cold_ndcg_at_20"] + 0.1
    assert facts["best_cf"]["method"] in {"graphs_alone", "implicit_als", "implicit_bpr", "lightfm_warp"}
    assert facts["gains"]["cold_ndcg_at_20"]["mean"] == pytest.approx(
        ours - facts["content_profile"]["cold_ndcg_at_20"]
    )
    assert facts["judged_members"]["cold"] + facts["judged_members"]["warm"] == 200
    assert facts["ours"]["fit_cpu_s"] > 0
    assert len(report.tables[0].rows) == 7


def test_the_seed_draws_the_cold_products(tmp_path):
    folder = written(tmp_path)
    one, same, other = (
        run("cold_start", {"data": folder, "seed": seed, "resamples": 20}).facts["judged_members"] for seed in (1, 1, 3)
    )
    assert one == same != other


def test_a_set_without_a_cold_purchase_is_refused(tmp_path):
    with pytest.raises(NotEnoughDataError, match="no cold purchase"):
        run("cold_start", {"data": written(tmp_path, members=1)})
    with pytest.raises(InputError, match="needs --data DIR"):
        run("cold_start", {})
