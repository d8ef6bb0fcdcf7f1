"""Runs, versions and aliases in MLflow; the only file that imports it, and all others work where it is absent."""

# ruff: noqa: E402 - MLflow reads these settings while it is imported.
import json
import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}.items():
    os.environ.setdefault(_name, _value)

try:
    import mlflow
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True
    # Creating the database tells of every migration; what matters is raised.
    for _logger in ("mlflow", "alembic"):
        logging.getLogger(_logger).setLevel(logging.ERROR)

from features.workspace import Workspace
from recsys.errors import RegistryError

MODEL = "recsys"
EXPERIMENT = "recsys"
BUNDLE = "bundle"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
EVALUATION = "evaluation.json"
_MAX_PARAM = 500


@dataclass(frozen=True, slots=True)
class Version:
    """One registered version of the model: its number, the run that made it, and the bundle that it is."""

    number: str
    run_id: str
    bundle_id: str


class Registry:
    """
    The tracking server of one workspace.

    SQLite in the workspace and artifacts beside it, unless MLFLOW_TRACKING_URI names a server.
    """

    def __init__(self, workspace: Workspace) -> None:
        if not AVAILABLE:
            raise RegistryError(
                "the model registry needs MLflow, which is not installed; "
                "install it with `pip install 'recsys-nbo[train]'` and run the command again"
            )
        self.uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{workspace.tracking_db.resolve()}"
        self._artifacts = None if os.environ.get("MLFLOW_TRACKING_URI") else workspace.artifacts.resolve().as_uri()
        if self._artifacts and not workspace.tracking_db.exists() and not os.access(workspace.path, os.W_OK):
            # MLflow itself tries again for half an hour.
            raise RegistryError(f"{workspace.tracking_db} cannot be made; make the folder {workspace.path} writable")
        with _told(self.uri):
            self._client = mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def start_run(self, name: str, tags: Mapping[str, str], *, parent: str = "") -> str:
        """Begin a run, shown under its parent's where there is one, and give its id."""
        with _told(self.uri):
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            if experiment is None:
                experiment_id = self._client.create_experiment(EXPERIMENT, artifact_location=self._artifacts)
            else:
                experiment_id = experiment.experiment_id
            named = dict(tags) | ({MLFLOW_PARENT_RUN_ID: parent} if parent else {})
            return str(self._client.create_run(experiment_id, tags=named, run_name=name).info.run_id)

    def log(self, run_id: str, *, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """
        Write parameters and finite metrics in few requests; what is not finite has no place in a comparison.

        Names keep to letters, digits, ``_``, ``-``, ``.``, ``/`` and spaces, so ``ndcg_at_10`` and not ``ndcg@10``.
        """
        now_ms = time.time_ns() // 1_000_000
        measured = [Metric(name, value, now_ms, 0) for name, value in metrics.items() if isfinite(value)]
        given = [Param(name, str(value)[:_MAX_PARAM]) for name, value in params.items()]
        with _told(self.uri):
            for start in range(0, max(len(measured), len(given)), 100):
                some = slice(start, start + 100)
                self._client.log_batch(run_id, metrics=measured[some], params=given[some])

    def log_history(self, run_id: str, name: str, values: Sequence[float]) -> None:
        """Write one metric step by step, which MLflow draws as a line; what is not finite leaves a gap."""
        now_ms = time.time_ns() // 1_000_000
        measured = [Metric(name, value, now_ms, step) for step, value in enumerate(values) if isfinite(value)]
        with _told(self.uri):
            for start in range(0, len(measured), 1_000):
                self._client.log_batch(run_id, metrics=measured[start : start + 1_000])

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a run."""
        with _told(self.uri):
            self._client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])

    def log_files(self, run_id: str, folder: Path, under: str | None = None) -> None:
        """Copy a folder's files to the run's artifacts."""
        with _told(self.uri):
            self._client.log_artifacts(run_id, str(folder), under)

    def end_run(self, run_id: str, *, failed: bool = False) -> None:
        """Say that a run is over."""
        with _told(self.uri):
            self._client.set_terminated(run_id, "FAILED" if failed else "FINISHED")

    def register(self, run_id: str, bundle_id: str) -> Version:
        """Make the run's bundle a version of the model, and the challenger."""
        with _told(self.uri):
            if not self._client.search_registered_models(f"name = '{MODEL}'"):
                self._client.create_registered_model(MODEL)
            made = self._client.create_model_version(
                MODEL, f"runs:/{run_id}/{BUNDLE}", run_id=run_id, tags={"bundle_id": bundle_id}
            )
            self._client.set_registered_model_alias(MODEL, CHALLENGER, made.version)
        return Version(str(made.version), run_id, bundle_id)

    def version(self, alias: str) -> Version | None:
        """
        The version that an alias points to; absent where nothing does.

        MLflow says INVALID_PARAMETER_VALUE for a missing alias and RESOURCE_DOES_NOT_EXIST for a missing model; only
        `get_model_version_by_alias` tells aliases truly, a search gives none.
        """
        with _told(self.uri):
            try:
                found = self._client.get_model_version_by_alias(MODEL, alias)
            except MlflowException as error:
                if error.error_code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"):
                    return None
                raise
        return Version(str(found.version), str(found.run_id), str(found.tags.get("bundle_id", "")))

    def point(self, alias: str, version: Version) -> None:
        """Move an alias."""
        with _told(self.uri):
            self._client.set_registered_model_alias(MODEL, alias, version.number)

    def fetch(self, version: Version, path: str, into: Path) -> Path:
        """Copy an artifact of the version's run into an existing folder; always there, never to a temporary one."""
        with _told(self.uri):
            return Path(self._client.download_artifacts(version.run_id, path, str(into)))

    def evaluation(self, version: Version, into: Path) -> dict[str, Any]:
        """What was judged of a version, copied through a folder."""
        file = self.fetch(version, EVALUATION, into)
        try:
            facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RegistryError(
                f"{EVALUATION} of version {version.number} cannot be read: {error}; train again"
            ) from error
        return facts


def git_commit() -> str:
    """
    The commit of this code, ending in ``-dirty`` where a file differs from it.

    Empty where this file is not under git's control: installed into the checkout of another project it must not take
    that project's commit for its own.
    """
    file = Path(__file__)
    return (
        ""
        if not _git(file, "ls-files", "--error-unmatch", file.name)
        else _git(file, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    )


def _git(file: Path, *arguments: str) -> str:
    """What git says in the folder of a file; empty where it does not know or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(file.parent), *arguments], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """Turn whatever MLflow raises into one error that says what to do."""
    try:
        yield
    except RegistryError:
        raise
    except Exception as error:  # MLflow raises its own, SQLAlchemy's, requests' and the system's
        where = uri.split("@")[-1]
        raise RegistryError(
            f"the model registry at {where} does not answer or refuses: {str(error).splitlines()[0][:300]}; "
            "check MLFLOW_TRACKING_URI and that the server runs, then try again"
        ) from error
