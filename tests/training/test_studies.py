"""A study goes on where it stopped with the very trials it would have had, and spends no more than its budget."""

import subprocess
import sys

import pytest

from recsys.errors import InputError
from training.search_spaces import Choice, Real, Whole
from training.studies import N_RANDOM, Budget, Judged, open_studies

SPACE = {"a.depth": Whole(1, 500, log=True), "a.rate": Real(0.001, 10, log=True), "a.kind": Choice(("x", "y"))}
FIRST = {"a.depth": 64, "a.rate": 0.12345, "a.kind": "y"}
N = N_RANDOM + 3


def judge(settings):
    return Judged(-abs(settings["a.depth"] - 30) - settings["a.rate"] + (settings["a.kind"] == "x"), cpu_s=2.0)


def run(folder, *, trials=N, judge=judge, name="als-1", seed=7, cpu_s=None):
    with open_studies(folder) as studies:
        ended = list(studies.run(name, SPACE, FIRST, judge, seed=(seed, 1), budget=Budget(trials, cpu_s)))
        return ended, studies.read(name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"))[1]


def stopping(at, error):
    seen = []

    def judge_until(settings):
        seen.append(settings)
        if len(seen) > at:
            raise error
        return judge(settings)

    return judge_until


def test_the_first_trial_has_the_settings_as_they_are(whole):
    assert (whole[0].number, whole[0].settings) == (0, FIRST)


def test_later_settings_are_inside_their_ranges_and_three_digits_long(whole):
    for trial in whole[1:]:
        assert 1 <= trial.settings["a.depth"] <= 500
        assert 0.001 <= trial.settings["a.rate"] <= 10
        assert float(f"{trial.settings['a.rate']:.3g}") == trial.settings["a.rate"]


def test_what_is_found_guides_the_search_after_the_random_trials(whole, tmp_path):
    def opposite(settings):
        return Judged(-judge(settings).quality, cpu_s=2.0)

    _, trials = run(tmp_path, judge=opposite)
    settings = [[trial.settings for trial in one] for one in (whole, trials)]
    assert settings[0][:N_RANDOM] == settings[1][:N_RANDOM]
    assert settings[0][N_RANDOM] != settings[1][N_RANDOM]


def test_the_same_seed_gives_the_same_trials_and_another_seed_others(whole, tmp_path):
    assert run(tmp_path / "same")[1] == whole
    other = run(tmp_path / "other", seed=8)[1]
    assert other[0] == whole[0]
    assert [trial.settings for trial in other[1:]] != [trial.settings for trial in whole[1:]]


@pytest.mark.parametrize("at", [0, N_RANDOM + 1])
def test_an_interrupted_study_goes_on_with_the_trials_it_would_have_had(whole, tmp_path, at):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, judge=stopping(at, KeyboardInterrupt()))
    ended, trials = run(tmp_path)
    assert [trial.number for trial in ended] == list(range(at, N))
    assert trials == whole


def test_a_killed_process_leaves_a_study_that_goes_on(whole, tmp_path):
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.training.test_studies import run, judge\n"
        "seen = []\n"
        "def die(settings):\n"
        "    seen.append(settings)\n"
        "    return judge(settings) if len(seen) < 8 else os._exit(9)\n"
        "run(Path(sys.argv[1]), judge=die)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    ended, trials = run(tmp_path)
    assert [trial.number for trial in ended] == [7, 8]
    assert trials == whole


def test_more_trials_later_are_those_of_one_long_study(whole, tmp_path):
    assert run(tmp_path, trials=4)[1] == whole[:4]
    ended, trials = run(tmp_path)
    assert len(ended) == N - 4
    assert trials == whole
    assert run(tmp_path) == ([], whole)


def test_a_failed_trial_is_recorded_counts_and_is_not_tried_again(tmp_path):
    def fragile(settings):
        return Judged(None, cpu_s=1.0, failure="no finite solution") if settings["a.kind"] == "x" else judge(settings)

    _, trials = run(tmp_path, judge=fragile)
    failed = [trial for trial in trials if trial.judged.quality is None]
    assert len(trials) == N
    assert 0 < len(failed) < N
    assert {trial.judged for trial in failed} == {Judged(None, 1.0, "no finite solution")}
    assert run(tmp_path, judge=stopping(0, AssertionError("tried again"))) == ([], trials)


def test_the_trial_in_which_the_seconds_run_out_is_the_last_and_earlier_starts_count(tmp_path):
    assert len(run(tmp_path, cpu_s=5.0)[1]) == 3  # two seconds each
    assert run(tmp_path, cpu_s=6.0)[0] == []
    assert len(run(tmp_path, cpu_s=6.1)[1]) == 4


def test_the_first_trial_is_made_however_little_may_be_spent(tmp_path):
    assert [trial.settings for trial in run(tmp_path, cpu_s=1e-9)[1]] == [FIRST]


def test_a_smaller_budget_sees_no_more_of_a_study_than_it_would_have_paid_for(whole):
    assert Budget(4).cut(whole) == whole[:4]
    assert Budget(N, cpu_s=5.0).cut(whole) == whole[:3]
    assert Budget(N, cpu_s=1e-9).cut(whole) == whole[:1]
    assert Budget(N + 1).cut(whole) == whole
    assert Budget(1).cut([]) == []


def test_studies_of_other_names_do_not_mix(tmp_path):
    run(tmp_path, trials=2)
    ended, trials = run(tmp_path, name="als-2", trials=3)
    assert len(ended) == 3
    assert len(run(tmp_path, trials=3)[0]) == 1
    assert run(tmp_path, name="als-2", trials=3) == ([], trials)


def test_only_one_process_may_have_the_studies_open(tmp_path):
    with (
        open_studies(tmp_path),
        pytest.raises(InputError, match=r"another `recsys tune` is at work"),
        open_studies(tmp_path),
    ):
        pass


def test_a_file_that_holds_no_studies_is_refused(tmp_path):
    (tmp_path / "studies.db").write_text("not a database, but a text that is long enough to be looked at" * 20)
    with pytest.raises(InputError, match=r"studies\.db cannot be used .*move the file away"), open_studies(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"), open_studies(tmp_path / "file" / "tuning"):
        pass
