"""What an operator may set, from the environment and the command line, in one frozen model."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from recsys.errors import InputError

_PREFIX = "RECSYS_"


class ClockChoice(StrEnum):
    """Which instant the service takes for now; see `serving.clock`."""

    AUTO = "auto"
    WALL = "wall"
    WORKSPACE = "workspace"


class Settings(BaseSettings):
    """
    The settings of one serving process; each may come from ``RECSYS_<NAME>`` in the environment.

    Attributes:
        workspace: The retailer's workspace directory.
        store_url: SQLAlchemy URL of the store; empty means SQLite in the workspace.
        store_deadline_ms: How long a decision waits for a networked store before it is answered without.
        clock: Which instant is now: ``wall``, ``workspace`` (for historic data), or ``auto``.
        seed: Of exploration; part of what makes a decision reproducible.
        poll_s: Seconds between two looks at the bundle pointer, the policy file and the keys.
        max_body_bytes: Larger request bodies are refused with 413.
        body_timeout_s: A request whose body takes longer to arrive is refused with 408.
        max_in_flight: More requests at once are shed with 503.
        requests_per_s: Sustained requests a key may make; more are refused with 429.
        burst: Requests a key may make at once after a pause.
        log_queue: Decisions that may wait for the log; beyond that they are lost, counted and said so in the answer.
        log_batch: Most decisions written in one transaction.
        log_flush_s: Longest time a decision waits before it is written: what a hard kill loses.
        retention_days: Decisions and events older than this are deleted.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    workspace: Path
    store_url: str = ""
    store_deadline_ms: int = Field(default=30, ge=1, le=10_000)
    clock: ClockChoice = ClockChoice.AUTO
    seed: int = Field(default=0, ge=0)
    poll_s: float = Field(default=1.0, gt=0)
    max_body_bytes: int = Field(default=2 << 20, ge=1_024)
    body_timeout_s: float = Field(default=10.0, gt=0)
    max_in_flight: int = Field(default=128, ge=1)
    requests_per_s: float = Field(default=5_000.0, gt=0)
    burst: int = Field(default=10_000, ge=1)
    log_queue: int = Field(default=20_000, ge=1)
    log_batch: int = Field(default=500, ge=1)
    log_flush_s: float = Field(default=0.2, gt=0)
    retention_days: int = Field(default=90, ge=1)

    @property
    def serving_folder(self) -> Path:
        """Where `recsys sync` leaves bundles and the pointer to the current one."""
        return self.workspace / "serving"

    @property
    def policy_path(self) -> Path:
        """The draft of the policy; in force itself only where no version beside it, in ``policies/``, ever was."""
        return self.workspace / "policy.yaml"

    @property
    def consents_folder(self) -> Path:
        """Where `recsys ingest` leaves the consents of members without personalisation."""
        return self.workspace / "consents"

    @property
    def database_url(self) -> str:
        """The store's URL, with the default filled in."""
        return self.store_url or f"sqlite:///{self.workspace / 'store.db'}"


def read_settings(workspace: Path, *, store_url: str | None = None, clock: ClockChoice | None = None) -> Settings:
    """
    Settings from the environment, with what the command line says in their place.

    Raises:
        InputError: The workspace is no folder, or the environment holds a value that is not allowed.
    """
    if not workspace.is_dir():
        raise InputError(f"{workspace} is no folder; give a workspace that `recsys ingest` made")
    stated: dict[str, Any] = {"store_url": store_url, "clock": clock}
    try:
        return Settings(workspace=workspace, **{name: value for name, value in stated.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{_PREFIX}{'_'.join(str(part) for part in first['loc']).upper()}"
        raise InputError(f"{name} is {first['input']!r}: {first['msg']}; set another value or none") from error
