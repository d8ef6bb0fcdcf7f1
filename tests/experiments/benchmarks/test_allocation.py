"""The allocation benchmark runs to the end at toy size and judges by itself; how fast is not tested here."""

import numpy as np
import pytest

from experiments.benchmarks import allocation, run
from experiments.benchmarks.allocation import _holds
from experiments.benchmarks.allocation_cases import WORLDS, ordinary, twelve_rows
from experiments.benchmarks.allocation_judge import linear_optimum, whole_optimum
from recsys.errors import InputError
from recsys.offers.allocation.allocate import Allocation
from recsys.offers.allocation.problem import Problem
from recsys.offers.allocation.rows import DISCOUNT, budget, floor, stock

TOY = {"members": 300, "offers": 9, "large": 2_000, "large_offers": 4, "small": 120, "seeds": 1}


def test_it_says_what_the_figures_are(monkeypatch):
    monkeypatch.setattr(allocation, "_TIGHTNESS", (2.0,))
    report = run("allocation", TOY)
    facts = report.facts
    assert {"gap_12_rows", "gap_one_budget", "seconds_one_budget", "highs_seconds", "ours_seconds"} <= set(facts)
    assert facts["infeasible"] == 0
    assert facts["problems"] == 1 + 1 + 1 + len(WORLDS) * 4
    assert 0 <= facts["gap_one_budget"] < 1e-3
    assert -1e-6 <= facts["gap_12_rows"] < 0.1


def test_wrong_options_are_refused():
    with pytest.raises(InputError, match="takes no weeks"):
        run("allocation", {"weeks": 3})


def test_the_judge_knows_the_optimum_of_fractions_and_of_wholes():
    problem = Problem(np.array([[60.0], [50.0]]), np.ones((2, 1), dtype=bool), np.array([[20.0], [20.0]]))
    assert linear_optimum(problem, [budget("all", 30)]) == pytest.approx(85)
    assert whole_optimum(problem, [budget("all", 30)]) == pytest.approx(60)
    assert linear_optimum(problem, [floor("more than there is", DISCOUNT, np.ones(1), least=50)]) is None


def test_a_broken_row_is_seen():
    problem = ordinary(20, 9, np.random.default_rng(0))
    everybody = Allocation(np.zeros((20, 1), dtype=np.int32), 0.0, 0.0, (), possible=True, steps=0)
    assert not _holds(problem, stock("of all", 19), everybody)
    assert _holds(problem, stock("of all", 20), everybody)
    assert not _holds(problem, floor("tier 3", DISCOUNT, np.eye(4)[3], least=1e9), everybody)


def test_there_are_twelve_rows():
    problem = ordinary(50, 10, np.random.default_rng(1))
    assert [len(twelve_rows(problem, floors=floors)) for floors in (False, True)] == [12, 12]
