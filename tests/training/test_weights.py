"""How the blend is chosen: what surely helps counts, chance does not, and repeats do not drown what is new."""

from dataclasses import replace

import numpy as np
import pytest

from features.dataset import Dataset
from features.members import build_members
from features.products import build_catalogue
from recsys.knowledge import CandidateList
from recsys.ragged import Ragged
from recsys.report import SILENT
from training.cases import Case, build_cases
from training.fit import Fitted, fit_models
from training.nightly import candidate_lists
from training.weights import BEHIND, GRID, choose_weights

DAY = 86_400


@pytest.fixture(scope="module")
def fitted(shop, quick) -> Fitted:
    return fit_models(Dataset.read(shop, shop.now - 14 * DAY), quick, 0, SILENT)


@pytest.fixture(scope="module")
def cases(shop, fitted) -> tuple[Case, Case]:
    dataset = fitted.dataset
    members, catalogue = build_members(dataset), build_catalogue(dataset)
    rng = np.random.default_rng(0)
    return build_cases(shop, dataset, members, catalogue, stop=shop.now, max_members=10_000, rng=rng)


def question(truth: np.ndarray, n_products: int = 60) -> Case:
    """Members who bought the products of one row each, everything on sale."""
    m = len(truth)
    keep = np.ones(n_products, dtype=bool)
    return Case("all", np.arange(m, dtype=np.int32), Ragged.of(truth.tolist()), keep, Ragged.of([[]] * m), 1.0, m)


def test_the_better_source_gets_the_larger_weight() -> None:
    rng = np.random.default_rng(0)
    truth = rng.permuted(np.tile(np.arange(60), (50, 1)), axis=1)[:, :3].astype(np.int32)
    case = Case(
        "all", np.arange(50, dtype=np.int32), Ragged.of(truth.tolist()), np.ones(60, dtype=bool),
        Ragged.of([[]] * 50), 1.0, 50,
    )  # fmt: skip
    noise = rng.permuted(np.tile(np.arange(60), (50, 1)), axis=1)[:, :20].astype(np.int32)
    good = np.concatenate([truth, (truth + 1) % 60], axis=1)
    lists = {name: CandidateList(rows, rows.astype(np.float32)) for name, rows in (("bad", noise), ("good", good))}
    weights = choose_weights([(case, lists)])
    assert weights == {"bad": BEHIND, "good": 1.0}


def test_two_sources_that_each_know_half_of_the_truth_both_count() -> None:
    rng = np.random.default_rng(4)
    truth = np.stack([rng.permutation(60)[:4] for _ in range(80)]).astype(np.int32)
    wrong = {"one": np.tile(np.arange(60, 70), (80, 1)), "other": np.tile(np.arange(70, 80), (80, 1))}
    halves = {"one": truth[:, :2], "other": truth[:, 2:]}
    lists = {
        name: CandidateList(np.concatenate([halves[name], wrong[name]], axis=1), np.ones((80, 12), dtype=np.float32))
        for name in halves
    }
    weights = choose_weights([(question(truth, 80), lists)])
    assert min(weights.values()) >= GRID[0]


def test_chance_gains_of_many_useless_sources_are_not_taken() -> None:
    rng = np.random.default_rng(5)
    truth = np.stack([rng.permutation(200)[:3] for _ in range(60)]).astype(np.int32)
    good = np.concatenate([truth[:, :1], (truth + 7) % 200], axis=1)
    noise = {f"noise {n}": np.stack([rng.permutation(200)[:20] for _ in range(60)]).astype(np.int32) for n in range(8)}
    lists = {
        name: CandidateList(rows, np.ones(rows.shape, dtype=np.float32))
        for name, rows in ({"good": good} | noise).items()
    }
    weights = choose_weights([(question(truth, 200), lists)])
    assert weights == {name: 1.0 if name == "good" else BEHIND for name in lists}


def test_a_question_without_members_says_nothing(fitted: Fitted, cases: tuple[Case, Case]) -> None:
    case = cases[0]
    lists = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=20, progress=SILENT)
    nobody = replace(case, members=case.members[:0], truth=case.truth.take(np.arange(0)))
    without = {name: CandidateList(one.products[:0], one.scores[:0]) for name, one in lists.items()}
    assert choose_weights([(case, lists), (nobody, without)]) == choose_weights([(case, lists)])


def test_where_no_source_is_ever_right_all_count_the_same() -> None:
    truth = np.full((5, 1), 9, dtype=np.int32)
    one = CandidateList(np.zeros((5, 1), dtype=np.int32), np.ones((5, 1), dtype=np.float32))
    assert choose_weights([(question(truth), {"a": one, "b": one})]) == {"a": 1.0, "b": 1.0}


