"""What `recsys tune` asks: how well one source alone, or the blend, ranks the window before the test window."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.dataset import LeftOut
from features.digest import digest_content
from features.purchases import instant
from features.workspace import Workspace
from recsys import metrics
from recsys.knowledge import CandidateList
from recsys.report import SILENT, Progress
from recsys.scorers.base import Scorer
from recsys.types import UNKNOWN_ROW, Rows
from training.cases import Case
from training.config import TrainConfig
from training.fit import Fitted, fit_models, source_rng
from training.leaks import read_before
from training.models import item_neighbours, popularity
from training.pipeline import cases_of_window, splits_of
from training.rankings import lists_of_case
from training.sources import NEIGHBOURS, POPULAR, SOURCES, Material
from training.split import Split
from training.weights import TOP, blend, choose_weights

PerMember = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alone:
    """One source by itself: NDCG@10 of each member, shape (m,), and the CPU-seconds of fitting and ranking."""

    per_member: PerMember
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Blended:
    """The blend of a configuration: its weights, and NDCG@10 of each member by case, shape (m,)."""

    weights: Mapping[str, float]
    per_member: Mapping[str, PerMember]


@dataclass(frozen=True, slots=True)
class ValidationWindow:
    """
    The facts before ``split.validation_at``, and what members bought from then to ``split.test_at``.

    Nothing from ``split.test_at`` on is read. With several folds of evaluation, ``split`` is that of the earliest one,
    so that no test window is touched.

    Attributes:
        split: Where time was cut.
        base: The configuration as it is.
        seed: Of every fit and of the sample of members.
        fitted: All sources that ``base`` wants, as ``base`` has them.
        cases: By name, ``all`` and ``explore``.
        needed: Sources that others need, as ``base`` has them, fitted when they are first needed.
    """

    split: Split
    base: TrainConfig
    seed: int
    fitted: Fitted
    cases: Mapping[str, Case]
    needed: dict[str, Scorer] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        workspace: Workspace,
        base: TrainConfig,
        *,
        seed: int,
        progress: Progress,
        left_out: LeftOut | None = None,
    ) -> "ValidationWindow":
        """
        Read the facts, and fit what ``base`` wants.

        Raises:
            NotEnoughDataError: The history is too short, or nobody bought anything on sale in the window.
        """
        split = splits_of(workspace, base, base.evaluation.folds)[0]
        progress.step(f"read purchases before {instant(split.validation_at):%Y-%m-%d}")
        dataset = read_before(workspace, split.validation_at, left_out=left_out)
        fitted = fit_models(dataset, base, seed, progress)
        cases = cases_of_window(workspace, fitted, split.test_at, base, seed)
        return cls(split, base, seed, fitted, {case.name: case for case in cases})

    @property
    def digest(self) -> str:
        """SHA-256 of what is learnt from and what is asked, 64 hexadecimal digits."""
        asked = {
            f"{case.name}.{name}": values
            for case in self.cases.values()
            for name, values in (
                ("members", case.members),
                ("truth", case.truth.values),
                ("lengths", case.truth.lengths()),
                ("keep", case.keep),
            )
        }
        return digest_content({}, asked, {"dataset": self.fitted.dataset.digest, "test_at": self.split.test_at})

    def alone(self, name: str, config: TrainConfig, case: str) -> Alone:
        """
        Fit one source with other settings and rank the members of a case by it alone.

        Every configuration gets the same randomness, and the sources that it needs as the base has them.

        Args:
            name: A source of the registry, wanted or not.
            config: Its settings.
            case: Name of one in ``cases``.

        Raises:
            NotEnoughDataError: The source cannot be fitted so.
            FloatingPointError: Its scores are not finite.
        """
        needs = {needed: self._as_it_is(needed) for needed in _SOURCES[name].needs}
        started = time.process_time()
        lists = self._lists({name: self._fit(name, config, needs)}, case, TOP)[name]
        if not np.isfinite(lists.scores[lists.products != UNKNOWN_ROW]).all():
            raise FloatingPointError(f"{name} gave scores that are not finite")
        per_member = self._ndcg(lists.products, case)
        return Alone(per_member, time.process_time() - started)

    def blended(self, config: TrainConfig, *, progress: Progress) -> Blended:
        """Fit what a configuration wants, choose the blend on this window as `train` does, and rank by it."""
        as_it_is = config == self.base
        fitted = self.fitted if as_it_is else fit_models(self.fitted.dataset, config, self.seed, progress)
        progress.step("choose the blend")
        lists = {
            name: self._lists(fitted.scorers, name, config.n_candidates)
            for name, case in self.cases.items()
            if len(case.members)
        }
        weights = choose_weights([(self.cases[name], theirs) for name, theirs in lists.items()])
        return Blended(weights, {name: self._ndcg(blend(theirs, weights), name) for name, theirs in lists.items()})

    def _fit(self, name: str, config: TrainConfig, needs: Mapping[str, Scorer]) -> Scorer:
        of = self.fitted
        # What serving needs whatever the blend holds is fitted before all sources; here only for whom it is the source.
        neighbours, popular = of.neighbours, of.popularity
        if name == NEIGHBOURS:
            neighbours = item_neighbours.fit(of.dataset, config.neighbours)
        if name == POPULAR:
            popular = popularity.fit(of.dataset, config.popularity, of.members.segment)
        material = Material(of.dataset, of.members, of.catalogue, config, neighbours, popular, needs)
        return _SOURCES[name].fit(material, source_rng(self.seed, name))

    def _as_it_is(self, name: str) -> Scorer:
        if name in self.fitted.scorers:
            return self.fitted.scorers[name]
        if name not in self.needed:
            needs = {needed: self._as_it_is(needed) for needed in _SOURCES[name].needs}
            self.needed[name] = self._fit(name, self.base, needs)
        return self.needed[name]

    def _lists(self, scorers: Mapping[str, Scorer], case: str, k: int) -> dict[str, CandidateList]:
        return lists_of_case(scorers, self.cases[case], k=k, progress=SILENT)

    def _ndcg(self, products: Rows, case: str) -> PerMember:
        asked = self.cases[case]
        hit = metrics.hits(products[:, :TOP], asked.truth, len(asked.keep))
        return metrics.ndcg(hit, asked.truth.lengths(), TOP)


_SOURCES = {source.name: source for source in SOURCES}
