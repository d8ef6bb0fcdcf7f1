"""One check of a policy: what is written, what a bundle makes of it, and its golden cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.cases.run import CasesRun, run_cases
from recsys.policy.check.examined import Examined
from recsys.policy.check.run import check_compiled, check_written
from recsys.policy.compile import compile_policy
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.problems import Problem, Severity
from recsys.profile import NO_PROFILE
from recsys.schema_problems import in_order
from recsys.types import EpochSeconds

_OVERLAP = "overlapping_periods"
"""An error with which a policy can be compiled all the same."""


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What a check found.

    Attributes:
        problems: In the order of the files; none of them twice.
        compiled: The policy over the bundle; absent without a bundle, and where errors kept it from being compiled.
        cases: What became of the golden cases; absent where none were asked.
        failing: By rule and part of it, for how many products or offers its expression fails, and why for one.
    """

    problems: tuple[Problem, ...]
    compiled: CompiledPolicy | None = None
    cases: CasesRun | None = None
    failing: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those that keep the policy from being used."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)


def check_whole(
    document: PolicyDocument,
    knowledge: Knowledge | None,
    *,
    now: EpochSeconds,
    cases: Path | None = None,
    compiled: CompiledPolicy | None = None,
) -> Checked:
    """
    All that can be found; behind errors that keep the policy from being compiled, nothing is looked for.

    Args:
        document: The policy.
        knowledge: The bundle; without one, what is written is checked alone.
        now: As of when.
        cases: Folder of golden cases, which need a bundle.
        compiled: The same policy over the same bundle, where somebody compiled it already.
    """
    profile = NO_PROFILE if knowledge is None else knowledge.members.profile
    written = Checked(_once(check_written(document, now=now, profile=profile)))
    if knowledge is None:
        return written
    if compiled is None:
        if any(one.code != _OVERLAP for one in written.errors):
            return written
        try:
            compiled = compile_policy(document.policy, knowledge)
        except PolicyError as wrong:
            return Checked(_once([*written.problems, *document.locate(wrong)]))
    why = compiled.errors.examples()  # before anybody is asked: these are of products and offers
    failing = {part: (rows, why[part]) for part, rows in compiled.errors.counts().items()}
    found = [*written.problems, *check_compiled(Examined(document, compiled, knowledge, now))]
    asked = None if cases is None else run_cases(cases, compiled, knowledge, now=now)
    return Checked(_once([*found, *(asked.problems if asked is not None else ())]), compiled, asked, failing)


def _once(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(in_order(list(dict.fromkeys(problems))))
