"""What became of every version of a policy, and which is in force when: a fold over what people did, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from recsys.errors import InputError
from recsys.policy.lifecycle.people import person_key, same_person
from recsys.types import EpochSeconds

_SHORT_ID = 12
_SHORTEST_PREFIX = 6


class Move(StrEnum):
    """What somebody did with a version."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ACTIVATED = "activated"
    RETIRED = "retired"
    ROLLED_BACK = "rolled_back"


class VersionState(StrEnum):
    """
    How a version stands at an instant.

    ``scheduled``, ``live``, ``superseded`` and ``ended`` are approved versions: before their start, in force, within
    their dates while another is in force, and after their end.
    """

    SUBMITTED = "submitted"
    SCHEDULED = "scheduled"
    LIVE = "live"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


class Entry(BaseModel):
    """
    One move, as the journal keeps it.

    Attributes:
        move: What was done.
        version: The policy's id; of a rollback the version that was in force.
        actor: Who did it.
        at: When.
        reason: Why; needed to reject, roll back and retire.
        name: Of a submission: the policy's name.
        author: Of a submission: who drafted it, as the file says; empty where it does not.
        effective_from, effective_until: First instant, and first instant after, of an approval or activation; absent
            means at once, and without an end. Of a rollback those of ``to_version``, where they were set anew.
        to_version: Of a rollback: what came in its place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    move: Move = Field(strict=False)
    version: str = Field(pattern=r"^[0-9a-f]{64}$")
    actor: str
    at: EpochSeconds
    reason: str = ""
    name: str = ""
    author: str = ""
    effective_from: EpochSeconds | None = None
    effective_until: EpochSeconds | None = None
    to_version: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """
    What the entries say of one version.

    Attributes:
        version, name: The policy's.
        last: The last move that was about it.
        author, submitter, approver: Who; the author is the submitter where the file names none.
        earlier: Who drafted or submitted it in submissions before the last.
        submitted_at, approved_at: When; absent where it did not happen.
        start, end: First instant, and first instant after, of an approved version; no end means for good.
        order: Of the entry that set the dates; decides between equal starts.
        reason: Of the last move.
    """

    version: str
    name: str
    last: Move
    author: str
    submitter: str
    submitted_at: EpochSeconds
    approver: str = ""
    approved_at: EpochSeconds | None = None
    start: EpochSeconds | None = None
    end: EpochSeconds | None = None
    order: int = -1
    reason: str = ""
    earlier: tuple[str, ...] = ()

    @property
    def is_approved(self) -> bool:
        """It may be in force, at the dates that it has."""
        return self.start is not None and self.last in (Move.APPROVED, Move.ACTIVATED)

    def holds_at(self, instant: EpochSeconds) -> bool:
        """Approved, begun and not ended."""
        return self.is_approved and self.start is not None and self.start <= instant and not self.ended_by(instant)

    def ended_by(self, instant: EpochSeconds) -> bool:
        """Its end has come."""
        return self.end is not None and self.end <= instant


@dataclass(frozen=True, slots=True)
class Change:
    """At an instant another version comes into force; ``None`` where none does."""

    at: EpochSeconds
    version: str | None


def fold(entries: Sequence[Entry]) -> dict[str, Version]:
    """
    Every version by its id, in the order in which they were first submitted.

    Raises:
        InputError: An entry cannot follow those before it: it is about a version that nobody submitted, or somebody
            approved or activated what they had drafted or submitted.
    """
    versions: dict[str, Version] = {}
    for order, entry in enumerate(entries):
        apply(versions, entry, order)
    return versions


def may_approve(version: Version, actor: str) -> bool:
    """Whether somebody neither drafted nor submitted a version, this time or before."""
    return not any(same_person(actor, own) for own in (version.author, version.submitter, *version.earlier))


def in_force(versions: dict[str, Version], now: EpochSeconds) -> Version | None:
    """Of the approved versions that have begun and not ended the one that began last; the later entry where equal."""
    standing = [version for version in versions.values() if version.holds_at(now)]
    return max(standing, key=lambda one: (one.start or 0, one.order), default=None)


def live_at(entries: Sequence[Entry], now: EpochSeconds) -> Version | None:
    """
    The version in force at an instant, by what had been done until then; of the future, by all that was done.

    Returns:
        ``None`` before the first version came into force.
    """
    return in_force(fold([entry for entry in entries if entry.at <= now]), now)


def next_change(entries: Sequence[Entry], now: EpochSeconds) -> Change | None:
    """When, after *now*, which other version comes into force, if nobody does anything; ``None``: never."""
    versions = fold([entry for entry in entries if entry.at <= now])
    current = _id(in_force(versions, now))
    for instant in coming_dates(versions, now):
        if (then := _id(in_force(versions, instant))) != current:
            return Change(instant, then)
    return None


def coming_dates(versions: dict[str, Version], now: EpochSeconds) -> list[EpochSeconds]:
    """Starts and ends of approved versions after an instant, in order."""
    dates = {date for one in versions.values() if one.is_approved for date in (one.start, one.end) if date is not None}
    return sorted(date for date in dates if date > now)


def state_of(version: Version, versions: dict[str, Version], now: EpochSeconds) -> VersionState:
    """How a version stands at an instant among all."""
    return _state(version, in_force(versions, now), now)


def states_of(versions: dict[str, Version], now: EpochSeconds) -> dict[str, VersionState]:
    """How each stands, by id."""
    current = in_force(versions, now)
    return {key: _state(version, current, now) for key, version in versions.items()}


def _state(version: Version, current: Version | None, now: EpochSeconds) -> VersionState:
    if not version.is_approved:
        return VersionState(version.last.value)
    if version.ended_by(now):
        return VersionState.ENDED
    if not version.holds_at(now):
        return VersionState.SCHEDULED
    return VersionState.LIVE if current and current.version == version.version else VersionState.SUPERSEDED


def find_version(entries: Sequence[Entry], text: str) -> Version:
    """
    The version with an id, or with the only id that begins so.

    Raises:
        InputError: None begins so, several do, or fewer than six characters are given.
    """
    found = [one for key, one in fold(entries).items() if key.startswith(text) and len(text) >= _SHORTEST_PREFIX]
    if len(found) != 1:
        why = "several versions begin so" if found else "no version that was submitted begins so"
        raise InputError(
            f"there is no one version {text!r}: {why}; give at least {_SHORTEST_PREFIX} characters of an id that "
            "`recsys policy status` lists"
        )
    return found[0]


def shown(version: Version) -> str:
    """A version as messages name it."""
    return f"version {version.version[:_SHORT_ID]} ({version.name})"


def apply(versions: dict[str, Version], entry: Entry, order: int) -> None:
    """Let an entry, the one at place *order* from 0, change the versions, in place; errors are those of `fold`."""
    if entry.move is Move.SUBMITTED:
        versions[entry.version] = _submitted(entry, versions.get(entry.version))
        return
    known = versions.get(entry.version)
    if known is None or (entry.to_version and entry.to_version not in versions):
        raise InputError(f"entry {order + 1} is about a version that nobody submitted; restore the record")
    if entry.move in (Move.APPROVED, Move.ACTIVATED) and not may_approve(known, entry.actor):
        # Without the name: what is wrong with the record is shown to whoever asks for health.
        raise InputError(f"entry {order + 1}: somebody approved their own version; restore the record")
    versions[entry.version] = _moved(known, entry, order)
    if entry.move is Move.ROLLED_BACK and entry.effective_from is not None:
        # What came in its place is as approved as it was; its dates begin anew.
        versions[entry.to_version] = replace(
            versions[entry.to_version],
            last=Move.ACTIVATED, start=entry.effective_from, end=entry.effective_until, order=order,
        )  # fmt: skip


def _submitted(entry: Entry, before: Version | None) -> Version:
    author = entry.author if person_key(entry.author) else entry.actor
    earlier = () if before is None else tuple(dict.fromkeys((*before.earlier, before.author, before.submitter)))
    return Version(
        entry.version, entry.name, entry.move, author, entry.actor, entry.at, reason=entry.reason, earlier=earlier
    )


def _moved(known: Version, entry: Entry, order: int) -> Version:
    moved = replace(known, last=entry.move, reason=entry.reason)
    if entry.move not in (Move.APPROVED, Move.ACTIVATED):
        return moved
    start = entry.at if entry.effective_from is None else entry.effective_from
    moved = replace(moved, start=start, end=entry.effective_until, order=order)
    return replace(moved, approver=entry.actor, approved_at=entry.at)


def _id(version: Version | None) -> str | None:
    return None if version is None else version.version
