"""Quotes that a word processor made curly: YAML takes them for letters of the text."""

from collections.abc import Iterator

from recsys.policy.check.wording import warning
from recsys.policy.reading.problems import Path, Problem
from recsys.yaml_nodes import Node

_OPENING, _CLOSING = "\u201c\u201d\u2018\u2019\u201e", "\u201c\u201d\u2018\u2019"


def curly_quotes(root: Node) -> Iterator[Problem]:
    """Values without quotes of their own that curly ones stand around."""
    waiting: list[tuple[Path, Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        value = node.value
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, (_, inner) in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, row), inner) for row, inner in enumerate(value)]
        elif isinstance(value, str) and not node.style and _is_around(value):
            message = f"{value[:40]!r} stands between curly quotes, which are letters of the text to YAML"
            hint = f'write "{value[1:-1][:40]}" with straight quotes, or none'
            yield warning("curly_quotes", message, hint=hint, path=path)


def _is_around(text: str) -> bool:
    return len(text) > 1 and text[0] in _OPENING and text[-1] in _CLOSING
