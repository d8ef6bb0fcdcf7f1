"""A policy with what it was read from, so that whatever is said of it later can name file, line and column."""

import re
from dataclasses import dataclass, replace

from recsys.checked_yaml import SourceFile
from recsys.errors import PolicyError
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Path, Place, Problem, Severity
from recsys.schema_problems import in_order, mentioned
from recsys.yaml_places import Places

_EXPRESSION = re.compile(r"('[^']*'), (who|what)\b")


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """
    A checked policy and its files.

    Attributes:
        policy: Of all files together.
        places: Of every key and value, by the path in the joined policy: ``("rules", 3, "who")``.
        files: The file itself, then what it includes, in the order of reading; empty for a text without a file.
    """

    policy: Policy
    places: Places
    files: tuple[SourceFile, ...]

    def locate(self, error: PolicyError) -> tuple[Problem, ...]:
        """
        The problems of an error that was raised about this policy, each with its place, in the order of the files.

        What neither has a path nor quotes an id or a value of the file is about the whole, and stands at its start.
        """
        problems = error.problems or (
            Problem(error.code or "policy", Severity.ERROR, str(error), error.hint, error.path, None, error.offset),
        )
        return tuple(in_order([self._located(problem) for problem in problems]))

    def place(self, path: Path, offset: tuple[int, int] | None = None) -> Place:
        """
        Where a part of the policy stands.

        Args:
            path: Of the part; where nothing stands, the nearest part around it is meant.
            offset: Line and column inside the text at the path, both from 1.
        """
        inside = None if offset is None else self.places.inside(path, *offset)
        return inside or self.places.nearest(path)

    def _located(self, problem: Problem) -> Problem:
        if problem.place is not None:
            return problem
        path = problem.path or self._meant(problem.message)
        return replace(problem, path=path, place=self.place(path, problem.offset))

    def _meant(self, message: str) -> Path:
        """The part that a message names: ``rule 'no_wine', who ...``."""
        named = _EXPRESSION.search(message)
        if named is None:
            return mentioned(message, self.places.root)
        path = mentioned(named.group(1), self.places.root)
        expression = (*path, named.group(2))
        return path if self.places.node(expression) is None else expression
