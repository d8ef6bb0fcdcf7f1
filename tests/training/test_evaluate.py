"""The harness itself: where time is cut, who is asked what, and that luck is not taken for quality."""

from dataclasses import replace

import numpy as np
import pytest

from features.dataset import Dataset
from features.members import build_members
from features.products import build_catalogue
from recsys import metrics
from recsys.errors import NotEnoughDataError
from recsys.ragged import Ragged
from recsys.report import SILENT
from tests.training.shop import N_PRODUCTS
from training.as_of_ingest import AsOfIngest
from training.bootstrap import paired_gain
from training.cases import build_cases
from training.cases import cases_of as cases_of_rows
from training.evaluate import BLEND, FLOORS, measure_case, summarise
from training.fit import fit_models
from training.models import frequency, popularity
from training.nightly import candidate_lists
from training.second_stage import RRF
from training.source_config import PopularityConfig
from training.split import Split

DAY = 86_400


@pytest.fixture(scope="module")
def early(shop) -> Dataset:
    return Dataset.read(shop, shop.now - 14 * DAY)


@pytest.fixture(scope="module")
def fitted(early, quick):
    return fit_models(early, quick, 0, SILENT)


@pytest.fixture(scope="module")
def cases(shop, early, fitted):
    return cases_of(shop, early, shop.now)


def cases_of(shop, dataset, stop, max_members=10_000):
    members, catalogue = build_members(dataset), build_catalogue(dataset)
    rng = np.random.default_rng(0)
    return build_cases(shop, dataset, members, catalogue, stop=stop, max_members=max_members, rng=rng)


def result_of(fitted, case, quick, weights=None):
    weights = weights or dict.fromkeys(fitted.scorers, 1.0)
    tier = np.zeros(len(fitted.members), dtype=np.int8)
    cost_minor = np.full(len(fitted.catalogue), -1, dtype=np.int64)
    known = AsOfIngest(("a", "b"), tier, cost_minor)
    measured = measure_case(fitted, weights, case, quick, known=known, progress=SILENT)
    return summarise([measured], quick.evaluation, np.random.default_rng(0))


class TestSplit:
    def test_two_windows_are_cut_off_the_end(self):
        split = Split.of(first_at=0, end=100 * DAY, holdout_days=14)
        assert (split.validation_at, split.test_at, split.end) == (72 * DAY, 86 * DAY, 100 * DAY)

    def test_too_short_a_history_says_how_long_it_must_be(self):
        with pytest.raises(NotEnoughDataError, match=r"span 50\.0 days.*need 56"):
            Split.of(first_at=50 * DAY, end=100 * DAY, holdout_days=14)

    def test_no_purchase_at_all_is_too_short(self):
        with pytest.raises(NotEnoughDataError, match="ingest more history"):
            Split.of(first_at=100, end=100, holdout_days=14)


class TestCases:
    def test_truth_is_what_was_bought_in_the_window(self, shop, early, cases):
        everything, _ = cases
        later = Dataset.read(shop, shop.now)
        inside = later.purchases.at >= early.cut_off
        ids = later.member_ids.ids(later.purchases.member[inside])
        names = later.product_ids.ids(later.purchases.product[inside])
        bought = {(member, product) for member, product in zip(ids, names, strict=True) if product != "p159"}
        truth = zip(
            early.member_ids.ids(everything.members[everything.truth.owners()]),
            early.product_ids.ids(everything.truth.values),
            strict=True,
        )
        assert set(truth) == bought
        assert everything.truth.lengths().min() >= 1

    def test_explore_leaves_out_what_was_bought_before(self, early, cases):
        _, explore = cases
        purchased = build_members(early).purchased
        for place, member in enumerate(explore.members):
            before = set(purchased.take(np.array([member])).values.tolist())
            assert not before & set(explore.truth.take(np.array([place])).values.tolist())
            assert set(explore.without.take(np.array([place])).values.tolist()) == before

    def test_products_not_yet_on_sale_are_not_asked_for(self, cases):
        everything, _ = cases
        assert not everything.keep[N_PRODUCTS - 1]
        assert everything.keep.sum() == N_PRODUCTS - 1

    def test_the_share_reachable_is_of_distinct_purchases_that_were_on_sale(self, early):
        member, product = np.array([0, 0, 1, 1, 2]), np.array([N_PRODUCTS - 1, 3, 4, 4, 5])
        everything, explore = cases_of_rows(
            member, product, early.cut_off, build_members(early), build_catalogue(early), max_members=2,
            rng=np.random.default_rng(0),
        )  # fmt: skip
        assert everything.share_reachable == explore.share_reachable == 3 / 4
        assert everything.n_eligible == 3

    def test_many_members_are_sampled(self, shop, early, cases):
        sampled, _ = cases_of(shop, early, shop.now, max_members=20)
        assert len(sampled.members) == 20
        assert sampled.n_eligible == cases[0].n_eligible == len(cases[0].members)
        assert set(sampled.members) <= set(cases[0].members)

    def test_an_empty_window_is_refused(self, shop):
        first = int(Dataset.read(shop, shop.now).purchases.at.min())
        with pytest.raises(NotEnoughDataError, match="no member with consent bought"):
            cases_of(shop, Dataset.read(shop, first - DAY), first - 10)


