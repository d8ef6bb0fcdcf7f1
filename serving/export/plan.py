"""What an export is made from, so that a continued one is known to be the same export."""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys.errors import InputError
from recsys.types import EpochSeconds

LAYOUT = 2
"""Version of columns and files; a stopped export of another layout is not continued."""


class FileFormat(StrEnum):
    """What the parts of an export are."""

    CSV = "csv"
    PARQUET = "parquet"


class ExportPlan(BaseModel):
    """
    Every input that decides the bytes of an export.

    The number of workers is not among them: any number gives the same bytes.

    Attributes:
        layout: Version of columns and files.
        bundle_id, policy_id: What decides.
        placement: Name in the policy.
        now: Epoch seconds: the instant the decisions are for.
        seed: Of exploration.
        n: Positions a member; absent means the placement's capacity.
        limit: Messages in all; absent means no limit.
        language: Of the texts: ``en`` or ``zh``.
        file_format: Of the parts.
        chunk: Members a part.
        n_members: Distinct members of the audience.
        audience_digest: SHA-256 over the sorted, distinct ids, one a line.
        consents_digest: SHA-256 over what ingest says that they agreed to; see `serving.export.standing`.
        shadow_prices_digest: Of the shadow prices that decisions pay; empty where they pay none.
        version: Of this program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    layout: int = LAYOUT
    bundle_id: str
    policy_id: str
    placement: str
    now: int
    seed: int
    n: int | None = Field(default=None, ge=1)
    limit: int | None = Field(default=None, ge=0)
    language: str = "en"
    file_format: FileFormat
    chunk: int = Field(ge=1)
    n_members: int = Field(ge=0)
    audience_digest: str
    consents_digest: str
    shadow_prices_digest: str = ""
    version: str

    def fingerprint(self) -> str:
        """SHA-256 over all inputs, as hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def chunks(self) -> list[tuple[int, int]]:
        """The first member and the one after the last, of every part."""
        return [(start, min(start + self.chunk, self.n_members)) for start in range(0, self.n_members, self.chunk)]


class PartMark(BaseModel):
    """
    Written after a part: the proof that it is complete, and what the manifest says of it.

    Attributes:
        fingerprint: Of the plan it was made from.
        name: File name of the part.
        n_members: Members decided in it.
        n_rows: Rows, without a header.
        counts: Members by status, and for ``nothing`` by reason (``nothing.contact_cap``).
        saved: Sums over its members of what their choices among offers saved; see `serving.export.columns.saved`.
        consents: Digest of what its members had said when it was made; see `serving.export.consents`.
        contacts: Digest of what had reached them; see there.
        sha256: Of the part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    fingerprint: str
    name: str
    n_members: int
    n_rows: int
    counts: dict[str, int]
    saved: dict[str, int]
    consents: str
    contacts: str = ""
    sha256: str


def differences(stopped: ExportPlan, wanted: ExportPlan) -> list[str]:
    """One phrase an input that differs, ready for an error message."""
    before, after = stopped.model_dump(mode="json"), wanted.model_dump(mode="json")
    changed = [name for name in before if before[name] != after[name]]
    before["now"], after["now"] = iso(stopped.now), iso(wanted.now)
    return [f"{name} was {before[name]!r} and is now {after[name]!r}" for name in changed]


def iso(instant: EpochSeconds) -> str:
    """An instant as `--now` takes it and people read it."""
    return datetime.fromtimestamp(instant, UTC).isoformat()


def read_plan(path: Path) -> ExportPlan:
    """
    Read the plan of a stopped export.

    Raises:
        InputError: The file is not such a plan.
    """
    try:
        return ExportPlan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(
            f"{path} is not the plan of an export of this version; delete the folder {path.parent} to start over"
        ) from error


def as_json(value: BaseModel | dict[str, Any]) -> str:
    """The same value as the same text: sorted keys, one a line, a line end at the end."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
