"""The second stage: it learns a planted rule, keeps its order in the bundle, and is served only where it earns it."""

from dataclasses import replace

import numpy as np
import pytest

from features.dataset import Dataset
from recsys.bundle import Bundle
from recsys.errors import InputError, LeakError, NotEnoughDataError
from recsys.knowledge import CandidateList, Knowledge
from recsys.ragged import Ragged
from recsys.reasons import RERANKED_SOURCE, source_code
from recsys.report import SILENT
from training.basket_config import BoostingConfig
from training.build import build_bundle
from training.cases import Case
from training.config import TrainConfig
from training.fit import fit_models
from training.models import reranker
from training.pipeline import judge
from training.ranking_features import RankingFacts
from training.reranker_config import RerankerConfig
from training.second_stage import RRF, SecondStage, judge_second_stage, weights_behind
from training.snapshots import Snapshot
from training.weights import blend

N_MEMBERS, N_PRODUCTS, DEPTH = 60, 40, 12
SMALL = RerankerConfig(boosting=BoostingConfig(n_trees=30, min_leaf_rows=5, row_share=1.0))
FACTS = RankingFacts(
    n_products=N_PRODUCTS,
    pair_keys=np.empty(0, dtype=np.int64),
    of_pairs=np.empty((0, 8), dtype=np.float32),
    family=np.full(N_PRODUCTS, -1, dtype=np.int32),
    family_keys=np.empty(0, dtype=np.int64),
    of_families=np.empty((0, 2), dtype=np.float32),
    of_products=np.zeros((N_PRODUCTS, 5), dtype=np.float32),
    of_members=np.zeros((N_MEMBERS, 5), dtype=np.float32),
)


def drawn_lists(seed):
    rng = np.random.default_rng(seed)
    products = np.stack([rng.permutation(N_PRODUCTS)[:DEPTH] for _ in range(N_MEMBERS)]).astype(np.int32)
    scores = -np.sort(-rng.random((N_MEMBERS, DEPTH)), axis=1).astype(np.float32)
    other = np.stack([rng.permutation(N_PRODUCTS)[:DEPTH] for _ in range(N_MEMBERS)]).astype(np.int32)
    return {"loud": CandidateList(products, scores), "wise": CandidateList(other, scores)}


def lesson(seed, *, ends=100):
    """What stands third to fifth in the list of the wise source is bought; nothing else says anything."""
    members = np.arange(N_MEMBERS, dtype=np.int32)
    pool = reranker.build_pool(FACTS, drawn_lists(seed), members)
    rank = pool.features[:, pool.names.index("wise_rank")]
    labels = (rank >= 3) & (rank <= 5)
    return Snapshot(ends - 7, ends, pool.features, pool.names, labels, np.bincount(pool.owner), N_MEMBERS, 1.0)


class TestFit:
    def test_a_planted_rule_is_learnt_and_holds_for_other_lists(self):
        model = reranker.fit([lesson(1), lesson(2)], SMALL, at=100, seed=0)
        lists = drawn_lists(3)
        ranked = model.rank(FACTS, lists, np.arange(N_MEMBERS, dtype=np.int32), k=5, progress=SILENT)
        for mine, wise in zip(ranked.products, lists["wise"].products, strict=True):
            assert set(mine[:3].tolist()) == set(wise[2:5].tolist())

    def test_scores_go_down_the_list_and_holes_are_nowhere_but_at_the_end(self):
        model = reranker.fit([lesson(1)], SMALL, at=100, seed=0)
        ranked = model.rank(FACTS, drawn_lists(4), np.arange(7, dtype=np.int32), k=N_PRODUCTS, progress=SILENT)
        for products, scores in zip(ranked.products, ranked.scores, strict=True):
            n = int((products >= 0).sum())
            assert DEPTH <= n <= 2 * DEPTH
            assert len(set(products[:n].tolist())) == n
            assert (np.diff(scores[:n]) <= 0).all()
            assert np.isnan(scores[n:]).all()

    def test_members_are_ranked_alike_alone_and_together(self):
        model = reranker.fit([lesson(1)], SMALL, at=100, seed=0)
        lists, everybody = drawn_lists(5), np.arange(N_MEMBERS, dtype=np.int32)
        together = model.rank(FACTS, lists, everybody, k=9, progress=SILENT)
        mine = {name: CandidateList(one.products[8:9], one.scores[8:9]) for name, one in lists.items()}
        alone = model.rank(FACTS, mine, everybody[8:9], k=9, progress=SILENT)
        assert alone.products.tolist() == together.products[8:9].tolist()

    def test_the_same_lessons_and_seed_give_the_same_trees(self):
        one, same = (reranker.fit([lesson(1)], SMALL, at=100, seed=4).trees for _ in range(2))
        assert one.threshold.tobytes() == same.threshold.tobytes()
        assert one.value.tobytes() == same.value.tobytes()

    def test_so_many_sets_of_trees_are_added_up(self):
        model = reranker.fit([lesson(1)], SMALL.model_copy(update={"n_bags": 3}), at=100, seed=4)
        assert model.trees.roots.shape == (3 * 30,)

    def test_a_lesson_from_later_is_refused(self):
        with pytest.raises(LeakError, match="does not end by 99"):
            reranker.fit([lesson(1, ends=50), lesson(2, ends=100)], SMALL, at=99, seed=0)

    def test_no_lesson_is_not_enough(self):
        with pytest.raises(NotEnoughDataError, match="no snapshot"):
            reranker.fit([], SMALL, at=100, seed=0)

    def test_lists_of_other_sources_are_refused(self):
        model = reranker.fit([lesson(1)], SMALL, at=100, seed=0)
        with pytest.raises(InputError, match="same sources"):
            model.rank(FACTS, {"loud": drawn_lists(1)["loud"]}, np.arange(N_MEMBERS), k=5, progress=SILENT)


