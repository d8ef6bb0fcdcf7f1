"""The command `recsys doctor`: says for each part whether a workspace has enough for it, and why not."""

from pathlib import Path

from features.workspace import Workspace
from recsys.errors import InputError
from recsys.report import Report, Table
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.checks.definitions import check_definitions
from training.checks.deployed import check_bundles, check_serving, check_store
from training.checks.finding import Finding, State, guarded
from training.checks.history import check_cold_start, check_consent, check_quarantine, check_recommenders
from training.checks.offers import check_offers, check_uplift
from training.checks.programme import check_programme
from training.checks.registry import check_audit, check_registry
from training.config import TrainConfig

HISTORIC_AFTER_DAYS = 60
"""Facts older than this at their ingest are taken for historic; the service's clock then runs behind by as much."""


_NEXT = ("train", "publish", "serve")
_WHY = "why it matters"


def doctor(workspace: Path, *, now: EpochSeconds) -> Report:
    """
    Look at every part of a workspace, whole or half-filled or damaged.

    Args:
        workspace: The folder.
        now: For what is valid at an instant; for historic facts it is set back as the service's clock is.

    Returns:
        One row a part: how it stands, the number found and needed, why it matters, what to do. Nothing raises for
        what is missing or broken in the workspace; that is what the rows say.
    """
    try:
        opened = Workspace.open(workspace)
    except (InputError, OSError, UnicodeDecodeError) as error:
        state = State.BROKEN if (workspace / "workspace.json").exists() else State.MISSING
        finding = Finding(
            "workspace",
            state,
            "unreadable" if state is State.BROKEN else "none",
            "1 workspace",
            "everything is kept in it",
            str(error),
        )
        return _report(workspace, [finding])
    at = _as_the_service(opened, now)
    config = TrainConfig()
    findings = [
        *guarded("members", lambda: check_consent(opened)),
        *guarded("recommenders", lambda: check_recommenders(opened, config)),
        *guarded("cold-start features", lambda: check_cold_start(opened)),
        *guarded("programme", lambda: check_programme(opened, config.profile)),
        *guarded("offers", lambda: check_offers(opened, at)),
        *guarded("offer definitions", lambda: check_definitions(opened)),
        *guarded("uplift measurement", lambda: check_uplift(opened)),
        *guarded("quarantine", lambda: check_quarantine(opened)),
        *guarded("trained bundles", lambda: check_bundles(opened)),
        *guarded("published bundle and policy", lambda: check_serving(opened)),
        *guarded("model registry", lambda: check_registry(opened)),
        *guarded("audit trail", lambda: check_audit(opened)),
        *guarded("store", lambda: check_store(opened)),
    ]
    return _report(workspace, findings)


def _as_the_service(workspace: Workspace, now: EpochSeconds) -> EpochSeconds:
    """An instant of today as the service's clock shows it; an instant before the ingest was meant as it is."""
    lag = workspace.ingested_at - workspace.now
    historic = lag > HISTORIC_AFTER_DAYS * SECONDS_PER_DAY
    return now - lag if historic and now >= workspace.ingested_at else now


def _turn(finding: Finding) -> int:
    """What the data lack comes first; then what the next commands bring by themselves, in their order."""
    return next((at for at, name in enumerate(_NEXT, 1) if finding.to_do.startswith(f"run `recsys {name}`")), 0)


def _report(workspace: Path, findings: list[Finding]) -> Report:
    counts = {state.value: sum(finding.state is state for finding in findings) for state in State}
    rows = tuple((one.part, one.state.value, one.found, one.needed, one.why) for one in findings)
    to_do = [f"{one.part} is {one.state.value}: {one.to_do}" for one in sorted(findings, key=_turn) if one.to_do]
    summary = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return Report(
        facts={
            "workspace": str(workspace),
            "states": counts,
            "parts": {
                one.part: {
                    "state": one.state.value, "found": one.found, "needed": one.needed, "why": one.why,
                    "to_do": one.to_do,
                }
                for one in findings
            },
        },
        tables=(Table(f"Workspace {workspace}", ("part", "state", "found", "needed", _WHY), rows, spare=(_WHY,)),),
        notes=(f"{summary}.", *to_do),
    )  # fmt: skip
