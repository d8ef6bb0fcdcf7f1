"""The next-product benchmark: how a folder is read, what is kept apart, and figures whose answer is known."""

import json

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.sequence_cases import read_sequence_set
from recsys.errors import InputError, NotEnoughDataError, SourceError


def lines(n_members=40):
    """Everybody walks the same circle of 30 products from another start: each product names its successor."""
    rows = [
        (member + 5, at, 100 + 3 * ((member + at) % 30), {4: "valid", 5: "test"}.get(at, "train"))
        for member in range(n_members)
        for at in range(6)
    ]
    return pl.DataFrame(rows, schema=["user_id", "position", "item_id", "role"], orient="row")


def attributes():
    """Half of the products have one, and so has product 999, which nobody bought."""
    pairs = [(100 + 3 * product, product % 4) for product in range(0, 30, 2)] + [(999, 1), (999, 1)]
    return pl.DataFrame(pairs, schema=["item_id", "attribute_id"], orient="row")


def written(folder, sequences=None, pairs=None):
    (lines() if sequences is None else sequences).write_parquet(folder / "sequences.parquet")
    (attributes() if pairs is None else pairs).write_parquet(folder / "item_attributes.parquet")
    return folder


def test_the_successor_on_the_circle_is_found_and_popularity_does_not_know_it(tmp_path):
    report = run("next_product", {"data": written(tmp_path), "resamples": 50})
    facts = json.loads(json.dumps(report.facts))
    for protocol in ("train_only", "refit"):
        assert facts[protocol]["recall_at_10"] == 1
        assert facts[protocol]["ndcg_at_10"] > 0.8
        assert facts["floors"]["popularity"][protocol]["recall_at_10"] < 0.7
        assert facts[protocol]["fit_cpu_s"] > 0
        gain = facts["gain_over_best_peer"][protocol]["ndcg_at_10"]
        peer = facts["peers"][gain["peer"]][protocol]["ndcg_at_10"]
        assert gain["mean"] == pytest.approx(facts[protocol]["ndcg_at_10"] - peer)
        assert gain["low"] <= gain["mean"] <= gain["high"]
    assert set(facts["peers"]) == {"popularity", "implicit_als", "implicit_bpr", "lightfm_warp"}
    assert facts["fit_s"] == max(facts["train_only"]["fit_s"], facts["refit"]["fit_s"])
    assert len(report.tables[0].rows) == 10


def test_a_folder_is_read_in_the_order_of_positions_and_by_role(tmp_path):
    folder = read_sequence_set(written(tmp_path, lines().sample(fraction=1, shuffle=True, seed=4)))
    assert folder.train.take(np.array([1])).lists() == [[1, 2, 3, 4]]
    assert folder.known.take(np.array([1])).lists() == [[1, 2, 3, 4, 5]]
    assert folder.validation.truth.lists()[1] == [5]
    assert folder.test.truth.lists()[1] == [6]
    assert folder.attributes.shape == (31, 3)
    assert folder.attributes.toarray()[:3].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert folder.attributes.toarray()[30].tolist() == [0, 1, 0]


def test_the_test_purchase_changes_nothing_that_is_learnt(tmp_path):
    other = lines().with_columns(item_id=pl.when(pl.col("role") == "test").then(100).otherwise("item_id"))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (read_sequence_set(written(tmp_path / name, of)) for name, of in (("a", lines()), ("b", other)))
    assert one.known.lists() == two.known.lists()
    assert one.validation.truth.lists() == two.validation.truth.lists()


def test_without_validation_both_protocols_are_one(tmp_path):
    facts = run("next_product", {"data": written(tmp_path, lines().filter(pl.col("role") != "valid"))}).facts
    for figure in ("recall_at_10", "ndcg_at_10", "recall_at_20", "ndcg_at_20"):
        assert facts["train_only"][figure] == facts["refit"][figure]


def test_without_any_attribute_the_benchmark_runs(tmp_path):
    facts = run("next_product", {"data": written(tmp_path, pairs=attributes().clear()), "resamples": 20}).facts
    assert facts["products"] == 30
    assert facts["refit"]["recall_at_10"] == 1


def test_a_folder_of_another_form_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs --data DIR"):
        run("next_product", {})
    with pytest.raises(SourceError, match=r"sequences\.parquet cannot be read"):
        read_sequence_set(tmp_path)
    with pytest.raises(SourceError, match="lacks the columns position"):
        read_sequence_set(written(tmp_path, lines().drop("position")))
    with pytest.raises(SourceError, match="rows without item_id"):
        read_sequence_set(written(tmp_path, pairs=pl.DataFrame({"item_id": [None, 1], "attribute_id": [1, 2]})))
    with pytest.raises(SourceError, match="the roles holdout; use train, valid, test"):
        read_sequence_set(written(tmp_path, lines().with_columns(role=pl.col("role").replace("test", "holdout"))))


def test_a_folder_with_nothing_to_learn_from_or_nobody_to_judge_is_refused(tmp_path):
    with pytest.raises(NotEnoughDataError, match="nothing to learn from"):
        read_sequence_set(written(tmp_path, lines().filter(pl.col("role") != "train")))
    with pytest.raises(NotEnoughDataError, match="no member has both"):
        read_sequence_set(written(tmp_path, lines().filter(pl.col("role") != "test")))
