"""What differs between two policies, by the ids of their parts: what somebody has to read before they approve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.policy.file.schema import Policy

_SIGNATURES = {"drafted_by", "approved_by"}


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """
    From one policy to another.

    Attributes:
        added, removed, changed: Ids of rules, caps, bands and whatever else has an id.
        settings: Everything else that differs, as paths with dots.
        reordered: Lists whose parts stand in another order; of what removes, the first is the reason.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()

    def facts(self) -> dict[str, list[str]]:
        """For programs."""
        return {name: list(getattr(self, name)) for name in ("added", "removed", "changed", "settings", "reordered")}

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(self.facts().values())

    def __str__(self) -> str:
        """One line for people."""
        parts = [f"{name} {', '.join(values)}" for name, values in self.facts().items() if values]
        return "; ".join(parts) or "nothing differs"


@dataclass(slots=True)
class PolicyContents:
    """
    What a policy says, taken apart.

    Attributes:
        parts: By id: the path of the list that it stands in, and what it says.
        settings: Everything else, by path with dots.
        orders: By path of a list of parts: their ids in order.
    """

    parts: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)


def policy_changes(before: Policy, after: Policy) -> PolicyChanges:
    """What differs, each in the order of the newer file; what is gone in that of the older."""
    old, new = policy_contents(before), policy_contents(after)
    settings = [path for path in new.settings if new.settings[path] != old.settings.get(path)]
    settings += [path for path in old.settings if path not in new.settings]
    return PolicyChanges(
        added=tuple(one for one in new.parts if one not in old.parts),
        removed=tuple(one for one in old.parts if one not in new.parts),
        changed=tuple(one for one in new.parts if one in old.parts and new.parts[one] != old.parts[one]),
        settings=tuple(settings),
        reordered=tuple(
            path for path in new.orders if _common(new, old, path) != _common(old, new, path)
        ),
    )  # fmt: skip


def policy_contents(policy: Policy) -> PolicyContents:
    """Take a policy apart; its signatures are left out."""
    contents = PolicyContents()
    _collect(policy.model_dump(mode="json", by_alias=True, exclude=_SIGNATURES), "", contents)
    return contents


def _collect(content: Mapping[str, Any], path: str, contents: PolicyContents) -> dict[str, Any]:
    """Take down the parts and settings below a mapping; what is left is its own."""
    own: dict[str, Any] = {}
    for key, value in content.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
            contents.orders[here] = [one["id"] for one in value]
            for one in value:
                scratch = PolicyContents()
                own_of_part = _collect(one, f"{here}.{one['id']}", scratch)
                contents.parts[one["id"]] = (here, own_of_part)
                contents.parts |= scratch.parts
                contents.orders |= scratch.orders
        elif isinstance(value, dict) and value:
            own[key] = _collect(value, here, contents)
        elif value != []:
            own[key] = contents.settings[here] = value
    return own


def _common(one: PolicyContents, other: PolicyContents, path: str) -> list[str]:
    known = set(other.orders.get(path, ()))
    return [part for part in one.orders.get(path, ()) if part in known]
