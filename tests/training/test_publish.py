"""The whole way with MLflow on SQLite: train, refuse, publish, sync, roll back, and what each leaves behind."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle import Bundle
from recsys.errors import BundleError, GateError, InputError, RecsysError, RegistryError
from recsys.knowledge import Knowledge
from recsys.report import SILENT, Report
from tests.training.shop import QUICK, write_rows
from training import commands, tracking
from training.audit import AuditRow, AuditTrail
from training.build import build_bundle
from training.config import read_config
from training.pipeline import judge
from training.publish import AUDIT_FILE
from training.serving_folder import ServingFolder
from training.tracking import CHALLENGER, CHAMPION, PREVIOUS, Registry, Version


@dataclass(frozen=True)
class Step:
    """What a command answered or raised, and what stood afterwards."""

    report: Report | None
    error: RecsysError | None
    pointer: str
    rows: tuple[AuditRow, ...]
    previous: str

    @property
    def row(self) -> AuditRow:
        """The newest row of the trail."""
        return self.rows[-1]


@pytest.fixture(scope="module")
def story(trained, tmp_path_factory) -> dict[str, Step]:
    """The champion's life once, in order; tests look at its steps and change nothing."""
    workspace, path = trained.workspace, trained.workspace.path
    strict = tmp_path_factory.mktemp("strict") / "strict.yaml"
    strict.write_text(QUICK.replace("min_gain_low: -1", "min_gain_low: 0.9"))
    serving, steps = ServingFolder(workspace.serving), {}

    def step(name, command, *args, **options):
        report = error = None
        try:
            report = command(*args, **options)
        except RecsysError as raised:
            error = raised
        previous = Registry(workspace).version(PREVIOUS)
        rows = tuple(AuditTrail(path / AUDIT_FILE).read())
        steps[name] = Step(report, error, serving.current(), rows, previous.bundle_id if previous else "")

    step("sync early", commands.sync, path)
    step("rollback early", commands.rollback, path, actor="ann", now=1)
    step("publish", commands.publish, path, actor="ann", now=100)
    step("publish again", commands.publish, path, actor="ann", now=101)
    step("train strictly", commands.train, path, config=strict, seed=8)
    step("refused", commands.publish, path, actor="ben", now=102)
    step("forced", commands.publish, path, actor="cat", now=103, force_reason="the board wants it")
    step("rollback", commands.rollback, path, actor="dan", now=104)
    step("rollback again", commands.rollback, path, actor="dan", now=105)
    shutil.rmtree(workspace.serving / serving.current())
    step("sync of nothing", commands.sync, path)
    step("sync again", commands.sync, path)
    spoil(workspace.serving / serving.current())
    step("sync of a wrong byte", commands.sync, path)
    step("train", commands.train, path, config=trained.config_path, seed=9)
    version = Registry(workspace).version(CHALLENGER)
    spoil(workspace.artifacts / version.run_id / "artifacts" / "bundle")
    step("broken", commands.publish, path, actor="eve", now=106, force_reason="please")
    return steps


def spoil(bundle):
    """Turn one bit of one array."""
    file = bundle / "products.price_minor.npy"
    changed = bytearray(file.read_bytes())
    changed[-1] ^= 1
    file.write_bytes(bytes(changed))


