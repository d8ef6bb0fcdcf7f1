"""The champion moves here and nowhere else: through the gate, into the folder of serving, onto the audit trail."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from features.workspace import Workspace
from recsys.errors import GateError, InputError, RecsysError, RegistryError
from recsys.types import EpochSeconds
from training.audit import AuditRow, AuditTrail
from training.gate import GateFinding, judge_challenger
from training.serving_folder import ServingFolder, verify_bundle
from training.tracking import BUNDLE, CHALLENGER, CHAMPION, PREVIOUS, Registry, Version

AUDIT_FILE = "audit.db"


@dataclass(frozen=True, slots=True)
class Moved:
    """
    What a command did to the champion.

    Attributes:
        outcome: As `AuditRow.outcome`; ``synced`` or ``current`` for a sync, which leaves no row.
        champion: The version that is champion now.
        before: The champion before; absent where there was none.
        finding: What the gate said; absent where it was not asked.
        response: How the champion's effects of offers were learnt, for a publish: facts of its evaluation.
    """

    outcome: str
    champion: Version
    before: Version | None
    finding: GateFinding | None = None
    response: Mapping[str, Any] = field(default_factory=dict)


def publish_challenger(
    workspace: Workspace, *, actor: str, now: EpochSeconds, force_reason: str | None = None
) -> Moved:
    """
    Make the challenger champion if the gate holds, and bring it to serving.

    The row of the audit trail is written before anything moves, so no move is without a row.

    Raises:
        GateError: The gate does not hold and no reason to pass it was given. The refusal is on the trail.
        BundleError: The challenger's bundle is broken; no reason passes that.
        RegistryError: There is no challenger, or the registry does not answer.
        InputError: The reason or the actor is blank.
    """
    if not actor.strip():
        raise InputError("the actor is blank; say who publishes, with --actor NAME")
    if force_reason is not None and not force_reason.strip():
        raise InputError("the reason to pass the gate is blank; write why, it goes on record")
    registry, serving = Registry(workspace), ServingFolder(workspace.serving)
    challenger, champion = registry.version(CHALLENGER), registry.version(CHAMPION)
    if challenger is None:
        raise RegistryError(f"{registry.uri} has no challenger; run `recsys train --workspace {workspace.path}` first")
    trail = AuditTrail(workspace.path / AUDIT_FILE)
    row = AuditRow(now, actor, "publish", "moved", _id(champion), challenger.bundle_id, "", {})
    with _fetched(registry, serving, challenger, trail, row) as bundle, _aside(serving) as aside:
        mine = registry.evaluation(challenger, _folder(aside, "challenger"))
        response = mine.get("response", {})
        if champion is not None and champion.number == challenger.number:
            trail.append(replace(row, outcome="unchanged"))
            serving.activate(bundle, challenger.bundle_id)
            return Moved("unchanged", challenger, champion, response=response)
        theirs = registry.evaluation(champion, _folder(aside, "champion")) if champion else None
        finding = judge_challenger(mine, theirs)
        row = replace(row, figures=dict(finding.figures))
        if finding.failures and force_reason is None:
            trail.append(replace(row, outcome="refused", reason="; ".join(finding.failures)))
            raise GateError(
                f"version {challenger.number} (bundle {challenger.bundle_id[:16]}) may not become champion: "
                f"{'; '.join(finding.failures)}. Train a better one, or pass the gate with --force-reason 'WHY'",
                figures=finding.figures,
                failures=finding.failures,
            )
        outcome = "forced" if finding.failures else "moved"
        row = replace(row, outcome=outcome, reason=force_reason or "" if finding.failures else "")
        _move(registry, trail, row, champion=challenger, previous=champion)
        serving.activate(bundle, challenger.bundle_id)
    return Moved(outcome, challenger, champion, finding, response)


def roll_back(workspace: Workspace, *, actor: str, now: EpochSeconds) -> Moved:
    """
    Make the previous champion champion again; the champion becomes the previous one, so that twice is back again.

    Raises:
        RegistryError: There is no champion or no previous one, or the registry does not answer.
        BundleError: The previous bundle is broken.
        InputError: The actor is blank.
    """
    if not actor.strip():
        raise InputError("the actor is blank; say who rolls back, with --actor NAME")
    registry, serving = Registry(workspace), ServingFolder(workspace.serving)
    champion, previous = registry.version(CHAMPION), registry.version(PREVIOUS)
    if champion is None or previous is None:
        raise RegistryError(
            f"{registry.uri} has no {CHAMPION if champion is None else PREVIOUS + ' champion'}: nothing to go back to; "
            "publish at least twice first"
        )
    trail = AuditTrail(workspace.path / AUDIT_FILE)
    row = AuditRow(now, actor, "rollback", "moved", champion.bundle_id, previous.bundle_id, "", {})
    with _fetched(registry, serving, previous, trail, row) as bundle:
        _move(registry, trail, row, champion=previous, previous=champion)
        serving.activate(bundle, previous.bundle_id)
    return Moved("moved", previous, champion)


def sync_champion(workspace: Workspace) -> Moved:
    """
    Bring the champion to the folder of serving; nothing moves in the registry, so nothing is put on the trail.

    Raises:
        RegistryError: There is no champion, or the registry does not answer. What serving has stays as it is.
        BundleError: The champion's bundle arrived broken. What serving has stays as it is.
    """
    registry, serving = Registry(workspace), ServingFolder(workspace.serving)
    champion = registry.version(CHAMPION)
    if champion is None:
        raise RegistryError(f"{registry.uri} has no champion; run `recsys publish --workspace {workspace.path}` first")
    if serving.holds(champion.bundle_id):
        moved = serving.current() != champion.bundle_id[:16]
        serving.point(champion.bundle_id)
        return Moved("synced" if moved else "current", champion, champion)
    with _aside(serving) as aside:
        bundle = registry.fetch(champion, BUNDLE, aside)
        verify_bundle(bundle, champion.bundle_id)
        serving.activate(bundle, champion.bundle_id)
    return Moved("synced", champion, champion)


@contextmanager
def _fetched(
    registry: Registry, serving: ServingFolder, version: Version, trail: AuditTrail, row: AuditRow
) -> Iterator[Path]:
    """The version's bundle, whole and verified, aside; a broken one is put on the trail as failed."""
    with _aside(serving) as aside:
        try:
            bundle = registry.fetch(version, BUNDLE, aside)
            verify_bundle(bundle, version.bundle_id)
        except RecsysError as error:
            trail.append(replace(row, outcome="failed", reason=str(error)))
            raise
        yield bundle


def _move(registry: Registry, trail: AuditTrail, row: AuditRow, *, champion: Version, previous: Version | None) -> None:
    trail.append(row)
    try:
        if previous is not None:
            registry.point(PREVIOUS, previous)
        registry.point(CHAMPION, champion)
    except RegistryError as error:
        trail.append(replace(row, outcome="failed", reason=str(error)))
        raise


@contextmanager
def _aside(serving: ServingFolder) -> Iterator[Path]:
    folder = serving.incoming()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(aside: Path, name: str) -> Path:
    folder = aside / name
    folder.mkdir()
    return folder


def _id(version: Version | None) -> str:
    return version.bundle_id if version else ""
