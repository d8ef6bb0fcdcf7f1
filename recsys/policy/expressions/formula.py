"""An expression over its atoms, so that what many rules ask of many rows is asked once and put together by bits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.policy.expressions.atom import Atom, Comparison, Operator, read_comparison
from recsys.policy.expressions.budget import is_match, pattern_of
from recsys.policy.expressions.cel import Expression, Value, compile_expression, wrong_patterns
from recsys.policy.expressions.columns import atom_verdicts
from recsys.policy.expressions.logic import Logic, Verdict, Verdicts
from recsys.policy.expressions.refusal import refusal, short
from recsys.policy.expressions.syntax import Kind, Node
from recsys.policy.expressions.tokens import parts_between_logic
from recsys.policy.file.attribute_types import AttributeType

__all__ = [
    "Atom", "Comparison", "Formula", "Logic", "Operator", "Verdict", "Verdicts", "atom_verdicts", "compile_formula",
]  # fmt: skip

_AND, _OR, _NOT = "_&&_", "_||_", "!_"


@dataclass(frozen=True, slots=True)
class Formula:
    """
    An expression, whole and in atoms: both ways say the same of every set of attributes.

    Attributes:
        text: As the file has it.
        references: Names of the attributes it reads, sorted; no others need to be given.
        atoms: The distinct ones, in the order of the text; numbers of atoms are places in it.
        logic: How their truth becomes that of the whole.

    Example:
        >>> available = {"member.points": AttributeType.INT, "member.tier": AttributeType.STRING}
        >>> rich = compile_formula("member.tier == 'gold' || member.points > 10", available, where="a test")
        >>> [atom.text for atom in rich.atoms]
        ["member.tier == 'gold'", 'member.points > 10']
        >>> rich.logic.verdict(true=0b10, errors=0b01)
        <Verdict.YES: 1>
        >>> rich.verdict({"member.points": 11})
        <Verdict.YES: 1>
    """

    text: str
    references: tuple[str, ...]
    atoms: tuple[Atom, ...]
    logic: Logic
    _expression: Expression = field(repr=False)

    def verdict(self, attributes: Mapping[str, Value]) -> Verdict:
        """Of one set of attributes; one that is missing is an error where the others do not decide."""
        return self._expression.evaluate(attributes)

    def error(self, attributes: Mapping[str, Value]) -> str:
        """Why these attributes are an error; empty where they are not."""
        return self._expression.error(attributes)

    def whole(self) -> Atom:
        """All of it as one atom, for an expression with too many alternatives to take apart."""
        return Atom(self.text, self.references, self._expression.syntax, self._expression, None)


def compile_formula(text: str, available: Mapping[str, AttributeType], *, where: str) -> Formula:
    """
    Check an expression against the attributes it may read, and take it apart.

    Args:
        text: CEL, true or false.
        available: Type of each attribute by its dotted name.
        where: What messages call the expression.

    Raises:
        PolicyError: As of `compile_expression`, and where a pattern is no regular expression.
    """
    expression = compile_expression(text, available, where=where)
    matches = {pattern_of(node): node for node in expression.syntax.walk() if is_match(node)}
    patterns = [pattern for pattern in matches if pattern is not None]
    for pattern in wrong_patterns(patterns) if patterns else ():
        problem = f"has the pattern {short(pattern)}, which is no regular expression (syntax: RE2)"
        raise refusal(problem, text, expression.offset(matches[pattern]), code="pattern_invalid", where=where)
    return _taken_apart(expression, available)


def _taken_apart(expression: Expression, available: Mapping[str, AttributeType]) -> Formula:
    leaves = _leaves(expression.syntax)
    texts = parts_between_logic(expression.text)
    if len(texts) != len(leaves):
        leaves, texts = [expression.syntax], [expression.text]
    atoms: dict[Node, Atom] = {}
    for leaf, part in zip(leaves, texts, strict=True):
        if leaf not in atoms:
            alone = expression.part(leaf, part)
            atoms[leaf] = Atom(part, alone.references, leaf, alone, read_comparison(leaf, available))
    logic = _logic(expression.syntax, {leaf: number for number, leaf in enumerate(atoms)}, negated=False)
    return Formula(expression.text, expression.references, tuple(atoms.values()), logic, expression)


def _leaves(node: Node) -> list[Node]:
    if node.kind is Kind.CALL and node.name in {_AND, _OR, _NOT}:
        return [leaf for child in node.children for leaf in _leaves(child)]
    return [node]


def _logic(node: Node, numbers: Mapping[Node, int], *, negated: bool) -> Logic:
    """De Morgan's laws hold for errors too, so that a `!` moves down to the atoms."""
    number = numbers.get(node)
    if number is not None:
        return Logic(True, 0, 1 << number, ()) if negated else Logic(True, 1 << number, 0, ())
    if node.name == _NOT:
        return _logic(node.children[0], numbers, negated=not negated)
    is_all = (node.name == _AND) != negated
    return _joined(is_all, [_logic(child, numbers, negated=negated) for child in node.children])


def _joined(is_all: bool, parts: Sequence[Logic]) -> Logic:
    """Parts of the same operator, and single atoms, need no brackets."""
    plain = negated = 0
    inside: list[Logic] = []
    for part in parts:
        if part.is_all == is_all or (not part.parts and part.plain.bit_count() + part.negated.bit_count() == 1):
            plain |= part.plain
            negated |= part.negated
            inside.extend(part.parts)
        else:
            inside.append(part)
    return Logic(is_all, plain, negated, tuple(inside))
