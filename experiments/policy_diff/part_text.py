"""What a part of the policy says, in one line: whoever approves it must see what was added, not only that it was."""

from typing import Any

from experiments.policy_diff.policy_parts import Fate, PartChange

_FIRST = ("effect", "applies_to", "who", "what", "factor", "cap", "pin", "per", "limit", "from", "until")
"""Keys in the order in which somebody asks; others follow in the order of the file's schema."""

_LONGEST = 400
"""Characters of one value; --json holds it whole."""


def part_text(change: PartChange) -> str:
    """Of what was added or removed its content, of what changed both values of every key that differs."""
    if change.fate is Fate.ADDED:
        return _content(change.b)
    if change.fate is Fate.REMOVED:
        return f"was: {_content(change.a)}"
    if change.part_id:
        return "; ".join(f"{key}: {_short(change.a.get(key))} to {_short(change.b.get(key))}" for key in change.keys)
    return f"{_short(change.a)} to {_short(change.b)}"


def _content(says: Any) -> str:
    if not isinstance(says, dict):
        return _short(says)
    keys = [key for key in (*_FIRST, *(key for key in says if key not in _FIRST)) if key != "id"]
    told = {key: says.get(key) for key in keys}
    return "; ".join(f"{key}: {_short(value)}" for key, value in told.items() if not _is_empty(value))


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_empty(one) for one in value.values())
    return value is None or value is False or value in ("", [])


def _short(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        text = ", ".join(f"{key} {_short(one)}" for key, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(map(_short, value))
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
