"""Runs the cases of a folder over a policy and a bundle, and says of each that fails what was expected and found."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from recsys.knowledge import Knowledge
from recsys.policy.cases.answers import Asker
from recsys.policy.cases.judge import failures
from recsys.policy.cases.load import PlacedCase, read_cases
from recsys.policy.cases.names import unknown_names
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.reading.problems import Problem
from recsys.schema_problems import in_order
from recsys.types import EpochSeconds

FAILED = "case_failed"


@dataclass(frozen=True, slots=True)
class CasesRun:
    """
    What became of the cases of a folder.

    Attributes:
        n_cases: That could be read.
        n_passed: That were asked and answered as expected.
        problems: What is wrong with files and cases, and every expectation that is not met, in the order of the files.
    """

    n_cases: int
    n_passed: int
    problems: tuple[Problem, ...]


def run_cases(folder: Path, policy: CompiledPolicy, knowledge: Knowledge, *, now: EpochSeconds) -> CasesRun:
    """
    Ask the policy every case of a folder.

    Exploration is off: a case is about what the policy chooses, not about what it tries.

    Args:
        folder: Of the cases; see `recsys.policy.cases.load.cases_beside`.
        policy: Compiled for the bundle.
        knowledge: The bundle.
        now: The instant of cases that name none.

    Returns:
        Errors, but for a folder without cases, which is a warning; none of them is raised.
    """
    found = read_cases(folder, ZoneInfo(policy.source.time_zone))
    asker = Asker.of(policy, knowledge, now=now)
    problems, n_passed = list(found.problems), 0
    for placed in found.cases:
        wrong = list(_asked(placed, asker))
        problems += wrong
        n_passed += not wrong
    return CasesRun(len(found.cases), n_passed, tuple(in_order(problems)))


def _asked(placed: PlacedCase, asker: Asker) -> Iterator[Problem]:
    """What is wrong with a case, or, where it can be asked, with its answer."""
    unknown = list(unknown_names(placed, asker.policy, asker.knowledge))
    yield from unknown
    if not unknown:
        for failure in failures(placed.case, asker):
            yield placed.problem(FAILED, failure.message, failure.hint, path=failure.path)
