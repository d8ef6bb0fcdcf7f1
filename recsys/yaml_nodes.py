"""From YAML to nodes that know where they stand, within bounds, and without what settings never need."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from recsys.yaml_flaws import Flaw, Path, Step, YamlFlaws, flaw_at, syntax_flaw
from recsys.yaml_odd_spaces import character_name, odd_spaces
from recsys.yaml_scalars import Scalar, ScalarError, read_key, read_plain
from recsys.yaml_shape import ANY, MAX_MISTAKES, Shape

try:  # The scanner in C is some thirty times faster; PyYAML may be installed without it.
    from yaml._yaml import CParser as _Parser
except ImportError:  # pragma: no cover
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]  # read by the same two methods

__all__ = ["Cut", "Flaw", "Node", "Path", "Source", "Step", "YamlFlaws", "compose", "compose_shaped", "plain"]

MAX_CHARACTERS = 1 << 20
MAX_NODES = 50_000
MAX_DEPTH = 32
_MAX_FLAWS = 100

_INVISIBLE = re.compile(
    "[^\x09\x0a\x0d\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What nobody sees: control characters, marks that turn the direction of text, and line breaks that are none."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and what messages call it."""

    file: str
    text: str


@dataclass(slots=True, eq=False)
class Node:
    """
    A value and where it stands.

    Attributes:
        value: A scalar, the entries (key node, value node) by key, or a list of nodes.
        source: Where it is from.
        line, column: Of its first character, both from 0.
        start, end: Its characters in the text.
        style: ``'`` or ``"`` (quoted), ``|`` or ``>`` (block), empty for all others.
    """

    value: "Scalar | dict[str, tuple[Node, Node]] | list[Node]"
    source: Source
    line: int
    column: int
    start: int
    end: int
    style: str = ""

    @property
    def raw(self) -> str:
        """As the file has it, quotes included."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Cut:
    """
    Where reading ended early, at the last mistake that is looked at.

    Attributes:
        path: Of that mistake; what the parts around it lack may stand behind.
        line, column: Both from 0.
    """

    path: Path
    line: int
    column: int


def compose(text: str, *, file: str) -> Node:
    """All of a YAML text; see `compose_shaped`."""
    return compose_shaped(text, ANY, file=file)[0]


def compose_shaped(text: str, shape: Shape, *, file: str) -> tuple[Node, Cut | None]:
    """
    Read a YAML text: one document without aliases, tags and repeated keys, of text keys.

    Args:
        text: YAML.
        shape: What it should hold; bounds how much is read of what does not.
        file: What places call it.

    Returns:
        What was read, and where reading ended if that is not all.

    Raises:
        YamlFlaws: It is none, or beyond MAX_CHARACTERS, MAX_NODES, MAX_DEPTH or the entries of the shape.
    """
    source = Source(file, text.removeprefix("\ufeff"))
    if len(source.text) > MAX_CHARACTERS:
        message = f"{file} has {len(source.text)} characters; at most {MAX_CHARACTERS} are allowed"
        raise YamlFlaws([flaw_at(source.text, MAX_CHARACTERS, "too_long", message, "split the file")])
    odd = odd_spaces(source.text)
    if odd:
        raise YamlFlaws(odd)
    hidden = _INVISIBLE.search(source.text)
    if hidden:
        message = f"the character {character_name(hidden.group())} cannot be seen and may not stand in a file"
        raise YamlFlaws([flaw_at(source.text, hidden.start(), "invisible_character", message, "remove it")])
    composer = _Composer(source)
    return composer.document(shape), composer.cut


def plain(node: Node) -> Any:
    """The value of a node as plain dicts, lists and scalars."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain(inner) for name, (_, inner) in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


