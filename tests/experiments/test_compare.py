"""The command that compares configurations, from files to tables, MLflow and a picture."""

import json
from pathlib import Path

import pytest

from experiments import commands, offline
from experiments.commands import compare
from recsys.errors import InputError, NotEnoughDataError
from recsys.report import SILENT
from serving.export.plan import as_json
from tests.experiments.history import SMALL, habitual_workspace
from tests.features.small_workspace import small_rows, write_workspace
from training.evaluate import FLOORS
from training.tracking import EXPERIMENT, Registry


def here(opener, settings, tasks, *, workers):
    """The same work without a process of its own; the pool has its own tests."""
    work = opener(settings)
    return [work(task) for task in tasks]


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    habitual_workspace(folder / "w")
    (folder / "a.yaml").write_text(SMALL)
    (folder / "b.yaml").write_text(SMALL + "graph: {enabled: false}\n")
    return folder


@pytest.fixture(scope="module")
def report(shop):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "map_spawned", here)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return compare(shop / "a.yaml", shop / "b.yaml", workspace=shop / "w", progress=SILENT)


def test_floors_stand_once_and_every_configuration_with_its_sources(report):
    ranker = [row[0] for row in report.tables[0].rows]
    assert ranker[: len(FLOORS)] == [f"{name} (floor)" for name in FLOORS]
    assert {"a: als", "a: graph", "b: als", "a: blend (served)", "b: blend (served)"} <= set(ranker)
    assert "b: graph" not in ranker


def test_facts_are_json_and_hold_both_cases_and_costs(report):
    facts = json.loads(json.dumps(report.facts))
    assert [(one["case"], one["name"], one["other"]) for one in facts["differences"]] == [
        ("all", "b", "a"),
        ("explore", "b", "a"),
    ]
    assert all(config["cpu_s"] > 0 and config["peak_rss_mb"] > 0 for config in facts["configs"].values())
    assert facts["configs"]["a"]["split"] == facts["configs"]["b"]["split"]


def test_runs_are_in_mlflow_with_their_parameters_and_the_picture(report, shop):
    registry = Registry(commands.Workspace.open(shop / "w"))
    client = registry._client
    found = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    by_name = {run.info.run_name: run for run in found}
    assert set(by_name) == {"compare a b", "a", "b"}
    assert {run.info.status for run in found} == {"FINISHED"}
    assert by_name["b"].data.params["graph.enabled"] == "False"
    assert by_name["a"].data.metrics["all.blend.ndcg_at_10"] == pytest.approx(
        report.facts["configs"]["a"]["cases"]["all"]["rows"]["blend"]["metrics"]["ndcg_at_10"]
    )
    assert by_name["compare a b"].data.metrics["all.b.less.a.gain_mean"] == pytest.approx(
        report.facts["differences"][0]["gain"]["mean"]
    )
    parent = by_name["compare a b"].info.run_id
    assert by_name["a"].data.tags["mlflow.parentRunId"] == parent == report.facts["run_id"]
    assert {file.path for file in client.list_artifacts(parent)} == {"comparison.json", "comparison.png"}
    kept = {file.path for file in client.list_artifacts(by_name["b"].info.run_id)}
    assert kept == {"config.yaml", "evaluation.json", "report.html"}


def test_nothing_is_registered(report, shop):
    assert Registry(commands.Workspace.open(shop / "w")).version("challenger") is None


def test_in_processes_of_their_own_the_figures_are_the_same(report, shop, monkeypatch):
    monkeypatch.setattr(commands, "AVAILABLE", False)
    alone = compare(shop / "a.yaml", shop / "b.yaml", workspace=shop / "w", progress=SILENT)
    assert any("not installed" in note for note in alone.notes)
    assert as_json({"found": alone.facts["differences"]}) == as_json({"found": report.facts["differences"]})


def test_the_same_configuration_twice_is_said_to_be_the_same(shop, monkeypatch):
    monkeypatch.setattr(offline, "map_spawned", here)
    monkeypatch.setattr(commands, "AVAILABLE", False)
    (shop / "again.yaml").write_text(SMALL)
    report = compare(shop / "a.yaml", shop / "again.yaml", workspace=shop / "w", progress=SILENT)
    assert {one["gain"]["mean"] for one in report.facts["differences"]} == {0.0}
    assert any("say the same" in note for note in report.notes)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("b.yml", "als: [", "not YAML"), ("b.yml", "alss: {}", "alss"), ("none.yml", None, "cannot be read")],
    ids=str,
)
def test_a_wrong_file_is_refused(shop, tmp_path, name, text, message):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        compare(shop / "a.yaml", path, workspace=shop / "w", progress=SILENT)


def test_too_little_history_is_said_to_be_too_little(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(offline, "map_spawned", here)
    monkeypatch.setattr(commands, "AVAILABLE", False)
    rows = small_rows()
    write_workspace(tmp_path / "w", rows | {"purchases": rows["purchases"][:1]})
    with pytest.raises(NotEnoughDataError):
        compare(shop / "a.yaml", shop / "b.yaml", workspace=tmp_path / "w", progress=SILENT)
