import json
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.offers.columns import all_effects, columns
from experiments.benchmarks.offers.compare import POLICIES, Task, compare
from experiments.benchmarks.offers.ours import ours
from experiments.benchmarks.offers.plot import write_plot
from experiments.benchmarks.offers.policies import Nothing
from experiments.benchmarks.offers.report import interval, policy_table, world_facts, world_table
from experiments.benchmarks.offers.study import studied
from features.simulator.loop.history import lived
from features.simulator.loop.run import run_policy
from features.simulator.loop.week import World
from recsys.errors import InputError
from tests.features.simulator.loop.weekly import small


@pytest.fixture(scope="module")
def config():
    return small(members=1_500)


@pytest.fixture(scope="module")
def compared(config):
    return [compare(Task(config, 5, whole=True)), compare(Task(config, 6, whole=True))]


def test_every_policy_is_compared_and_nothing_earns_nothing_more_than_itself(compared):
    facts = world_facts(compared)
    assert set(facts["profit"]) == {*POLICIES, "ours_20x"}
    assert facts["profit"]["none"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_an_oracle_earns_more_than_the_deepest_offer_for_everyone(compared):
    facts = world_facts(compared)
    assert facts["profit"]["oracle"]["mean"] > max(0.0, facts["profit"]["deepest"]["mean"])


def test_propensity_sends_no_more_messages_than_ours(compared):
    for one in compared:
        assert (one.outcomes["propensity"].sent <= one.outcomes["ours"].sent).all()


def test_facts_are_the_figures_of_the_outcomes(compared):
    facts = world_facts(compared)
    gains = [one.outcomes["ours"].profit_minor.sum() - one.outcomes["none"].profit_minor.sum() for one in compared]
    best = [one.outcomes["oracle"].profit_minor.sum() - one.outcomes["none"].profit_minor.sum() for one in compared]
    assert facts["oracle_share"] == pytest.approx(sum(gains) / sum(best))
    assert facts["profit"]["ours"]["mean"] == pytest.approx(np.mean(gains) / 100)
    spent = [float(one.outcomes[name].discount_minor.sum()) for name in ("ours", "deepest") for one in compared]
    assert facts["discount_vs_deepest"] == pytest.approx(sum(spent[:2]) / sum(spent[2:]))
    json.dumps(facts)


def test_intervals_are_students_over_seeds():
    assert interval([1.0, 3.0])["high"] == pytest.approx(2 + 12.706204736)
    assert interval([4.0]) == {"mean": 4.0, "low": None, "high": None}


def test_tables_have_a_row_a_policy_and_a_row_a_world(compared):
    facts = world_facts(compared)
    assert [row[0] for row in policy_table("main", facts).rows] == list(facts["profit"])
    assert world_table({"main": facts}).rows[0][0] == "main"


def test_the_plot_is_written_where_it_was_asked_for(compared, tmp_path):
    file = write_plot(compared, tmp_path / "new" / "offers.png", decided_weeks=5)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_ours_earns_the_same_again_and_leaves_its_study_as_it_was(config):
    world = World.of(config, 5)
    past = lived(world)
    study = studied(world.offers, past.log, 6, seed=5)
    first, again = (run_policy(world, past, ours(study)) for _ in range(2))
    assert first.profit_minor.tolist() == again.profit_minor.tolist()
    assert study.tracker.week == past.log.n_weeks


def test_ours_logs_the_probability_of_what_it_draws_and_explores_a_little(config):
    world = World.of(config, 5)
    past = lived(world)
    policy = ours(studied(world.offers, past.log, 6, seed=5))
    seen = []

    class Watching:
        def choose(self, view):
            wishes = policy.choose(view)
            seen.append((view, wishes))
            return wishes

    run_policy(world, past, Watching())
    for view, wishes in seen:
        known = ~np.isnan(wishes.probability)
        assert not known[~view.may_contact].any()
        assert ((wishes.probability[known] > 0) & (wishes.probability[known] <= 1)).all()
        rare = wishes.probability[known] < 0.5
        assert rare.mean() <= 0.06


def test_effects_of_all_offers_are_those_of_their_columns(config):
    world = World.of(config, 5)
    past = lived(world)
    study = studied(world.offers, past.log, 6, seed=5)
    stand = study.standing(past.state.tier(world.people), np.arange(40))
    mean, sd = all_effects(study.learnt(), stand)
    for offer in range(len(world.offers)):
        wide = columns(stand, np.full(40, offer), len(world.offers))
        assert study.learnt().effect(wide) == pytest.approx(mean[:, offer])
        assert study.learnt().effect_sd(wide) == pytest.approx(sd[:, offer])


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(InputError, match="wordl"):
        run("offers", {"wordl": "x.yaml"})


def test_too_few_members_are_refused_with_their_number():
    with pytest.raises(InputError, match="members is 20"):
        run("offers", {"members": 20})


def test_a_file_that_is_no_world_is_refused_before_anything_is_run(tmp_path: Path):
    (tmp_path / "w.yaml").write_text("name: x\n")
    with pytest.raises(InputError, match="shopping"):
        run("offers", {"world": tmp_path / "w.yaml"})


def test_no_contact_is_never_a_wish(config):
    world = World.of(config, 5)
    assert run_policy(world, lived(world), Nothing()).messages == 0
