"""The commands by which a policy is proposed, let into force, taken back and ended, on record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from recsys.errors import BundleError, InputError, PolicyError
from recsys.policy.file.fields import TIME_ZONE, Instant
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.registry import InForce, LivePolicy, PolicyRegistry
from recsys.policy.lifecycle.versions import Entry, find_version
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.load import load_document
from recsys.policy.reading.problems import Problem, Severity, problem_list
from recsys.report import Report
from recsys.types import EpochSeconds
from serving.clock import clock_of
from serving.policy_check import document_of, found_over_bundle, published
from serving.policy_reports import Looked, log_report, moved_report, show_report, status_report
from serving.settings import Settings, read_settings

Checks = Callable[[PolicyDocument], Sequence[Problem]]
"""What else a draft has to pass before it is submitted; errors refuse it, warnings are shown."""

_DATES: TypeAdapter[EpochSeconds] = TypeAdapter(Instant)
_DAY_DIGITS = 8
_SHORT_ID = 12
_LONGEST = 20
_CALENDAR_ENDS = int(datetime.max.replace(tzinfo=UTC).timestamp())
_UNCHECKED = "Not tried on a bundle: none is published yet."
_SERVED_SOON = "A running service takes it in within RECSYS_POLL_S (1 s), without a restart."


@dataclass(frozen=True, slots=True)
class _Desk:
    """A workspace's registry, and what time it is there."""

    settings: Settings
    registry: PolicyRegistry
    now: EpochSeconds

    @classmethod
    def at(cls, workspace: Path) -> "_Desk":
        settings = read_settings(workspace)
        clock, _ = clock_of(settings.clock, workspace)
        return cls(settings, PolicyRegistry.beside(settings.policy_path), clock())

    def looked(self) -> Looked:
        return Looked(self.settings.policy_path, self.registry.read(), self.now)

    def version(self, text: str) -> str:
        return find_version(self.registry.read().entries, text).version


def submit(workspace: Path, *, actor: str, reason: str = "", checks: Checks | None = None) -> Report:
    """
    Propose the draft for approval by somebody else; it is kept as it is now, whatever becomes of the file.

    Args:
        workspace: Whose ``policy.yaml``, with all that it includes.
        actor: Who.
        reason: What it is for.
        checks: What it has to pass beside being tried on the published bundle.

    Raises:
        PolicyError: The draft is broken, does not fit the bundle, has an error that `recsys policy check` finds, or
            fails a golden case.
        InputError: It is submitted or approved already.
        StoreError: The registry is broken or cannot be written.
    """
    desk = _Desk.at(workspace)
    document = load_document(desk.settings.policy_path)
    notes = _checked(desk, document, desk.settings.policy_path, called="the draft", checks=checks)
    before, policy = desk.looked(), document.policy
    version = desk.registry.keep(policy)
    entry = desk.registry.record(
        lambda entries, at: moves.submit(
            entries, version, name=policy.name, author=policy.drafted_by, actor=actor, at=at, reason=reason
        ),
        now=desk.now,
    )
    todo = (
        f"Somebody else approves it: recsys policy approve {version[:_SHORT_ID]} --workspace {workspace} --actor NAME"
    )
    return moved_report(entry, before, desk.looked(), notes=(*notes, todo))


def approve(
    workspace: Path,
    version: str,
    *,
    actor: str,
    reason: str = "",
    effective_from: str | None = None,
    effective_until: str | None = None,
) -> Report:
    """
    Let a submitted version come into force; the report says what differs from what is in force.

    Args:
        workspace: Whose.
        version: An id, or how it begins.
        actor: Neither its author nor its submitter.
        reason: Why.
        effective_from, effective_until: Dates or instants, of the version's time zone without an offset; absent
            means at once, and for good.

    Raises:
        InputError: It may not be approved, or not by them, or not with these dates.
        PolicyError: It does not pass the check against the bundle that is published now.
        StoreError: The registry is broken or cannot be written.
    """
    return _dated(
        workspace, version, moves.approve, actor, reason=reason, dates=(effective_from, effective_until), tried=_passed
    )


def activate(
    workspace: Path,
    version: str,
    *,
    actor: str,
    reason: str = "",
    effective_from: str | None = None,
    effective_until: str | None = None,
) -> Report:
    """Give an approved version other dates; arguments and errors are those of `approve`, but it only has to fit."""
    return _dated(
        workspace, version, moves.activate, actor, reason=reason, dates=(effective_from, effective_until), tried=_tried
    )


def reject(workspace: Path, version: str, *, actor: str, reason: str) -> Report:
    """Refuse a submitted version, with a reason."""
    return _moved(workspace, lambda found, entries, at: moves.reject(entries, found, actor=actor, at=at, reason=reason),
                  version)  # fmt: skip


def withdraw(workspace: Path, version: str, *, actor: str, reason: str = "") -> Report:
    """Take back a submitted version of one's own."""
    return _moved(
        workspace, lambda found, entries, at: moves.withdraw(entries, found, actor=actor, at=at, reason=reason), version
    )


def retire(workspace: Path, version: str, *, actor: str, reason: str) -> Report:
    """End an approved version for good, with a reason."""
    return _moved(workspace, lambda found, entries, at: moves.retire(entries, found, actor=actor, at=at, reason=reason),
                  version)  # fmt: skip


