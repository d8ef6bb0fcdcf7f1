"""What the commands of the policy's life answer: tables for people, the same as facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from recsys.errors import PolicyError, RecsysError
from recsys.policy.file.changes import PolicyChanges, policy_changes
from recsys.policy.file.schema import Policy
from recsys.policy.file.wording import change_lines
from recsys.policy.lifecycle.journal import Record
from recsys.policy.lifecycle.registry import InForce, PolicyRegistry, in_force_of, present
from recsys.policy.lifecycle.versions import Change, Entry, Version, VersionState, fold, state_of, states_of
from recsys.policy.reading.load import load_policy, parse_policy
from recsys.report import Report, Table
from recsys.types import EpochSeconds
from serving.policy_watch import UNREVIEWED

_SHORT_ID = 12
_CLOCKS_AGREE_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Looked:
    """
    A registry as it was at one look.

    Attributes:
        policy_path: The draft.
        record: All moves.
        now: What time it is.
    """

    policy_path: Path
    record: Record
    now: EpochSeconds

    @property
    def instant(self) -> EpochSeconds:
        """Now, but not before the last move."""
        return present(self.record.entries, self.now)

    @property
    def in_force(self) -> InForce:
        """What is in force."""
        return in_force_of(self.record.entries, self.now)

    @property
    def versions(self) -> dict[str, Version]:
        """By id."""
        return fold(self.record.entries)

    def state(self, version: str) -> VersionState:
        """How one stands."""
        return state_of(self.versions[version], self.versions, self.instant)

    def policy(self, version: str) -> Policy:
        """A version, or the draft for an empty id."""
        registry = PolicyRegistry.beside(self.policy_path)
        return registry.load(version) if version else load_policy(self.policy_path)

    def zone(self, version: str) -> ZoneInfo:
        """Of the dates of a version, or of the draft for an empty id; UTC where that cannot be read."""
        try:
            return ZoneInfo(self.policy(version).time_zone)
        except RecsysError:
            return ZoneInfo("UTC")


def moved_report(entry: Entry, before: Looked, after: Looked, *, notes: tuple[str, ...] = ()) -> Report:
    """What was done, what differs from what was in force before, and what is in force now."""
    about = entry.to_version or entry.version
    changes, told, lines = _changes(before, about)
    in_force, zone = after.in_force, after.zone(about)
    facts = {
        **entry_facts(entry),
        "state": after.state(entry.version).value,
        "compared_with": before.in_force.version or "draft",
        "changes": None if changes is None else changes.facts(),
        "in_force": _in_force_facts(in_force),
        "head": after.record.head,
    }
    rows = [("version", _short(entry.version)), ("name", after.versions[entry.version].name), ("by", entry.actor)]
    rows += [("state", _plain(after.state(entry.version)))]
    rows += [("in its place", _short(entry.to_version))] if entry.to_version else []
    rows += [("from", _date(entry.effective_from, zone))] if entry.effective_from is not None else []
    rows += [("until", _date(entry.effective_until, zone))] if entry.effective_until is not None else []
    rows += [("reason", entry.reason)] if entry.reason else []
    rows += [("against what was in force", told), ("in force now", _in_force_text(in_force))]
    rows += [("comes next", _change_text(in_force.change, zone))]
    title = f"Policy {_plain(entry.move)}"
    return Report(facts, (Table(title, ("property", "value"), tuple(rows)), *_lines_table(lines)), notes)


def status_report(looked: Looked) -> Report:
    """What is in force, every version, and how the draft differs from what is in force."""
    in_force, versions = looked.in_force, looked.versions
    states = states_of(versions, looked.instant)
    zone = looked.zone(in_force.version)
    draft, lines = _draft(looked, in_force, states)
    problem = _problem(looked, in_force.version)
    listed = [_version_facts(one, states[one.version]) for one in versions.values()]
    facts = {
        "in_force": _in_force_facts(in_force),
        "draft": draft,
        "versions": listed,
        "entries": len(looked.record.entries),
        "head": looked.record.head,
        "torn_bytes": len(looked.record.torn),
        "problem": problem,
    }
    standing = (
        ("in force", _in_force_text(in_force)),
        ("since", _date(in_force.since, zone)),
        ("until", _date(in_force.until, zone)),
        ("comes next", _change_text(in_force.change, zone)),
        ("draft", _draft_text(draft, in_force)),
    )
    columns = ("version", "name", "state", "from", "until", "author", "submitter", "approver", "reason")
    rows = tuple(
        (_short(one.version), one.name, _plain(states[one.version]), _date(one.start, zone), _date(one.end, zone),
         one.author, one.submitter, one.approver, one.reason)
        for one in reversed(versions.values())
    )  # fmt: skip
    tables = [Table("Policy", ("property", "value"), standing), *_lines_table(lines)]
    if rows:
        tables.append(Table("Versions", columns, rows, spare=("reason", "name", "author", "until")))
    unread = (f"What is in force cannot be read, so a restart would serve nothing: {problem}",) if problem else ()
    return Report(facts, tuple(tables), (*unread, *_notes(looked)))


def log_report(looked: Looked) -> Report:
    """Every move, with the hash that stands for all of them."""
    entries, zone = looked.record.entries, looked.zone(looked.in_force.version)
    columns = ("no.", "at", "move", "version", "by", "from", "until", "in its place", "reason")
    rows = tuple(
        (number, _date(one.at, zone), _plain(one.move), _short(one.version), one.actor, _date(one.effective_from, zone),
         _date(one.effective_until, zone), _short(one.to_version), one.reason)
        for number, one in enumerate(entries, start=1)
    )  # fmt: skip
    facts = {
        "ok": True,
        "entries": [entry_facts(one) | {"hash": digest} for one, digest in
                    zip(entries, looked.record.hashes, strict=True)],
        "head": looked.record.head,
        "torn_bytes": len(looked.record.torn),
    }  # fmt: skip
    holds = f"The chain holds: {len(entries)} entries, the last hash is {looked.record.head}."
    spare = ("in its place", "until", "from", "reason")
    keep = "Who keeps that hash elsewhere can tell later that nothing before it was changed."
    return Report(facts, (Table("Log", columns, rows, spare=spare),), (holds, keep, *_torn(looked)))


def show_report(version: str, policy: Policy) -> Report:
    """A policy as YAML: what differs from the defaults, if that reads back as the same policy; else everything."""
    for leave_out in (True, False):
        content = policy.model_dump(mode="json", by_alias=True, exclude_defaults=leave_out)
        text = yaml.safe_dump({"format": policy.format} | content, sort_keys=False, allow_unicode=True, width=120)
        try:
            if parse_policy(text).policy_id == policy.policy_id:
                break
        except PolicyError:
            continue
    return Report({"version": version, "policy": content, "yaml": text}, notes=(text.rstrip("\n"),))


def entry_facts(entry: Entry) -> dict[str, Any]:
    """A move, for programs."""
    return entry.model_dump(mode="json")


def _changes(looked: Looked, version: str) -> tuple[PolicyChanges | None, str, tuple[str, ...]]:
    """What differs from what is in force: by ids, in one line, and a line a key."""
    try:
        before, after = looked.policy(looked.in_force.version), looked.policy(version)
    except RecsysError as error:  # the comparison is a courtesy; the move was made
        return None, f"cannot be compared: {error}", ()
    changes = policy_changes(before, after)
    return changes, str(changes), change_lines(before, after)


def _lines_table(lines: tuple[str, ...]) -> tuple[Table, ...]:
    return (Table("Changes", ("change",), tuple((line,) for line in lines)),) if lines else ()


def _problem(looked: Looked, version: str) -> str:
    """Why a version cannot be read; empty where it can, or where none is meant."""
    try:
        if version:
            looked.policy(version)
    except RecsysError as error:
        return str(error)
    return ""


def _draft(
    looked: Looked, in_force: InForce, states: Mapping[str, VersionState]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        policy = load_policy(looked.policy_path)
    except PolicyError as error:
        return {"policy_id": "", "state": "broken", "changes": None, "error": str(error)}, ()
    current = in_force.version
    state = states[policy.policy_id].value if policy.policy_id in states else "draft"
    changes, told, lines = (None, "", ()) if not current else _changes(looked, "")
    facts = {
        "policy_id": policy.policy_id,
        "state": state,
        "changes": None if changes is None else changes.facts(),
        "error": "" if changes is not None or not current else told,
    }
    return facts, lines


def _draft_text(draft: dict[str, Any], in_force: InForce) -> str:
    if draft["error"]:
        return f"{draft['state']}: {draft['error']}"
    if not in_force.version:
        return f"{_short(draft['policy_id'])}, in force as it is"
    if draft["policy_id"] == in_force.version:
        return f"{_short(draft['policy_id'])}, the same as what is in force"
    changes = PolicyChanges(**{name: tuple(ids) for name, ids in draft["changes"].items()})
    return f"{_short(draft['policy_id'])} ({draft['state']}): {changes}"


def _version_facts(version: Version, state: VersionState) -> dict[str, Any]:
    return {
        "version": version.version, "name": version.name, "state": state.value, "author": version.author,
        "submitter": version.submitter, "submitted_at": version.submitted_at, "approver": version.approver,
        "approved_at": version.approved_at, "effective_from": version.start, "effective_until": version.end,
        "reason": version.reason,
    }  # fmt: skip


def _in_force_facts(in_force: InForce) -> dict[str, Any]:
    change = in_force.change
    return {
        "version": in_force.version, "state": in_force.state, "reviewed": in_force.reviewed, "since": in_force.since,
        "until": in_force.until, "author": in_force.author, "submitter": in_force.submitter,
        "approver": in_force.approver,
        "next_change": None if change is None else {"at": change.at, "version": change.version},
    }  # fmt: skip


def _in_force_text(in_force: InForce) -> str:
    if not in_force.version:
        return "the draft file, which nobody reviewed"
    return f"{_short(in_force.version)}, by {in_force.author}, approved by {in_force.approver}"


def _change_text(change: Change | None, zone: ZoneInfo) -> str:
    return "-" if change is None or change.version is None else f"{_short(change.version)} at {_date(change.at, zone)}"


def _notes(looked: Looked) -> tuple[str, ...]:
    notes = [] if looked.in_force.reviewed else [UNREVIEWED]
    if looked.instant - looked.now > _CLOCKS_AGREE_WITHIN_S:
        zone = looked.zone(looked.in_force.version)
        notes.append(
            f"The last move was made at {_date(looked.instant, zone)}, but it is {_date(looked.now, zone)} here: one "
            "of the clocks is wrong. Until then versions start and end as if it were that time."
        )
    return (*notes, *_torn(looked))


def _torn(looked: Looked) -> tuple[str, ...]:
    if not looked.record.torn:
        return ()
    return (
        f"The journal ends in {len(looked.record.torn)} bytes of a write that was cut off; it was never confirmed and "
        "does not count. The next move puts it aside into journal.torn.",
    )


def _plain(state: str) -> str:
    return str(state).replace("_", " ")


def _short(version: str) -> str:
    return version[:_SHORT_ID] or "-"


def _date(instant: EpochSeconds | None, zone: ZoneInfo) -> str:
    """An instant on the clock of a policy, with its offset."""
    return "-" if instant is None else datetime.fromtimestamp(instant, zone).isoformat()
