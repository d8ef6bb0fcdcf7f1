"""An atom over the columns of many rows: by NumPy where it compares numbers, else once a distinct value."""

import operator as compare
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.policy.attributes import Column, six_decimals
from recsys.policy.expressions.atom import Atom, Comparison, Operator
from recsys.policy.expressions.cel import Value, is_plain_text
from recsys.policy.expressions.logic import Bools, Verdict, Verdicts
from recsys.policy.expressions.syntax import Constant
from recsys.policy.file.attribute_types import AttributeType

_COMPARE: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: compare.eq,
    Operator.UNEQUAL: compare.ne,
    Operator.LESS: compare.lt,
    Operator.LESS_OR_EQUAL: compare.le,
    Operator.GREATER: compare.gt,
    Operator.GREATER_OR_EQUAL: compare.ge,
}
_OF_TEXT: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.CONTAINS: str.__contains__,
}
_OF_BYTES: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.STARTS_WITH: np.strings.startswith,
    Operator.ENDS_WITH: np.strings.endswith,
    Operator.CONTAINS: lambda values, part: np.strings.find(values, part) >= 0,
}
"""In UTF-8 no character begins inside another, so that what is true of bytes is true of characters."""
_ROUNDED = 1e-6
"""More than six decimals ever move a number of ordinary size."""
_FEW = 8
"""A table over a range of keys pays off up to so many places a row."""


def atom_verdicts(
    atom: Atom, columns: Mapping[str, Column], n: int, *, shared: Mapping[str, Value] | None = None
) -> Verdicts:
    """
    What an atom says of n rows.

    Args:
        atom: What is asked.
        columns: The attributes in which rows differ, by name; shape (n,) each; others than the atom reads are ignored.
        n: Number of rows.
        shared: The attributes that all rows have in common; a column of the same name stands.

    Returns:
        Shape (n,), int8: a `Verdict` of each row, the one that evaluating it by itself gives; `Verdict.ERROR` where
        an attribute is neither a column nor shared.
    """
    read = {name: columns[name] for name in atom.references if name in columns}
    if not n or not read:
        return np.full(n, atom.verdict(shared or {}) if n else Verdict.NO, dtype=np.int8)
    if n > 1 and atom.comparison is not None:
        (column,) = read.values()
        held = _compared(atom.comparison, column)
        if held is not None:
            return held.view(np.int8)
    first, group = _distinct([column.keys for column in read.values()])
    values = [[column.value(key) for key in column.keys[first].tolist()] for column in read.values()]
    verdicts = np.empty(len(first), dtype=np.int8)
    ask = _asked(atom)
    attributes = dict(shared or {})
    for position, row in enumerate(zip(*values, strict=True)):
        attributes.update(zip(read, row, strict=True))
        verdicts[position] = ask(attributes)
    by_row: Verdicts = verdicts[group]
    return by_row


def _compared(comparison: Comparison, column: Column) -> Bools | None:
    """Shape (n,): a comparison of plain numbers, bools or bytes; ``None`` where the values are none of these."""
    keys, value = column.keys, column.value
    if comparison.kind is AttributeType.INT and value is int and _is_int64(keys):
        return _holds(comparison.operator, comparison.constants, keys.astype(np.int64, copy=False))
    if comparison.kind is AttributeType.BOOL and value is bool and keys.dtype.kind in "biu":
        return _holds(comparison.operator, comparison.constants, keys.astype(np.bool_, copy=False))
    if comparison.kind is AttributeType.DOUBLE and keys.dtype.kind == "f" and keys.dtype.itemsize <= 8:
        if value is float:
            return _holds(comparison.operator, comparison.constants, keys.astype(np.float64, copy=False))
        if value is six_decimals:
            return _rounded_holds(comparison, keys.astype(np.float64, copy=False))
    if comparison.kind is AttributeType.STRING and value is bytes.decode and keys.dtype.kind == "S":
        constants = tuple(str(constant).encode() for constant in comparison.constants)
        if not any(b"\0" in constant for constant in constants) and not _has_nul_inside(keys):
            return _holds(comparison.operator, constants, keys)  # the order of UTF-8 is that of characters
    return None


def _has_nul_inside(keys: NDArray[np.bytes_]) -> bool:
    letters = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), -1)
    return bool(((letters[:, :-1] == 0) & (letters[:, 1:] != 0)).any())


def _is_int64(keys: NDArray[Any]) -> bool:
    return keys.dtype.kind == "i" or (keys.dtype.kind == "u" and keys.dtype.itemsize < 8)


def _holds(operator: Operator, constants: Sequence[Constant | bytes], values: NDArray[Any]) -> Bools:
    if operator in _OF_BYTES:
        return np.asarray(_OF_BYTES[operator](values, constants[0]))
    if operator is not Operator.IN:
        held: Bools = _COMPARE[operator](values, _like(constants[:1], values)[0])
        return held
    if len(constants) > _FEW:
        return np.isin(values, _like(constants, values))
    held = np.zeros(len(values), dtype=np.bool_)
    for constant in _like(constants, values):
        held |= values == constant
    return held


def _like(constants: Sequence[Constant | bytes], values: NDArray[Any]) -> NDArray[Any]:
    """Constants as an array that compares with these values; texts keep their length."""
    return np.array(constants, dtype="S" if values.dtype.kind == "S" else values.dtype)


def _rounded_holds(comparison: Comparison, values: NDArray[np.float64]) -> Bools:
    """Rounding keeps the order, so that it matters only to values beside a constant; these are rounded one by one."""
    held = _holds(comparison.operator, comparison.constants, values)
    beside = np.zeros(len(values), dtype=np.bool_)
    for constant in comparison.constants:
        reach = _ROUNDED + 1e-12 * abs(float(constant))
        beside |= np.abs(values - float(constant)) <= reach
    rows = np.flatnonzero(beside)
    if len(rows):
        distinct, place = np.unique(values[rows], return_inverse=True)
        rounded = np.array([six_decimals(value) for value in distinct.tolist()])
        held[rows] = _holds(comparison.operator, comparison.constants, rounded)[place]
    return held


def _asked(atom: Atom) -> Callable[[Mapping[str, Value]], int]:
    """The verdict of one set of attributes; of a comparison of a text without a way through CEL."""
    comparison = atom.comparison
    if comparison is None or comparison.kind is not AttributeType.STRING:
        return atom.verdict
    name, constants = comparison.attribute, comparison.constants
    single = _OF_TEXT.get(comparison.operator) or _COMPARE.get(comparison.operator)

    def ask(attributes: Mapping[str, Value]) -> int:
        held = attributes.get(name)
        if not isinstance(held, str) or not is_plain_text(held):
            return atom.verdict(attributes)
        return bool(single(held, constants[0])) if single else held in constants

    return ask


def _distinct(keys: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A row of each distinct combination of keys, and the combination of each row."""
    first, group = _distinct_of_one(keys[0])
    for column in keys[1:]:
        others, codes = _distinct_of_one(column)
        first, group = _distinct_of_one(group * len(others) + codes)
    return first, group


def _distinct_of_one(keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if keys.dtype.kind in "iu" and keys.dtype.itemsize <= 8 and len(keys):
        lowest, highest = int(keys.min()), int(keys.max())
        if highest - lowest < _FEW * len(keys) and highest < 2**62 and lowest > -(2**62):
            return _distinct_by_table(keys.astype(np.int64) - lowest, highest - lowest + 1)
    if keys.dtype.kind == "f" and keys.dtype.itemsize in {4, 8}:
        keys = np.ascontiguousarray(keys).view(f"i{keys.dtype.itemsize}")  # tells 0.0 from -0.0
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first, group


def _distinct_by_table(places: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row_of = np.full(size, -1, dtype=np.int64)
    row_of[places] = np.arange(len(places))
    taken = np.flatnonzero(row_of >= 0)
    numbers = np.empty(size, dtype=np.int64)
    numbers[taken] = np.arange(len(taken))
    return row_of[taken], numbers[places]
