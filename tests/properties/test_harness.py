"""The evaluation harness against answers known before it is asked: a judge who can be fooled judges nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dataset import Dataset
from features.members import build_members
from features.products import build_catalogue
from features.workspace import Workspace
from recsys.ragged import Ragged
from recsys.report import SILENT
from recsys.scorers.topk import leave_out, top_k
from recsys.types import KeepMask, Rows, Scores
from tests.training.shop import DAYS, N_PRODUCTS, QUICK, START, write_shop
from training.as_of_ingest import AsOfIngest
from training.bootstrap import paired_gain
from training.cases import Case, build_cases
from training.config import TrainConfig, read_config
from training.evaluate import BLEND, FLOORS, METRICS, CaseResult, measure_case, summarise
from training.fit import Fitted, fit_models
from training.nightly import candidate_lists

DAY = 86_400
TEST_AT = START + timedelta(days=DAYS - 14)
PERSONAL = ("als", "lightfm", "graph", "frequency", "own_orders")


@dataclass(frozen=True)
class Window:
    """A workspace with the models of one cut-off and the two cases after it."""

    workspace: Workspace
    config: TrainConfig
    fitted: Fitted
    cases: tuple[Case, Case]

    def judge(self, case: Case, fitted: Fitted | None = None) -> CaseResult:
        """The case with equal weights in the blend."""
        models = fitted or self.fitted
        weights = dict.fromkeys(models.scorers, 1.0)
        known = AsOfIngest.read(self.workspace, models.dataset)
        measured = measure_case(models, weights, case, self.config, known=known, progress=SILENT)
        return summarise([measured], self.config.evaluation, np.random.default_rng(0))


@dataclass(frozen=True)
class Oracle:
    """Knows what is bought in the window of one case, in the order of its members; the order of products is drawn."""

    case: Case
    seed: int

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        scores = np.full((len(members), len(keep)), np.nan, dtype=np.float32)
        places = np.searchsorted(self.case.members, members)
        truth = self.case.truth.take(places)
        scores[truth.owners(), truth.values] = np.random.default_rng(self.seed).random(len(truth.values))
        leave_out(scores, keep, without)
        return top_k(scores, k)


@dataclass(frozen=True)
class Dice:
    """Knows nothing: every product on sale has the same chance of every place."""

    seed: int

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        scores = np.random.default_rng(self.seed).random((len(members), len(keep)), dtype=np.float32)
        leave_out(scores, keep, without)
        return top_k(scores, k)


def window_of(workspace: Workspace, config: TrainConfig, cut_off: int | None = None) -> Window:
    test_at = int(TEST_AT.timestamp()) if cut_off is None else cut_off
    dataset = Dataset.read(workspace, test_at)
    cases = build_cases(
        workspace,
        dataset,
        build_members(dataset),
        build_catalogue(dataset),
        stop=workspace.now,
        max_members=10_000,
        rng=np.random.default_rng(0),
    )
    return Window(workspace, config, fit_models(dataset, config, 0, SILENT), cases)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    path = tmp_path_factory.mktemp("config") / "quick.yaml"
    path.write_text(QUICK)
    return read_config(path)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Window:
    return window_of(write_shop(tmp_path_factory.mktemp("shop") / "w"), config)


def rewrite(workspace: Workspace, table: str, change: pl.DataFrame) -> None:
    """Put other rows in the place of a table's only part."""
    (part,) = workspace.table_files(table)
    change.write_parquet(part)


def row_of(result: CaseResult, name: str):  # type: ignore[no-untyped-def]  # a row, by its name
    return next(row for row in result.rows if row.name == name)


@settings(max_examples=8)
@given(seed=st.integers(0, 1_000), place=st.integers(0, 1))
def test_who_knows_the_window_scores_one_in_every_figure(window: Window, seed: int, place: int) -> None:
    case = window.cases[place]
    assert case.truth.lengths().max() <= 10
    result = window.judge(case, replace(window.fitted, scorers={"oracle": Oracle(case, seed)}))
    for name in ("oracle", BLEND):
        assert row_of(result, name).metrics == pytest.approx(dict.fromkeys(METRICS, 1.0))
    assert row_of(result, "oracle").gain.low > 0


