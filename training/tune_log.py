"""Where a tuning leaves its traces: files in the workspace, and a run a family in MLflow."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.errors import InputError
from training.tracking import Registry
from training.tune_figure import best_so_far, draw_history
from training.tune_report import FamilyResult

TUNED = "tuned.yaml"


def write_folder(folder: Path, facts: Mapping[str, Any], config_text: str) -> Path:
    """
    The report as files: ``tuning.json``, ``trials.csv``, ``history.png`` and ``tuned.yaml``.

    Raises:
        InputError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tuning.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        (folder / TUNED).write_text(config_text, encoding="utf-8")
        with (folder / "trials.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("family", "trial", "ndcg_at_10", "best_so_far", "cpu_s", "failure", "settings"))
            for name, one in facts["families"].items():
                for trial, best in zip(one["trials"], best_so_far(one["trials"]), strict=True):
                    figures = (trial["ndcg_at_10"], best, round(trial["cpu_s"], 3), trial["failure"])
                    writer.writerow((name, trial["number"], *figures, json.dumps(trial["settings"])))
        draw_history(facts, folder / "history.png")
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}); make it writable") from error
    return folder


def log_family(registry: Registry, parent: str, result: FamilyResult, tags: Mapping[str, str]) -> None:
    """One run under the parent's: the best settings, what they gain, and NDCG@10 trial by trial."""
    run_id = registry.start_run(result.name, {**tags, "study": result.study}, parent=parent)
    first, best = result.trials[0], result.best
    metrics: dict[str, float] = {"n_trials": len(result.trials), "n_failed": result.n_failed, "cpu_s": result.cpu_s}
    if first.judged.quality is not None:
        metrics["as_it_is.ndcg_at_10"] = first.judged.quality
    if best is not None and best.judged.quality is not None:
        metrics["best.ndcg_at_10"] = best.judged.quality
    if result.gain is not None:
        metrics |= {"gain_mean": result.gain.mean, "gain_low": result.gain.low, "gain_high": result.gain.high}
    registry.log(run_id, params=best.settings if best else {}, metrics=metrics)
    missing = float("nan")
    quality = [missing if trial.judged.quality is None else trial.judged.quality for trial in result.trials]
    registry.log_history(run_id, "trial.ndcg_at_10", quality)
    registry.log_history(run_id, "trial.cpu_s", [trial.judged.cpu_s for trial in result.trials])
    registry.end_run(run_id, failed=best is None)


def log_tuning(registry: Registry, run_id: str, facts: Mapping[str, Any], folder: Path) -> None:
    """The parent run: what was asked, what the blends say, and the report's files; the run is over."""
    asked = ("objective", "seed", "trials", "timeout_cpu_s")
    metrics: dict[str, float] = {}
    for case, one in facts["blend"]["cases"].items():
        metrics |= {f"{case}.blend.as_it_is": one["as_it_is"], f"{case}.blend.tuned": one["tuned"]}
        metrics |= {f"{case}.blend.gain_{end}": one["gain"][end] for end in ("mean", "low", "high")}
    params = {name: facts[name] for name in asked} | {"families": ",".join(facts["families"])}
    registry.log(run_id, params=params | {f"split.{name}": at for name, at in facts["split"].items()}, metrics=metrics)
    registry.log_files(run_id, folder)
    registry.end_run(run_id)