class TestGate:
    """Each member bought one product; a ranker is as good as the place at which it lists it."""

    N = 200

    def lists_with(self, place, *, but=0):
        """The bought product 0 at that place, for the first *but* members right at the top."""
        products = np.tile(np.arange(1, 21, dtype=np.int32), (self.N, 1))
        products[:, place] = 0
        products[:but] = np.arange(20)
        return CandidateList(products, np.tile(-np.arange(20, dtype=np.float32), (self.N, 1)))

    def finding(self, reranked, *, sources=None, **settings):
        members = np.arange(self.N, dtype=np.int32)
        nothing = Ragged.of([[]] * self.N)
        case = Case("all", members, Ragged.of([[0]] * self.N), np.ones(21, dtype=bool), nothing, 1.0, self.N)
        lists = sources or {"als": self.lists_with(6), "frequency": self.lists_with(4)}
        config = TrainConfig(reranker=RerankerConfig(**settings))
        return judge_second_stage(reranked, lists, dict.fromkeys(lists, 1.0), case, config, seed=0)

    def test_clearly_better_is_served(self):
        found = self.finding(self.lists_with(1))
        assert found.shipped
        assert found.best_source == "frequency"
        assert found.ndcg_at_10["frequency"] == pytest.approx(1 / np.log2(6))
        assert found.ndcg_at_10[RERANKED_SOURCE] == pytest.approx(1 / np.log2(3))
        assert found.gains["frequency"].mean == pytest.approx(1 / np.log2(3) - 1 / np.log2(6))
        assert set(found.gains) == {"frequency", RRF, "weighted_blend"}

    def test_as_good_is_not_served(self):
        found = self.finding(self.lists_with(4))
        assert not found.shipped
        assert "frequency" in found.reason

    def test_surely_but_hardly_better_is_not_served(self):
        """Better for 6 members of 200 and worse for none: beyond luck, yet by less than the share asked for."""
        reranked = self.lists_with(4, but=6)
        found = self.finding(reranked)
        assert found.gains["frequency"].low > 0
        assert not found.shipped
        assert self.finding(reranked, min_gain_share=0.0).shipped

    def test_better_by_luck_is_not_served(self):
        """Much better for a few and a little worse for all others: the mean is higher, the interval holds zero."""
        found = self.finding(self.lists_with(6, but=20), min_gain_share=0.0)
        assert found.ndcg_at_10[RERANKED_SOURCE] > found.ndcg_at_10["frequency"]
        assert found.gains["frequency"].low < 0 < found.gains["frequency"].high
        assert not found.shipped

    def test_below_plain_fusion_is_not_served(self):
        """Two sources that put it third, behind products of their own: together they put it first."""
        one, other = self.lists_with(2), self.lists_with(2)
        other = replace(other, products=np.where(other.products > 0, 21 - other.products, 0).astype(np.int32))
        found = self.finding(self.lists_with(1), sources={"als": one, "frequency": other})
        assert found.ndcg_at_10[RRF] == 1.0
        assert found.ndcg_at_10[RERANKED_SOURCE] > found.ndcg_at_10[found.best_source]
        assert not found.shipped
        assert "rrf" in found.reason

    def test_the_ceiling_is_what_the_pool_holds(self):
        unlisted = self.lists_with(19)
        unlisted.products[:50][unlisted.products[:50] == 0] = 20
        found = self.finding(self.lists_with(1), sources={"als": unlisted})
        assert found.pool_recall == found.pool_recall_at_100 == pytest.approx(0.75)


