"""Versions of the policy of a small workspace, for the tests of what is served."""

from pathlib import Path

from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.registry import PolicyRegistry
from recsys.policy.reading.load import default_policy_text, parse_policy
from tests.worlds import NOW

ANN, BOB = "Ann", "Bob"
_PARTS = ("diversity:", "levers:", "rules:")


def policy_text(*rules: str, ttl: int = 900) -> str:
    """The default policy with rules of its own."""
    lines = default_policy_text().splitlines()
    kept = lines[: next(at for at, line in enumerate(lines) if line.startswith(_PARTS))]
    own = [line for line in kept if not line.startswith("answer_ttl_s")]
    return "\n".join([*own, f"answer_ttl_s: {ttl}", "rules:" if rules else "rules: []", *rules, ""])


def registry_of(workspace: Path) -> PolicyRegistry:
    """Where the versions are."""
    return PolicyRegistry.beside(workspace / "policy.yaml")


def submit(workspace: Path, text: str, *, at: int = NOW) -> str:
    """Ann proposes a text."""
    registry, policy = registry_of(workspace), parse_policy(text)
    version = registry.keep(policy)
    registry.record(
        lambda entries, now: moves.submit(entries, version, name=policy.name, author="", actor=ANN, at=now), now=at
    )
    return version


def approve(workspace: Path, version: str, *, at: int = NOW, start: int | None = None, end: int | None = None) -> None:
    """Bob approves it."""
    registry_of(workspace).record(
        lambda entries, now: moves.approve(
            entries, version, actor=BOB, at=now, effective_from=start, effective_until=end
        ),
        now=at,
    )


def activate(workspace: Path, version: str, *, at: int = NOW) -> None:
    """Bob lets an approved version come into force now."""
    registry_of(workspace).record(lambda entries, now: moves.activate(entries, version, actor=BOB, at=now), now=at)


def rollback(workspace: Path, *, at: int = NOW) -> None:
    """Ann goes back to the version before."""
    registry_of(workspace).record(
        lambda entries, now: moves.rollback(entries, actor=ANN, at=now, reason="wrong"), now=at
    )
