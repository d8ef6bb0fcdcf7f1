"""The search of one family, kept in a file so that it goes on where it stopped; the only file that imports Optuna."""

import fcntl
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from recsys.errors import InputError
from training.search_spaces import Choice, Range, Real, Value, Whole, rounded

N_RANDOM = 6
"""Trials, that of the settings as they are included, before what was found guides the next one."""

_OUTCOME = "outcome"

Judge = Callable[[Mapping[str, Value]], "Judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What became of one setting of a family.

    Attributes:
        quality: What is made as high as possible; None where it failed.
        cpu_s: CPU-seconds that it took, failed or not.
        failure: Why there is no quality; empty where there is one.
    """

    quality: float | None
    cpu_s: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a study: its place from 0, the settings by path, and what became of them."""

    number: int
    settings: Mapping[str, Value]
    judged: Judged


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What every family may spend, the same for all.

    Attributes:
        trials: In total, those of an interrupted start included.
        cpu_s: CPU-seconds in total; None is without end. The trial during which they run out is finished.
    """

    trials: int
    cpu_s: float | None = None

    def is_spent(self, trials: list[Trial]) -> bool:
        """Whether no further trial may begin; the first one always may."""
        over = self.cpu_s is not None and sum(trial.judged.cpu_s for trial in trials) >= self.cpu_s
        return len(trials) >= self.trials or (over and bool(trials))

    def cut(self, trials: list[Trial]) -> list[Trial]:
        """The first trials, as many as it pays for: a study may hold more, of a larger budget."""
        n = next((n for n in range(len(trials)) if self.is_spent(trials[:n])), len(trials))
        return trials[:n]


class Studies:
    """The studies of one file."""

    def __init__(self, storage: optuna.storages.RDBStorage) -> None:
        self._storage = storage

    def read(self, name: str) -> list[Trial]:
        """The trials of a study that ended, in order; none where there is no such study."""
        return _ended(self._study(name))

    def run(
        self,
        name: str,
        space: Mapping[str, Range],
        first: Mapping[str, Value],
        judge: Judge,
        *,
        seed: Sequence[int],
        budget: Budget,
    ) -> Iterator[Trial]:
        """
        Spend what is left of the budget, and give every trial as it ends.

        The first trial is the settings as they are; the next ones are drawn at random, then by the Tree-structured
        Parzen Estimator (Bergstra et al. 2011; multivariate, Falkner et al. 2018). Every trial draws from a generator
        of its own, made of the seed and the trial's place: a study that was interrupted, at any moment, goes on with
        the very trials that it would have had.

        Args:
            name: Of the study.
            space: By path, the range of every setting.
            first: By path, the settings as they are; inside their ranges.
            judge: Tries settings; may raise nothing but what must end the command.
            seed: Of all draws.
            budget: Trials that ended before count.
        """
        study = self._study(name)
        self._bury_interrupted(study)
        trials = _ended(study)
        ranges = {path: _distribution(span) for path, span in space.items()}
        while not budget.is_spent(trials):
            number = len(trials)
            study.sampler = optuna.samplers.TPESampler(n_startup_trials=N_RANDOM, seed=_number_of([*seed, number]))
            if number == 0 and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                study.enqueue_trial(dict(first))
            asked = study.ask(ranges)
            settings = dict(first) if number == 0 else {path: rounded(asked.params[path]) for path in space}
            try:
                judged = judge(settings)
            except BaseException:
                study.tell(asked, state=TrialState.FAIL)
                raise
            asked.set_user_attr(_OUTCOME, {"settings": settings, "cpu_s": judged.cpu_s, "failure": judged.failure})
            if judged.quality is None:
                study.tell(asked, state=TrialState.FAIL)
            else:
                study.tell(asked, judged.quality)
            trials.append(Trial(number, settings, judged))
            yield trials[-1]

    def _study(self, name: str) -> optuna.Study:
        return optuna.create_study(storage=self._storage, study_name=name, direction="maximize", load_if_exists=True)

    def _bury_interrupted(self, study: optuna.Study) -> None:
        """What a killed process was at counts as never begun: nobody else writes to the file meanwhile."""
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)


@contextmanager
def open_studies(folder: Path) -> Iterator[Studies]:
    """
    The studies in a folder, which is made where there is none; nobody else can open them meanwhile.

    Raises:
        InputError: The folder cannot be written, another process has the studies open, or what lies there is none.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # Optuna tells of every trial; what matters is raised
    file = folder / "studies.db"
    with _locked(folder):
        try:
            storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
            event.listen(storage.engine, "connect", _wait_for_no_disk)
            storage.remove_session()
            storage.engine.dispose()  # the connections that were there have not heard of it
        except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
            raise InputError(
                f"the studies in {file} cannot be used ({str(error).splitlines()[0][:200]}); "
                "move the file away to begin anew"
            ) from error
        try:
            yield Studies(storage)
        finally:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}); make it writable") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"another `recsys tune` is at work in {folder}; wait for it, or stop it") from None
        yield


def _ended(study: optuna.Study) -> list[Trial]:
    """Complete and failed trials in order; one that was interrupted is none."""
    trials: list[Trial] = []
    for found in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL)):
        outcome = found.user_attrs.get(_OUTCOME)
        if outcome and (outcome["failure"] or found.state == TrialState.COMPLETE):
            judged = Judged(found.value, outcome["cpu_s"], outcome["failure"])
            trials.append(Trial(len(trials), outcome["settings"], judged))
    return trials


def _distribution(span: Range) -> BaseDistribution:
    match span:
        case Whole(low, high, log):
            return IntDistribution(low, high, log=log)
        case Real(low, high, log):
            return FloatDistribution(low, high, log=log)
        case Choice(values):
            return CategoricalDistribution(values)


def _number_of(seed: Sequence[int]) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def _wait_for_no_disk(connection: sqlite3.Connection, _: object) -> None:
    """A trial is some twenty commits; a power cut may take the last ones back, and breaks nothing (sqlite.org/wal)."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