class TestTrain:
    def test_the_bundle_is_registered_as_challenger(self, trained):
        registry, facts = Registry(trained.workspace), trained.report.facts
        assert facts["tracking"] is True
        assert registry.version(CHALLENGER).bundle_id
        assert registry._client.get_model_version("recsys", facts["version"]).tags["bundle_id"] == facts["bundle_id"]
        assert Registry(trained.workspace).version("nobody") is None

    def test_the_run_holds_figures_settings_and_the_picture(self, trained, tmp_path):
        registry = Registry(trained.workspace)
        facts = trained.report.facts
        version = Version(facts["version"], facts["run_id"], facts["bundle_id"])
        run = registry._client.get_run(version.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.metrics["all.blend.ndcg_at_10"] == pytest.approx(
            trained.report.facts["cases"]["all"]["rows"]["blend"]["metrics"]["ndcg_at_10"]
        )
        assert run.data.params["als.factors"] == "16"
        assert run.data.tags["dataset_digest"] == trained.report.facts["bundle_dataset_digest"]
        assert {"git_sha", "seed", "bundle_id"} <= set(run.data.tags)
        picture = registry.fetch(version, "charts/gain-all.png", tmp_path).read_bytes()
        assert picture.startswith(b"\x89PNG")
        page = registry.fetch(version, "report.html", tmp_path).read_text(encoding="utf-8")
        assert page == Path(facts["report_path"]).read_text(encoding="utf-8")
        assert "factors: 16" in registry.fetch(version, "config.yaml", tmp_path).read_text()

    def test_the_run_says_who_the_members_are_and_what_was_learnt_of_them(self, trained, tmp_path):
        registry, facts = Registry(trained.workspace), trained.report.facts
        data = registry._client.get_run(facts["run_id"]).data
        assert data.params["members.value.model"] == facts["profile"]["names"]["value.model"]
        assert data.params["members.programme_id"] == "none"
        assert data.params["profile.lifecycle.new_days"] == "30"
        in_stages = [n for name, n in data.metrics.items() if name.startswith("members.stage.")]
        assert (len(in_stages), sum(in_stages)) == (5, facts["n_members"])
        assert data.metrics["members.tier.gold"] == 42
        version = Version(facts["version"], facts["run_id"], facts["bundle_id"])
        norms = json.loads(registry.fetch(version, "profile_norms.json", tmp_path).read_text(encoding="utf-8"))
        assert norms["value"]["model"] == facts["profile"]["names"]["value.model"]
        assert {"lifecycle", "replenishment", "dependence"} <= set(norms)
        assert "new_days: 30" in registry.fetch(version, "config.yaml", tmp_path).read_text()

    def test_artifacts_stay_in_the_workspace(self, trained):
        assert list(trained.workspace.artifacts.glob("*/artifacts/bundle/manifest.json"))

    def test_the_sidecar_says_the_same_as_the_report(self, trained):
        bundle = trained.report.facts["bundle_id"][:16]
        sidecar = trained.workspace.bundles / f"{bundle}.evaluation.json"
        assert json.loads(sidecar.read_text())["weights"] == trained.report.facts["weights"]

    def test_the_report_is_json(self, trained):
        assert json.loads(json.dumps(trained.report.facts)) == trained.report.facts

    def test_what_is_assumed_is_said(self, trained):
        assert any("ASSUMED" in note for note in trained.report.notes)


class TestMovingTheChampion:
    def test_nothing_is_served_before_the_first_publish(self, story):
        assert "has no champion" in str(story["sync early"].error)
        assert "publish at least twice" in str(story["rollback early"].error)
        assert story["rollback early"].pointer == ""

    def test_the_first_publish_brings_the_challenger_to_serving(self, story, trained):
        done, bundle_id = story["publish"], trained.report.facts["bundle_id"]
        assert (done.report.facts["outcome"], done.pointer) == ("moved", bundle_id[:16])
        assert not any("effects beyond" in note or "contradicts" in note for note in done.report.notes)
        assert (done.row.actor, done.row.at, done.row.outcome, done.row.to_bundle) == ("ann", 100, "moved", bundle_id)
        assert done.row.figures["challenger"]["ndcg_at_10"] > 0

    def test_publishing_the_champion_again_changes_nothing_and_is_on_the_trail(self, story):
        assert story["publish again"].report.facts["outcome"] == "unchanged"
        assert story["publish again"].row.outcome == "unchanged"

    def test_a_challenger_below_the_gate_is_refused_and_leaves_a_row(self, story):
        refused = story["refused"]
        assert isinstance(refused.error, GateError)
        assert "must be above 0.9" in str(refused.error)
        assert "--force-reason" in str(refused.error)
        assert refused.pointer == story["publish"].pointer
        assert refused.row.outcome == "refused"
        assert "0.9" in refused.row.reason
        assert refused.error.figures["challenger"]["gain_low"] < 0.9
        assert "must be above 0.9" in refused.error.failures[0]

    def test_a_reason_passes_the_gate_and_goes_on_record(self, story):
        forced = story["forced"]
        assert forced.report.facts["outcome"] == "forced"
        assert any("did NOT hold" in note for note in forced.report.notes)
        assert forced.pointer == forced.report.facts["bundle_id"][:16] != story["publish"].pointer
        assert (forced.row.outcome, forced.row.reason) == ("forced", "the board wants it")
        assert forced.previous[:16] == story["publish"].pointer

    def test_a_rollback_goes_back_and_a_second_one_forth(self, story):
        assert story["rollback"].pointer == story["publish"].pointer
        assert story["rollback again"].pointer == story["forced"].pointer
        assert (story["rollback"].row.action, story["rollback"].row.actor) == ("rollback", "dan")

    def test_sync_brings_back_what_serving_lost(self, story):
        assert story["sync of nothing"].report.facts["outcome"] == "synced"
        assert story["sync again"].report.facts["outcome"] == "current"

    def test_sync_replaces_a_bundle_with_a_wrong_byte(self, story):
        assert story["sync of a wrong byte"].report.facts["outcome"] == "synced"

    def test_a_registered_bundle_with_a_wrong_byte_never_reaches_serving(self, story):
        broken = story["broken"]
        assert isinstance(broken.error, BundleError)
        assert "differs from its SHA-256" in str(broken.error)
        assert broken.pointer == story["forced"].pointer
        assert broken.row.outcome == "failed"

    def test_every_attempt_to_move_the_champion_left_one_row(self, story):
        outcomes = [row.outcome for row in story["broken"].rows]
        assert outcomes == ["moved", "unchanged", "refused", "forced", "moved", "moved", "failed"]

    def test_serving_ends_with_whole_bundles_and_nothing_lying_aside(self, story, trained):
        serving = trained.workspace.serving
        kept = [one for one in serving.iterdir() if one.is_dir()]
        assert {story["broken"].pointer} <= {one.name for one in kept}
        assert len(kept) <= 2
        served = Knowledge.of(Bundle.open(serving / story["broken"].pointer))
        assert served.bundle_id[:16] == story["broken"].pointer


def test_a_blank_actor_or_reason_is_refused(trained):
    with pytest.raises(InputError, match="--actor"):
        commands.publish(trained.workspace.path, actor=" ", now=1)
    with pytest.raises(InputError, match="reason"):
        commands.publish(trained.workspace.path, actor="ann", now=1, force_reason="  ")


def test_a_workspace_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    workspace = write_rows(tmp_path / "w", {})
    workspace.bundles.write_text("a file in the way")
    with pytest.raises(InputError, match=r"bundles cannot be written \(File exists\)"):
        commands.train(workspace.path)


def test_a_folder_that_is_no_workspace_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a workspace"):
        commands.train(tmp_path)


@pytest.fixture(scope="module")
def untracked(shop, trained) -> Report:
    """What `train` answers where MLflow is absent and one member has left since the ingest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "AVAILABLE", False)
        return commands.train(
            shop.path,
            config=trained.config_path,
            left_out=lambda member_ids: np.array([member_id == "m007" for member_id in member_ids]),
        )


class TestWithoutMlflow:
    def test_train_still_writes_the_bundle_and_says_that_tracking_is_off(self, shop, untracked):
        assert untracked.facts["version"] is None
        assert any("Tracking is OFF" in note for note in untracked.notes)
        assert Bundle.open(shop.bundles / untracked.facts["bundle_id"][:16])

    def test_train_says_how_many_members_were_left_out(self, untracked, trained):
        assert (untracked.facts["n_left_out"], untracked.facts["n_members_left_out"]) == (1, 1)
        assert any("withdrew or were erased since the ingest: 1 members" in note for note in untracked.notes)
        assert untracked.facts["bundle_dataset_digest"] != trained.report.facts["bundle_dataset_digest"]
        assert trained.report.facts["n_members_left_out"] == 0

    def test_train_says_how_many_members_did_not_agree_to_personalisation(self, shop, untracked):
        n_silent = untracked.facts["n_members_without_personalisation"]
        members = shop.read_table("members").collect()
        assert n_silent == len(members) - members["consent_personalisation"].sum() > 0
        assert ("members who did not agree to personalisation", n_silent) in untracked.tables[-1].rows

    def test_publish_says_what_to_install(self, shop, monkeypatch):
        monkeypatch.setattr(tracking, "AVAILABLE", False)
        with pytest.raises(RegistryError, match=r"recsys-nbo\[train\]"):
            commands.publish(shop.path, actor="ann", now=1)


def test_a_registry_that_is_down_is_an_error_in_words(trained, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:9 does not answer or refuses.*MLFLOW_TRACKING_URI"):
        Registry(trained.workspace).version(CHAMPION)


def test_the_same_data_and_seed_are_judged_the_same_twice(trained):
    again = commands.evaluate(trained.workspace.path, config=trained.config_path)
    facts = trained.report.facts
    rows, before = again.facts["cases"]["all"]["rows"], facts["cases"]["all"]["rows"]
    assert {name: (row["metrics"], row["gain"]) for name, row in rows.items()} == {
        name: (row["metrics"], row["gain"]) for name, row in before.items()
    }
    assert again.facts["weights"] == facts["weights"]


def test_the_same_data_and_seed_give_the_same_bundle_whatever_the_run_and_the_commit(trained, shop):
    facts, config = trained.report.facts, read_config(trained.config_path)
    chosen = judge(shop, config, seed=0, progress=SILENT)
    again = build_bundle(
        shop,
        config,
        chosen.weights,
        seed=0,
        run_id="x",
        git_sha="y",
        progress=SILENT,
        second=chosen.second,
        corrections=chosen.corrections,
    )
    assert again.manifest.bundle_id == facts["bundle_id"]
    manifest = Bundle.open(trained.workspace.bundles / facts["bundle_id"][:16]).manifest
    assert facts["run_id"] == manifest.run_id != again.manifest.run_id
