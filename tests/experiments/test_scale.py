"""The benchmark of growth runs to the end on tiny worlds, keeps what it made, and says what each step cost."""

import json
from functools import partial

import pytest

from experiments.benchmarks import run, scale
from experiments.step_costs import StepCost, StepCosts
from recsys.errors import InputError
from tests.training.shop import QUICK
from training.commands import train


class Heard:
    def __init__(self):
        self.said = []

    def step(self, title, total=None):
        self.said.append((title, total))

    def advance(self, done=1):
        self.said.append(done)


def here(opener, settings, tasks, *, workers):
    work = opener(settings)
    return [work(task) for task in tasks]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    work = tmp_path_factory.mktemp("worlds")
    quick = work / "quick.yaml"
    quick.write_text(QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(scale, "map_spawned", here)
        patch.setattr(scale, "train", partial(train, config=quick))
        report = run("scale", {"members": 60, "products": 150, "days": 120, "seed": 4, "work": str(work)})
    return work, report


def test_a_size_has_its_costs(measured):
    _, report = measured
    facts = json.loads(json.dumps(report.facts))
    (one,) = facts["sizes"]
    assert (one["members"], one["products"]) == (60, 150)
    assert one["cpu_s"] > 0
    assert one["bundle_mb"] > 0.01
    assert (facts["growth"], facts["within_limit"]) == ([], True)


def test_growth_is_the_exponent_of_cost_over_purchases():
    small = scale.Trained(10, 5, 100, 9, 2.0, 3.0, 50.0, 1.0, {})
    large = scale.Trained(40, 5, 900, 36, 18.0, 30.0, 150.0, 27.0, {})
    found = scale._growth(small, large)
    assert [round(found[name], 9) for name in ("cpu_s", "peak_rss_mb", "bundle_mb")] == [1.0, 0.5, 1.5]
    assert (found["from_members"], found["to_members"]) == (10, 40)


def test_the_cut_offs_are_one_row_of_the_table_of_steps(measured):
    _, report = measured
    steps = report.facts["sizes"][0]["steps"]
    assert steps["read purchases"]["times"] == steps["fit als"]["times"] >= 3
    assert steps["write the bundle"]["times"] == 1
    assert [row[0] for row in report.tables[1].rows] == list(steps)


def test_worlds_that_are_there_are_not_made_again(measured, monkeypatch):
    work, _ = measured
    monkeypatch.setattr(scale, "simulate", None)
    monkeypatch.setattr(scale, "ingest", None)
    monkeypatch.setattr(scale, "map_spawned", here)
    asked = {"products": 150, "days": 120, "seed": 4}
    assert (scale._world(work, 60, asked) / "workspace.json").exists()


def test_what_an_interrupted_run_left_half_made_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "map_spawned", here)
    half = tmp_path / "raw-60x150-120d-s4" / "members"
    half.mkdir(parents=True)
    (half / "part-00000.parquet").write_bytes(b"half of it")
    assert (scale._world(tmp_path, 60, {"products": 150, "days": 120, "seed": 4}) / "workspace.json").exists()


def test_sizes_that_are_no_numbers_are_refused(tmp_path):
    with pytest.raises(InputError, match="members is '10k,20k'"):
        run("scale", {"members": "10k,20k", "work": str(tmp_path)})


def test_steps_of_one_name_are_one_and_the_progress_is_passed_on():
    heard = Heard()
    costs = StepCosts(heard)
    for title in ("read", "fit", "read"):
        costs.step(title, 7)
        costs.advance(3)
    found = costs.finish()
    assert [(title, cost.times) for title, cost in found.items()] == [("read", 2), ("fit", 1)]
    assert heard.said == [("read", 7), 3, ("fit", 7), 3, ("read", 7), 3]


def test_costs_of_two_steps_add_up_and_memory_does_not():
    both = StepCost(1, 2.0, 3.0, 50.0).with_next(StepCost(2, 0.5, 1.0, 40.0))
    assert both == StepCost(3, 2.5, 4.0, 50.0)
