"""The members of a comparison: all, a sample or a list; and what the store knows of them, block by block."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.policy_diff.intervals import Sample
from recsys.errors import InputError
from recsys.members import NO_FACTS, Subject
from recsys.types import EpochSeconds
from serving.export.audience import Audience, read_audience
from serving.export.worker import known_by
from serving.settings import Settings
from serving.stated_consents import StatedConsents
from serving.store.database import open_database
from serving.store.members import MemberStore

EVERYBODY = "all"
BLOCK = 1_000
"""Members decided in one call: large enough for NumPy, small enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class Whom:
    """
    Who is decided for.

    Attributes:
        encoded: Shape (n,), dtype ``S``: UTF-8 ids, ascending, distinct.
        n_all: All that they stand for.
        source: ``everybody``, or the name of the file that lists them.
        n_unknown: Of whom neither the bundle nor a recorded consent knows.
    """

    encoded: NDArray[np.bytes_]
    n_all: int
    source: str
    n_unknown: int = 0

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def sample(self) -> Sample:
        """For intervals."""
        return Sample(len(self.encoded), self.n_all)

    @property
    def described(self) -> str:
        """In a sentence."""
        of = "" if self.source == "everybody" else f" of {self.source}"
        if self.sample.is_all:
            return f"all members{of} ({len(self):,})"
        return f"{len(self):,} of {self.n_all:,} members{of}, drawn at random"


def choose(asked: str, everybody: Audience, *, seed: int) -> Whom:
    """
    Whom to decide for.

    Args:
        asked: ``all``, a number of members to draw, or the path of a list as `recsys export` takes it.
        everybody: Whom ``all`` and a number are about.
        seed: Of the draw; the same seed draws the same members.

    Raises:
        InputError: It is none of these, or the file cannot be read.
    """
    if asked == EVERYBODY:
        return Whom(everybody.encoded, len(everybody), everybody.source)
    if asked.isdecimal():
        n = int(asked)
        if not n:
            raise InputError("--members is 0; give at least 1, `all`, or a file of member ids")
        if n >= len(everybody):
            return Whom(everybody.encoded, len(everybody), everybody.source)
        drawn = np.sort(np.random.default_rng(seed).choice(len(everybody), n, replace=False))
        return Whom(everybody.encoded[drawn], len(everybody), everybody.source)
    path = Path(asked)
    if not path.is_file():
        raise InputError(f"--members is {asked!r}; give `all`, a whole number, or a file of member ids")
    listed = read_audience(path)
    n_unknown = len(listed) - int(np.isin(listed.encoded, everybody.encoded).sum())
    return Whom(listed.encoded, len(listed), listed.source, n_unknown)


class LiveSubjects:
    """Reads members with what the store knows of them today."""

    def __init__(
        self, store: MemberStore | None, stated: StatedConsents, *, cut_off: EpochSeconds, now: EpochSeconds
    ) -> None:
        self._store = store
        self._stated = stated
        self._cut_off = cut_off
        self._now = now

    def blocks(self, whom: Whom) -> Iterator[list[Subject]]:
        """
        All of them in their order, a block at a time.

        Raises:
            StoreError: The store does not answer: nothing is compared on unknown consents.
        """
        for start in range(0, len(whom), BLOCK):
            member_ids = [one.decode() for one in whom.encoded[start : start + BLOCK].tolist()]
            stored = (
                [NO_FACTS] * len(member_ids)
                if self._store is None
                else self._store.fetch(member_ids, since=self._cut_off)
            )
            known = self._stated.complete(member_ids, [known_by(self._now, facts) for facts in stored])
            yield [Subject(member_id, facts) for member_id, facts in zip(member_ids, known, strict=True)]


@contextmanager
def open_store(settings: Settings, store_url: str | None) -> Iterator[MemberStore | None]:
    """
    The store of a workspace; nothing where nothing was ever served from it.

    Raises:
        StoreError: It cannot be used.
    """
    database = open_database(store_url or settings.database_url)
    try:
        if database.is_sqlite and not database.file.exists():
            yield None
        else:
            database.migrate()
            yield MemberStore(database)
    finally:
        database.close()
