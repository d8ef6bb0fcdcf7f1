"""Tuning: an equal budget, nothing from the test window on, a file that `train` takes, and words for what is wrong."""

import json
from datetime import timedelta

import polars as pl
import pytest
import yaml

from features.workspace import Workspace
from recsys.errors import InputError, NotEnoughDataError
from tests.training.shop import DAYS, START, write_shop
from training import tune as tuning
from training.config import read_config
from training.search_spaces import SPACES, settings_in
from training.tracking import Registry
from training.tune import WRITTEN_BY, tune
from training.validation_window import ValidationWindow

CHEAP = """
n_candidates: 20
popularity: {n_listed: 30}
neighbours: {n_neighbours: 20, shrink_members: 5}
als: {enabled: false}
lightfm: {enabled: false}
evaluation: {n_resamples: 100}
"""
FAMILIES = "item_neighbours,popular_segment"
TEST_AT = START + timedelta(days=DAYS - 14)
VALIDATION_AT = START + timedelta(days=DAYS - 28)


@pytest.fixture(scope="module")
def cheap(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "cheap.yaml"
    path.write_text(CHEAP)
    return path


@pytest.fixture(autouse=True)
def _no_tracking(monkeypatch):
    monkeypatch.setattr(tuning, "AVAILABLE", False)


def run(place, cheap, **options):
    return tune(place.path, **{"config": cheap, "trials": 4, "families": FAMILIES, "seed": 3} | options)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, cheap):
    place = write_shop(tmp_path_factory.mktemp("tuned") / "w")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "AVAILABLE", False)
        return place, run(place, cheap)


def without_costs(facts):
    """What must not differ between two runs of the same."""
    text = json.dumps({key: facts[key] for key in ("families", "blend", "n_members", "split")})
    plain = json.loads(text)
    for one in plain["families"].values():
        for trial in one["trials"]:
            del trial["cpu_s"]
        for name in ("cpu_s", "as_it_is_cpu_s", "best_cpu_s", "n_before"):
            del one[name]
    return plain


def change_purchases(place, change):
    (part,) = place.table_files("purchases")
    change(pl.read_parquet(part)).write_parquet(part)
    return place


