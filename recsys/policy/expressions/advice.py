"""What to write instead of an expression that its writer knows from elsewhere: from spreadsheets, SQL or Python."""

import difflib
import re
from collections.abc import Collection, Sequence

from recsys.policy.expressions.tokens import Token, place, read_tokens

LIST_OF_ATTRIBUTES = "`recsys policy names` lists all"
_SHOWN = 8
_LARGEST = 2**63
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_CURLY = frozenset("“”„«»‘’‚")
_NUMBERS = re.compile(
    r"applied to '\((int|double|list\(int\)|list\(double\)), (int|double|list\(int\)|list\(double\))\)'"
)


def habits(text: str) -> str:
    """How to write the signs and words of other languages that a text holds; empty where it holds none."""
    tokens = read_tokens(text)
    found = [_habit(tokens, row) for row in range(len(tokens))]
    return ", ".join(dict.fromkeys(one for one in found if one))


def number_kinds(problem: str, text: str, at: tuple[int, int]) -> str:
    """
    What to write where a whole number meets a decimal, about the side that can be written otherwise.

    Args:
        problem: Of the binding; one about other types has no advice.
        text: The expression.
        at: Line and column of the operator, both from 1.
    """
    found = _NUMBERS.search(problem)
    if found is None or ("double" in found.group(1)) == ("double" in found.group(2)):
        return ""
    tokens = read_tokens(text)
    row = next((row for row, token in enumerate(tokens) if place(text, token.start) == at), None)
    if "list" in found.group():
        is_decimal = "double" in found.group(1)
        return "write the numbers of the list " + ("as decimals: 3.0, not 3" if is_decimal else "whole: 3, not 3.0")
    sides = ("", "") if row is None else (_literal(tokens[:row][::-1]), _literal(tokens[row + 1 :]))
    for kind, literal in zip(found.groups(), sides, strict=True):
        if kind == "int" and literal.isdigit():
            return f"decimals go with decimals: write {literal}.0, not {literal}"
    for kind, literal in zip(found.groups(), sides, strict=True):
        if literal and kind == "double" and float(literal) < _LARGEST:
            return f"the other side is a whole number: write {_whole(literal)}, not {literal}"
    return "one side is a whole number, the other a decimal: write double(...) around the whole one"


def known_names(name: str, available: Collection[str]) -> str:
    """The name that may be meant, and some of those that there are: first those that begin alike."""
    near = difflib.get_close_matches(name, available, n=1)
    root = name.partition(".")[0]
    names = sorted(available, key=lambda one: (one.partition(".")[0] != root, one))
    more = len(names) - _SHOWN
    others = f" and {more} more ({LIST_OF_ATTRIBUTES})" if more > 0 else ""
    return f"{f'did you mean {near[0]}? ' if near else ''}it may read {', '.join(names[:_SHOWN])}{others}"


def _habit(tokens: Sequence[Token], row: int) -> str:
    token = tokens[row]
    before = tokens[row - 1] if row else None
    if token.kind == "name" and token.written.lower() in _WORDS and (before is None or before.written != "."):
        return f"write {_WORDS[token.written.lower()]}, not {token.written}"
    if token.kind != "sign":
        return ""
    if token.written == "=":
        return "write ==, not ="
    if token.written == ">" and before is not None and before.written == "<" and before.end == token.start:
        return "write !=, not <>"
    return "write straight quotes (\" or '), not curly ones" if token.written in _CURLY else ""


def _literal(tokens: Sequence[Token]) -> str:
    """The number that is next to an operator, without a minus before it; empty where something else is."""
    return tokens[0].written if tokens and tokens[0].kind == "number" else ""


def _whole(literal: str) -> str:
    value = float(literal)
    low = int(value)
    return str(low) if low == value else f"{low} or {low + 1}"
