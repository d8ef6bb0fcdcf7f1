"""The words of a CEL text and where each stands: for positions in messages and for the text of a part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f]+|//[^\n]*)
      | (?P<text>(?:[rR][bB]?|[bB][rR]?)?(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"
                                         |'(?:[^\\\n\r']|\\.)*'|"(?:[^\\\n\r"]|\\.)*"))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`\n]*`)
      | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
      | (?P<sign>&&|\|\||==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_RAW_TEXT = re.compile(
    r"""(?:[rR][bB]?|[bB][rR])(?:'''.*?'''|\"\"\".*?\"\"\"|'[^\n\r']*'|"[^\n\r"]*")""",
    re.DOTALL,
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BINDING_LESS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"})


@dataclass(frozen=True, slots=True)
class Token:
    """
    One word of an expression.

    Attributes:
        kind: ``text``, ``name``, ``number`` or ``sign``.
        written: As the expression has it.
        start: Characters before it.
    """

    kind: str
    written: str
    start: int

    @property
    def end(self) -> int:
        """Characters up to and with it."""
        return self.start + len(self.written)


def read_tokens(text: str) -> list[Token]:
    """All words of a text but blanks and comments; a letter that begins no word is a sign."""
    tokens = []
    at = 0
    while at < len(text):
        found = _RAW_TEXT.match(text, at) or _TOKEN.match(text, at)
        if found is None:
            break
        kind = found.lastgroup or "text"
        if kind != "blank":
            tokens.append(Token(kind, found.group(), at))
        at = found.end()
    return tokens


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def deepest(tokens: Sequence[Token]) -> tuple[int, int]:
    """How many brackets are open at most, and the characters before the one that opens last."""
    depth = most = where = 0
    for token in tokens:
        if token.kind != "sign":
            continue
        if token.written in _OPENING:
            depth += 1
            if depth > most:
                most, where = depth, token.start
        elif token.written in _CLOSING:
            depth -= 1
    return most, where


def longest_chain(tokens: Sequence[Token]) -> int:
    """The characters before the last operator of the longest chain of operators without brackets around them."""
    chains = [0]
    most = where = 0
    for token in tokens:
        if token.kind != "sign" and token.written != "in":
            continue
        if token.written in _OPENING:
            chains.append(0)
        elif token.written in _CLOSING:
            chains = chains[:-1] or [0]
        elif token.written in {",", "&&", "||"}:
            chains[-1] = 0
        else:
            chains[-1] += 1
            if chains[-1] > most:
                most, where = chains[-1], token.start
    return where


def parts_between_logic(text: str) -> list[str]:
    """
    The parts of a valid expression that hold no `&&`, `||` or `!` at their top, left to right.

    Brackets around a part, and blanks and comments around it, do not belong to it.
    """
    return [text[part[0].start : part[-1].end] for part in _split(read_tokens(text))]


def _split(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    while _is_bracketed(tokens):
        tokens = tokens[1:-1]
    top = _at_top(tokens)
    written = {tokens[position].written for position in top if tokens[position].kind != "text"}
    if "?" in written:
        return [tokens]
    for operator in ("||", "&&"):
        if operator in written:
            cuts = [position for position in top if tokens[position].written == operator]
            starts, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(tokens)]
            return [part for start, end in zip(starts, ends, strict=True) for part in _split(tokens[start:end])]
    if tokens and tokens[0].written == "!" and not written & _BINDING_LESS:
        first = next(position for position, token in enumerate(tokens) if token.written != "!")
        return _split(tokens[first:])
    return [tokens]


def _at_top(tokens: Sequence[Token]) -> list[int]:
    """Positions of the words outside all brackets."""
    depth = 0
    positions = []
    for position, token in enumerate(tokens):
        is_sign = token.kind == "sign"
        depth -= is_sign and token.written in _CLOSING
        if not depth:
            positions.append(position)
        depth += is_sign and token.written in _OPENING
    return positions


def _is_bracketed(tokens: Sequence[Token]) -> bool:
    return len(tokens) > 2 and tokens[0].written == "(" and _at_top(tokens) == [0, len(tokens) - 1]
