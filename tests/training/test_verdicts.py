"""What an evaluation says in plain words: never more than its interval allows, and a sure loss before all else."""

import pytest

from tests.training.evaluated import case, evaluated
from training.verdicts import not_measured, verdicts_of, warnings_of


class TestInShort:
    def test_a_sure_gain_is_said_with_its_size_and_interval(self):
        answer, why = verdicts_of(evaluated())[0]
        assert answer == (
            "Repeats allowed: our list is better than the best simple rule (the best sellers of the last 28 days) by "
            "26.1%, beyond luck."
        )
        assert (
            "NDCG@10 0.2900 against 0.2300, a gain of +0.0600 (90% interval +0.0490 to +0.0730, 1,234 members)" in why
        )
        assert "Of 100 such members 35 bought at least one of the first ten products of our list, and 28 one" in why

    def test_what_may_be_luck_is_neither_better_nor_worse(self):
        facts = evaluated()
        facts["cases"]["all"]["rows"]["blend"]["gain"] = {"mean": 0.01, "low": -0.001, "high": 0.02}
        assert "neither surely better nor surely worse" in verdicts_of(facts)[0][0]
        assert warnings_of(facts) == ()

    @pytest.mark.parametrize(("name", "word"), [("all", "repeats allowed"), ("explore", "products new to the member")])
    def test_a_sure_loss_is_a_warning_and_an_answer(self, name, word):
        facts = evaluated()
        facts["cases"][name]["rows"]["blend"]["gain"] = {"mean": -0.02, "low": -0.03, "high": -0.0123}
        (warning,) = warnings_of(facts)
        assert warning.startswith("WARNING")
        assert word in warning
        assert "-0.0123" in warning
        assert any("our list is worse than the best simple rule" in answer for answer, _ in verdicts_of(facts))

    def test_too_few_members_are_a_warning(self):
        facts = evaluated() | {"cases": {"all": case(n_members=30), "explore": case(n_members=29)}}
        (warning,) = warnings_of(facts)
        assert warning.startswith("WARNING: new products only: 29 members could be judged")

    def test_members_who_were_not_judged_are_counted(self):
        facts = evaluated() | {"n_left_out": 4, "n_members_without_personalisation": 5}
        facts["cases"]["all"] |= {"n_eligible": 2000, "share_reachable": 0.975, "n_small_slices": 6}
        lines = " ".join(not_measured(facts))
        said = ("766 of 2,000 members", "2.5% of what was bought", "6 slices", "4 members: they withdrew")
        assert [one for one in (*said, "5 members: they did not agree") if one not in lines] == []

    def test_tiers_are_missing_from_the_models_only_without_a_programme(self):
        said = "earlier days know no tiers without a programme file"
        assert said in " ".join(not_measured(evaluated()))
        assert said not in " ".join(not_measured(evaluated() | {"programme_id": "abc"}))