class TestEvaluateCase:
    def test_every_table_has_the_floors_the_sources_and_the_blend(self, fitted, cases, quick):
        names = [row.name for row in result_of(fitted, cases[0], quick).rows]
        sources = ["als", "lightfm", "frequency", "own_orders", "popular_segment", "graph"]
        assert names == [*FLOORS, *sources, RRF, BLEND]

    def test_an_oracle_scores_one_and_gains_what_is_missing(self, fitted, cases, quick):
        class Oracle:
            def best(self, members, *, keep, k, without=None):
                rows = np.full((len(members), k), -1, dtype=np.int32)
                for place, one in enumerate(cases[0].truth.lists()):
                    rows[place, : len(one)] = one[:k]
                return rows, np.where(rows >= 0, 1.0, np.nan).astype(np.float32)

        result = result_of(replace(fitted, scorers={"oracle": Oracle()}), cases[0], quick)
        rows = {row.name: row for row in result.rows}
        assert rows[BLEND].metrics["ndcg_at_10"] == pytest.approx(1.0)
        floor = rows[result.best_floor].metrics["ndcg_at_10"]
        assert rows[BLEND].gain.mean == pytest.approx(1.0 - floor)
        assert rows[BLEND].gain.low > 0

    def test_the_best_floor_gains_nothing_over_itself(self, fitted, cases, quick):
        result = result_of(fitted, cases[0], quick)
        gain = next(row.gain for row in result.rows if row.name == result.best_floor)
        assert (gain.mean, gain.low, gain.high) == (0.0, 0.0, 0.0)

    def test_the_best_floor_is_the_one_that_is_hardest_to_beat(self, fitted, cases, quick):
        for case in cases:
            result = result_of(fitted, case, quick)
            rows = {row.name: row for row in result.rows if row.name in FLOORS}
            quality = {name: row.metrics["ndcg_at_10"] for name, row in rows.items()}
            assert quality[result.best_floor] == max(quality.values()) > min(quality.values())
            assert all(row.gain.mean <= 0 for row in rows.values())

    def test_the_floors_are_what_their_names_say(self, early, fitted, cases, quick):
        case, nobody = cases[0], np.full(len(fitted.members), -1, dtype=np.int16)
        lists = {}
        for days in (7, 28):
            scorer = popularity.fit(early, PopularityConfig(window_days=days), nobody)
            lists[f"popular_{days}_days"] = scorer.best(case.members, keep=case.keep, k=20)[0]
        own = frequency.fit_plain(early).best(case.members, keep=case.keep, k=20)[0]
        filled = [
            [*mine[mine >= 0], *(one for one in popular if one not in mine)][:20]
            for mine, popular in zip(own, lists["popular_28_days"], strict=True)
        ]
        lists["own_frequency_then_popular"] = np.array(filled)
        rows = {row.name: row.metrics["ndcg_at_10"] for row in result_of(fitted, case, quick).rows}
        for name, listed in lists.items():
            hit = metrics.hits(listed, case.truth, N_PRODUCTS)
            assert rows[name] == pytest.approx(metrics.ndcg(hit, case.truth.lengths(), 10).mean()), name
        assert len({round(rows[name], 9) for name in FLOORS}) == 3

    def test_what_is_learnt_beats_popularity_on_products_never_bought(self, fitted, cases, quick):
        rows = {row.name: row.metrics["ndcg_at_10"] for row in result_of(fitted, cases[1], quick).rows}
        assert min(rows["als"], rows["lightfm"], rows["graph"]) > 2 * rows["popular_28_days"]
        assert rows["frequency"] == 0.0

    def test_the_own_frequency_floor_fills_up_with_what_is_popular(self, fitted, cases, quick):
        result = {row.name: row for row in result_of(fitted, cases[1], quick).rows}
        assert result[FLOORS[2]].metrics == result[FLOORS[1]].metrics

    def test_slices_cover_the_members(self, fitted, cases, quick):
        result = result_of(fitted, cases[0], quick)
        by_tier = [(one["group"], one["n_members"]) for one in result.slices if one["by"] == "tier"]
        assert by_tier == [("a", result.n_members)]


class TestBootstrap:
    def test_the_interval_covers_the_truth_about_as_often_as_it_says(self):
        rng = np.random.default_rng(1)
        covered = 0
        for _ in range(200):
            ours, other = rng.normal(0.3, 1, 80), rng.normal(0, 1, 80)
            gain = paired_gain(ours, other, n_resamples=200, confidence=0.9, rng=rng)
            covered += gain.low <= 0.3 <= gain.high
        assert 0.83 <= covered / 200 <= 0.96

    def test_what_both_share_cancels_out(self):
        rng = np.random.default_rng(1)
        shared = rng.normal(0, 100, 500)
        gain = paired_gain(shared + 0.1, shared, n_resamples=200, confidence=0.95, rng=rng)
        assert gain.low == pytest.approx(0.1)
        assert gain.high == pytest.approx(0.1)


def test_lists_in_blocks_equal_lists_at_once(fitted, cases, monkeypatch):
    case = cases[0]
    whole = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=12, progress=SILENT)
    monkeypatch.setattr("training.nightly._BLOCK_MEMBERS", 7)
    blocks = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=12, progress=SILENT)
    for name, one in whole.items():
        same = metrics.hits(blocks[name].products, Ragged.of(one.products.clip(0).tolist()), N_PRODUCTS)
        assert same[one.products >= 0].mean() > 0.99
        assert not (blocks[name].products == N_PRODUCTS - 1).any()
