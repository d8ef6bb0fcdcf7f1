"""What every question about members reads first: the workspace, its programme, and the facts up to an instant."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset, LeftOut
from features.members import recorded_tiers as as_recorded
from features.programme import read_programme
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.loyalty.default import default_programme_text
from recsys.loyalty.programme import Programme, parse_programme
from recsys.report import Progress
from recsys.types import UNKNOWN_ROW, EpochSeconds

_TIMEZONE = "UTC"
_LATEST = 253_402_214_400
"""The last day that a date can name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Whose members are asked about, and as of when.

    Attributes:
        workspace: Whose.
        dataset: Their facts before the instant, of members who agreed and did not withdraw since.
    """

    workspace: Workspace
    dataset: Dataset

    @property
    def as_of(self) -> EpochSeconds:
        """The first instant that is not in the facts."""
        return self.dataset.cut_off

    @property
    def timezone(self) -> str:
        """Of local days; UTC where there is no programme."""
        return "UTC" if self.dataset.programme is None else self.dataset.programme.timezone

    def moment(self, at: EpochSeconds) -> str:
        """An instant in the programme's time zone, for people."""
        return moment(at, self.timezone)

    def programme_facts(self) -> dict[str, object] | None:
        """Which rules hold, JSON-able; None where nobody has written them down."""
        programme = self.dataset.programme
        if programme is None:
            return None
        span = programme.span_at(self.as_of)
        return {
            "path": str(self.workspace.programme_path),
            "name": programme.name,
            "programme_id": programme.programme_id,
            "is_template": self.is_template(),
            "ladder_from": None if span is None else span.ladder.from_date.isoformat(),
        }

    def programme_note(self) -> str:
        """Which programme file holds, or how to write one."""
        path, programme = self.workspace.programme_path, self.dataset.programme
        if programme is None:
            return (
                f"There is no programme: {path} does not exist, so tiers are those that the retailer recorded and "
                f"points have no rules. `recsys profile --workspace {self.workspace.path} --write-programme` writes a "
                "template to be edited."
            )
        span = programme.span_at(self.as_of)
        ladder = "no ladder has begun yet" if span is None else f"its ladder from {span.ladder.from_date} is in force"
        made_up = " It is the template as it was written: its rules are made up." if self.is_template() else ""
        return f"Programme: {path} ({programme.name}); {ladder}; days are those of {programme.timezone}.{made_up}"

    def is_template(self) -> bool:
        """Whether nobody has written the real rules into the programme yet."""
        programme = self.dataset.programme
        if programme is None:
            return False
        with suppress(InputError):  # for such tiers or such a currency there is no template
            return programme.programme_id == parse_programme(template_of(self.workspace)).programme_id
        return False


def ask(workspace: Path, *, as_of: EpochSeconds | None, left_out: LeftOut | None, progress: Progress) -> Asked:
    """
    Read what is known of the members of a workspace.

    Args:
        workspace: Its folder.
        as_of: Facts before it are read; absent means all there are.
        left_out: As `features.dataset.Dataset.read` takes it.
        progress: Told of the step.

    Raises:
        InputError: There is no workspace, the instant is later than its facts reach, or its programme is broken.
    """
    opened = Workspace.open(workspace)
    instant = opened.now if as_of is None else as_of
    if instant > opened.now:
        raise InputError(
            f"--as-of {_as_typed(instant)} ({instant}) is later than the facts of {workspace} reach; choose an "
            f"instant up to {_as_typed(opened.now)} ({opened.now}), or ingest newer facts"
        )
    read_programme(opened)  # now, because the facts take longer
    progress.step("read the facts of members")
    return Asked(opened, Dataset.read(opened, instant, left_out=left_out))


def template_of(workspace: Workspace) -> str:
    """
    The commented programme to begin with, for the workspace's tiers and currency; its days are those without one.

    Raises:
        InputError: There are too many tiers, or the currency is unknown.
    """
    return default_programme_text(workspace.tiers, workspace.currency, _TIMEZONE)


def recorded_tiers(dataset: Dataset) -> NDArray[np.int8]:
    """
    Shape (n_members,): position in the workspace's tiers as the retailer recorded them.

    Where nothing is recorded of a member it is the lowest tier without a programme, if of anybody anything is; else
    UNKNOWN_ROW, so that rules are compared with records only.

    Raises:
        InputError: A tier is recorded that the workspace does not have.
    """
    known = as_recorded(dataset)
    lowest = dataset.programme is None and bool((known >= 0).any())
    return np.maximum(known, 0) if lowest else known


def tier_codes_at(tiers: NDArray[np.int8], programme: Programme, names: tuple[str, ...]) -> NDArray[np.int8]:
    """Rows of a programme's tiers as positions in the workspace's *names*; UNKNOWN_ROW stays."""
    code_of = np.array([*(names.index(name) for name in programme.tiers), UNKNOWN_ROW], dtype=np.int8)
    return np.asarray(code_of[tiers], dtype=np.int8)


def moment(at: EpochSeconds, timezone: str) -> str:
    """
    An instant as people of a time zone write it.

    >>> moment(1_700_000_000, "UTC"), moment(1_700_000_000, "Asia/Taipei")
    ('2023-11-14 22:13', '2023-11-15 06:13')
    """
    if at > _LATEST:
        return "after the year 9999"
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(timezone))
    return f"{local:%Y-%m-%d %H:%M}"


def _as_typed(at: EpochSeconds) -> str:
    """An instant as it can be given: an ISO date where it is a midnight of UTC, else with its time."""
    if at > _LATEST:
        return moment(at, "UTC")
    return datetime.fromtimestamp(at, UTC).isoformat().removesuffix("T00:00:00+00:00")


def check_target(path: Path | None, example: str) -> None:
    """
    Before the work rather than after it: whether a file can be written there.

    Raises:
        InputError: It is a folder, or its folder cannot be made or written.
    """
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file, for example {path / example}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise InputError(f"{path.parent} cannot be written ({error.strerror}); choose another folder") from error


def check_columns_target(path: Path | None) -> None:
    """
    As `check_target`, of a Parquet file in a folder that is there.

    Raises:
        InputError: It is a folder or is not named as a Parquet file, or its folder is not there or cannot be written.
    """
    if path is None:
        return
    if not path.is_dir() and path.suffix != ".parquet":
        raise InputError(
            f"{path} ends in {path.suffix or 'no suffix'}, and columns are written as Parquet only; name a file that "
            f"ends in .parquet, for example {path.with_suffix('.parquet')}"
        )
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder, so {path.name} cannot be written there; make it first")
    check_target(path, "members.parquet")


def aside(path: Path) -> Path:
    """Where a file is written before it is renamed to *path*."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
