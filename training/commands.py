"""What `recsys train`, `evaluate`, `publish`, `rollback` and `sync` do, each as one function that answers a report."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from features.dataset import LeftOut
from features.programme import read_programme
from features.workspace import Workspace
from recsys.bundle import read_manifest
from recsys.errors import InputError, RegistryError
from recsys.report import SILENT, Progress, Report, Table
from recsys.types import EpochSeconds
from training.build import Built, build_bundle
from training.config import TrainConfig, config_text, read_config
from training.html_report import REPORT, write_charts, write_report
from training.pipeline import Judgement, judge
from training.profile_record import PROFILE_NORMS
from training.publish import Moved, publish_challenger, roll_back, sync_champion
from training.response.added_report import effect_warnings
from training.response.fit import CELLS
from training.response.report import learner_sentence, response_metrics, response_notes, response_tables
from training.summary import evaluation_facts, evaluation_notes, flat_metrics, new_products_warning
from training.tables import evaluation_tables
from training.tracking import AVAILABLE, BUNDLE, EVALUATION, Registry, Version, git_commit


def train(
    workspace: Path,
    *,
    config: Path | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Fit, judge against the floors, write the bundle, log everything to MLflow and register it as challenger.

    Beside the bundle lies ``<bundle>.evaluation.json`` with the whole evaluation, and ``<bundle>.report.html`` that
    shows it; the run in MLflow holds the same files, and `publish` reads the former there. Where MLflow is not
    installed the bundle is written all the same, and the report says that it is not registered.

    Args:
        workspace: Where the tables are and the bundle goes.
        config: What differs from the defaults; see `training.config`.
        seed: Of all randomness: the same data, settings and seed give the same bundle.
        progress: Told of every step.
        left_out: Asked whom to leave out of the members who agreed at the ingest: those who withdrew or were erased
            since. The report says how many they are.

    Raises:
        InputError: No workspace, one that cannot be written, or a broken configuration or programme.
        NotEnoughDataError: The history is too short, or a window is empty.
        RegistryError: The tracking server does not answer.
    """
    place, settings = _open(workspace), read_config(config)
    _check_writable(place.bundles)
    registry = Registry(place) if AVAILABLE else None
    git_sha = git_commit()
    tags = {"git_sha": git_sha, "seed": str(seed), "workspace_source": place.source}
    run_id = registry.start_run(f"train-{place.source}-{place.now}", tags) if registry else ""
    try:
        judgement = judge(place, settings, seed=seed, progress=progress, left_out=left_out)
        built = build_bundle(
            place,
            settings,
            judgement.weights,
            seed=seed,
            run_id=run_id,
            git_sha=git_sha,
            progress=progress,
            left_out=left_out,
            second=judgement.second,
            corrections=judgement.corrections,
        )
        facts = evaluation_facts(judgement, settings, seed) | _bundle_facts(built)
        facts |= _origin(place, git_sha) | {"n_members_without_personalisation": place.n_not_personal()}
        _beside(built, EVALUATION).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        progress.step("draw the report")
        write_report(facts, _beside(built, REPORT))
        version = None
        if registry:
            progress.step("log to MLflow")
            version = _log(registry, run_id, built, facts, settings, tags)
    except BaseException:
        if registry:
            with suppress(RegistryError):  # what went wrong before is what the caller must hear
                registry.end_run(run_id, failed=True)
        raise
    facts |= {"run_id": run_id, "report_path": str(_beside(built, REPORT))}
    return _train_report(built, judgement, settings, facts, version)


