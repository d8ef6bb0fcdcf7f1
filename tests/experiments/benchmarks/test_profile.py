"""What it costs to know members, on a shop of a few hundred."""

import pytest

from experiments.benchmarks import run
from recsys.errors import InputError


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    sizes = {"members": 130, "base": 60, "products": 100, "days": 150}
    return run("profile", {"work": tmp_path_factory.mktemp("shops"), **sizes})


def test_copies_of_a_shop_are_members_of_their_own(report):
    assert report.facts["members"] == 180  # whole copies
    assert report.facts["learnt_members"] % 3 == 0
    assert report.facts["purchases"] % 3 == 0


def test_a_day_later_everything_is_as_from_nothing_and_few_are_computed_again(report):
    day = report.facts["day"]
    assert day["same_as_from_nothing"] is True
    assert 0 < day["touched"] < report.facts["learnt_members"]
    assert day["events"] > 0


def test_each_step_says_what_it_took(report):
    steps = report.facts["steps"]
    assert {"read the facts", "lay them out", "learn what is usual", "look at every member"} <= set(steps)
    assert report.facts["cpu_s"] == pytest.approx(sum(steps[name]["cpu_s"] for name in steps if name[0] != "t"))
    assert report.facts["within_limits"] is True


def test_an_option_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="takes no copies"):
        run("profile", {"copies": 3})
