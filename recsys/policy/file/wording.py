"""What changed between two policies in words: one short line a key, from what to what, for whoever approves."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from recsys.policy.file.changes import PolicyChanges, PolicyContents, policy_changes, policy_contents
from recsys.policy.file.schema import Policy

_LONGEST = 60
_TOLD = ("effect", "factor", "kind", "who", "what", "when")
_ABSENT = object()


def change_lines(before: Policy, after: Policy) -> tuple[str, ...]:
    """
    What differs, one line a key: ``member_day: when.on: 8 to 18``.

    Parts that come are told by what they do, for whom and to what; parts that go by their id.
    """
    old, new = policy_contents(before), policy_contents(after)
    return tuple(_lines(policy_changes(before, after), old, new))


def _lines(changes: PolicyChanges, old: PolicyContents, new: PolicyContents) -> Iterator[str]:
    for part in changes.added:
        section, content = new.parts[part]
        told = [f"{key} {_short(content[key])}" for key in _TOLD if content.get(key) is not None]
        yield f"added {part} ({section})" + (f": {', '.join(told)}" if told else "")
    for part in changes.removed:
        yield f"removed {part} ({old.parts[part][0]})"
    for part in changes.changed:
        (was_in, was), (is_in, now) = old.parts[part], new.parts[part]
        if was_in != is_in:
            yield f"{part}: moved from {was_in} to {is_in}"
        yield from (f"{part}: {line}" for line in _differences(was, now))
    for path in changes.settings:
        yield f"{path}: {_short(old.settings.get(path, _ABSENT))} to {_short(new.settings.get(path, _ABSENT))}"
    for path in changes.reordered:
        yield f"{path}: in another order, {', '.join(new.orders[path])}"[: 2 * _LONGEST]


def _differences(was: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in dict.fromkeys((*was, *now)):
        before, after, here = was.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}{key}"
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, f"{here}.")
        elif before != after:
            yield f"{here}: {_short(before)} to {_short(after)}"


def _short(value: Any) -> str:
    """A value as one reads it aloud: a list of one as that one."""
    if value is _ABSENT or value is None:
        return "nothing"
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()).replace('"', "") if not isinstance(value, str) else " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