def evaluate(
    workspace: Path,
    *,
    config: Path | None = None,
    folds: int | None = None,
    seed: int = 0,
    report: Path | None = None,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Judge models and floors on test windows and change nothing; other arguments and errors as those of `train`.

    Args:
        folds: Test windows one after another, at least 1; absent means ``evaluation.folds`` of the configuration.
        report: Where the evaluation is written as one page of HTML; its folder is made.
    """
    place, settings = _open(workspace), read_config(config)
    if report is not None and report.is_dir():
        raise InputError(f"{report} is a folder; name the file of the report, for example {report / REPORT}")
    if report is not None:
        _check_writable(report.parent)
    n_folds = settings.evaluation.folds if folds is None else folds
    if n_folds < 1:
        raise InputError(f"{n_folds} folds are asked for; at least 1 is needed")
    judgement = judge(place, settings, seed=seed, progress=progress, left_out=left_out, n_folds=n_folds)
    facts, notes = evaluation_facts(judgement, settings, seed) | _origin(place, git_commit()), []
    if report is not None:
        progress.step("draw the report")
        write_report(facts, report)
        facts["report_path"] = str(report)
        notes.append(f"The report: {report}")
    return Report(facts, evaluation_tables(judgement), (*evaluation_notes(judgement, settings), *notes))


def publish(workspace: Path, *, force_reason: str | None = None, actor: str, now: EpochSeconds) -> Report:
    """Make the challenger champion if the gate holds; see `training.publish.publish_challenger`."""
    place = Workspace.open(workspace)
    moved = publish_challenger(place, actor=actor, now=now, force_reason=force_reason)
    folder = place.serving / moved.champion.bundle_id[:16]
    said = (*effect_warnings(moved.response), learner_sentence(_learner(folder)))
    notes = [f"Serving switches to {folder} by itself.", *said]
    if moved.outcome == "forced" and moved.finding:
        notes.append("The gate did NOT hold: " + "; ".join(moved.finding.failures) + ". The reason is on record.")
    new = moved.finding.figures["explore"] if moved.finding else None
    notes += new_products_warning(new["gain_high"]) if new else ()
    return _moved_report("publish", moved, tuple(notes))


def rollback(workspace: Path, *, actor: str, now: EpochSeconds) -> Report:
    """Make the previous champion champion again; see `training.publish.roll_back`."""
    moved = roll_back(Workspace.open(workspace), actor=actor, now=now)
    undone = "The champion before is now `previous`: a second rollback undoes this one."
    return _moved_report("rollback", moved, (undone,))


def sync(workspace: Path) -> Report:
    """Bring the champion to the folder that serving watches; see `training.publish.sync_champion`."""
    moved = sync_champion(Workspace.open(workspace))
    note = "Serving already had the champion." if moved.outcome == "current" else "Serving switches to it by itself."
    return _moved_report("sync", moved, (note,))


def _learner(bundle: Path) -> str:
    return str(read_manifest(bundle).settings.get("learner", CELLS))


def _open(workspace: Path) -> Workspace:
    """The workspace, with its programme read once: a broken one stops the run before anything is made."""
    place = Workspace.open(workspace)
    read_programme(place)
    return place


def _check_writable(folder: Path) -> None:
    """Before the work rather than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror}); make it writable, the result goes there"
        ) from error


def _log(
    registry: Registry,
    run_id: str,
    built: Built,
    facts: Mapping[str, Any],
    config: TrainConfig,
    tags: Mapping[str, str],
) -> Version:
    params = _flat(config.model_dump(mode="json")) | {f"split.{name}": at for name, at in facts["split"].items()}
    profile = facts["profile"]
    params |= {f"members.{name}": value for name, value in profile["names"].items()}
    params |= {f"weight.{name}": weight for name, weight in facts["weights"].items()} | {"seed": tags["seed"]}
    figures = {f"members.{name}": figure for name, figure in profile["figures"].items()}
    registry.log(run_id, params=params, metrics=flat_metrics(facts) | figures | response_metrics(facts["response"]))
    registry.tag(run_id, {"bundle_id": built.manifest.bundle_id, "dataset_digest": built.manifest.dataset_digest})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / EVALUATION).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        (folder / "config.yaml").write_text(config_text(config), encoding="utf-8")
        (folder / PROFILE_NORMS).write_text(built.profile.norms, encoding="utf-8")
        (folder / "what_offers_add.json").write_text(json.dumps(facts["response"]["added"], indent=1), encoding="utf-8")
        shutil.copy(_beside(built, REPORT), folder / REPORT)
        (folder / "charts").mkdir()
        write_charts(facts, folder / "charts")
        registry.log_files(run_id, folder)
    registry.log_files(run_id, built.path, BUNDLE)
    version = registry.register(run_id, built.manifest.bundle_id)
    registry.end_run(run_id)
    return version