class TestServed:
    def test_its_order_stands_and_the_sources_follow(self):
        rng = np.random.default_rng(0)
        first = np.stack([rng.permutation(200)[:50] for _ in range(30)]).astype(np.int32)
        others = {name: np.stack([rng.permutation(200)[:50] for _ in range(30)]).astype(np.int32) for name in "ab"}
        lists = {RERANKED_SOURCE: first} | others
        candidates = {name: CandidateList(rows, np.zeros(rows.shape, np.float32)) for name, rows in lists.items()}
        fused = blend(candidates, weights_behind({"a": 0.01, "b": 8.0}, 50))
        assert fused[:, :50].tolist() == first.tolist()
        assert set(fused[3].tolist()) - {-1} == set().union(*(rows[3].tolist() for rows in lists.values()))

    def test_its_reason_has_a_code_of_its_own(self):
        assert source_code(RERANKED_SOURCE) == "picked_for_you"

    @pytest.fixture(scope="class")
    @classmethod
    def eager(cls, quick):
        """Whatever it does to the ranking, it is served."""
        config = quick.model_dump() | {"als": {"enabled": False}, "lightfm": {"enabled": False}}
        return TrainConfig.model_validate(
            config | {"reranker": SMALL.model_dump() | {"min_gain_share": 0.0}, "calibration": {"enabled": False}}
        )

    def test_the_bundle_lists_it_first(self, shop, eager):
        stage = SecondStage(shop, eager, 0, None)
        second = stage.model(shop.now, SILENT)
        weights = weights_behind({"frequency": 0.5, "own_orders": 1.0, "popular_segment": 0.1}, 20)
        built = build_bundle(shop, eager, weights, seed=0, run_id="r", git_sha="g", progress=SILENT, second=second)
        knowledge = Knowledge.of(Bundle.open(built.path))
        assert next(iter(knowledge.source_weights)) == RERANKED_SOURCE
        listed = knowledge.sources[RERANKED_SOURCE].products
        assert listed.shape == (210, 20)
        fused = blend(knowledge.sources, knowledge.source_weights)
        assert fused[:, :20].tolist() == listed.tolist()

    def test_weights_without_the_model_are_refused(self, shop, eager):
        with pytest.raises(InputError, match="second stage"):
            build_bundle(
                shop, eager, weights_behind({"frequency": 1.0}, 20), seed=0, run_id="r", git_sha="g", progress=SILENT
            )


class TestJudge:
    def test_it_is_in_the_table_whether_it_is_served_or_not(self, shop, quick):
        judged = judge(shop, quick, seed=0, progress=SILENT)
        for case in judged.cases:
            assert {RRF, RERANKED_SOURCE} <= {row.name for row in case.rows}
        assert judged.finding.shipped == (RERANKED_SOURCE in judged.weights) == (judged.second is not None)

    def test_switched_off_it_costs_nothing_and_says_so(self, shop, quick):
        config = quick.model_copy(update={"reranker": RerankerConfig(enabled=False)})
        judged = judge(shop, config, seed=0, progress=SILENT)
        assert (judged.finding.shipped, judged.finding.cpu_s) == (False, 0.0)
        assert "reranker.enabled" in judged.finding.reason
        assert RERANKED_SOURCE not in {row.name for row in judged.cases[0].rows}

    def test_too_short_a_history_is_served_without_it_and_says_why(self, shop, quick):
        config = quick.model_copy(update={"reranker": SMALL.model_copy(update={"window_days": 130.0})})
        judged = judge(shop, config, seed=0, progress=SILENT)
        assert not judged.finding.shipped
        assert "there is no purchase by a member with consent before" in judged.finding.reason

    def test_windows_shared_with_the_evaluation_are_fitted_once(self, shop, quick):
        stage = SecondStage(shop, quick, 0, None)
        early = shop.now - 28 * 86_400
        stage.prepare(early, SILENT)
        fitted = fit_models(Dataset.read(shop, early), quick, 0, SILENT)
        stage.take(fitted)
        steps = []

        class Told:
            def step(self, title, total=None):
                steps.append(title)

            def advance(self, done=1):
                pass

        assert [one.begins for one in stage.prepare(shop.now - 14 * 86_400, Told())] == [early - 14 * 86_400, early]
        assert steps == []