@settings(max_examples=12)
@given(seed=st.integers(0, 1_000), place=st.integers(0, 1))
def test_who_knows_nothing_finds_k_of_n(window: Window, seed: int, place: int) -> None:
    """
    The expected recall@k of a random order of n products is k / n for every bought product.

    A member's hits are hypergeometric, whose variance is at most the binomial t p (1 - p); so the mean recall over
    members has a variance of at most p (1 - p) sum(1 / t) / m^2. Four such deviations are left with a chance of one in
    ten thousand.
    """
    case = window.cases[place]
    row = row_of(window.judge(case, replace(window.fitted, scorers={"dice": Dice(seed)})), "dice")
    n_bought = case.truth.lengths()
    n_to_rank = int(case.keep.sum()) - case.without.lengths()
    for k in (10, 20):
        chance = k / n_to_rank
        deviation = np.sqrt((chance * (1 - chance) / n_bought).sum()) / len(n_bought)
        assert abs(row.metrics[f"recall_at_{k}"] - chance.mean()) < 4 * deviation
        assert 4 * deviation < chance.mean()


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Window:
    """The same shop where every order line got the product of another: who bought what says nothing any more."""
    workspace = write_shop(tmp_path_factory.mktemp("shuffled") / "w")
    lines = pl.read_parquet(workspace.table_files("purchases")[0])
    order = np.random.default_rng(11).permutation(lines.height)
    rewrite(workspace, "purchases", lines.with_columns(product_id=lines["product_id"].gather(order)))
    return window_of(workspace, config)


@pytest.mark.parametrize("place", [0, 1], ids=["all", "explore"])
def test_where_products_are_shuffled_among_members_nothing_personal_beats_popularity(
    shuffled: Window, place: int
) -> None:
    figures = shuffled.judge(shuffled.cases[place]).per_member
    popular = max(FLOORS[:2], key=lambda name: figures[name].mean())
    assert figures[popular].mean() > 0
    for name in (*PERSONAL, BLEND):
        gain = paired_gain(
            figures[name], figures[popular], n_resamples=500, confidence=0.95, rng=np.random.default_rng(0)
        )
        assert gain.low <= 0, name


def test_unshuffled_the_same_models_do_beat_it(window: Window) -> None:
    result = window.judge(window.cases[1])
    assert all(row_of(result, name).gain.low > 0 for name in ("als", "lightfm", "graph", BLEND))
    with_repeats = window.judge(window.cases[0])
    popular = max(row_of(with_repeats, name).metrics["ndcg_at_10"] for name in FLOORS[:2])
    assert all(row_of(with_repeats, name).metrics["ndcg_at_10"] > 2 * popular for name in PERSONAL)


def test_models_of_a_history_that_ends_at_the_cut_off_are_the_same_to_the_byte(
    window: Window, config: TrainConfig, tmp_path: Path
) -> None:
    """What comes later cannot have been seen if taking it away changes nothing."""
    workspace = write_shop(tmp_path / "w")
    dated = {"purchases": "purchased_at", "exposures": "exposed_at", "redemptions": "redeemed_at"}
    n_later = 0
    for table, column in dated.items():
        rows = pl.read_parquet(workspace.table_files(table)[0])
        earlier = rows.filter(pl.col(column) < TEST_AT)
        n_later += rows.height - earlier.height
        rewrite(workspace, table, earlier)
    assert n_later > 100
    dataset = Dataset.read(workspace, window.fitted.dataset.cut_off)
    assert dataset.digest == window.fitted.dataset.digest
    again = fit_models(dataset, config, 0, SILENT)
    everybody = np.arange(len(again.members), dtype=np.int32)
    keep = np.ones(N_PRODUCTS, dtype=bool)
    lists, same = (
        candidate_lists(models.scorers, everybody, keep=keep, k=N_PRODUCTS, progress=SILENT)
        for models in (window.fitted, again)
    )
    for name, one in lists.items():
        assert one.products.tobytes() == same[name].products.tobytes(), name
        assert one.scores.tobytes() == same[name].scores.tobytes(), name


def test_a_model_that_peeks_past_the_cut_off_would_show(window: Window, config: TrainConfig) -> None:
    """The figures are able to tell: what was fitted on the window itself is far better in it than what was not."""
    peeking = fit_models(Dataset.read(window.workspace, window.workspace.now), config, 0, SILENT)
    rows = peeking.dataset.member_ids.rows(window.fitted.dataset.member_ids.ids(window.cases[0].members))
    case = replace(window.cases[0], members=rows)
    honest = row_of(window.judge(window.cases[0]), "own_orders").metrics["recall_at_20"]
    peeked = row_of(window.judge(case, peeking), "own_orders").metrics["recall_at_20"]
    assert peeked > 1.5 * honest