class _Composer:
    """Reads one text; flaws that leave the structure whole are collected, so that all are told at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._parser = _Parser(source.text)
        self._path: list[Step] = []
        self._open: list[Any] = []  # events that began what has not ended
        self._flaws: list[Flaw] = []
        self._n_nodes = 0
        self._n_mistakes = 0
        self.cut: Cut | None = None

    def document(self, shape: Shape) -> Node:
        try:
            self._next()  # of the stream
            if isinstance(self._next(), yaml.StreamEndEvent):
                return Node(None, self._source, 0, 0, 0, 0)
            root = self._node(self._next(), shape)
            event = None
            if self.cut is None:
                self._next()  # of the document
                event = self._next()
            if event is not None and not isinstance(event, yaml.StreamEndEvent):
                self._add("second_document", "a second document starts here", "a file holds one: remove `---`", event)
        except yaml.YAMLError as wrong:
            self._flaws.append(syntax_flaw(wrong, self._source.text, self._open))
        if self._flaws:
            raise YamlFlaws(self._flaws)
        return root

    def _next(self) -> Any:
        return self._parser.get_event()

    def _node(self, event: Any, shape: Shape) -> Node:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES:
            self._stop("too_many_values", f"there are more than {MAX_NODES} values", "split the file", event)
        if isinstance(event, yaml.AliasEvent):
            self._add("alias", "aliases (*name) are not allowed", "write it out", event)
            return self._made(event, None)
        if event.tag is not None:
            self._add("tag", f"tags ({event.tag[:40]}) are not allowed", "remove it; quote what is a text", event)
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0] and event.tag is None
            value = self._read(event, read_plain) if is_plain else event.value
            if shape.refuses(value):
                self._count(event)
            return self._made(event, value, style="" if is_plain else event.style or "")
        if len(self._path) >= MAX_DEPTH:
            message = f"this is nested more than {MAX_DEPTH} levels deep"
            self._stop("too_deep", message, "nothing needs more than a few levels: close brackets", event)
        self._open.append(event)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        shape = shape.of(list if is_list else dict)
        if not shape.is_known:
            self._count(event)
        made = self._list(event, shape) if is_list else self._mapping(event, shape)
        self._open.pop()
        return made

    def _list(self, start: Any, shape: Shape) -> Node:
        nodes: list[Node] = []
        inner, event = shape.entry, start
        while self.cut is None and not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._bound(len(nodes), shape, event)
            self._path.append(len(nodes))
            nodes.append(self._node(event, inner))
            self._path.pop()
        return self._made(start, nodes, end=event)

    def _mapping(self, start: Any, shape: Shape) -> Node:
        entries: dict[str, tuple[Node, Node]] = {}
        event = start
        while self.cut is None and not isinstance(event := self._next(), yaml.MappingEndEvent):
            self._bound(len(entries), shape, event)
            key = self._key(event)
            name = str(key.value)
            before = entries.get(name)
            if before is not None:
                first = f"the first is on line {before[0].line + 1}"
                self._add("repeated_key", f"the key {name[:80]!r} stands twice", f"remove one; {first}", event)
            self._path.append(name)
            entries[name] = key, self._node(self._next(), shape.at(name))
            self._path.pop()
        if self.cut is None and not shape.needed <= entries.keys():
            self._count(start)
        return self._made(start, entries, end=event)

    def _key(self, event: Any) -> Node:
        if not isinstance(event, yaml.ScalarEvent) or not event.implicit[0] or event.tag is not None:
            self._path.append("?")
            key = self._node(event, ANY)
            self._path.pop()
        else:
            key = self._made(event, self._read(event, read_key))
        if not isinstance(key.value, str):
            shown = repr(key.value)[:40] if isinstance(event, yaml.ScalarEvent) else "of brackets"
            self._add("key_not_text", f"the key {shown} is no text", "quote it", event)
            key.value = str(self._n_nodes)
        return key

    def _read(self, event: Any, read: Any) -> Scalar:
        try:
            found: Scalar = read(event.value)
        except ScalarError as wrong:
            self._add("unclear_value", str(wrong), wrong.hint, event)
            return str(event.value)
        return found

    def _made(self, event: Any, value: Any, *, end: Any = None, style: str = "") -> Node:
        start, stop = event.start_mark, (end or event).end_mark
        return Node(value, self._source, start.line, start.column, start.index, stop.index, style)

    def _bound(self, n_entries: int, shape: Shape, event: Any) -> None:
        if n_entries >= shape.most:
            self._stop("too_many_entries", f"there are more than {shape.most} entries", "remove some", event)

    def _count(self, event: Any) -> None:
        """A mistake of the part that is being read; whoever checks the model tells it."""
        self._n_mistakes += 1
        if self._n_mistakes >= MAX_MISTAKES and self.cut is None:
            self.cut = Cut(tuple(self._path), event.start_mark.line, event.start_mark.column)

    def _add(self, code: str, message: str, hint: str, event: Any) -> None:
        mark = event.start_mark
        self._flaws.append(Flaw(code, message, hint, tuple(self._path), mark.line, mark.column))
        if len(self._flaws) >= _MAX_FLAWS:
            raise YamlFlaws(self._flaws)

    def _stop(self, code: str, message: str, hint: str, event: Any) -> None:
        self._add(code, message, hint, event)
        raise YamlFlaws(self._flaws)