def _origin(place: Workspace, git_sha: str) -> dict[str, Any]:
    return {"workspace_source": place.source, "currency": place.currency, "git_sha": git_sha}


def _beside(built: Built, name: str) -> Path:
    return built.path.with_name(f"{built.path.name}.{name}")


def _bundle_facts(built: Built) -> dict[str, Any]:
    return {
        "bundle_id": built.manifest.bundle_id,
        "bundle_path": str(built.path),
        "bundle_dataset_digest": built.manifest.dataset_digest,
        "n_members": built.n_members,
        "n_members_left_out": built.n_left_out,
        "n_products": built.n_products,
        "n_offers": built.n_offers,
        "n_offers_measured": built.n_measured,
        "profile": built.profile.facts(),
        "response": built.response,
    }


def _train_report(
    built: Built, judgement: Judgement, config: TrainConfig, facts: dict[str, Any], version: Version | None
) -> Report:
    weights = tuple(sorted(judgement.weights.items(), key=lambda pair: -pair[1]))
    made = (
        ("bundle", built.manifest.bundle_id[:16]),
        ("folder", str(built.path)),
        ("report", facts["report_path"]),
        ("version", f"{version.number} (challenger)" if version else "not registered: MLflow is not installed"),
        ("members", built.n_members),
        ("members who did not agree to personalisation", facts["n_members_without_personalisation"]),
        ("members left out: withdrew or erased since the ingest", built.n_left_out),
        ("products", built.n_products),
        ("offers measured against no offer", f"{built.n_measured} of {built.n_offers}"),
    )
    notes = list(evaluation_notes(judgement, config))
    notes += response_notes(built.response, config.response.prior_uplift)
    if version:
        notes.append("Next: `recsys publish` makes the challenger champion if the gate holds.")
    else:
        notes.append(
            "Tracking is OFF, so `recsys publish` cannot run: pip install 'recsys-nbo[train]', then train again."
        )
    return Report(
        facts | {"version": version.number if version else None, "tracking": version is not None},
        (
            *evaluation_tables(judgement),
            *response_tables(built.response),
            Table("Blend, chosen on validation", ("source", "weight"), weights),
            Table("Bundle", ("what", "value"), made),
        ),
        tuple(notes),
    )


def _moved_report(action: str, moved: Moved, notes: tuple[str, ...]) -> Report:
    facts: dict[str, Any] = {
        "action": action,
        "outcome": moved.outcome,
        "version": moved.champion.number,
        "bundle_id": moved.champion.bundle_id,
        "from_bundle_id": moved.before.bundle_id if moved.before else None,
        "gate": dict(moved.finding.figures) if moved.finding else None,
        "gate_failures": list(moved.finding.failures) if moved.finding else [],
    }
    rows = [
        ("outcome", moved.outcome),
        ("champion", f"version {moved.champion.number}, bundle {moved.champion.bundle_id[:16]}"),
        ("before", f"version {moved.before.number}, bundle {moved.before.bundle_id[:16]}" if moved.before else "none"),
    ]
    if moved.finding:
        seen = {"gate": moved.finding.figures["challenger"], "gate, new products": moved.finding.figures["explore"]}
        for title, figures in seen.items():
            rows += [(f"{title}: {name}", f"{value:.4f}") for name, value in (figures or {}).items()]
    return Report(facts, (Table(action.capitalize(), ("what", "value"), tuple(rows)),), notes)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat
