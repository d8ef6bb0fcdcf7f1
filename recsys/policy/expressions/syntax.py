"""
The syntax tree of a checked CEL expression, read from the bytes in which the binding serialises it.

Only the fields that the policy asks for are read (cel-spec: proto/cel/expr/checked.proto and syntax.proto).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

Constant = bool | int | float | str
Fields = list[tuple[int, int | bytes]]

_CHECKED_EXPRESSION, _CHECKED_SOURCE = 4, 5
_CHECKED_KEPT = (2, 3)
"""What a part needs of the whole besides itself: which function each call is, and types."""
_SOURCE_POSITIONS = 4
_ANY_MESSAGE = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LAST_OF_VARINT = 0x7F
_LARGEST_INT = 2**63


class Kind(StrEnum):
    """What a node of the tree is."""

    CONSTANT = "constant"
    NAME = "name"
    SELECT = "select"
    CALL = "call"
    LIST = "list"
    STRUCT = "struct"
    LOOP = "loop"


_KINDS = {3: Kind.CONSTANT, 4: Kind.NAME, 5: Kind.SELECT, 6: Kind.CALL, 7: Kind.LIST, 8: Kind.STRUCT, 9: Kind.LOOP}
_BELOW = {Kind.SELECT: (1,), Kind.CALL: (1, 3), Kind.LIST: (1,), Kind.LOOP: (2, 4, 5, 6, 7)}
_OF_ENTRY = (3, 4)
_NAME_AT = {Kind.NAME: 1, Kind.SELECT: 2, Kind.CALL: 2, Kind.LOOP: 1}


@dataclass(frozen=True, slots=True)
class Node:
    """
    One node; equal to another that says the same elsewhere.

    Attributes:
        kind: What it is.
        name: Of the attribute, function or field; of a loop its variable.
        constant: Empty, or the one value of a constant that is a bool, int, double or text.
        children: In the order of the format: of a call its receiver first, of a loop what it goes over first.
        detail: All else that it says, so that two nodes are equal only where their bytes mean the same.
        number: Which it is of the expression.
        encoded: The bytes it was read from.
    """

    kind: Kind
    name: str
    constant: tuple[Constant, ...]
    children: tuple["Node", ...]
    detail: tuple[tuple[int, int | bytes], ...]
    number: int = field(compare=False, repr=False)
    encoded: bytes = field(compare=False, repr=False)

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, parents first."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """
    What the binding made of a text.

    Attributes:
        root: The whole expression.
    """

    root: Node
    _around: bytes = field(repr=False)
    _envelope: bytes = field(repr=False)
    _source: bytes = field(repr=False)

    def offset(self, node: Node) -> int:
        """Characters of the text before what stands for a node: of an operator the sign, of a call the bracket."""
        pairs = (_read(entry) for entry in _messages(_read(self._source), _SOURCE_POSITIONS))
        return next((_number(pair, 2) for pair in pairs if _number(pair, 1) == node.number), 0)

    def part(self, node: Node) -> bytes:
        """A part of the expression as an expression of its own, for the binding to read."""
        checked = self._around + _field(_CHECKED_EXPRESSION, node.encoded)
        return self._envelope + _field(_ANY_MESSAGE, checked)


def read_checked_expression(serialised: bytes) -> CheckedExpression:
    """
    The tree of an expression that the binding serialised.

    Names need no resolving: the checker has replaced what an attribute is called by its dotted name, and a variable of
    a loop, which may hide one, has no dot.
    """
    envelope = _read(serialised)
    fields = _read(_message(envelope, _ANY_MESSAGE))
    root = _node(_message(fields, _CHECKED_EXPRESSION))
    around = b"".join(_field(at, held) for at, held in fields if at in _CHECKED_KEPT and isinstance(held, bytes))
    url = b"".join(_field(at, held) for at, held in envelope if at != _ANY_MESSAGE and isinstance(held, bytes))
    return CheckedExpression(root, around, url, _message(fields, _CHECKED_SOURCE))


def _node(encoded: bytes) -> Node:
    number = _number(fields := _read(encoded), 2)
    for at, held in fields:
        if at in _KINDS and isinstance(held, bytes):
            return _node_of(_KINDS[at], _read(held), number, encoded)
    return Node(Kind.CONSTANT, "", (), (), detail=(), number=number, encoded=encoded)


def _node_of(kind: Kind, fields: Fields, number: int, encoded: bytes) -> Node:
    name, below = "", _BELOW.get(kind, ())
    children = [held for at in below for held in _messages(fields, at)]
    if kind in _NAME_AT:
        name = _text(fields, _NAME_AT[kind])
    if kind is Kind.STRUCT:
        entries = [_read(entry) for entry in _messages(fields, 2)]
        children = [held for entry in entries for at in _OF_ENTRY for held in _messages(entry, at)]
        detail = [(at, held) for entry in entries for at, held in entry if at not in {1, *_OF_ENTRY}]
        detail += [(1, held) for held in _messages(fields, 1)]
    else:
        detail = [(at, b"" if at in below else held) for at, held in fields]
    constant = _constant(fields) if kind is Kind.CONSTANT else ()
    below_it = tuple([_node(child) for child in children])
    return Node(kind, name, constant, below_it, detail=tuple(detail), number=number, encoded=encoded)


def _constant(fields: Fields) -> tuple[Constant, ...]:
    for number, held in fields:
        if number == 2 and isinstance(held, int):
            return (bool(held),)
        if number == 3 and isinstance(held, int):
            return (held - 2 * _LARGEST_INT if held >= _LARGEST_INT else held,)
        if number == 5 and isinstance(held, bytes):
            return (float(struct.unpack("<d", held)[0]),)
        if number == 6 and isinstance(held, bytes):
            return (held.decode(),)
    return ()


def _read(message: bytes) -> Fields:
    """The fields of a protobuf message, in order: an integer for a varint, the bytes for all else."""
    fields: Fields = []
    at, end = 0, len(message)
    while at < end:
        tag = message[at]
        at += 1
        if tag > _LAST_OF_VARINT:
            tag, at = _varint(message, at - 1)
        wire = tag & 7
        if wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            size = message[at]
            at += 1
            if size > _LAST_OF_VARINT:
                size, at = _varint(message, at - 1)
            if wire == _VARINT:
                fields.append((tag >> 3, size))
                continue
        fields.append((tag >> 3, message[at : at + size]))
        at += size
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _field(number: int, held: bytes) -> bytes:
    """A field that holds bytes, as it is written."""
    return _as_varint(number << 3 | _BYTES) + _as_varint(len(held)) + held


def _as_varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _message(fields: Fields, wanted: int) -> bytes:
    return next((held for number, held in fields if number == wanted and isinstance(held, bytes)), b"")


def _messages(fields: Fields, wanted: int) -> list[bytes]:
    return [held for number, held in fields if number == wanted and isinstance(held, bytes)]


def _text(fields: Fields, wanted: int) -> str:
    return _message(fields, wanted).decode()


def _number(fields: Fields, wanted: int) -> int:
    for number, held in fields:
        if number == wanted and isinstance(held, int):
            return held
    return 0
