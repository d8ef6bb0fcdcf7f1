"""The append-only record of who did what with a policy: one chained entry a line, locked while written only."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recsys.errors import InputError, StoreError
from recsys.hash_chain import NO_HASH, chained
from recsys.policy.lifecycle.versions import Entry, fold

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # said when somebody writes; reading needs no lock

_JOURNAL = "journal.jsonl"
_HEAD = "journal.head"
_TORN = "journal.torn"
_LOCK = ".lock"
_REPAIR = "restore the folder from a backup and find out who did"


@dataclass(frozen=True, slots=True)
class Record:
    """
    All entries, verified.

    Attributes:
        entries: Oldest first.
        hashes: One an entry; the last stands for all before it.
        torn: Bytes after the last line end: of a write that a crash cut off. Nobody was told that it was done, so it
            is no entry; the next write puts it aside into ``journal.torn``.
        size: Bytes of the whole lines.
    """

    entries: tuple[Entry, ...] = ()
    hashes: tuple[str, ...] = ()
    torn: bytes = b""
    size: int = 0

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return self.hashes[-1] if self.hashes else NO_HASH


@dataclass(frozen=True, slots=True)
class Journal:
    """
    The record in a folder: the lines, and beside them how many there are with the last hash.

    So an altered, moved or removed line is found, those at the end too. Who writes both files anew from the beginning
    is not: keep the hash that `recsys policy log` shows somewhere else.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The lines."""
        return self.folder / _JOURNAL

    @property
    def watched(self) -> tuple[Path, ...]:
        """The files that change when something is written; once `begun`, both are there."""
        return self.path, self.folder / _HEAD

    def read(self) -> Record:
        """
        All entries. Needs no lock: a line counts once its end is there.

        Raises:
            StoreError: A line was altered or removed, or a file cannot be read.
        """
        # Whoever appends writes the line first and the head after it: the head read before cannot be ahead of the
        # lines, the one read after cannot be more than the line of a crash behind.
        before = self._read_head() or (0, NO_HASH)
        record = self._read_lines()
        after = self._read_head()
        if after is None:
            if record.entries:
                raise StoreError(f"{self.folder / _HEAD} is gone, and {self.path.name} has entries; {_REPAIR}")
            return record
        for n_entries, digest in (before, after):
            if 0 < n_entries <= len(record.entries) and record.hashes[n_entries - 1] != digest:
                raise StoreError(f"{self.path} was altered at or before line {n_entries}; {_REPAIR}")
        if before[0] > len(record.entries):
            raise StoreError(
                f"{self.path} ends with line {len(record.entries)}, but {before[0]} were written: "
                f"line {len(record.entries) + 1} was removed; {_REPAIR}"
            )
        if after[0] < len(record.entries) - 1:
            raise StoreError(
                f"{self.folder / _HEAD} counts {after[0]} entries, {self.path.name} has {len(record.entries)}: it was "
                f"altered or removed; {_REPAIR}"
            )
        return record

    def append(self, decide: Callable[[Sequence[Entry]], Entry]) -> Entry:
        """
        Add what *decide* makes of all entries so far; nobody else adds meanwhile. Durable when it returns.

        Raises:
            StoreError: The record is broken, cannot be written, or cannot be locked here.
            Exception: Whatever *decide* raises; then nothing is written.
        """
        with self._locked():
            record = self.read()
            entry = decide(record.entries)
            try:
                content = _canonical(entry.model_dump(mode="json"))
                digest = chained(record.head, content)
                line = f"{_line(content, digest)}\n".encode()
            except UnicodeEncodeError as error:
                raise InputError(f"{error.object!r} is not UTF-8 text; write it with plain characters") from None
            with self._telling():
                self._write_head(len(record.entries), record.head)
                if record.torn:
                    _append_bytes(self.folder / _TORN, record.torn + b"\n", size=None)
                _append_bytes(self.path, line, size=record.size)
            # From here on the entry counts: who reads has seen it. The next move writes a head that is one behind.
            with contextlib.suppress(OSError):
                self._write_head(len(record.entries) + 1, digest)
            return entry

    @contextmanager
    def begun(self) -> Iterator[None]:
        """
        Alone, as for `append`, with the files of an empty record where there was none: their loss is seen later.

        Raises:
            StoreError: The record is broken, cannot be written, or cannot be locked here.
        """
        with self._locked():
            if not self.read().entries:
                with self._telling():
                    self._write_head(0, NO_HASH)
                    self.path.touch()
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}); make the folder writable, and make room"
            ) from error

    def _read_lines(self) -> Record:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Record()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror}); make it readable") from error
        *lines, torn = content.split(b"\n")
        entries, hashes, previous = [], [], NO_HASH
        for number, line in enumerate(lines, start=1):
            entry, digest = self._read_line(line, number, previous)
            entries.append(entry)
            hashes.append(digest)
            previous = digest
        try:
            fold(entries)
        except InputError as error:
            raise StoreError(f"{self.path}: {error}") from None
        return Record(tuple(entries), tuple(hashes), torn, len(content) - len(torn))

    def _read_line(self, line: bytes, number: int, previous: str) -> tuple[Entry, str]:
        altered = StoreError(f"{self.path} was altered at line {number}; {_REPAIR}")
        try:
            parsed: Any = json.loads(line)
            content, digest = _canonical(parsed["entry"]), parsed["hash"]
            written = _line(content, digest).encode()
        except (ValueError, KeyError, TypeError, RecursionError):
            raise altered from None
        # The same text, not only the same meaning: every single byte counts.
        if written != line or chained(previous, content) != digest:
            raise altered
        try:
            return Entry.model_validate(parsed["entry"]), digest
        except ValidationError:
            raise StoreError(
                f"{self.path}, line {number}, is whole but not as this version writes it; use the version of recsys "
                "that wrote it, or a newer one"
            ) from None

    def _read_head(self) -> tuple[int, str] | None:
        path = self.folder / _HEAD
        try:
            count, digest = path.read_text(encoding="ascii").split()
            return int(count), digest
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror}); make it readable") from error
        except ValueError:
            raise StoreError(f"{path} was altered; {_REPAIR}") from None

    def _write_head(self, n_entries: int, digest: str) -> None:
        write_aside(self.folder / _HEAD, f"{n_entries} {digest}\n".encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if fcntl is None:
            raise StoreError(
                f"{self.folder} cannot be locked on this platform (it has no fcntl); "
                "run policy commands on Linux or macOS"
            )
        with contextlib.ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((self.folder / _LOCK).open("ab"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError as error:
                raise StoreError(
                    f"{self.folder} cannot be locked ({error.strerror}); make the folder writable"
                ) from error
            yield


def write_aside(path: Path, content: bytes) -> None:
    """Replace a file as a whole: written beside it, made durable, renamed. Raises OSError."""
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(path.parent)


def _append_bytes(path: Path, content: bytes, *, size: int | None) -> None:
    """Append durably; after the first *size* bytes, where given. What cannot be written whole is taken back."""
    with path.open("ab") as file:
        start = file.seek(0, os.SEEK_END) if size is None else size
        file.truncate(start)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), start)
            raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _line(content: str, digest: str) -> str:
    return f'{{"entry":{content},"hash":{json.dumps(digest)}}}'
