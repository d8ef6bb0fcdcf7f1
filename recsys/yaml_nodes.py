"""From YAML to nodes that know where they stand, within bounds, and without what settings never need."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from recsys.yaml_scalars import Scalar, ScalarError, read_key, read_plain

try:  # The scanner in C is some thirty times faster; PyYAML may be installed without it.
    from yaml._yaml import CParser as _Parser
except ImportError:  # pragma: no cover
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]  # read by the same two methods

MAX_CHARACTERS = 1 << 20
MAX_NODES = 50_000
MAX_DEPTH = 32
_MAX_FLAWS = 100

Step = str | int
Path = tuple[Step, ...]

_INVISIBLE = re.compile(
    "[^\x09\x0a\x0d\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What nobody sees: control characters, marks that turn the direction of text, and line breaks that are none."""

_SYNTAX_HINTS = {
    "mapping values are not allowed": "quote a text that holds `: `, or correct the indentation",
    "cannot start any token": "quote a text that starts with this character",
    "could not find expected ':'": "write KEY: VALUE, with a space behind the colon",
}


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
class Flaw:
    """
    A place where a text is not the YAML that settings may be.

    Attributes:
        code: Stable, snake_case.
        message, hint: What is wrong, and what to do.
        path: Of the part, as far as it was known.
        line, column: Both from 0.
    """

    code: str
    message: str
    hint: str
    path: Path
    line: int
    column: int


class YamlFlaws(Exception):  # noqa: N818 (it carries them)
    """
    A text that is not the YAML that settings may be.

    Attributes:
        flaws: One or more, in the order of the file.
    """

    def __init__(self, flaws: list[Flaw]) -> None:
        """What is wrong."""
        super().__init__(flaws[0].message)
        self.flaws = tuple(flaws)


def compose(text: str, *, file: str) -> Node:
    """
    Read a YAML text: one document without aliases, tags and repeated keys, of text keys.

    Args:
        text: YAML.
        file: What places call it.

    Raises:
        YamlFlaws: It is none, or beyond MAX_CHARACTERS, MAX_NODES or MAX_DEPTH.
    """
    source = Source(file, text.removeprefix("\ufeff"))
    if len(source.text) > MAX_CHARACTERS:
        message = f"{file} has {len(source.text)} characters; at most {MAX_CHARACTERS} are allowed"
        raise YamlFlaws([_flaw_at(source.text, MAX_CHARACTERS, "too_long", message, "split the file")])
    hidden = _INVISIBLE.search(source.text)
    if hidden:
        message = f"the character U+{ord(hidden.group()):04X} cannot be seen and may not stand in a file"
        raise YamlFlaws([_flaw_at(source.text, hidden.start(), "invisible_character", message, "remove it")])
    return _Composer(source).document()


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

    def document(self) -> Node:
        try:
            self._next()  # of the stream
            if isinstance(self._next(), yaml.StreamEndEvent):
                return Node(None, self._source, 0, 0, 0, 0)
            root = self._node(self._next())
            self._next()  # of the document
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                self._add("second_document", "a second document starts here", "a file holds one: remove `---`", event)
        except yaml.YAMLError as wrong:
            self._flaws.append(_syntax(wrong, self._source.text, self._open))
        if self._flaws:
            raise YamlFlaws(self._flaws)
        return root

    def _next(self) -> Any:
        return self._parser.get_event()

    def _node(self, event: Any) -> Node:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES:
            self._stop("too_many_values", f"there are more than {MAX_NODES} values", "split the file", event)
        if isinstance(event, yaml.AliasEvent):
            self._add("alias", "aliases (*name) are not allowed", "write it out", event)
            return self._made(event, None)
        if event.tag is not None:
            self._add("tag", f"tags ({event.tag[:40]}) are not allowed", "remove it; quote what is a text", event)
        if isinstance(event, yaml.ScalarEvent):
            if event.implicit[0] and event.tag is None:
                return self._made(event, self._read(event, read_plain))
            return self._made(event, event.value, style=event.style or "")
        if len(self._path) >= MAX_DEPTH:
            message = f"this is nested more than {MAX_DEPTH} levels deep"
            self._stop("too_deep", message, "nothing needs more than a few levels: close brackets", event)
        self._open.append(event)
        made = self._list(event) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(event)
        self._open.pop()
        return made

    def _list(self, start: Any) -> Node:
        nodes: list[Node] = []
        event = self._next()
        while not isinstance(event, yaml.SequenceEndEvent):
            self._path.append(len(nodes))
            nodes.append(self._node(event))
            self._path.pop()
            event = self._next()
        return self._made(start, nodes, end=event)

    def _mapping(self, start: Any) -> Node:
        entries: dict[str, tuple[Node, Node]] = {}
        event = self._next()
        while not isinstance(event, yaml.MappingEndEvent):
            key = self._key(event)
            name = str(key.value)
            before = entries.get(name)
            if before is not None:
                first = f"the first is on line {before[0].line + 1}"
                self._add("repeated_key", f"the key {name[:80]!r} stands twice", f"remove one; {first}", event)
            self._path.append(name)
            entries[name] = key, self._node(self._next())
            self._path.pop()
            event = self._next()
        return self._made(start, entries, end=event)

    def _key(self, event: Any) -> Node:
        if not isinstance(event, yaml.ScalarEvent) or not event.implicit[0] or event.tag is not None:
            self._path.append("?")
            key = self._node(event)
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

    def _add(self, code: str, message: str, hint: str, event: Any) -> None:
        mark = event.start_mark
        self._flaws.append(Flaw(code, message, hint, tuple(self._path), mark.line, mark.column))
        if len(self._flaws) >= _MAX_FLAWS:
            raise YamlFlaws(self._flaws)

    def _stop(self, code: str, message: str, hint: str, event: Any) -> None:
        self._add(code, message, hint, event)
        raise YamlFlaws(self._flaws)


