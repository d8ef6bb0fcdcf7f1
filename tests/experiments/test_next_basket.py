"""The next-basket benchmark: the three forms of a folder, figures by hand, and a published known answer."""

import json

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.basket_cases import Case, read_basket_set
from experiments.benchmarks.basket_judge import by_member, judge, mean_over_folds
from recsys.errors import InputError, NotEnoughDataError, SourceError
from recsys.ragged import Ragged
from recsys.scorers.popularity import PopularityScorer
from training.baskets import Baskets, Labels
from training.models import basket_floors


def lines(n_members=60):
    rng = np.random.default_rng(2)
    rows = [
        (member + 100, at, int(product), at == n - 1, n - 1 - at)
        for member in range(n_members)
        for n in [4 + member % 3]
        for at in range(n)
        for product in {7, 20 + (at + member) % 2, int(rng.integers(30, 40))}
    ]
    return pl.DataFrame(rows, schema=["user_id", "basket_no", "item_id", "is_target", "from_end"], orient="row")


def roles(n_members=60):
    names = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    return pl.DataFrame({"user_id": range(100, 100 + n_members), "role": [names[m % 10] for m in range(n_members)]})


def written(folder, form):
    frame = lines()
    if form == "from_end":
        frame = frame.drop("is_target")
    elif form == "role":
        frame = frame.drop("from_end").join(roles(), on="user_id").rename({"user_id": "user_key"})
    else:
        frame = frame.drop("from_end")
        folds = [roles().with_columns(fold=pl.lit(fold)) for fold in (0, 1)]
        pl.concat(folds).write_parquet(folder / "user_folds.parquet")
    frame.write_parquet(folder / "baskets.parquet")
    return folder


@pytest.mark.parametrize("form", ["from_end", "role", "user_folds"])
def test_every_form_of_a_folder_is_judged(tmp_path, form):
    report = run("next_basket", {"data": written(tmp_path, form), "resamples": 50})
    facts = json.loads(json.dumps(report.facts))
    assert facts["form"] == form
    assert {"recall_at_10", "ndcg_at_10", "recall_at_20", "repeat_recall_at_10", "explore_recall_at_10"} <= set(
        facts["ours"]
    )
    assert {"gp_topfreq", "tifu_knn"} <= set(facts["floors"])
    assert {"implicit_als", "implicit_bpr", "lightfm_warp", "up_cf"} <= set(facts["peers"])
    assert facts["ours"]["recall_at_20"] > 0.6
    assert facts["ours"]["fit_cpu_s"] > 0
    assert len(report.tables[0].rows) == 9


def test_products_are_numbered_by_the_popularity_of_the_histories(tmp_path):
    case = read_basket_set(written(tmp_path, "role")).test[0]
    counts = np.bincount(case.baskets.product, minlength=case.baskets.n_products)
    assert (np.diff(counts) <= 0).all()
    assert counts[0] == lines().filter(~pl.col("is_target"), pl.col("item_id") == 7).height


def test_validation_by_position_never_sees_the_test_basket(tmp_path):
    folder = read_basket_set(written(tmp_path, "from_end"))
    (validation,), (test,) = folder.validation, folder.test
    assert (test.baskets.n_baskets() - validation.baskets.n_baskets() == 1).all()
    assert validation.labels is test.labels is None


def test_roles_do_not_mix(tmp_path):
    folder = read_basket_set(written(tmp_path, "user_folds"))
    case, other = folder.test[0], folder.validation[0]
    parts = [case.labels.members, case.judged.members, other.judged.members]
    assert [len(part) for part in parts] == [36, 12, 12]
    assert len(np.unique(np.concatenate(parts))) == 60


def test_a_folder_of_no_form_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"baskets\.parquet cannot be read"):
        read_basket_set(tmp_path)
    lines().drop("is_target", "from_end").write_parquet(tmp_path / "baskets.parquet")
    with pytest.raises(SourceError, match="neither from_end nor is_target"):
        read_basket_set(tmp_path)
    lines().drop("from_end").write_parquet(tmp_path / "baskets.parquet")
    with pytest.raises(SourceError, match="no role column"):
        read_basket_set(tmp_path)
    lines().drop("user_id").write_parquet(tmp_path / "baskets.parquet")
    with pytest.raises(SourceError, match="no member column"):
        read_basket_set(tmp_path)


def test_a_split_that_judges_nobody_is_refused(tmp_path):
    lines().filter(pl.col("from_end") != 1).drop("is_target").write_parquet(tmp_path / "baskets.parquet")
    with pytest.raises(NotEnoughDataError, match="from_end 1: no member has both"):
        read_basket_set(tmp_path)


def test_the_benchmark_says_that_it_needs_a_folder():
    with pytest.raises(InputError, match="needs --data DIR"):
        run("next_basket", {})


def by_hand():
    """Member 0 buys one of three again; member 1 has bought nothing of theirs before."""
    baskets = Baskets.of(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0, 5, 4]), n_members=2, n_products=30)
    truth = Labels(np.array([0, 1], dtype=np.int32), Ragged.of([[0, 1, 29], [2]]))
    return Case("by hand", baskets, None, truth)


def test_figures_by_hand():
    everyone = PopularityScorer(np.arange(30, 0, -1, dtype=np.float32)[None], np.full(2, -1, dtype=np.int16))
    figures = {name: value.tolist() for name, value in judge(everyone, by_hand()).items()}
    assert figures["recall_at_10"] == [2 / 3, 1]
    assert figures["repeat_recall_at_10"][0] == 1
    assert np.isnan(figures["repeat_recall_at_10"][1])
    assert figures["explore_recall_at_10"] == [1 / 2, 1]
    gained, ideal = 1 + 1 / np.log2(3), 1 + 1 / np.log2(3) + 1 / 2
    np.testing.assert_allclose(figures["ndcg_at_10"], [gained / ideal, 1 / 2])
    assert figures["hit_rate_at_20"] == [1, 1]


def test_means_are_over_members_then_folds():
    folds = [{"x": np.array([1.0, np.nan])}, {"x": np.array([0.0, 0.5])}]
    assert mean_over_folds(folds) == {"x": 0.625}
    assert by_member(
        [{"x": np.array([1.0, 0.0])}, {"x": np.array([0.5, 0.0])}], [by_hand(), by_hand()], "x"
    ).tolist() == [
        0.75,
        0.0,
    ]


def test_global_popularity_gives_the_published_figure(public_data):
    """Li et al. 2023 (TOIS), table of Ta-Feng: recall .0803 and NDCG .0842, over all members."""
    everyone = read_basket_set(public_data / "nbr_tafeng")
    case = everyone.test[0]
    parts = [everyone.test[0].labels, everyone.validation[0].judged, everyone.test[0].judged]
    figures = [judge(basket_floors.fit_global(case.baskets), Case("", case.baskets, None, part)) for part in parts]
    pooled = {
        name: np.concatenate([one[name] for one in figures]).mean() for name in ("recall_at_10", "ndcg_full_at_10")
    }
    assert sum(len(part) for part in parts) == 13_858
    assert {name: round(float(value), 4) for name, value in pooled.items()} == {
        "recall_at_10": 0.0803,
        "ndcg_full_at_10": 0.0842,
    }
