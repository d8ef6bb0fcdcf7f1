"""What may be done with a version of a policy, when and by whom; every other move is refused with what is allowed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from recsys.errors import InputError
from recsys.policy.file.fields import iso
from recsys.policy.lifecycle.people import person_key, same_person
from recsys.policy.lifecycle.versions import (
    Entry,
    Move,
    Version,
    VersionState,
    coming_dates,
    find_version,
    fold,
    in_force,
    may_approve,
    shown,
    state_of,
)
from recsys.types import EpochSeconds

_LONGEST_NAME = 200
_LONGEST_REASON = 2_000
_JOINERS = {ord(each): "" for each in "\u200c\u200d"}
_OTHERS = "somebody other than its author and its submitter"
_SUBMIT_AGAIN = "submit it again (anybody)"
_APPROVED_MOVES = f"activate it with other dates ({_OTHERS}), retire it (anybody, with a reason)"

ALLOWED: Mapping[VersionState, str] = MappingProxyType(
    {
        VersionState.SUBMITTED: f"approve or reject it ({_OTHERS}), withdraw it (its author or submitter)",
        VersionState.SCHEDULED: _APPROVED_MOVES,
        VersionState.LIVE: f"roll back to the one before (anybody, with a reason), {_APPROVED_MOVES}",
        VersionState.SUPERSEDED: f"roll back to it (anybody, with a reason), {_APPROVED_MOVES}",
        VersionState.ENDED: f"roll back to it (anybody, with a reason), {_APPROVED_MOVES}",
        VersionState.ROLLED_BACK: f"{_SUBMIT_AGAIN}, roll back to it ({_OTHERS}, with a reason), {_APPROVED_MOVES}",
        VersionState.REJECTED: f"correct the draft, or {_SUBMIT_AGAIN}",
        VersionState.WITHDRAWN: _SUBMIT_AGAIN,
        VersionState.RETIRED: _SUBMIT_AGAIN,
    }
)
"""What may be done with a version in each state, and by whom; messages say it."""

_CLOSED = (VersionState.REJECTED, VersionState.WITHDRAWN, VersionState.RETIRED, VersionState.ROLLED_BACK)
_APPROVED = (
    VersionState.SCHEDULED, VersionState.LIVE, VersionState.SUPERSEDED, VersionState.ENDED, VersionState.ROLLED_BACK,
)  # fmt: skip


def submit(
    entries: Sequence[Entry], version: str, *, name: str, author: str, actor: str, at: EpochSeconds, reason: str = ""
) -> Entry:
    """
    Propose a version for approval.

    Raises:
        InputError: It is submitted or approved already.
    """
    known = fold(entries).get(version)
    if known is not None and _state(entries, known, at) not in _CLOSED:
        raise _not_allowed(entries, known, "submitted", at)
    return _entry(entries, Move.SUBMITTED, version, actor=actor, at=at, reason=reason, name=name, author=author)


def approve(
    entries: Sequence[Entry],
    version: str,
    *,
    actor: str,
    at: EpochSeconds,
    reason: str = "",
    effective_from: EpochSeconds | None = None,
    effective_until: EpochSeconds | None = None,
) -> Entry:
    """
    Let a submitted version come into force: at once, or from an instant on, for good or until another instant.

    Raises:
        InputError: It is not submitted, the actor drafted or submitted it, or its dates do not do.
    """
    known = find_version(entries, version)
    if _state(entries, known, at) is not VersionState.SUBMITTED:
        raise _not_allowed(entries, known, "approved", at)
    _require_another(known, actor, "approve")
    return _dated(entries, Move.APPROVED, known, actor, at=at, reason=reason, dates=(effective_from, effective_until))


def activate(
    entries: Sequence[Entry],
    version: str,
    *,
    actor: str,
    at: EpochSeconds,
    reason: str = "",
    effective_from: EpochSeconds | None = None,
    effective_until: EpochSeconds | None = None,
) -> Entry:
    """
    Give an approved version other dates; without any, from now on for good.

    Raises:
        InputError: It is not approved, the actor drafted or submitted it, or its dates do not do.
    """
    known = find_version(entries, version)
    if _state(entries, known, at) not in _APPROVED:
        raise _not_allowed(entries, known, "activated", at)
    _require_another(known, actor, "activate")
    return _dated(entries, Move.ACTIVATED, known, actor, at=at, reason=reason, dates=(effective_from, effective_until))


def reject(entries: Sequence[Entry], version: str, *, actor: str, at: EpochSeconds, reason: str) -> Entry:
    """
    Refuse a submitted version; the reason is for its author.

    Raises:
        InputError: It is not submitted, the actor's own (withdraw it), or no reason is given.
    """
    known = find_version(entries, version)
    if _state(entries, known, at) is not VersionState.SUBMITTED:
        raise _not_allowed(entries, known, "rejected", at)
    _require_another(known, actor, "reject", instead="; withdraw it instead")
    _require_reason(reason, "rejecting")
    return _entry(entries, Move.REJECTED, known.version, actor=actor, at=at, reason=reason)


def withdraw(entries: Sequence[Entry], version: str, *, actor: str, at: EpochSeconds, reason: str = "") -> Entry:
    """
    Take back a version of one's own before anybody approves it.

    Raises:
        InputError: It is not submitted, or somebody else's (reject it).
    """
    known = find_version(entries, version)
    if _state(entries, known, at) is not VersionState.SUBMITTED:
        raise _not_allowed(entries, known, "withdrawn", at)
    if may_approve(known, actor):
        raise InputError(
            f"{actor!r} may not withdraw {shown(known)}: only its author {known.author!r} and its submitter "
            f"{known.submitter!r} may; others reject it, with a reason"
        )
    return _entry(entries, Move.WITHDRAWN, known.version, actor=actor, at=at, reason=reason)


def retire(entries: Sequence[Entry], version: str, *, actor: str, at: EpochSeconds, reason: str) -> Entry:
    """
    End an approved version for good; the approved one before it takes over where it was in force.

    Raises:
        InputError: It is not approved, nothing would be in force without it, or no reason is given.
    """
    known = find_version(entries, version)
    if _state(entries, known, at) not in _APPROVED:
        raise _not_allowed(entries, known, "retired", at)
    _require_reason(reason, "retiring")
    entry = _entry(entries, Move.RETIRED, known.version, actor=actor, at=at, reason=reason)
    return _without_gap(entries, entry, f"{shown(known)} cannot be retired", "approve another that is in force then")


def rollback(
    entries: Sequence[Entry], *, actor: str, at: EpochSeconds, reason: str, to_version: str | None = None
) -> Entry:
    """
    Take the version in force away at once; the one before it, or one that was in force earlier, comes in its place.

    Args:
        entries: All so far.
        actor: Anybody: what comes back was approved by another once.
        at: When.
        reason: Why.
        to_version: Absent means what would be in force had the current one never been approved.

    Raises:
        InputError: Nothing is in force, nothing is left to go back to, the version named was never in force, or it
            was rolled back and the actor drafted or submitted it.
    """
    versions = fold(entries)
    current = in_force(versions, at)
    if current is None:
        raise InputError("no version is in force, so there is none to roll back; `recsys policy status` says what is")
    _require_reason(reason, "rolling back")
    dates: tuple[EpochSeconds | None, EpochSeconds | None] = (None, None)
    if to_version is None:
        target = in_force({key: one for key, one in versions.items() if key != current.version}, at)
        if target is None:
            raise InputError(
                f"{shown(current)} is the only version that holds now, so there is none before it to go back to; "
                "name one that was in force earlier with --to, or submit and approve another"
            )
    else:
        target = find_version(entries, to_version)
        if target.version == current.version:
            raise InputError(f"{shown(target)} is in force already; name another version with --to")
        state = _state(entries, target, at)
        if state not in _APPROVED or state is VersionState.SCHEDULED:
            raise _not_allowed(entries, target, "rolled back to", at)
        if state is VersionState.ROLLED_BACK:
            _require_another(target, actor, "bring back")
        dates = (at, None if target.ended_by(at) else target.end)
    entry = _entry(
        entries, Move.ROLLED_BACK, current.version, actor=actor, at=at, reason=reason, to_version=target.version,
        effective_from=dates[0], effective_until=dates[1],
    )  # fmt: skip
    return _without_gap(entries, entry, f"{shown(current)} cannot be rolled back", "name another version with --to")


def _dated(
    entries: Sequence[Entry],
    move: Move,
    known: Version,
    actor: str,
    *,
    at: EpochSeconds,
    reason: str,
    dates: tuple[EpochSeconds | None, EpochSeconds | None],
) -> Entry:
    start, end = dates
    if start is not None and start < at:
        raise InputError(
            f"the start {iso(start)} lies before now, {iso(at)}; leave it out for at once, or give a later"
        )
    first = at if start is None else start
    if end is not None and end <= first:
        raise InputError(f"the end {iso(end)} is not after the start {iso(first)}; give a later end, or none")
    for other in fold(entries).values() if start is not None else ():
        if other.is_approved and other.start == start and other.version != known.version:
            raise InputError(
                f"{shown(other)} starts at {iso(first)} too, so which is in force could not be decided; "
                "choose another start, or retire that one first"
            )
    entry = _entry(
        entries, move, known.version, actor=actor, at=at, reason=reason, effective_from=start, effective_until=end
    )
    return _without_gap(
        entries, entry, f"{shown(known)} cannot have these dates", "leave the end out, or a later start"
    )


def _entry(
    entries: Sequence[Entry], move: Move, version: str, *, actor: str, at: EpochSeconds, **more: object
) -> Entry:
    author = str(more.get("author", ""))
    if len(author) > _LONGEST_NAME or not author.isprintable():
        raise InputError(
            f"drafted_by is {author[:_LONGEST_NAME]!r}; write a name of at most {_LONGEST_NAME} characters, in one line"
        )
    if not person_key(actor) or len(actor) > _LONGEST_NAME or not actor.isprintable():
        raise InputError(
            f"the actor is {actor[:_LONGEST_NAME]!r}; say who does it, with --actor: a name of at most "
            f"{_LONGEST_NAME} characters"
        )
    reason = str(more.get("reason", ""))
    if len(reason) > _LONGEST_REASON or not reason.translate(_JOINERS).isprintable():
        raise InputError(
            f"the reason is {reason[:40]!r}; give at most {_LONGEST_REASON} characters that can be seen, in one line"
        )
    if entries and at < entries[-1].at:
        raise InputError(f"now is {iso(at)}, before the last entry of {iso(entries[-1].at)}; correct the clock")
    return Entry.model_validate({"move": move, "version": version, "actor": actor.strip(), "at": at, **more})


def _without_gap(entries: Sequence[Entry], entry: Entry, what: str, to_do: str) -> Entry:
    """The entry, if after it there is no instant at which nothing is in force though something was before."""
    versions = fold([*entries, entry])
    was_live = in_force(fold(entries), entry.at) is not None
    for instant in (entry.at, *coming_dates(versions, entry.at)):
        is_live = in_force(versions, instant) is not None
        if was_live and not is_live:
            raise InputError(f"{what}: from {iso(instant)} on no version would be in force; {to_do}")
        was_live = is_live
    return entry


def _require_another(known: Version, actor: str, verb: str, instead: str = "") -> None:
    if not may_approve(known, actor):
        is_last = any(same_person(actor, own) for own in (known.author, known.submitter))
        role = "proposed before" if not is_last else "wrote" if same_person(actor, known.author) else "submitted"
        raise InputError(
            f"{actor!r} {role} {shown(known)} and may not {verb} it: it needs somebody other than its author "
            f"{known.author!r} and its submitter {known.submitter!r}{instead}"
        )


def _require_reason(reason: str, doing: str) -> None:
    if not person_key(reason):
        raise InputError(f"{doing} needs a reason of 1 to {_LONGEST_REASON} characters; say why, with --reason")


def _state(entries: Sequence[Entry], version: Version, at: EpochSeconds) -> VersionState:
    return state_of(version, fold(entries), at)


def _not_allowed(entries: Sequence[Entry], known: Version, participle: str, at: EpochSeconds) -> InputError:
    state = _state(entries, known, at)
    return InputError(
        f"{shown(known)} is {state.value.replace('_', ' ')} and cannot be {participle}; allowed is: {ALLOWED[state]}"
    )
