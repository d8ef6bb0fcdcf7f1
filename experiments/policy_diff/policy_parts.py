"""Which parts two policy files have in common, and which were added, removed, changed or moved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from recsys.policy.schema import Policy

_NAMED = ("placements", "segments", "campaigns")
"""Sections that are maps from names."""


class Fate(StrEnum):
    """What became of a part between A and B."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class PartChange:
    """
    A part of the file that differs.

    Attributes:
        section: Where it stands, for example ``rules`` or ``guardrails.depth_bands``.
        part_id: Its id or name; empty for a setting, whose name is the section.
        fate: Moved: it says the same, and is asked earlier or later beside the others of its section.
        keys: Changed: which of its keys.
        a, b: As each file has it; absent where it does not.
    """

    section: str
    part_id: str
    fate: Fate
    keys: tuple[str, ...]
    a: Any
    b: Any

    @property
    def name(self) -> str:
        """As tables call it."""
        return self.part_id or self.section


def part_changes(a: Policy, b: Policy) -> tuple[PartChange, ...]:
    """
    All parts that differ, in the order of B's file, those that only A has last.

    Signatures do not count: they change nothing that is decided.
    """
    before, after = (dict(_parts(_content(policy))) for policy in (a, b))
    moved = _moved(tuple(before), tuple(after))
    found = []
    for (section, part_id), new in after.items():
        if (section, part_id) not in before:
            found.append(PartChange(section, part_id, Fate.ADDED, (), None, new))
            continue
        old = before[section, part_id]
        if old != new:
            found.append(PartChange(section, part_id, Fate.CHANGED, _keys(old, new), old, new))
        elif (section, part_id) in moved:
            found.append(PartChange(section, part_id, Fate.MOVED, (), old, new))
    found += [
        PartChange(section, part_id, Fate.REMOVED, (), old, None)
        for (section, part_id), old in before.items()
        if (section, part_id) not in after
    ]
    return tuple(found)


_Key = tuple[str, str]


def _content(policy: Policy) -> Mapping[str, Any]:
    content: Mapping[str, Any] = policy.model_dump(
        mode="json", by_alias=True, exclude={"drafted_by", "approved_by", "name"}
    )
    return content


def _parts(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[_Key, Any]]:
    """Everything with an id or a name by itself, and every other setting under its path."""
    for key, value in content.items():
        path = f"{prefix}{key}"
        if _is_named_list(value):
            yield from _listed(path, value)
        elif path in _NAMED and isinstance(value, Mapping):
            yield from (((path, name), one) for name, one in value.items())
        elif isinstance(value, Mapping):
            yield from _parts(value, f"{path}.")
        else:
            yield (path, ""), value


def _listed(path: str, entries: list[Mapping[str, Any]]) -> Iterator[tuple[_Key, Any]]:
    for entry in entries:
        inside = {key: value for key, value in entry.items() if _is_named_list(value)}
        yield (path, entry["id"]), {key: value for key, value in entry.items() if key not in inside}
        for key, value in inside.items():
            yield from _listed(f"{path}.{entry['id']}.{key}", value)


def _is_named_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) and "id" in one for one in value)


def _keys(old: Any, new: Any) -> tuple[str, ...]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return ()
    return tuple(key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key))


def _moved(before: tuple[_Key, ...], after: tuple[_Key, ...]) -> frozenset[_Key]:
    """Those that both have and that stand elsewhere among those that both have, as few as explain it."""
    found: set[_Key] = set()
    for section in {section for section, part_id in before if part_id and section not in _NAMED}:
        old = [key for key in before if key[0] == section and key in set(after)]
        new = [key for key in after if key[0] == section and key in set(before)]
        kept = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        found |= set(new) - {new[at] for block in kept for at in range(block.b, block.b + block.size)}
    return frozenset(found)
