"""Where both policies show nothing there is nothing to compare: how many members that is, by which rule, in words."""

from collections.abc import Iterator, Sequence, Set

from experiments.policy_diff.result import NothingUnderEither, PlacementDiff
from recsys.policy.file.schema import Policy

NEARLY_ALL = 0.95
"""From this share of members with nothing under either on, a placement counts as not compared."""

_NOT_SAID = "a reason that is not said"


def is_not_compared(placement: PlacementDiff) -> bool:
    """Whether nearly everybody has nothing there under either policy."""
    members = placement.everybody.members or 0
    return placement.neither.members > 0 and placement.neither.members >= NEARLY_ALL * members


def quiet_ids(a: Policy, b: Policy) -> frozenset[str]:
    """Ids of the quiet hours of both."""
    return frozenset(one.id for policy in (a, b) for one in policy.contact.quiet_hours)


def why(neither: NothingUnderEither) -> str:
    """The most frequent reason of both sides, with its members."""
    (of_a, n_a), (of_b, n_b) = (_first(reasons) for reasons in (neither.reasons_a, neither.reasons_b))
    if of_a == of_b:
        return f"most often ({n_b:,}) because of {of_b}"
    return f"most often because of {of_a} under A ({n_a:,}) and of {of_b} under B ({n_b:,})"


def all_empty(placements: Sequence[PlacementDiff], quiet: Set[str]) -> Iterator[str]:
    """
    A sentence for each placement in which nearly everybody has nothing under either.

    Args:
        placements: All that were decided for.
        quiet: Ids of quiet hours, which another instant ends.
    """
    for one in placements:
        if is_not_compared(one):
            yield (
                f"{one.placement!r} was not compared: {_found(one)}. That nothing changes there says nothing about "
                f"what B changes for members who are served. {_what_to_do(one.neither, quiet)}"
            )


def some_empty(placements: Sequence[PlacementDiff]) -> Iterator[str]:
    """A sentence for each placement in which fewer members have nothing under either."""
    for one in placements:
        if one.neither.members and not is_not_compared(one):
            yield f"In {one.placement!r} {_found(one)}; for them nothing was compared."


def _found(one: PlacementDiff) -> str:
    return (
        f"{one.neither.members:,} of the {one.everybody.members or 0:,} members decided for have nothing under A and "
        f"nothing under B, {why(one.neither)}"
    )


def _first(reasons: dict[str, int]) -> tuple[str, int]:
    reason, members = next(iter(reasons.items()))
    return (repr(reason) if reason else _NOT_SAID), members


def _what_to_do(neither: NothingUnderEither, quiet: Set[str]) -> str:
    if hours := sorted(quiet & {*neither.reasons_a, *neither.reasons_b}):
        return f"It is within the quiet hours {', '.join(map(repr, hours))}: compare with a --now outside of them."
    return (
        "Where it is a cap or a rest, compare with a --now at which it is over; where it is a consent or a rule, with "
        "--members FILE, a list of members whom it lets through."
    )