def test_what_helps_with_new_products_only_is_not_drowned_by_repeats() -> None:
    """Nine of ten purchases are repeats, which ``own`` knows; only ``fresh`` is ever right about the tenth."""
    rng = np.random.default_rng(6)
    repeated = np.stack([rng.permutation(30)[:9] for _ in range(400)]).astype(np.int32)
    new = 30 + rng.integers(0, 30, (400, 1)).astype(np.int32)
    wrong = {"own": np.tile(np.arange(60, 70), (400, 1)), "fresh": np.tile(np.arange(70, 80), (400, 1))}

    def lists(**known: np.ndarray) -> dict[str, CandidateList]:
        rows = {name: np.concatenate([right, wrong[name]], axis=1).astype(np.int32) for name, right in known.items()}
        return {name: CandidateList(row, np.ones(row.shape, dtype=np.float32)) for name, row in rows.items()}

    everything = question(np.concatenate([repeated, new], axis=1), 80)
    repeats_alone = choose_weights([(everything, lists(own=repeated, fresh=new))])
    with_new = choose_weights(
        [(everything, lists(own=repeated, fresh=new)), (question(new, 80), lists(own=repeated[:, :0], fresh=new))]
    )
    assert repeats_alone["own"] == 1.0
    assert with_new["fresh"] > repeats_alone["fresh"]


def test_the_same_lists_give_the_same_weights(fitted: Fitted, cases: tuple[Case, Case]) -> None:
    case = cases[0]
    lists = candidate_lists(fitted.scorers, case.members, keep=case.keep, k=20, progress=SILENT)
    assert choose_weights([(case, lists)]) == choose_weights([(case, lists)])
    assert max(choose_weights([(case, lists)]).values()) == 1.0


def test_a_source_that_says_the_same_as_another_stays_behind(fitted: Fitted, cases: tuple[Case, Case]) -> None:
    (one,) = candidate_lists(
        {"own": fitted.scorers["own_orders"]}, cases[0].members, keep=cases[0].keep, k=20, progress=SILENT
    ).values()
    assert choose_weights([(cases[0], {"a": one, "b": one})]) == {"a": 1.0, "b": BEHIND}


def test_of_one_member_no_gain_is_sure() -> None:
    def ranked(*products: int) -> CandidateList:
        return CandidateList(np.array([products], dtype=np.int32), np.ones((1, len(products)), dtype=np.float32))

    lists = {"first": ranked(1, 9, 8, 7, 6), "second": ranked(5, 2, 10, 11, 12)}
    assert choose_weights([(question(np.array([[1, 2]])), lists)]) == {"first": 1.0, "second": BEHIND}


def of_twenty(*products: int) -> CandidateList:
    """The same list for each of twenty members."""
    return CandidateList(np.tile(np.array(products, dtype=np.int32), (20, 1)), np.ones((20, len(products)), np.float32))


def test_a_step_that_answers_one_question_worse_is_not_taken() -> None:
    # ``new`` with a weight of 1 or more lifts product 3 from place 4 to 1 in one question, and 2 from 1 to 2 down.
    first = question(np.full((20, 1), 2)), {"own": of_twenty(2), "new": of_twenty(1)}
    second = question(np.full((20, 1), 3)), {"own": of_twenty(4, 5, 6), "new": of_twenty(3)}
    assert choose_weights([second]) == {"own": BEHIND, "new": 1.0}
    assert choose_weights([first, second]) == {"own": 1.0, "new": BEHIND}


def test_questions_count_relative_to_how_well_they_can_be_answered() -> None:
    # One question is easy, the other hard: ``even`` has 0.43 in both, ``easy`` 1 and 0, so 0.43 + 1 is more than 1 + 0.
    easy = question(np.full((20, 1), 7)), {"easy": of_twenty(7), "even": of_twenty(8, 9, 10, 7)}
    hard = question(np.full((20, 1), 5)), {"easy": of_twenty(6), "even": of_twenty(1, 2, 3, 5)}
    assert choose_weights([easy, hard]) == {"easy": 0.1, "even": 1.0}


def test_the_largest_weight_is_one_and_of_equally_good_ones_the_first_is_taken() -> None:
    # ``half`` is right about 12 members; ``rest`` about the other 8, where its 9 must be above the 1 of ``half``.
    right, wrong = np.full((12, 1), 1, dtype=np.int32), np.full((8, 1), 1, dtype=np.int32)
    rest = np.concatenate([np.full((12, 1), -1), np.full((8, 1), 9)]).astype(np.int32)
    lists = {"half": np.concatenate([right, wrong]), "rest": rest}
    asked = question(np.concatenate([right, np.full((8, 1), 9)]))
    found = choose_weights([(asked, {name: CandidateList(rows, np.ones((20, 1))) for name, rows in lists.items()})])
    assert found == {"half": 0.5, "rest": 1.0}
