"""
The only file that knows CEL: an expression, checked once, answers yes, no or error.

Attributes are declared one by one, with dots in their names and with types, so that a misspelt attribute or a
comparison of a number with a text is an error when the policy loads, not a surprise when a member asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cel_expr_python import cel

from recsys.policy.expressions.budget import (
    MAX_PATTERN,
    MAX_STEPS,
    is_match,
    nested_loop,
    pattern_of,
    pattern_size,
    steps,
)
from recsys.policy.expressions.logic import Verdict
from recsys.policy.expressions.refusal import explained, misfit, refusal, short
from recsys.policy.expressions.syntax import CheckedExpression, Kind, Node, read_checked_expression
from recsys.policy.expressions.tokens import Token, deepest, longest_chain, read_tokens
from recsys.policy.file.attribute_types import AttributeType

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_WORDS",
    "Expression",
    "Value",
    "Verdict",
    "compile_expression",
    "is_plain_text",
]

Value = str | int | float | bool | list[str]

MAX_LENGTH = 1_000
"""Characters of one expression; with the bounds of `cel_budget` this bounds what an evaluation can cost."""
MAX_WORDS = 240
"""Names, constants and signs of one expression: what reading it costs, a hundredth of a millisecond each."""
MAX_DEPTH = 16
"""Brackets inside each other; what the binding's parser takes is 32 of anything inside each other."""

_TYPES = {
    AttributeType.STRING: cel.Type.STRING,
    AttributeType.INT: cel.Type.INT,
    AttributeType.DOUBLE: cel.Type.DOUBLE,
    AttributeType.BOOL: cel.Type.BOOL,
    AttributeType.STRINGS: cel.Type.List(cel.Type.STRING),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """
    A compiled expression; safe to evaluate from several threads.

    Attributes:
        text: As the file has it.
        references: Names of the attributes it reads, sorted; no others need to be given.
        syntax: Its tree.

    Example:
        >>> loyal = compile_expression("member.points > 10", {"member.points": AttributeType.INT}, where="a test")
        >>> loyal.evaluate({"member.points": 11})
        <Verdict.YES: 1>
        >>> loyal.evaluate({})
        <Verdict.ERROR: 2>
    """

    text: str
    references: tuple[str, ...]
    syntax: Node = field(repr=False)
    _program: cel.Expression = field(repr=False)
    _checked: CheckedExpression = field(repr=False)
    _environment: cel.Env = field(repr=False)

    def evaluate(self, attributes: Mapping[str, Value]) -> Verdict:
        """A missing attribute, half a character, a division by zero are `Verdict.ERROR`, never an exception."""
        answer = self._answer(attributes).value()
        if answer is True:
            return Verdict.YES
        return Verdict.NO if answer is False else Verdict.ERROR

    def error(self, attributes: Mapping[str, Value]) -> str:
        """Why these attributes give `Verdict.ERROR`; empty where they do not."""
        answer = self._answer(attributes)
        if answer.type() == cel.Type.ERROR:
            return str(answer.value())
        return "" if answer.type() == cel.Type.BOOL else f"{answer.type().name()}, not true or false"

    def _answer(self, attributes: Mapping[str, Value]) -> cel.Value:
        try:
            return self._program.eval(data=attributes)
        # A text that is not valid Unicode is the one thing that the binding does not turn into an error value.
        except RuntimeError:
            valid = {name: value for name, value in attributes.items() if _is_unicode(value)}
            return self._program.eval(data=valid)

    def offset(self, node: Node) -> int:
        """Characters of the text before what stands for a node of its tree."""
        return self._checked.offset(node)

    def part(self, node: Node, text: str) -> "Expression":
        """
        A part of it as an expression of its own, which is an error where it is not true or false.

        Args:
            node: Of its tree.
            text: What messages show of the part.
        """
        names = {below.name for below in node.walk() if below.kind is Kind.NAME}
        references = tuple(name for name in self.references if name in names)
        program = self._environment.deserialize(self._checked.part(node))
        return Expression(text, references, node, program, self._checked, self._environment)


def compile_expression(text: str, available: Mapping[str, AttributeType], *, where: str) -> Expression:
    """
    Check an expression against the attributes it may read.

    Args:
        text: CEL, true or false.
        available: Type of each attribute by its dotted name.
        where: What messages call the expression.

    Raises:
        PolicyError: It does not parse, reads what is not available, mixes types, is not true or false, or may cost
            too much; the error's ``offset`` is where in the text.
    """
    tokens = _readable(text, where)
    environment = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in available.items()})
    try:
        program = environment.compile(text)
    # The binding has no error class of its own.
    except RuntimeError as error:
        raise explained(str(error), text, available, longest_chain(tokens), where=where) from None
    start = tokens[0].start
    if program.return_type() != cel.Type.BOOL:
        raise misfit(text, program.return_type().name(), start, where=where)
    checked = read_checked_expression(program.serialize())
    _refuse_costs(checked, text, available, start, where)
    names = {node.name for node in checked.root.walk() if node.kind is Kind.NAME}
    return Expression(text, tuple(sorted(names & set(available))), checked.root, program, checked, environment)


