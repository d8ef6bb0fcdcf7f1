"""The commands of the data scientist: questions to the history, answered in tables and in MLflow."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.comparison import comparison_facts, comparison_notes, comparison_tables, draw_comparison
from experiments.offline import Judged, differences, judge_all, names_of
from features.dataset import LeftOut
from features.workspace import Workspace
from recsys.report import Progress, Report
from serving.export.plan import as_json
from training.config import config_text, read_config
from training.html_report import REPORT, write_report
from training.summary import flat_metrics
from training.tracking import AVAILABLE, Registry, git_commit


def compare(
    *configs: Path, workspace: Path, seed: int = 0, progress: Progress, left_out: LeftOut | None = None
) -> Report:
    """
    Train and score configurations on one split and say which differences are more than luck.

    Each is logged as an MLflow run, and the comparison as one more; nothing is registered or published.

    Args:
        configs: Two or more YAML files with the same ``evaluation`` section.
        workspace: What they learn from.
        seed: Of all randomness, the same for every configuration.
        progress: Shows the work.
        left_out: As `training.commands.train` takes it, and picklable.

    Raises:
        InputError: A file is wrong, or the configurations cannot be compared.
        NotEnoughDataError: The history is too short.
        RegistryError: The tracking server does not answer.
    """
    opened = Workspace.open(workspace)
    read = dict(zip(names_of(configs), (read_config(path) for path in configs), strict=True))
    registry = Registry(opened) if AVAILABLE else None
    judged = judge_all(opened, read, seed=seed, progress=progress, left_out=left_out)
    found = differences(judged, seed=seed)
    facts = comparison_facts(judged, found, seed=seed)
    if registry is None:
        notes = ["MLflow is not installed: nothing was logged. Install it with `pip install 'recsys-nbo[train]'`."]
    else:
        progress.step("log to MLflow")
        facts["run_id"] = _log(registry, opened, judged, facts)
        notes = [f"Logged to {registry.uri}, run {facts['run_id']}."]
    return Report(
        facts=facts, tables=comparison_tables(judged, found), notes=(*comparison_notes(judged, found), *notes)
    )


def _log(registry: Registry, workspace: Workspace, judged: Sequence[Judged], facts: Mapping[str, Any]) -> str:
    digest = judged[0].judgement.dataset_digest
    tags = {"kind": "comparison", "git_sha": git_commit(), "dataset_digest": digest}
    origin = {"workspace_source": workspace.source, "currency": workspace.currency, "git_sha": tags["git_sha"]}
    parent = registry.start_run("compare " + " ".join(one.name for one in judged), tags)
    finished = False
    try:
        for one in judged:
            _log_one(
                registry,
                one,
                facts["configs"][one.name] | origin,
                tags | {"seed": str(facts["seed"])} | {"mlflow.parentRunId": parent},
            )
        gains = {
            f"{found['case']}.{found['name']}.less.{found['other']}.gain_{end}": found["gain"][end]
            for found in facts["differences"]
            for end in ("mean", "low", "high")
        }
        registry.log(parent, params={}, metrics={_metric_name(name): value for name, value in gains.items()})
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "comparison.json").write_text(as_json(dict(facts)), encoding="utf-8")
            draw_comparison(facts, Path(folder) / "comparison.png")
            registry.log_files(parent, Path(folder))
        finished = True
    finally:
        registry.end_run(parent, failed=not finished)
    return parent


def _log_one(registry: Registry, one: Judged, facts: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    run = registry.start_run(one.name, {**tags, "kind": "compared"})
    finished = False
    try:
        costs = {"cpu_s": one.cpu_s, "peak_rss_mb": one.peak_rss_mb}
        registry.log(run, params=_params(one.config.model_dump(mode="json")), metrics=flat_metrics(facts) | costs)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.yaml").write_text(config_text(one.config), encoding="utf-8")
            (Path(folder) / "evaluation.json").write_text(as_json(dict(facts)), encoding="utf-8")
            write_report(facts, Path(folder) / REPORT)
            registry.log_files(run, Path(folder))
        finished = True
    finally:
        registry.end_run(run, failed=not finished)


def _params(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _params(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _metric_name(name: str) -> str:
    """MLflow allows letters, digits and ``_-./`` and spaces."""
    return "".join(letter if letter.isalnum() or letter in "_-./ " else "_" for letter in name)