class TestWhatItFinds:
    def test_every_family_has_the_same_number_of_trials_and_begins_as_it_is(self, tuned, cheap):
        families = tuned[1].facts["families"]
        assert list(families) == FAMILIES.split(",")
        for name, one in families.items():
            assert [trial["number"] for trial in one["trials"]] == [0, 1, 2, 3]
            assert one["trials"][0]["settings"] == settings_in(read_config(cheap), SPACES[name])

    def test_the_best_is_the_highest_and_its_gain_is_over_the_settings_as_they_are(self, tuned):
        for one in tuned[1].facts["families"].values():
            figures = [trial["ndcg_at_10"] for trial in one["trials"]]
            assert one["best"] == max(figures) == figures[one["best_trial"]]
            assert one["gain"]["mean"] == pytest.approx(one["best"] - figures[0])
            assert one["gain"]["low"] <= one["gain"]["mean"] <= one["gain"]["high"]

    def test_the_file_holds_what_differs_from_the_defaults_and_is_taken_by_train(self, tuned, cheap):
        place, report = tuned
        config = read_config(place.tuned_config)
        best = {
            path: value for one in report.facts["families"].values() for path, value in one["best_settings"].items()
        }
        assert settings_in(config, best) == best
        assert config.model_copy(update={"neighbours": None, "popularity": None}) == read_config(cheap).model_copy(
            update={"neighbours": None, "popularity": None}
        )
        listed = yaml.safe_load(place.tuned_config.read_text())
        assert set(listed) == {"n_candidates", "popularity", "neighbours", "als", "lightfm", "evaluation"}
        assert listed["als"] == {"enabled": False}

    def test_the_report_says_what_not_to_believe_what_was_not_tuned_and_what_is_next(self, tuned):
        place, report = tuned
        said = "\n".join(report.notes)
        assert "OPTIMISTIC" in said
        assert f"window, {TEST_AT:%Y-%m-%d} to {START + timedelta(days=DAYS):%Y-%m-%d}, has not been read" in said
        assert "Not tuned, not asked for: frequency, graph.\nNot tuned, no settings to search: own_orders." in said
        assert "Not tuned, switched off: als, lightfm" in said
        assert "Tracking is OFF" in said
        assert f"recsys train --workspace {place.path} --config {place.tuned_config}" in said

    def test_facts_trials_and_picture_lie_in_the_workspace(self, tuned):
        place, report = tuned
        folder = place.tuning / "report"
        assert json.loads((folder / "tuning.json").read_text()) == json.loads(json.dumps(report.facts))
        assert len((folder / "trials.csv").read_text().splitlines()) == 1 + 2 * 4
        assert (folder / "history.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / "tuned.yaml").read_text() == place.tuned_config.read_text()

    def test_the_same_seed_finds_the_same_in_another_workspace(self, tuned, cheap, tmp_path):
        again = run(write_shop(tmp_path / "w", shuffled=True), cheap)
        assert without_costs(again.facts) == without_costs(tuned[1].facts)

    def test_new_products_can_be_the_objective(self, tuned, cheap):
        found = run(tuned[0], cheap, objective="explore", trials=1, families="popular_segment").facts
        assert found["objective"] == "explore"
        one, other = found["families"]["popular_segment"], tuned[1].facts["families"]["popular_segment"]
        assert one["study"] != other["study"]
        assert 0 < one["as_it_is"] < other["as_it_is"]

    def test_where_nothing_is_better_the_configuration_stays_as_it_was(self, tuned, cheap):
        report = run(tuned[0], cheap, trials=1)
        assert read_config(tuned[0].tuned_config) == read_config(cheap)
        assert {case["gain"]["mean"] for case in report.facts["blend"]["cases"].values()} == {0.0}
        assert report.notes[-1].startswith("No family found better settings")

    def test_a_family_that_is_switched_off_is_tuned_alone_and_the_blend_stays_as_it_was(self, tuned, cheap, tmp_path):
        report = run(tuned[0], cheap, families="recent", out=tmp_path / "off.yaml")
        assert {case["gain"]["mean"] for case in report.facts["blend"]["cases"].values()} == {0.0}
        assert "Switched off in the configuration, so tuned alone and not in the blend: recent." in report.notes
        assert report.facts["families"]["recent"]["best_trial"] > 0
        assert report.notes[-1].startswith("The blend is as it was: what got better is switched off.")


class TestTheTestWindow:
    @pytest.mark.parametrize("ending", ["others", "none"])
    def test_another_test_window_gives_the_identical_studies(self, tuned, cheap, tmp_path, ending):
        def changed(frame):
            inside = frame["purchased_at"] >= TEST_AT
            assert inside.sum() > 100
            return (
                frame.filter(~inside)
                if ending == "none"
                else frame.with_columns(product_id=frame["product_id"].set(inside, "p001"))
            )

        place = change_purchases(write_shop(tmp_path / "w"), changed)
        assert without_costs(run(place, cheap).facts) == without_costs(tuned[1].facts)

    def test_another_validation_window_gives_other_studies(self, tuned, cheap, tmp_path):
        def changed(frame):
            inside = frame["purchased_at"].is_between(VALIDATION_AT, TEST_AT, closed="left")
            return frame.with_columns(product_id=frame["product_id"].set(inside, "p001"))

        place = change_purchases(write_shop(tmp_path / "w"), changed)
        here, there = run(place, cheap, trials=1).facts["families"], tuned[1].facts["families"]
        assert {one["study"] for one in here.values()}.isdisjoint(one["study"] for one in there.values())
        assert here["popular_segment"]["as_it_is"] != there["popular_segment"]["as_it_is"]

    def test_with_several_folds_it_ends_before_the_earliest_test_window(self, tuned, tmp_path):
        config = tmp_path / "folds.yaml"
        config.write_text(CHEAP.replace("n_resamples: 100", "n_resamples: 100, folds: 3"))
        split = run(tuned[0], config, trials=1, out=tmp_path / "out.yaml").facts["split"]
        assert split["test_at"] == int((TEST_AT - timedelta(days=28)).timestamp())


class TestGoingOn:
    def test_an_interrupted_tuning_goes_on_to_the_same_total(self, tuned, cheap, tmp_path, monkeypatch):
        place, asked, alone = write_shop(tmp_path / "w"), [], ValidationWindow.alone

        def interrupted(self, *question):
            asked.append(question)
            if len(asked) == 6:
                raise KeyboardInterrupt
            return alone(self, *question)

        with monkeypatch.context() as patch:
            patch.setattr(ValidationWindow, "alone", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(place, cheap)
        report = run(place, cheap)
        assert {name: one["n_before"] for name, one in report.facts["families"].items()} == {
            "item_neighbours": 4,
            "popular_segment": 1,
        }
        assert without_costs(report.facts) == without_costs(tuned[1].facts)
        assert any(note.startswith("5 of 8 trials are of an earlier start") for note in report.notes)

    @pytest.mark.parametrize("change", ["seed", "config"])
    def test_another_seed_or_base_is_another_study(self, tuned, cheap, tmp_path, change):
        other = tmp_path / "other.yaml"
        other.write_text(CHEAP.replace("shrink_members: 5", "shrink_members: 6"))
        options = {"seed": 4} if change == "seed" else {"config": other}
        report = run(tuned[0], cheap, trials=1, families="popular_segment", **options)
        one = report.facts["families"]["popular_segment"]
        assert one["n_before"] == 0
        assert one["study"] != tuned[1].facts["families"]["popular_segment"]["study"]

    def test_failed_trials_are_counted_shown_and_not_fatal(self, cheap, tmp_path, monkeypatch):
        alone = ValidationWindow.alone

        def fragile(self, name, config, case):
            if config.popularity.window_days != 28:
                raise FloatingPointError("scores are not finite")
            return alone(self, name, config, case)

        monkeypatch.setattr(ValidationWindow, "alone", fragile)
        report = run(write_shop(tmp_path / "w"), cheap, families="popular_segment")
        one = report.facts["families"]["popular_segment"]
        assert (one["n_trials"], one["n_failed"], one["best_trial"]) == (4, 3, 0)
        assert (
            "popular_segment: 3 of 4 trials failed; trial 1: FloatingPointError: scores are not finite" in report.notes
        )

    def test_a_family_all_of_whose_trials_fail_keeps_its_settings(self, cheap, tmp_path, monkeypatch):
        def broken(self, name, config, case):
            raise NotEnoughDataError("there is nothing to learn from")

        monkeypatch.setattr(ValidationWindow, "alone", broken)
        place = write_shop(tmp_path / "w")
        report = run(place, cheap, families="popular_segment", trials=2)
        assert report.facts["families"]["popular_segment"]["best"] is None
        assert report.tables[0].rows[0][1:3] == ("failed", "failed")
        assert read_config(place.tuned_config) == read_config(cheap)


class TestWrongInput:
    @pytest.mark.parametrize(
        ("options", "words"), [({"trials": 0}, "one trial"), ({"timeout_cpu_s": 0.0}, "CPU-seconds")]
    )
    def test_a_budget_of_nothing_is_refused(self, tuned, cheap, options, words):
        with pytest.raises(InputError, match=words):
            run(tuned[0], cheap, **options)

    def test_no_workspace(self, tmp_path):
        with pytest.raises(InputError, match="is not a workspace"):
            tune(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_too_short_a_history(self, tuned, tmp_path):
        config = tmp_path / "long.yaml"
        config.write_text("evaluation: {holdout_days: 60}")
        with pytest.raises(NotEnoughDataError, match=r"need 240"):
            run(tuned[0], config)

    def test_a_file_of_someone_else_is_not_overwritten(self, tuned, cheap, tmp_path):
        mine = tmp_path / "mine.yaml"
        mine.write_text("als: {factors: 3}\n")
        with pytest.raises(InputError, match=r"was not written by `recsys tune`"):
            run(tuned[0], cheap, out=mine)
        assert mine.read_text() == "als: {factors: 3}\n"

    def test_what_it_begins_with_is_not_overwritten_although_it_wrote_it(self, tuned, tmp_path):
        config = tmp_path / "tuned.yaml"
        config.write_text(f"{WRITTEN_BY}\n{CHEAP}")
        with pytest.raises(InputError, match="give another --out"):
            run(tuned[0], config, out=config)

    def test_a_folder_in_the_place_of_the_file_is_refused(self, tuned, cheap, tmp_path):
        with pytest.raises(InputError, match="cannot be written"):
            run(tuned[0], cheap, out=tmp_path)


def test_mlflow_has_a_run_of_the_whole_and_one_a_family_under_it(trained, cheap, tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "AVAILABLE", True)
    place = Workspace.open(trained.workspace.path)
    facts = run(place, cheap, trials=2, out=tmp_path / "tuned.yaml").facts
    client = Registry(place)._client
    parent = client.get_run(facts["run_id"])
    assert parent.info.status == "FINISHED"
    assert parent.data.params["trials"] == "2"
    assert parent.data.metrics["all.blend.tuned"] == facts["blend"]["cases"]["all"]["tuned"]
    kept = {file.path for file in client.list_artifacts(facts["run_id"])}
    assert kept == {"history.png", "trials.csv", "tuned.yaml", "tuning.json"}
    runs = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{facts['run_id']}'")
    assert {run.info.run_name for run in runs} == set(FAMILIES.split(","))
    one = next(run for run in runs if run.info.run_name == "item_neighbours")
    assert one.data.metrics["best.ndcg_at_10"] == facts["families"]["item_neighbours"]["best"]
    history = client.get_metric_history(one.info.run_id, "trial.ndcg_at_10")
    figures = [trial["ndcg_at_10"] for trial in facts["families"]["item_neighbours"]["trials"]]
    assert [metric.value for metric in history] == figures
