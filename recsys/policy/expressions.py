"""
The only file that knows CEL: an expression, checked once, answers yes, no or error.

Attributes are declared one by one, with dots in their names and with types, so that a misspelt attribute or a
comparison of a number with a text is an error when the policy loads, not a surprise when a member asks.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from cel_expr_python import cel

from recsys.errors import PolicyError
from recsys.policy.attribute_types import AttributeType

Value = str | int | float | bool | list[str]

MAX_LENGTH = 1_000
"""Characters of one expression. With one loop at most, this bounds what an evaluation can cost."""

_TYPES = {
    AttributeType.STRING: cel.Type.STRING,
    AttributeType.INT: cel.Type.INT,
    AttributeType.DOUBLE: cel.Type.DOUBLE,
    AttributeType.BOOL: cel.Type.BOOL,
    AttributeType.STRINGS: cel.Type.List(cel.Type.STRING),
}
_DOTTED = re.compile(r"\b([A-Za-z_]\w*)\s*\.\s*([A-Za-z_]\w*)")
_LOOP = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_OF_BUNDLE = "; the columns of `recsys profile` are known with a bundle that has them: check with --bundle"
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")


class Verdict(IntEnum):
    """What an expression says of one set of attributes."""

    NO = 0
    YES = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Expression:
    """
    A compiled expression; safe to evaluate from several threads.

    Attributes:
        text: As the file has it.
        references: Names of the attributes it reads, sorted; no others need to be given.

    Example:
        >>> loyal = compile_expression("member.points > 10", {"member.points": AttributeType.INT}, where="a test")
        >>> loyal.evaluate({"member.points": 11})
        <Verdict.YES: 1>
        >>> loyal.evaluate({})
        <Verdict.ERROR: 2>
    """

    text: str
    references: tuple[str, ...]
    _program: cel.Expression = field(repr=False)

    def evaluate(self, attributes: Mapping[str, Value]) -> Verdict:
        """A missing attribute, a division by zero and the like are `Verdict.ERROR`, never an exception."""
        try:
            answer = self._program.eval(data=attributes).value()
        # A text that is not valid Unicode is the one thing that the binding does not turn into an error value.
        except RuntimeError:
            return Verdict.ERROR
        if answer is True:
            return Verdict.YES
        return Verdict.NO if answer is False else Verdict.ERROR

    def error(self, attributes: Mapping[str, Value]) -> str:
        """Why these attributes give `Verdict.ERROR`; empty where they do not."""
        try:
            answer = self._program.eval(data=attributes)
        except RuntimeError as error:
            return str(error)
        return str(answer.value()) if answer.type() == cel.Type.ERROR else ""


def compile_expression(text: str, available: Mapping[str, AttributeType], *, where: str) -> Expression:
    """
    Check an expression against the attributes it may read.

    Args:
        text: CEL, true or false.
        available: Type of each attribute by its dotted name.
        where: What messages call the expression.

    Raises:
        PolicyError: It does not parse, reads what is not available, mixes types, is not true or false, is longer than
            MAX_LENGTH or loops more than once.
    """
    if len(text) > MAX_LENGTH:
        raise PolicyError(
            f"{where} has {len(text)} characters; at most {MAX_LENGTH} are allowed; split the rule in two"
        )
    if not is_plain_text(text):
        raise PolicyError(f"{where}: {_short(text)} holds a NUL or half a character; remove it")
    loops = _LOOP.findall(text)
    if len(loops) > 1:
        raise PolicyError(f"{where} loops {len(loops)} times ({', '.join(loops)}); one loop is allowed; split the rule")
    program = _compile(text, available, where)
    if program.return_type() != cel.Type.BOOL:
        kind = program.return_type().name()
        raise PolicyError(
            f"{where}: {_short(text)} gives {kind}, not true or false; compare it with something (==, <, in)"
        )
    references = tuple(sorted({f"{scope}.{name}" for scope, name in _DOTTED.findall(text)} & set(available)))
    if not _is_enough(text, {name: available[name] for name in references}):
        references = tuple(sorted(available))
    return Expression(text, references, program)


def is_plain_text(text: str) -> bool:
    """Can the binding take it as it is? It cuts texts at a NUL, and fails on half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _compile(text: str, available: Mapping[str, AttributeType], where: str) -> cel.Expression:
    environment = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in available.items()})
    try:
        return environment.compile(text)
    # The binding has no error class of its own.
    except RuntimeError as error:
        raise PolicyError(f"{where}: {_short(text)} {_explained(str(error), available)}") from None


def _is_enough(text: str, available: Mapping[str, AttributeType]) -> bool:
    """Does the expression compile with these attributes alone? (A comment can hide a name from the pattern.)"""
    try:
        _compile(text, available, "")
    except PolicyError:
        return False
    return True


def _explained(message: str, available: Mapping[str, AttributeType]) -> str:
    place = _PLACE.search(message)
    if not place:
        return f"is not a valid expression: {message.splitlines()[0] if message else 'no reason given'}"
    line, column, problem = place.groups()
    problem = problem.removesuffix(" [INVALID_ARGUMENT]").split(" expecting ")[0]
    unknown = _UNKNOWN.search(problem)
    if unknown:
        name = unknown.group(1)
        near = difflib.get_close_matches(name, available, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        of_bundle = _OF_BUNDLE if name.startswith("member.") else ""
        return f"reads {name!r}, which is not known here; {hint}it may read {', '.join(sorted(available))}{of_bundle}"
    if "no matching overload" in problem and "double" in problem and "int" in problem:
        problem += "; decimal attributes are compared with decimals: write 3.0, not 3"
    return f"is wrong at line {line}, column {column}: {problem}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