def _syntax(wrong: yaml.YAMLError, text: str, open_events: list[Any]) -> Flaw:
    if not isinstance(wrong, yaml.MarkedYAMLError):
        return Flaw("yaml_syntax", str(wrong).splitlines()[0], "correct it", (), 0, 0)
    mark = wrong.problem_mark or wrong.context_mark
    context = (wrong.context or "").removeprefix("while ")
    problem = wrong.problem or context or "it cannot be read"
    if mark is None:
        return Flaw("yaml_syntax", problem, "look at brackets, quotes and indentation", (), 0, 0)
    if not text[mark.index :].strip():  # what is never closed is found missing at the end: told where it opens
        bracket = open_events[-1].start_mark if open_events and open_events[-1].flow_style else None
        opened = wrong.context_mark if "quoted" in context else bracket
        if opened is not None:
            kind = "quote" if "quoted" in context else "bracket"
            return Flaw("yaml_syntax", f"this {kind} is never closed", "close it", (), opened.line, opened.column)
    indentation = text[text.rfind("\n", 0, mark.index) + 1 : mark.index + 1]
    if "\t" in indentation and not indentation.strip():
        return Flaw("yaml_syntax", "a tab cannot indent", "use spaces, not tabs", (), mark.line, mark.column)
    started = f" of what starts on line {wrong.context_mark.line + 1} ({context})" if wrong.context_mark else ""
    hint = next((told for words, told in _SYNTAX_HINTS.items() if words in problem), "")
    hint = hint or f"look at brackets, quotes and indentation{started}; quote a text that has quotes in it"
    return Flaw("yaml_syntax", problem, hint, (), mark.line, mark.column)


def _flaw_at(text: str, index: int, code: str, message: str, hint: str) -> Flaw:
    line = text.count("\n", 0, index)
    return Flaw(code, message, hint, (), line, index - (text.rfind("\n", 0, index) + 1))
