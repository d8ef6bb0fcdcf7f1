"""What differs between two decisions about one member: what came in, what went out, what moved, and why."""

from collections import Counter
from dataclasses import dataclass

from recsys.decision import Candidate, Decision, Reason, SlateItem
from recsys.types import ItemKind

_Key = tuple[ItemKind, str]


@dataclass(frozen=True, slots=True)
class Moved:
    """
    Something that stands elsewhere, or in one of the two decisions only.

    Attributes:
        before, after: Positions from 1; absent where it is not shown.
        removed_by: Id of the rule that removes it in the decision that does not show it; absent where none does.
        reason: Why that decision does not show it; absent where both do, or where it was not considered.
    """

    kind: ItemKind
    id: str
    name: str
    before: int | None
    after: int | None
    removed_by: str | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Turned:
    """
    How many candidates met another end.

    Attributes:
        before, after: ``shown``, ``not_considered``, the id of the rule that removed them, or the code of
            `recsys.why_not.NotShown`.
    """

    kind: ItemKind
    before: str
    after: str
    n: int


@dataclass(frozen=True, slots=True)
class Differences:
    """
    What changed from the first decision to the second.

    Attributes:
        entered, left, moved: What is shown in the second only, in the first only, and in both at other places.
        turned: Counts of candidates whose end is another, the most first.
        offer_before, offer_after: The first offers, or ``no_offer``; absent where offers were not asked for.
        value_before_minor, value_after_minor: What the offers shown are worth together.
    """

    entered: tuple[Moved, ...]
    left: tuple[Moved, ...]
    moved: tuple[Moved, ...]
    turned: tuple[Turned, ...]
    offer_before: str | None
    offer_after: str | None
    value_before_minor: int
    value_after_minor: int

    def is_empty(self) -> bool:
        """Both show the same in the same places, and made the same choice of an offer."""
        return not (self.entered or self.left or self.moved) and self.offer_before == self.offer_after


SHOWN = "shown"
NOT_CONSIDERED = "not_considered"


def differences(before: Decision, after: Decision) -> Differences:
    """Compare two decisions that were made with ``explain``."""
    shown_before = {(item.kind, item.id): item for item in before.items}
    shown_after = {(item.kind, item.id): item for item in after.items}
    seen_before, seen_after = _considered(before), _considered(after)
    both = [key for key in shown_after if key in shown_before]
    return Differences(
        entered=tuple(
            _moved(item, None, item.position, seen_before.get(key))
            for key, item in shown_after.items()
            if key not in shown_before
        ),
        left=tuple(
            _moved(item, item.position, None, seen_after.get(key))
            for key, item in shown_before.items()
            if key not in shown_after
        ),
        moved=tuple(
            _moved(shown_after[key], shown_before[key].position, shown_after[key].position, None)
            for key in both
            if shown_before[key].position != shown_after[key].position
        ),
        turned=_turned(seen_before, seen_after),
        offer_before=before.offer_choice,
        offer_after=after.offer_choice,
        value_before_minor=_worth(before),
        value_after_minor=_worth(after),
    )


def _considered(decision: Decision) -> dict[_Key, Candidate]:
    return {(one.kind, one.id): one for one in decision.candidates or ()}


def _moved(item: SlateItem, before: int | None, after: int | None, elsewhere: Candidate | None) -> Moved:
    return Moved(
        kind=item.kind,
        id=item.id,
        name=item.name,
        before=before,
        after=after,
        removed_by=elsewhere.removed_by if elsewhere else None,
        reason=elsewhere.reason if elsewhere else None,
    )


def _turned(before: dict[_Key, Candidate], after: dict[_Key, Candidate]) -> tuple[Turned, ...]:
    ends = Counter(
        (key[0], was, now)
        for key in {**before, **after}
        if (was := end_of(before.get(key))) != (now := end_of(after.get(key)))
    )
    ordered = sorted(ends.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Turned(kind, was, now, n) for (kind, was, now), n in ordered)


def end_of(candidate: Candidate | None) -> str:
    """What became of a candidate, in one word."""
    if candidate is None:
        return NOT_CONSIDERED
    if candidate.removed_by is not None:
        return candidate.removed_by
    return candidate.reason.code if candidate.reason is not None else SHOWN


def _worth(decision: Decision) -> int:
    return sum(item.value_minor or 0 for item in decision.items)
