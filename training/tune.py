"""The order of `recsys tune`: a study a family under one budget, then the tuned blend against the one as it is."""

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import yaml

from features.dataset import LeftOut
from features.programme import read_programme
from features.workspace import Workspace
from recsys.errors import InputError, NotEnoughDataError, RecsysError, RegistryError
from recsys.report import SILENT, Progress, Report
from training.bootstrap import Interval, paired_gain
from training.config import TrainConfig, read_config
from training.search_spaces import SPACES, Space, Value, settings_in, space_around, with_settings
from training.settings import Settings
from training.sources import SOURCES
from training.studies import Budget, Judged, Studies, Trial, open_studies
from training.tracking import AVAILABLE, Registry, git_commit
from training.tune_log import log_family, log_tuning, write_folder
from training.tune_report import FamilyResult, Tuned, tuning_facts, tuning_report
from training.validation_window import PerMember, ValidationWindow

WRITTEN_BY = "# Written by `recsys tune`"

_FORMAT = 1
_BOOTSTRAP = 3


def tune(
    workspace: Path,
    *,
    config: Path | None = None,
    seed: int = 0,
    trials: int = 20,
    timeout_cpu_s: float | None = None,
    families: str | None = None,
    objective: str = "all",
    out: Path | None = None,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Search better settings of every family on the validation window, with the same budget for each.

    A family is a source of the registry that has settings worth searching (`training.search_spaces`). Each trial fits
    the family alone on what was known before the validation window and is judged by its NDCG@10 there. The test
    window is not read. A study that was stopped goes on where it was; another base configuration, other facts, another
    seed, objective or window is another study.

    Args:
        workspace: Where the tables are.
        config: What differs from the defaults before tuning; see `training.config`.
        seed: Of all randomness: the same inputs and seed give the same trials.
        trials: In total for every family.
        timeout_cpu_s: CPU-seconds in total for every family; None is without end.
        families: Separated by commas; absent means those that the configuration has switched on.
        objective: The case whose NDCG@10 is made as high as possible: ``all`` or ``explore``.
        out: YAML file for what differs from the defaults after tuning; `Workspace.tuned_config` where absent. A file
            that `tune` wrote is replaced, any other is refused.
        progress: Told of every family and trial.
        left_out: As `train` takes it.

    Raises:
        InputError: No workspace, a wrong configuration, an unknown family, a budget below one trial, a file in the way,
            or another process is tuning this workspace.
        NotEnoughDataError: The history is too short, or nobody bought anything in the window.
        RegistryError: The tracking server does not answer.
    """
    place, base = Workspace.open(workspace), read_config(config)
    read_programme(place)  # a broken one stops the run before anything is made
    names = chosen_families(families, base)
    budget = _budget(trials, timeout_cpu_s)
    target = _free(place.tuned_config if out is None else out, config)
    with open_studies(place.tuning) as studies:
        registry = Registry(place) if AVAILABLE else None
        tags = {"git_sha": git_commit(), "seed": str(seed), "workspace_source": place.source}
        run_id = registry.start_run(f"tune-{place.source}-{place.now}", tags) if registry else ""
        try:
            window = ValidationWindow.read(place, base, seed=seed, progress=progress, left_out=left_out)
            _check_asked(window, objective)
            results = []
            for name in names:
                results.append(_tune_family(studies, name, window, objective, budget=budget, progress=progress))
                if registry:
                    log_family(registry, run_id, results[-1], tags)
            tuned = _compared(window, results, objective, progress)
            facts = tuning_facts(tuned, budget, target=target, run_id=run_id)
            text = _written(target, tuned.config)
            folder = write_folder(place.tuning / "report", facts, text)
            if registry:
                log_tuning(registry, run_id, facts, folder)
        except BaseException:
            if registry:
                with suppress(RegistryError):  # what went wrong before is what the caller must hear
                    registry.end_run(run_id, failed=True)
            raise
    return tuning_report(facts, place.path)


def chosen_families(names: str | None, config: TrainConfig) -> tuple[str, ...]:
    """
    The families that are asked for, in the order of the registry.

    Args:
        names: Separated by commas; absent means those that the configuration has switched on.
        config: Says what is switched on.

    Raises:
        InputError: A name is no family; says which are.
    """
    known = [source.name for source in SOURCES if source.name in SPACES]
    if names is None:
        return tuple(source.name for source in SOURCES if source.name in known and source.enabled(config))
    asked = [name.strip() for name in names.split(",")]
    wrong = [name for name in asked if name not in known]
    if wrong:
        raise InputError(f"{wrong[0]!r} is no family that can be tuned; they are {', '.join(known)}")
    return tuple(name for name in known if name in asked)


def _tune_family(
    studies: Studies, name: str, window: ValidationWindow, objective: str, *, budget: Budget, progress: Progress
) -> FamilyResult:
    space = space_around(window.base, SPACES[name])
    study = _study_name(name, space, window, objective)
    per_member: dict[str, PerMember] = {}

    def judge(settings: Mapping[str, Value]) -> Judged:
        started = time.process_time()
        try:
            alone = window.alone(name, with_settings(window.base, settings), objective)
        except (RecsysError, ArithmeticError, ValueError) as error:
            return Judged(None, time.process_time() - started, f"{type(error).__name__}: {error}".splitlines()[0][:300])
        per_member[json.dumps(settings)] = alone.per_member
        return Judged(float(alone.per_member.mean()), alone.cpu_s)

    def figures_of(trial: Trial) -> PerMember:
        """Those of a trial of an earlier start are worked out again."""
        known = per_member.get(json.dumps(trial.settings))
        if known is not None:
            return known
        return window.alone(name, with_settings(window.base, trial.settings), objective).per_member

    done = budget.cut(studies.read(study))
    progress.step(f"tune {name}", budget.trials)
    progress.advance(len(done))
    first = settings_in(window.base, space)
    for _ in studies.run(study, space, first, judge, seed=(window.seed, crc32(name.encode())), budget=budget):
        progress.advance()
    trials = tuple(budget.cut(studies.read(study)))
    good = [trial for trial in trials if trial.judged.quality is not None]
    best = max(good, key=lambda trial: (trial.judged.quality or 0.0, -trial.number), default=None)
    gain = None
    if best and good[0].number == 0:
        gain = _gain(figures_of(best), figures_of(good[0]), window)
    enabled = next(source.enabled(window.base) for source in SOURCES if source.name == name)
    return FamilyResult(name, study, enabled, trials, len(done), best, gain)


def _compared(window: ValidationWindow, results: Sequence[FamilyResult], objective: str, progress: Progress) -> Tuned:
    better = [result.best for result in results if result.best is not None and result.best.number > 0]
    config = with_settings(window.base, {path: value for best in better for path, value in best.settings.items()})
    progress.step("blend of the configuration as it is")
    as_it_is = window.blended(window.base, progress=progress)
    tuned = as_it_is if config == window.base else window.blended(config, progress=progress)
    gains = {case: _gain(tuned.per_member[case], as_it_is.per_member[case], window) for case in tuned.per_member}
    return Tuned(
        split=window.split,
        seed=window.seed,
        objective=objective,
        n_members={case: len(asked.members) for case, asked in window.cases.items()},
        results=tuple(results),
        base=window.base,
        config=config,
        as_it_is=as_it_is,
        blended=tuned,
        gains=gains,
    )


def _gain(ours: PerMember, other: PerMember, window: ValidationWindow) -> Interval:
    evaluation = window.base.evaluation
    return paired_gain(
        ours,
        other,
        n_resamples=evaluation.n_resamples,
        confidence=evaluation.confidence,
        rng=np.random.default_rng([window.seed, _BOOTSTRAP]),
    )


def _study_name(name: str, space: Space, window: ValidationWindow, objective: str) -> str:
    """The family, and a hash of all that its figures depend on: two studies are never mixed."""
    facts = {
        "format": _FORMAT,
        "config": window.base.model_dump(mode="json"),
        "window": window.digest,
        "objective": objective,
        "seed": window.seed,
        "space": {path: repr(span) for path, span in space.items()},
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{name}-{digest[:16]}"


def _budget(trials: int, timeout_cpu_s: float | None) -> Budget:
    if trials < 1:
        raise InputError(f"a family needs one trial or more, {trials} asked for; give --trials 1 or more")
    if timeout_cpu_s is not None and not timeout_cpu_s > 0:
        raise InputError(f"a family needs some CPU-seconds, {timeout_cpu_s:g} given; give --timeout above 0, or none")
    return Budget(trials, timeout_cpu_s)


def _check_asked(window: ValidationWindow, objective: str) -> None:
    if objective not in window.cases:
        raise InputError(f"{objective!r} is no case; the cases are {', '.join(window.cases)}")
    if not len(window.cases[objective].members):
        raise NotEnoughDataError(
            "no member bought a new product in the validation window; tune with --objective all, or ingest more history"
        )


def _free(out: Path, config: Path | None) -> Path:
    """Find out before the work that the file may be written: it is absent, or `tune` wrote it."""
    if config is not None and out.resolve() == config.resolve():
        raise InputError(f"{out} is what tuning begins with (--config), and would be replaced; give another --out")
    try:
        if out.exists() and not out.read_text(encoding="utf-8").startswith(WRITTEN_BY):
            raise InputError(
                f"{out} is there and was not written by `recsys tune`; give another --out, or move it away"
            )
        out.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out.parent).close()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{out} cannot be written ({error}); give another --out") from error
    return out


def _written(out: Path, config: TrainConfig) -> str:
    """What differs from the defaults, as a file that `read_config` takes."""
    differences = _differences(config, TrainConfig())
    listed = yaml.safe_dump(differences, sort_keys=False) if differences else ""
    text = f"{WRITTEN_BY}: what differs from the defaults.\n{listed}"
    out.write_text(text, encoding="utf-8")
    return text


def _differences(ours: Settings, theirs: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    plain = ours.model_dump(mode="json")
    for name in type(ours).model_fields:
        mine, other = getattr(ours, name), getattr(theirs, name)
        if isinstance(mine, Settings):
            inner = _differences(mine, other)
            found |= {name: inner} if inner else {}
        elif mine != other:
            found[name] = plain[name]
    return found
