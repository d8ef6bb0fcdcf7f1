"""Takes down the messages of a finished export as contacts, each once, so that contact caps count them."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from recsys.errors import InputError
from recsys.types import Channel, ItemKind
from serving.export.files import is_single_file, sha256
from serving.export.parquet_file import read_text_rows
from serving.export.plan import ExportPlan, FileFormat
from serving.export.run import Manifest
from serving.export.table import Status
from serving.store.members import MemberStore

_COLUMNS = ("member_id", "status", "position", "decision_id", "kind", "id")
_FIRST = "1"


def record_contacts(out: Path, manifest: Manifest, store: MemberStore, *, channel: Channel) -> int:
    """
    Record one contact a member who gets a message; doing it again changes nothing.

    Call it when the messages are handed to what sends them: the contact counts from the export's own instant.

    Returns:
        How many messages.

    Raises:
        InputError: A file was altered since the export.
        StoreError: The store does not answer; do it again.
    """
    plan = ExportPlan.model_validate(manifest["plan"])
    folder = out.parent if is_single_file(out, plan.file_format) else out
    n_messages = 0
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or sha256(path) != digest:
            raise InputError(f"{path} is not as it was exported; export again before contacts are recorded")
        messages = list(_messages(path, plan.file_format))
        store.record_contacts(messages, channel=channel, now=plan.now)
        n_messages += len({message for _, message, _ in messages})
    return n_messages


def _messages(path: Path, file_format: FileFormat) -> Iterator[tuple[str, str, str | None]]:
    readers: dict[FileFormat, Callable[[Path, tuple[str, ...]], Iterator[tuple[str, ...]]]] = {
        FileFormat.CSV: _read_csv_rows,
        FileFormat.PARQUET: read_text_rows,
    }
    for member_id, status, position, decision_id, kind, item in readers[file_format](path, _COLUMNS):
        if status == Status.SENT and (kind == ItemKind.OFFER or position == _FIRST):
            yield member_id, decision_id, item if kind == ItemKind.OFFER else None


def _read_csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield tuple(row[name] for name in columns)
