"""Where the parts of a settings file stand: file, line and column of every key and value, and inside of texts."""

from dataclasses import dataclass

from recsys.yaml_nodes import Node, Path, Step

__all__ = ["Path", "Place", "Places", "Step"]

_ESCAPED = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """
    A character of a file; line and column from 1.

    Example:
        >>> str(Place("policy.yaml", 12, 5))
        'policy.yaml:12:5'
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """As compilers write it, and editors open it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Places:
    """
    Where everything of a file and of what it includes stands.

    Attributes:
        root: Of the whole, joined.

    Example:
        >>> from recsys.yaml_nodes import compose
        >>> places = Places(compose("rules:\\n  - {id: a, who: 'x > 1'}", file="p.yaml"))
        >>> [str(place) for place in (places.key(("rules",)), places.value(("rules", 0, "who")))]
        ['p.yaml:1:1', 'p.yaml:2:18']
        >>> str(places.inside(("rules", 0, "who"), 1, 3))
        'p.yaml:2:21'
    """

    root: Node

    def node(self, path: Path) -> Node | None:
        """What stands at a path; ``None`` where nothing does."""
        node: Node | None = self.root
        for step in path:
            node = None if node is None else _inner(node, step)
        return node

    def value(self, path: Path) -> Place | None:
        """Of the value at a path; ``None`` where nothing stands."""
        node = self.node(path)
        return None if node is None else place_of(node)

    def key(self, path: Path) -> Place | None:
        """Of the key of the last step; of the entry itself in a list; ``None`` where nothing stands."""
        above = self.node(path[:-1]) if path else None
        if above is not None and isinstance(above.value, dict):
            entry = above.value.get(str(path[-1]))
            return None if entry is None else place_of(entry[0])
        return self.value(path)

    def nearest(self, path: Path) -> Place:
        """Of the value at a path, or of the nearest part around it that stands in the file."""
        node = self.root
        for step in path:
            inner = _inner(node, step)
            if inner is None:
                break
            node = inner
        return place_of(node)

    def inside(self, path: Path, line: int, column: int) -> Place | None:
        """
        Of a character of a text, in whichever style it is written.

        Args:
            path: Of the text.
            line, column: In the value of the text, both from 1.

        Returns:
            ``None`` where no text stands. The place of the text itself where the character is not one of it.
        """
        node = self.node(path)
        if node is None or not isinstance(node.value, str):
            return None
        return character_place(node, line, column)


def place_of(node: Node) -> Place:
    """The first character of a node."""
    return Place(node.source.file, node.line + 1, node.column + 1)


def character_place(node: Node, line: int, column: int) -> Place:
    """
    Where a character of a text stands in the file.

    Quotes, indentation and folding only ever add or change white space (escapes apart), so the n-th character of a
    text that is no white space is the n-th such character of what the file has. For white space it is the next one.
    """
    text = str(node.value)
    lines = text.split("\n")
    if not 1 <= line <= len(lines) or column < 1:
        return place_of(node)
    offset = sum(len(one) + 1 for one in lines[: line - 1]) + min(column - 1, len(lines[line - 1]))
    found = _visible(node)
    if [letter for _, letter in found] != [letter for letter in text if not letter.isspace()]:
        return place_of(node)
    before = sum(not letter.isspace() for letter in text[:offset])
    behind = found[-1][0] + 1 if found else node.start
    index = found[before][0] if before < len(found) else behind
    file_text = node.source.text
    line_start = file_text.rfind("\n", 0, index) + 1
    return Place(node.source.file, file_text.count("\n", 0, index) + 1, index - line_start + 1)


def _visible(node: Node) -> list[tuple[int, str]]:
    """Each character of a text that is no white space, with where it starts in the file's text."""
    raw = node.raw
    if node.style == '"':
        return [(node.start + 1 + at, letter) for at, letter in _unescaped(raw[1:-1]) if not letter.isspace()]
    if node.style == "'":
        inner = raw[1:-1]
        doubled = {at for at, letter in enumerate(inner) if letter == "'"}
        found, skip = [], -1
        for at, letter in enumerate(inner):
            if at in doubled and at != skip and at + 1 in doubled:
                skip = at + 1
            elif at == skip:
                continue
            if not letter.isspace():
                found.append((node.start + 1 + at, letter))
        return found
    first = raw.find("\n") + 1 if node.style in {"|", ">"} else 0
    n = sum(not letter.isspace() for letter in str(node.value))
    found = [(node.start + at, letter) for at, letter in enumerate(raw[first:], first) if not letter.isspace()]
    return found[:n]  # behind a block its file may have comments


def _unescaped(inner: str) -> list[tuple[int, str]]:
    found, at = [], 0
    while at < len(inner):
        letter, width = inner[at], 1
        if letter == "\\":
            kind = inner[at + 1 : at + 2]
            digits = _ESCAPED.get(kind, 0)
            width = 2 + digits
            if digits:
                letter = chr(int(inner[at + 2 : at + width], 16))
            else:
                letter = kind if kind in {'"', "\\", "/"} else "\a" if kind in "0abefvNLP" else " "
        found.append((at, letter))
        at += width
    return found


def _inner(node: Node, step: Step) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        entry = value.get(step) if isinstance(step, str) else None
        return None if entry is None else entry[1]
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return None
