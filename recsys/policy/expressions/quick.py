"""Verdicts of plain atoms without a way through CEL: whole numbers that are reckoned with, and texts in a list."""

import operator as compare
from collections.abc import Callable, Mapping

from recsys.policy.expressions.atom import Atom, Operator
from recsys.policy.expressions.cel import Value, is_plain_text
from recsys.policy.expressions.logic import Verdict
from recsys.policy.expressions.syntax import Kind, Node

_Ask = Callable[[Mapping[str, Value]], Verdict]
_Number = Callable[[Mapping[str, Value]], int]

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "_==_": compare.eq,
    "_!=_": compare.ne,
    "_<_": compare.lt,
    "_<=_": compare.le,
    "_>_": compare.gt,
    "_>=_": compare.ge,
}
_RECKON: Mapping[str, Callable[[int, int], int]] = {"_+_": compare.add, "_-_": compare.sub, "_*_": compare.mul}
_PART: Mapping[str, Callable[[int, int], int]] = {"_%_": compare.mod, "_/_": compare.floordiv}
_WHOLE_CONSTANT = 3
"""The field that the tree has for a signed whole number."""
_LARGEST = 2**63


class _NotPlain(Exception):  # noqa: N818 (a way out, not an error)
    """Something that only CEL can say."""


def verdict_of(atom: Atom) -> _Ask:
    """As `Atom.verdict`, several times faster where the atom is plain and its attributes are too."""
    comparison = atom.comparison
    if comparison is not None and comparison.operator is Operator.HOLDS:
        return _is_held(atom, comparison.attribute, str(comparison.constants[0]))
    node = atom.expression.syntax
    if node.kind is not Kind.CALL or node.name not in _COMPARE or len(node.children) != 2:
        return atom.verdict
    left, right = (_number(child) for child in node.children)
    if left is None or right is None:
        return atom.verdict
    return _compared(atom, _COMPARE[node.name], left, right)


def _is_held(atom: Atom, name: str, wanted: str) -> _Ask:
    def ask(attributes: Mapping[str, Value]) -> Verdict:
        held = attributes.get(name)
        if type(held) is list and all(map(is_plain_text, held)):
            return Verdict.YES if wanted in held else Verdict.NO
        return atom.verdict(attributes)

    return ask


def _compared(atom: Atom, holds: Callable[[int, int], bool], left: _Number, right: _Number) -> _Ask:
    def ask(attributes: Mapping[str, Value]) -> Verdict:
        try:
            return Verdict.YES if holds(left(attributes), right(attributes)) else Verdict.NO
        except _NotPlain:
            return atom.verdict(attributes)

    return ask


def _number(node: Node) -> _Number | None:
    """A part that is a whole number; ``None`` where it may be something else."""
    if node.kind is Kind.NAME:
        return _attribute(node.name)
    if node.kind is Kind.CONSTANT:
        return _constant(node)
    if node.kind is not Kind.CALL or len(node.children) != 2 or node.name not in {*_RECKON, *_PART}:
        return None
    left, right = (_number(child) for child in node.children)
    if left is None or right is None:
        return None
    return _reckoned(node.name, left, right)


def _attribute(name: str) -> _Number:
    def read(attributes: Mapping[str, Value]) -> int:
        value = attributes.get(name)
        if type(value) is not int or not -_LARGEST <= value < _LARGEST:
            raise _NotPlain
        return value

    return read


def _constant(node: Node) -> _Number | None:
    value = node.constant[0] if node.constant else None
    if type(value) is not int or not node.detail or node.detail[0][0] != _WHOLE_CONSTANT:
        return None
    return lambda _: value


def _reckoned(sign: str, left: _Number, right: _Number) -> _Number:
    of_any, of_parts = _RECKON.get(sign), _PART.get(sign)

    def reckon(attributes: Mapping[str, Value]) -> int:
        one, other = left(attributes), right(attributes)
        if of_any is not None:
            found = of_any(one, other)
            if -_LARGEST <= found < _LARGEST:
                return found
        elif of_parts is not None and one >= 0 and other > 0:  # below, CEL and Python round to different sides
            return of_parts(one, other)
        raise _NotPlain

    return reckon
