"""Whether the registry is there, and whether what is served is what was last published."""

import os
from collections.abc import Iterator

from features.workspace import Workspace
from training.audit import AuditTrail
from training.checks.finding import Finding, State, counted
from training.serving_folder import ServingFolder

TRACKING_URI = "MLFLOW_TRACKING_URI"

AUDIT_FILE = "audit.db"
"""As `training.publish` calls it; that file imports MLflow, which takes seconds that a look need not."""

_MOVED = ("moved", "forced")


def check_registry(workspace: Workspace) -> Iterator[Finding]:
    """The tracking database, or the server in its place; it is not asked, so that this works when it is down."""
    server = os.environ.get(TRACKING_URI, "")
    there = bool(server) or workspace.tracking_db.is_file()
    yield Finding(
        "model registry",
        State.OK if there else State.MISSING,
        f"a server by {TRACKING_URI}, not asked" if server else "mlflow.db" if there else "none",
        "MLflow on SQLite, or a server",
        "runs, figures and versions are kept there; serving does without it",
        "" if there else "run `recsys train`; with the extra `train` installed it makes the registry",
    )


def check_audit(workspace: Workspace) -> Iterator[Finding]:
    """The chain of publishes, unbroken, and whether its last move is what serving points to."""
    path = workspace.path / AUDIT_FILE
    rows = AuditTrail(path).read() if path.is_file() else []
    moves = [row for row in rows if row.outcome in _MOVED]
    yield Finding(
        "audit trail",
        State.OK if moves else State.THIN if rows else State.MISSING,
        f"{counted(len(rows), 'rows')}, {counted(len(moves), 'moves')}, unbroken" if rows else "no row",
        "1 move",
        "who made which model champion, when, and on what figures",
        "" if moves else "run `recsys publish`; rows without a move are refusals, with their reasons",
    )
    served = ServingFolder(workspace.serving).current()
    if not moves or not served:
        return
    same = moves[-1].to_bundle[:16] == served
    yield Finding(
        "served is champion",
        State.OK if same else State.THIN,
        f"{served} is served",
        f"{moves[-1].to_bundle[:16]}, the last that was published",
        "a bundle that nobody published answers under nobody's name",
        "" if same else "run `recsys sync`",
    )
