"""What one expression may cost: brackets, loops, steps and patterns are bounded before anything is evaluated."""

import re
from collections.abc import Mapping

from recsys.policy.expressions.syntax import Kind, Node
from recsys.policy.file.attribute_types import AttributeType

MAX_STEPS = 20_000
"""Operations of one evaluation, about a twentieth of a microsecond each."""
MAX_PATTERN = 200
"""Size of the program that a pattern becomes, about a microsecond for each unit and evaluation."""
ASSUMED_LENGTH = 100
"""How long a list that an attribute holds is taken to be; what is in a basket, seldom more."""

_PATTERN_STEPS, _STEPS_A_UNIT = 80, 8
_JOIN_STEPS = 8
_PATTERN_PIECE = re.compile(
    r"""\\Q(?P<quoted>.*?)(?:\\E|$) | \\x\{[^}]*\} | \\(?P<wide>[pPC])? (?P<escaped>.)
      | (?P<set>\[\^?\]?(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]?)
      | (?P<open>\((?:\?(?:P?<[^>]*>|[A-Za-z-]*:?))?) | (?P<close>\))
      | \{(?P<least>\d+)(?P<comma>,(?P<most>\d*))?\} | (?P<quantifier>[*+?|^$]) | (?P<any>\.) | (?P<letter>.)""",
    re.VERBOSE | re.DOTALL,
)


def nested_loop(root: Node) -> Node | None:
    """A loop inside another, where there is one."""
    for node in root.walk():
        if node.kind is Kind.LOOP:
            for inner in node.walk():
                if inner is not node and inner.kind is Kind.LOOP:
                    return inner
    return None


def steps(node: Node, types: Mapping[str, AttributeType]) -> int:
    """
    What an evaluation costs at most.

    Args:
        node: The expression; its patterns are constants.
        types: Of the attributes; a list of texts counts as `ASSUMED_LENGTH` texts.
    """
    if node.kind is Kind.LOOP:
        over, start, condition, step, result = (steps(child, types) for child in node.children)
        return over + start + result + _length(node.children[0], types) * (condition + step)
    own = 1
    if node.kind is Kind.NAME and types.get(node.name) is AttributeType.STRINGS:
        own = ASSUMED_LENGTH // 10
    elif node.name == "_+_":
        own = _JOIN_STEPS
    elif is_match(node):
        own = _PATTERN_STEPS + _STEPS_A_UNIT * pattern_size(pattern_of(node) or "")
    return own + sum(steps(child, types) for child in node.children)


def is_match(node: Node) -> bool:
    """Does it compare a text with a pattern?"""
    return node.kind is Kind.CALL and node.name == "matches"


def pattern_of(match: Node) -> str | None:
    """The pattern of a `matches`, where it is written out."""
    constant = match.children[-1].constant if match.children else ()
    return constant[0] if constant and isinstance(constant[0], str) else None


def pattern_size(pattern: str) -> int:
    r"""
    About how many instructions RE2 needs for a pattern: repetitions are written out, sets cost their ranges.

    Classes of Unicode (``\pL``) have hundreds of ranges and count as more than `MAX_PATTERN`.
    """
    groups = [0]
    last = 0
    for piece in _PATTERN_PIECE.finditer(pattern):
        held = piece.groupdict()
        if held["open"]:
            groups.append(0)
            last = 0
        elif held["close"]:
            last = groups.pop() if len(groups) > 1 else 0
            groups[-1] += last
        elif held["least"]:
            times = max(int(held["most"] or 0), int(held["least"]), 1)
            groups[-1] += last * (times - 1)
            last *= times
        elif held["quantifier"]:
            groups[-1] += 1
        else:
            last = _piece_size(held, piece.group())
            groups[-1] += last
    total = sum(groups)
    return 2 * total if "(?" in pattern else total


def _piece_size(held: dict[str, str | None], written: str) -> int:
    if held["wide"] or (held["set"] and re.search(r"\\[pP]", written)):
        return MAX_PATTERN + 1
    if held["set"]:
        is_wide = "^" in written or not written.isascii() or re.search(r"\\[WDSx]", written) is not None
        return 1 + len(written) // 3 + 6 * is_wide
    if held["quoted"]:
        return len(held["quoted"])
    return 4 if held["any"] or held["escaped"] in {"W", "D", "S", "w"} else 1


def _length(over: Node, types: Mapping[str, AttributeType]) -> int:
    """How many rounds a loop over this makes at most."""
    rounds = 0
    for node in over.walk():
        if node.kind in {Kind.LIST, Kind.STRUCT}:
            rounds += len(node.children)
        elif node.kind is Kind.NAME and types.get(node.name) is AttributeType.STRINGS:
            rounds += ASSUMED_LENGTH
    return rounds