def is_plain_text(text: str) -> bool:
    """Can the binding take it as it is? It cuts texts at a NUL, and fails on half a surrogate pair."""
    return "\0" not in text and _is_unicode(text)


def _is_unicode(value: Value) -> bool:
    texts = value if isinstance(value, list) else [value]
    letters = (letter for text in texts if isinstance(text, str) and not text.isascii() for letter in text)
    return not any("\ud800" <= letter <= "\udfff" for letter in letters)


def wrong_patterns(patterns: Sequence[str]) -> list[str]:
    """Those that are no regular expressions that the binding reads."""
    environment = cel.NewEnv(variables={"pattern": cel.Type.STRING})
    match = environment.compile("''.matches(pattern)")
    return [each for each in patterns if match.eval(data={"pattern": each}).type() != cel.Type.BOOL]


def _readable(text: str, where: str) -> list[Token]:
    """The words of a text that is short, flat and plain enough to be parsed."""
    if len(text) > MAX_LENGTH:
        problem = f"has {len(text)} characters; at most {MAX_LENGTH} are allowed; split the rule in two"
        raise refusal(problem, text, MAX_LENGTH, code="expression_too_long", where=where)
    if not is_plain_text(text):
        offset = next(offset for offset, letter in enumerate(text) if not is_plain_text(letter))
        problem = f"{short(text)} holds a NUL or half a character; remove it"
        raise refusal(problem, text, offset, code="expression_not_text", where=where)
    tokens = read_tokens(text)
    depth, opens = deepest(tokens)
    if depth > MAX_DEPTH:
        problem = f"has {depth} brackets inside each other; the recursion limit is {MAX_DEPTH}; split the rule in two"
        raise refusal(problem, text, opens, code="expression_too_deep", where=where)
    if len(tokens) > MAX_WORDS:
        problem = f"has {len(tokens)} words and signs; at most {MAX_WORDS} are allowed; split the rule in two"
        raise refusal(problem, text, tokens[MAX_WORDS].start, code="expression_too_long", where=where)
    return tokens


def _refuse_costs(
    checked: CheckedExpression, text: str, available: Mapping[str, AttributeType], start: int, where: str
) -> None:
    inner = nested_loop(checked.root)
    if inner is not None:
        problem = "loops 2 times, one inside the other (all, exists, exists_one, map, filter); split the rule"
        raise refusal(problem, text, checked.offset(inner), code="expression_too_costly", where=where)
    for match in checked.root.walk():
        if is_match(match):
            _refuse_pattern(pattern_of(match), text, checked.offset(match), where)
    cost = steps(checked.root, available)
    if cost > MAX_STEPS:
        problem = f"may take {cost} steps; at most {MAX_STEPS} are allowed; shorten its lists or split the rule"
        raise refusal(problem, text, start, code="expression_too_costly", where=where)


def _refuse_pattern(pattern: str | None, text: str, offset: int, where: str) -> None:
    if pattern is None:
        problem = "compares with a pattern that is not written out; write it as a text between quotes"
        raise refusal(problem, text, offset, code="pattern_not_written_out", where=where)
    size = pattern_size(pattern)
    if size > MAX_PATTERN:
        problem = (
            f"has the pattern {short(pattern)}, which costs {size}; at most {MAX_PATTERN} is allowed; "
            f"write fewer repetitions and [a-z] in place of \\pL, or use startsWith, endsWith or contains"
        )
        raise refusal(problem, text, offset, code="pattern_too_costly", where=where)
