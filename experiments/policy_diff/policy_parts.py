"""The parts of two policy files that differ, each with what it says in both."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recsys.policy.file.changes import policy_changes, policy_contents
from recsys.policy.file.schema import Policy

_NOWHERE: tuple[str, Mapping[str, Any]] = ("", {})


class Fate(StrEnum):
    """What became of a part between A and B."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class PartChange:
    """
    A part of the file that differs.

    Attributes:
        section: Where it stands, for example ``rules`` or ``guardrails.depth_bands``; of a setting, its path.
        part_id: Its id; empty for a setting, and for a list whose parts stand in another order.
        fate: Of what removes, the order says whose reason is given.
        keys: Changed parts: which of their keys; ``section`` where it stands elsewhere.
        a, b: As each file has it; absent where it does not.
    """

    section: str
    part_id: str
    fate: Fate
    keys: tuple[str, ...]
    a: Any
    b: Any


def part_changes(a: Policy, b: Policy) -> tuple[PartChange, ...]:
    """All parts that differ: those with an id, then settings, then orders; see `recsys.policy.file.changes`."""
    before, after, changes = policy_contents(a), policy_contents(b), policy_changes(a, b)
    found = []
    for fate, ids in ((Fate.ADDED, changes.added), (Fate.CHANGED, changes.changed), (Fate.REMOVED, changes.removed)):
        for part_id in ids:
            (was, old), (now, new) = (one.parts.get(part_id, _NOWHERE) for one in (before, after))
            keys = [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
            keys += ["section"] * (was != now)
            changed = tuple(keys) if fate is Fate.CHANGED else ()
            found.append(PartChange(now or was, part_id, fate, changed, dict(old) or None, dict(new) or None))
    found += [
        PartChange(path, "", _fate(path, old, new), (), old.get(path), new.get(path))
        for old, new in ((before.settings, after.settings),)
        for path in changes.settings
        if not (_is_filled(path, old, new) or _is_filled(path, new, old))
    ]
    found += [
        PartChange(path, "", Fate.REORDERED, (), before.orders[path], after.orders[path]) for path in changes.reordered
    ]
    return tuple(found)


def _fate(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Fate:
    if path not in before:
        return Fate.ADDED
    return Fate.CHANGED if path in after else Fate.REMOVED


def _is_filled(path: str, empty: Mapping[str, Any], filled: Mapping[str, Any]) -> bool:
    """Whether one has nothing there and the other has settings below it, which are told one by one."""
    return not empty.get(path, 1) and path not in filled and any(one.startswith(f"{path}.") for one in filled)
