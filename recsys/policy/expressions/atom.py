"""A part of an expression without `&&`, `||` and `!` at its top, and what it compares where it is that simple."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from recsys.policy.expressions.cel import Expression, Value, Verdict
from recsys.policy.expressions.syntax import Constant, Kind, Node
from recsys.policy.file.attribute_types import AttributeType


class Operator(StrEnum):
    """How an attribute is compared with constants."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "in"
    HOLDS = "holds"
    """The attribute is a list of texts and the constant is one of them."""
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    CONTAINS = "contains"


_TURNED = {
    Operator.LESS: Operator.GREATER,
    Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER: Operator.LESS,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
}
_OF_TEXTS = {str(operator): operator for operator in (Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS)}
_OPERATORS = {f"_{operator}_": operator for operator in Operator}


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    `attribute OP constant`, as data; a bare `attribute` that is a bool is `attribute == true`.

    Attributes:
        attribute: Its dotted name; it always stands left.
        kind: Its type.
        operator: One of `Operator`.
        constants: One; of `in` as many as the list has, of the type of the attribute.
    """

    attribute: str
    kind: AttributeType
    operator: Operator
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Atom:
    """
    A part of an expression whose truth the rest of it only combines.

    Attributes:
        text: As the file has it, without brackets around it.
        references: Names of the attributes it reads, sorted.
        key: Equal for atoms that say the same with the same attributes, whatever their layout and quotes.
        expression: It alone, compiled.
        comparison: What it says, where it compares one attribute with constants.
    """

    text: str
    references: tuple[str, ...]
    key: Node
    expression: Expression
    comparison: Comparison | None

    def verdict(self, attributes: Mapping[str, Value]) -> Verdict:
        """Of one set of attributes; one that is missing is an error."""
        return self.expression.evaluate(attributes)

    def error(self, attributes: Mapping[str, Value]) -> str:
        """Why these attributes are an error; empty where they are not."""
        return self.expression.error(attributes)


def read_comparison(node: Node, types: Mapping[str, AttributeType]) -> Comparison | None:
    """What a part of an expression compares; ``None`` where it is more than one attribute and constants."""
    if node.kind is Kind.NAME and types.get(node.name) is AttributeType.BOOL:
        return Comparison(node.name, AttributeType.BOOL, Operator.EQUAL, (True,))
    if node.kind is not Kind.CALL or len(node.children) != 2:
        return None
    left, right = node.children
    if node.name == "@in":
        return _membership(left, right, types)
    if node.name in _OF_TEXTS:
        return _comparison(left, _OF_TEXTS[node.name], (right,), types)
    operator = _OPERATORS.get(node.name)
    if operator is None:
        return None
    if left.kind is not Kind.NAME:
        left, right, operator = right, left, _TURNED.get(operator, operator)
    return _comparison(left, operator, (right,), types)


def _membership(left: Node, right: Node, types: Mapping[str, AttributeType]) -> Comparison | None:
    if right.kind is Kind.LIST:
        return _comparison(left, Operator.IN, right.children, types)
    held = _constant(left)
    if types.get(right.name) is AttributeType.STRINGS and right.kind is Kind.NAME and isinstance(held, str):
        return Comparison(right.name, AttributeType.STRINGS, Operator.HOLDS, (held,))
    return None


_FITTING: Mapping[AttributeType, type] = {
    AttributeType.STRING: str,
    AttributeType.INT: int,
    AttributeType.DOUBLE: float,
    AttributeType.BOOL: bool,
}


def _comparison(
    name: Node, operator: Operator, nodes: tuple[Node, ...], types: Mapping[str, AttributeType]
) -> Comparison | None:
    kind = types.get(name.name) if name.kind is Kind.NAME else None
    if kind is None or kind is AttributeType.STRINGS:
        return None
    found = [_constant(node) for node in nodes]
    constants = tuple(constant for constant in found if constant is not None and type(constant) is _FITTING[kind])
    return Comparison(name.name, kind, operator, constants) if len(constants) == len(nodes) else None


def _constant(node: Node) -> Constant | None:
    """The value of a constant, also of a negated number."""
    if node.kind is Kind.CONSTANT and node.constant:
        return node.constant[0]
    if node.kind is Kind.CALL and node.name == "-_" and node.children[0].constant:
        match node.children[0].constant[0]:
            case float(number):
                return -number
            case int(number) if not isinstance(number, bool) and number != -(2**63):
                return -number
    return None
