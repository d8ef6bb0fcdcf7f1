"""The collaborative benchmark: how a folder is read, what is kept apart, and figures whose answer is known."""

import json

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.collaborative_cases import read_collaborative_set
from recsys.errors import InputError, NotEnoughDataError, SourceError

SCHEMA = {"user_id": pl.Int64, "item_id": pl.Int64, "role": pl.String}


def frame(*rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def communities(n_members=60):
    """Three groups of members and of 25 products; each buys a dozen of the group's, and two more in the test."""
    rng = np.random.default_rng(6)
    rows = []
    for member in range(n_members):
        own = 3 * rng.permutation(25)[:14] + member % 3
        rows += [(7 * member + 2, 5 * int(p) + 11, "test" if at < 2 else "train") for at, p in enumerate(own)]
    return frame(*rows)


def written(folder, lines):
    lines.write_parquet(folder / "interactions.parquet")
    return folder


def test_groups_are_found_by_all_and_popularity_does_not_know_them(tmp_path):
    report = run("collaborative", {"data": written(tmp_path, communities()), "resamples": 50})
    facts = json.loads(json.dumps(report.facts))
    assert facts["ours"]["recall_at_20"] == 1
    assert 0.3 < facts["ours"]["ndcg_at_20"] <= 1
    assert facts["floors"]["popularity"]["recall_at_20"] < 0.8
    peers = {"rp3beta", "ials", "sparse_ease", "implicit_als", "implicit_als_default", "implicit_bpr", "lightfm_warp"}
    assert set(facts["peers"]) == peers
    for method in (facts["ours"], facts["floors"]["popularity"], *facts["peers"].values()):
        assert {"recall_at_20", "ndcg_at_20", "fit_cpu_s", "score_cpu_s", "peak_rss_mb"} <= set(method)
        assert 0 <= method["recall_at_20"] <= 1
    gain = facts["gain_over_best_peer"]["ndcg_at_20"]
    peer = {**facts["peers"], **facts["floors"]}[gain["peer"]]
    assert gain["mean"] == pytest.approx(facts["ours"]["ndcg_at_20"] - peer["ndcg_at_20"])
    assert gain["low"] <= gain["mean"] <= gain["high"]
    assert len(report.tables[0].rows) == 9


def test_ids_need_not_be_dense_nor_rows_in_order_nor_once(tmp_path):
    lines = frame(
        (9, 70, "train"), (4, 50, "train"), (9, 50, "test"), (4, 50, "train"), (4, 20, "train"), (4, 90, "test")
    )
    folder = read_collaborative_set(written(tmp_path, lines))
    assert folder.train.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
    assert folder.test.members.tolist() == [0, 1]
    assert folder.test.truth.lists() == [[3], [1]]
    assert folder.known().lists() == [[0, 1], [2]]


def test_what_a_member_has_in_train_is_no_truth_and_strangers_are_counted_and_not_judged(tmp_path):
    rows = [
        (1, 5, "train"),
        (1, 5, "test"),
        (1, 6, "test"),
        (2, 5, "train"),
        (2, 5, "test"),
        (3, 6, "test"),
        (4, 6, "train"),
    ]
    folder = read_collaborative_set(written(tmp_path, frame(*rows)))
    assert folder.test.members.tolist() == [0]
    assert folder.test.truth.lists() == [[1]]
    assert folder.n_strangers == 1


def test_the_test_changes_nothing_that_is_learnt(tmp_path):
    figures = []
    for name, lines in (("a", communities()), ("b", communities().filter(pl.col("user_id") < 100))):
        (tmp_path / name).mkdir()
        train = communities().filter(pl.col("role") == "train")
        folder = read_collaborative_set(
            written(tmp_path / name, pl.concat([train, lines.filter(pl.col("role") == "test")]))
        )
        figures.append(folder.train.toarray())
    np.testing.assert_array_equal(figures[0], figures[1])


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 5, "train"), (1, 6, "train"), (1, 7, "test")],
        [(1, 5, "train"), (2, 5, "train"), (2, 8, "test")],
        [(1, 5, "train"), (1, 6, "train"), (2, 6, "train"), (2, 5, "test"), (3, 6, "train")],
    ],
    ids=["one member", "one product sold", "a member without test"],
)
def test_very_small_sets_are_judged(tmp_path, rows):
    facts = run("collaborative", {"data": written(tmp_path, frame(*rows)), "resamples": 10}).facts
    for method in (facts["ours"], *facts["peers"].values()):
        assert np.isfinite(method["ndcg_at_20"])


def test_a_folder_of_another_form_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs --data DIR"):
        run("collaborative", {})
    with pytest.raises(SourceError, match=r"interactions\.parquet cannot be read"):
        read_collaborative_set(tmp_path)
    with pytest.raises(SourceError, match="lacks the columns role"):
        read_collaborative_set(written(tmp_path, communities().drop("role")))
    with pytest.raises(SourceError, match="the roles valid; use train, test"):
        read_collaborative_set(
            written(tmp_path, communities().with_columns(role=pl.col("role").replace("test", "valid")))
        )


def test_nothing_to_learn_from_or_nobody_to_judge_is_said(tmp_path):
    with pytest.raises(NotEnoughDataError, match="nothing to learn from"):
        read_collaborative_set(written(tmp_path, communities().filter(pl.col("role") == "test")))
    with pytest.raises(NotEnoughDataError, match="no member has both"):
        read_collaborative_set(written(tmp_path, communities().filter(pl.col("role") == "train")))
