"""What people are told of an expression that is refused: what is wrong, where in its text, and what to write."""

import re
from collections.abc import Mapping

from recsys.errors import PolicyError
from recsys.policy.expressions.advice import habits, known_names, number_kinds
from recsys.policy.expressions.tokens import place
from recsys.policy.file.attribute_types import AttributeType

_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_OF_BUNDLE = "; the columns of `recsys profile` are known with a bundle that has them: check with --bundle"
_OPERATORS = frozenset({"and", "or", "not", "AND", "OR", "NOT"})
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")


def refusal(problem: str, text: str, offset: int, *, code: str, where: str) -> PolicyError:
    """An error about the character at an offset of a text; the problem reads on after the name of the expression."""
    line, column = place(text, offset)
    at = f"line {line}, column {column}"
    return PolicyError(f"{where} ({at}) {problem}", code=code, offset=(line, column))


def misfit(text: str, kind: str, offset: int, *, where: str) -> PolicyError:
    """The error of an expression that gives something else than true or false."""
    problem = f"{short(text)} gives {kind}, not true or false; compare it with something (==, <, in)"
    return refusal(problem, text, offset, code="expression_not_bool", where=where)


def explained(
    message: str, text: str, available: Mapping[str, AttributeType], deepest: int, *, where: str
) -> PolicyError:
    """
    The binding's message in the words of the policy.

    Args:
        message: Of the binding.
        text: The expression.
        available: The attributes it may read.
        deepest: Offset of the operator that is to blame where the binding says that it nests too deep.
        where: What messages call the expression.
    """
    found = _PLACE.search(message)
    line, column, problem = found.groups() if found else ("-1", "-1", message.splitlines()[0] if message else "")
    problem = problem.removesuffix(" [INVALID_ARGUMENT]").split(" expecting ")[0]
    at = (int(line), int(column)) if int(line) > 0 else place(text, deepest)
    if "recursion" in message:
        problem = "nests too deep, or chains too many operators: the recursion limit is 32; split the rule in two"
        return _at(f"{short(text)} {problem}", at, code="expression_too_deep", where=where)
    unknown = _UNKNOWN.search(problem)
    advice = habits(text) if "Syntax error" in problem or (unknown and unknown.group(1) in _OPERATORS) else ""
    if unknown and not advice:
        return _unknown(unknown.group(1), available, at, where)
    advice = advice or number_kinds(problem, text, at)
    problem = f"{short(text)} is wrong at line {at[0]}, column {at[1]}: {problem or 'no reason given'}"
    told = f"; {advice}" if advice else ""
    return PolicyError(f"{where}: {problem}{told}", code="expression_invalid", offset=at)


def short(text: str) -> str:
    """A text as messages show it: quoted, and no more than its beginning."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _unknown(name: str, available: Mapping[str, AttributeType], at: tuple[int, int], where: str) -> PolicyError:
    of_bundle = _OF_BUNDLE if name.startswith("member.") else ""
    known = f"{known_names(name, available)}{of_bundle}"
    return _at(f"reads {name!r}, which is not known here; {known}", at, code="attribute_unknown", where=where)


def _at(problem: str, at: tuple[int, int], *, code: str, where: str) -> PolicyError:
    return PolicyError(f"{where} (line {at[0]}, column {at[1]}) {problem}", code=code, offset=at)
