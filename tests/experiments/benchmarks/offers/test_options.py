from pathlib import Path

import pytest

from experiments.benchmarks import run
from experiments.benchmarks.offers.report import told
from features.simulator.loop.parameters import WORLDS
from recsys.errors import InputError


def gap(mean, low, high):
    return {"mean": mean, "low": low, "high": high}


@pytest.mark.parametrize("value", ["x", "-2", -1, 0, 2.5, True])
def test_a_number_of_seeds_that_is_none_is_refused_with_its_value(value):
    with pytest.raises(InputError, match=f"seeds is {value!r}; it must be a whole number"):
        run("offers", {"seeds": value})


def test_a_world_that_draws_nobody_at_random_is_refused(tmp_path: Path):
    text = (WORLDS / "main.yaml").read_text()
    (tmp_path / "w.yaml").write_text(text.replace("random_share: 0.10", "random_share: 0"))
    with pytest.raises(InputError, match="random_share is 0"):
        run("offers", {"world": tmp_path / "w.yaml"})


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_run(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"out is .*file, where no file can be written"):
        run("offers", {"out": tmp_path / "file"})


def test_a_difference_whose_interval_holds_zero_is_called_undecided():
    facts = {
        "oracle_share": 0.5,
        "over_propensity": gap(10.0, -5.0, 25.0),
        "over_propensity_value": gap(10.0, 5.0, 15.0),
        "over_uplift": gap(10.0, None, None),
    }
    assert told(facts) == (
        "Ours reaches 50% of a one-step oracle.",
        "Ours less propensity: 10, 95 % [-5, 25], undecided.",
        "Ours less propensity_value: 10, 95 % [5, 15].",
        "Ours less uplift: 10, undecided: one seed has no interval.",
    )