def rollback(workspace: Path, *, actor: str, reason: str, to_version: str | None = None) -> Report:
    """
    Take the version in force away at once, with a reason; the one before it, or a named one, comes in its place.

    Raises:
        InputError: There is nothing to go back to, or the version named may not come back.
        PolicyError: What would come in its place does not fit the bundle; nothing was changed.
        StoreError: The registry is broken or cannot be written.
    """
    desk = _Desk.at(workspace)
    before = desk.looked()
    named = None if to_version is None else desk.version(to_version)
    planned = moves.rollback(before.record.entries, actor=actor, at=before.instant, reason=reason, to_version=named)
    target = planned.to_version
    try:
        notes = _tried(desk, _stored(desk, target))
    except BundleError as error:
        notes = (f"Not tried on the bundle: {error}",)  # what was served once must be able to come back

    def decide(entries: Sequence[Entry], at: EpochSeconds) -> Entry:
        decided = moves.rollback(entries, actor=actor, at=at, reason=reason, to_version=named)
        if (decided.version, decided.to_version) != (planned.version, target):
            raise InputError(
                f"somebody did something else meanwhile: version {decided.version[:_SHORT_ID]} is in force, not "
                f"{planned.version[:_SHORT_ID]}; look at `recsys policy status`, and roll back again if it "
                "is still wrong"
            )
        return decided

    entry = desk.registry.record(decide, now=desk.now)
    return moved_report(entry, before, desk.looked(), notes=(*notes, _SERVED_SOON))


def status(workspace: Path) -> Report:
    """What is in force and what comes next, every version, and how the draft differs."""
    return status_report(_Desk.at(workspace).looked())


def log(workspace: Path) -> Report:
    """Every move that was ever made, once the chain is verified."""
    return log_report(_Desk.at(workspace).looked())


def show(workspace: Path, version: str | None = None) -> Report:
    """A version as a policy file; absent means the one in force."""
    desk = _Desk.at(workspace)
    found = desk.version(version) if version is not None else desk.looked().in_force.version
    if not found:
        raise InputError(f"no version is in force yet: {desk.settings.policy_path} itself is; name a version")
    return show_report(found, desk.registry.load(found))


def _dated(
    workspace: Path,
    version: str,
    move: Callable[..., Entry],
    actor: str,
    *,
    reason: str,
    dates: tuple[str | None, str | None],
    tried: Callable[[_Desk, LivePolicy], tuple[str, ...]],
) -> Report:
    desk = _Desk.at(workspace)
    found = desk.version(version)
    live = _stored(desk, found)
    start, end = (_instant(text, live.policy) for text in dates)

    def decide(entries: Sequence[Entry], at: EpochSeconds) -> Entry:
        return move(entries, found, actor=actor, at=at, reason=reason, effective_from=start, effective_until=end)

    before = desk.looked()
    decide(before.record.entries, before.instant)  # what is not allowed is told before the bundle is opened
    notes = tried(desk, live)
    entry = desk.registry.record(decide, now=desk.now)
    return moved_report(entry, before, desk.looked(), notes=(*notes, *((_SERVED_SOON,) if start is None else ())))


def _moved(workspace: Path, move: Callable[[str, Sequence[Entry], EpochSeconds], Entry], version: str) -> Report:
    desk = _Desk.at(workspace)
    found, before = desk.version(version), desk.looked()
    entry = desk.registry.record(lambda entries, at: move(found, entries, at), now=desk.now)
    return moved_report(entry, before, desk.looked())


def _stored(desk: _Desk, version: str) -> LivePolicy:
    return LivePolicy(desk.registry.load(version), desk.registry.path_of(version), InForce(version=version))


def _tried(desk: _Desk, live: LivePolicy) -> tuple[str, ...]:
    """What there is to say after the policy was compiled for the published bundle and tried on golden members."""
    served = published(desk.settings, live, now=desk.now)
    if served is None:
        return (_UNCHECKED,)
    return tuple(f"Warning: {warning}" for warning in served.engine.policy.warnings)


def _passed(desk: _Desk, live: LivePolicy) -> tuple[str, ...]:
    """What there is to say after a version passed the check; since it was submitted the bundle may have changed."""
    document = document_of(live.version, live.policy, desk.settings.policy_path)
    return _checked(desk, document, live.source, called=f"version {live.version[:_SHORT_ID]}")


def _checked(
    desk: _Desk, document: PolicyDocument, source: Path, *, called: str, checks: Checks | None = None
) -> tuple[str, ...]:
    """The warnings of a policy that passes its checks; its errors are raised."""
    found, served = found_over_bundle(document, desk.settings, source=source, now=desk.now)
    found = tuple(dict.fromkeys((*(checks(document) if checks is not None else ()), *found)))
    errors = tuple(one for one in found if one.severity is Severity.ERROR)
    if errors:
        raise PolicyError(f"{called} does not pass its checks:\n{problem_list(errors)}", problems=errors)
    return (*(() if served is not None else (_UNCHECKED,)), *map(str, found))


def _instant(text: str | None, policy: Policy) -> EpochSeconds | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) > _DAY_DIGITS:
        seconds = int(text[:_LONGEST])
        text = datetime.fromtimestamp(seconds, UTC).isoformat() if seconds < _CALENDAR_ENDS else text
    try:
        return _DATES.validate_python(text, context={TIME_ZONE: ZoneInfo(policy.time_zone)})
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
