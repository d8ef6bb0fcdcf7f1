"""The whole way with MLflow on SQLite: train, refuse, publish, sync, roll back, and what each leaves behind."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from recsys.bundle import Bundle
from recsys.errors import BundleError, GateError, InputError, RegistryError
from recsys.knowledge import Knowledge
from tests.training.shop import QUICK
from training import commands, tracking
from training.audit import AuditTrail
from training.publish import AUDIT_FILE
from training.serving_folder import ServingFolder
from training.tracking import CHALLENGER, CHAMPION, PREVIOUS, Registry


def trail(trained):
    return AuditTrail(trained.workspace.path / AUDIT_FILE).read()


def pointed(trained):
    return ServingFolder(trained.workspace.serving).current()


class TestTrain:
    def test_the_bundle_is_registered_as_challenger(self, trained):
        version = Registry(trained.workspace).version(CHALLENGER)
        assert version.bundle_id == trained.report.facts["bundle_id"]
        assert trained.report.facts["tracking"] is True
        assert Registry(trained.workspace).version("nobody") is None

    def test_the_run_holds_figures_settings_and_the_picture(self, trained, tmp_path):
        registry = Registry(trained.workspace)
        version = registry.version(CHALLENGER)
        run = registry._client.get_run(version.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.metrics["all.blend.ndcg_at_10"] == pytest.approx(
            trained.report.facts["cases"]["all"]["rows"]["blend"]["metrics"]["ndcg_at_10"]
        )
        assert run.data.params["als.factors"] == "16"
        assert run.data.tags["dataset_digest"] == trained.report.facts["bundle_dataset_digest"]
        assert {"git_sha", "seed", "bundle_id"} <= set(run.data.tags)
        picture = registry.fetch(version, "quality.png", tmp_path).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert "factors: 16" in registry.fetch(version, "config.yaml", tmp_path).read_text()

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
    """One story in order: each test goes on where the one before stopped."""

    def test_nothing_is_served_before_the_first_publish(self, trained):
        with pytest.raises(RegistryError, match="no champion"):
            commands.sync(trained.workspace.path)
        with pytest.raises(RegistryError, match="publish at least twice"):
            commands.rollback(trained.workspace.path, actor="ann", now=1)

    def test_the_first_publish_brings_the_challenger_to_serving(self, trained):
        report = commands.publish(trained.workspace.path, actor="ann", now=100)
        bundle_id = trained.report.facts["bundle_id"]
        assert report.facts["outcome"] == "moved"
        assert pointed(trained) == bundle_id[:16]
        served = Knowledge.of(Bundle.open(trained.workspace.serving / bundle_id[:16]))
        assert served.bundle_id == bundle_id
        (row,) = trail(trained)
        assert (row.actor, row.at, row.outcome, row.to_bundle) == ("ann", 100, "moved", bundle_id)
        assert row.figures["challenger"]["ndcg_at_10"] > 0

    def test_publishing_the_champion_again_changes_nothing_and_is_on_the_trail(self, trained):
        assert commands.publish(trained.workspace.path, actor="ann", now=101).facts["outcome"] == "unchanged"
        assert trail(trained)[-1].outcome == "unchanged"

    def test_a_challenger_below_the_gate_is_refused_and_leaves_a_row(self, trained, tmp_path):
        config = tmp_path / "strict.yaml"
        config.write_text(QUICK.replace("min_gain_low: -1", "min_gain_low: 0.9"))
        commands.train(trained.workspace.path, config=config, seed=8)
        champion = pointed(trained)
        with pytest.raises(GateError, match=r"must be above 0\.9.*--force-reason"):
            commands.publish(trained.workspace.path, actor="ben", now=102)
        assert pointed(trained) == champion
        assert Registry(trained.workspace).version(CHAMPION).bundle_id[:16] == champion
        assert trail(trained)[-1].outcome == "refused"
        assert "0.9" in trail(trained)[-1].reason

    def test_a_reason_passes_the_gate_and_goes_on_record(self, trained):
        before = pointed(trained)
        report = commands.publish(trained.workspace.path, actor="cat", now=103, force_reason="the board wants it")
        assert report.facts["outcome"] == "forced"
        assert any("did NOT hold" in note for note in report.notes)
        assert pointed(trained) == report.facts["bundle_id"][:16] != before
        assert (trail(trained)[-1].outcome, trail(trained)[-1].reason) == ("forced", "the board wants it")
        assert Registry(trained.workspace).version(PREVIOUS).bundle_id[:16] == before

    def test_a_rollback_goes_back_and_a_second_one_forth(self, trained):
        now_served = pointed(trained)
        back = commands.rollback(trained.workspace.path, actor="dan", now=104)
        assert pointed(trained) == back.facts["bundle_id"][:16] != now_served
        commands.rollback(trained.workspace.path, actor="dan", now=105)
        assert pointed(trained) == now_served
        assert [row.action for row in trail(trained)[-2:]] == ["rollback", "rollback"]

    def test_sync_brings_back_what_serving_lost(self, trained):
        folder = trained.workspace.serving / pointed(trained)
        shutil.rmtree(folder)
        assert commands.sync(trained.workspace.path).facts["outcome"] == "synced"
        assert commands.sync(trained.workspace.path).facts["outcome"] == "current"
        assert Bundle.open(folder).manifest.bundle_id[:16] == folder.name

    def test_sync_replaces_a_bundle_with_a_wrong_byte(self, trained):
        file = trained.workspace.serving / pointed(trained) / "products.price_minor.npy"
        changed = bytearray(file.read_bytes())
        changed[-1] ^= 1
        file.write_bytes(bytes(changed))
        assert commands.sync(trained.workspace.path).facts["outcome"] == "synced"
        assert Bundle.open(file.parent).manifest.bundle_id[:16] == file.parent.name

    def test_a_registered_bundle_with_a_wrong_byte_never_reaches_serving(self, trained, tmp_path):
        registry = Registry(trained.workspace)
        commands.train(trained.workspace.path, config=trained.config_path, seed=9)
        version, champion = registry.version(CHALLENGER), pointed(trained)
        artifacts = trained.workspace.artifacts / version.run_id / "artifacts" / "bundle"
        array = np.load(artifacts / "products.price_minor.npy")
        np.save(artifacts / "products.price_minor.npy", array + 1)
        with pytest.raises(BundleError, match="differs from its SHA-256"):
            commands.publish(trained.workspace.path, actor="eve", now=106, force_reason="please")
        assert pointed(trained) == champion
        assert trail(trained)[-1].outcome == "failed"

    def test_nothing_is_left_lying_aside(self, trained):
        assert not list(trained.workspace.serving.glob(".incoming*"))

    def test_at_most_the_bundle_served_and_the_one_before_are_kept(self, trained):
        kept = [one for one in trained.workspace.serving.iterdir() if one.is_dir()]
        assert 1 <= len(kept) <= 2


def test_a_blank_actor_or_reason_is_refused(trained):
    with pytest.raises(InputError, match="--actor"):
        commands.publish(trained.workspace.path, actor=" ", now=1)
    with pytest.raises(InputError, match="reason"):
        commands.publish(trained.workspace.path, actor="ann", now=1, force_reason="  ")


def test_a_folder_that_is_no_workspace_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a workspace"):
        commands.train(tmp_path)


class TestWithoutMlflow:
    @pytest.fixture(autouse=True)
    def _absent(self, monkeypatch):
        monkeypatch.setattr(tracking, "AVAILABLE", False)
        monkeypatch.setattr(commands, "AVAILABLE", False)

    def test_train_still_writes_the_bundle_and_says_that_tracking_is_off(self, shop, trained):
        report = commands.train(shop.path, config=trained.config_path)
        assert report.facts["version"] is None
        assert any("Tracking is OFF" in note for note in report.notes)
        assert Bundle.open(shop.bundles / report.facts["bundle_id"][:16])

    def test_publish_says_what_to_install(self, shop):
        with pytest.raises(RegistryError, match=r"recsys-nbo\[train\]"):
            commands.publish(shop.path, actor="ann", now=1)


def test_a_registry_that_is_down_is_an_error_in_words(trained, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:9 does not answer or refuses.*MLFLOW_TRACKING_URI"):
        Registry(trained.workspace).version(CHAMPION)


def test_same_data_and_seed_give_the_same_bundle_with_another_run(trained, tmp_path):
    again = commands.evaluate(trained.workspace.path, config=trained.config_path)
    facts = trained.report.facts
    rows, before = again.facts["cases"]["all"]["rows"], facts["cases"]["all"]["rows"]
    assert {name: row["metrics"] for name, row in rows.items()} == {
        name: row["metrics"] for name, row in before.items()
    }
    assert again.facts["weights"] == facts["weights"]
    manifest = Bundle.open(trained.workspace.bundles / facts["bundle_id"][:16]).manifest
    assert replace(trained).report.facts["run_id"] == manifest.run_id
