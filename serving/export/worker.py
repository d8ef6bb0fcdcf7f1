"""What one spawned worker does: open bundle, policy and store once, then decide chunk after chunk."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import Bundle
from recsys.decision import Context
from recsys.decisions import Decisions
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import Policy
from recsys.types import EpochSeconds
from serving.export.columns import export_columns, message_values
from serving.export.consents import consents_digest, contacts_digest
from serving.export.files import PartialExport
from serving.export.plan import PartMark
from serving.export.table import COLUMNS, Cell
from serving.stated_consents import with_stated
from serving.store.database import open_database
from serving.store.members import MemberStore

AUDIENCE = "audience"
"""Intermediate array: the members, shape (n_members,), bytes."""

STATED = "stated"
"""Intermediate array: what ingest says that they agreed to, shape (n_members,), uint8; see `Standing.stated`."""

WITHIN_LIMIT = "within_limit"
"""Intermediate array, where there is a limit: who is within it, shape (n_members,), bool."""

_BLOCK = 1_000
"""Members decided in one call: large enough for NumPy, small enough for the processor's cache."""


class Step(StrEnum):
    """What is wanted of a chunk."""

    VALUE = "value"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """One chunk of the audience, [start, stop), and what is wanted of it."""

    step: Step
    index: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """
    What every worker of an export opens.

    Attributes:
        bundle: Verified by the parent.
        policy: As the parent read it, so that an edit of the file meanwhile has no effect.
        store_url: Of the store, with password.
        shadow_price: Shape (n_offers,): as of an `Engine`.
        export: Where the parts grow.
    """

    bundle: Path
    policy: Policy
    store_url: str
    shadow_price: NDArray[np.float64]
    export: PartialExport


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """A chunk that is complete; the mark is there where a part was written."""

    index: int
    n_members: int
    mark: PartMark | None


class ChunkWorker:
    """Decides chunks; call it with a task."""

    def __init__(self, settings: WorkerSettings) -> None:
        knowledge = Knowledge.of(Bundle.open(settings.bundle, verify=False))
        policy = compile_policy(settings.policy, knowledge)
        self._engine = Engine(knowledge, policy, shadow_price=settings.shadow_price)
        self._store = MemberStore(open_database(settings.store_url))
        self._export = settings.export
        self._audience = np.load(settings.export.array(AUDIENCE), mmap_mode="r", allow_pickle=False)
        self._stated = np.load(settings.export.array(STATED), mmap_mode="r", allow_pickle=False)
        plan = settings.export.plan
        self._context = Context(
            placement=plan.placement, now=plan.now, seed=plan.seed, n=plan.n, language=plan.language
        )

    def __call__(self, task: ChunkTask) -> ChunkDone:
        """
        Decide the members of a chunk and keep their values, or write their part.

        Raises:
            StoreError: The store does not answer; nothing is written, because consent is then not known.
        """
        return self._value(task) if task.step is Step.VALUE else self._write(task)

    def _value(self, task: ChunkTask) -> ChunkDone:
        values = [message_values(decisions) for _, decisions, _ in self._decided(task)]
        self._export.write_array(value_name(task.index), np.concatenate(values))
        return ChunkDone(task.index, task.stop - task.start, None)

    def _write(self, task: ChunkTask) -> ChunkDone:
        table: dict[str, list[Cell]] = {name: [] for name in COLUMNS}
        counts: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        said: list[LiveFacts] = []
        for start, decisions, stored in self._decided(task):
            said += stored
            block = export_columns(decisions, self._within_limit(start, start + len(decisions)))
            for name, cells in block.table.items():
                table[name].extend(cells)
            counts.update(block.counts)
            sums.update(block.saved)
        n_members = task.stop - task.start
        member_ids = self._member_ids(task.start, task.stop)
        mark = self._export.write_part(
            task.index, table, n_members=n_members, counts=dict(counts), saved=dict(sums),
            consents=consents_digest(member_ids, said), contacts=contacts_digest(member_ids, said),
        )  # fmt: skip
        return ChunkDone(task.index, n_members, mark)

    def _decided(self, task: ChunkTask) -> Iterator[tuple[int, Decisions, list[LiveFacts]]]:
        """First member, decisions, and the facts as the store has them, of one block after the other."""
        for start in range(task.start, task.stop, _BLOCK):
            stop = min(start + _BLOCK, task.stop)
            member_ids = self._member_ids(start, stop)
            stored = self._store.fetch(member_ids, since=self._engine.knowledge.cut_off)
            now = self._context.now
            subjects = [
                Subject(one, with_stated(known_by(now, facts), bits))
                for one, facts, bits in zip(member_ids, stored, self._stated[start:stop].tolist(), strict=True)
            ]
            yield start, self._engine.decide_many(subjects, self._context), stored

    def _member_ids(self, start: int, stop: int) -> list[str]:
        encoded: Sequence[bytes] = self._audience[start:stop].tolist()
        return [value.decode() for value in encoded]

    def _within_limit(self, start: int, stop: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        if self._export.plan.limit is None:
            return np.ones(stop - start, dtype=np.bool_)
        mask = np.load(self._export.array(WITHIN_LIMIT), mmap_mode="r", allow_pickle=False)
        return np.asarray(mask[start:stop], dtype=np.bool_)


def value_name(index: int) -> str:
    """Intermediate array, where there is a limit: what each message of a chunk is worth."""
    return f"value-{index:05}"


def known_by(now: EpochSeconds, facts: LiveFacts) -> LiveFacts:
    """
    What was known at an instant: later purchases, views and responses are left out, so that a continued export sees
    what the stopped one saw. Consent and erasure always hold as they are today; and so do contacts, because a message
    that is on record for a later instant lies in windows with one of this instant.
    """
    if not facts.product_facts and not facts.responses:
        return facts
    return replace(
        facts,
        product_facts=tuple([fact for fact in facts.product_facts if fact.occurred_at <= now]),
        responses=tuple([response for response in facts.responses if response.occurred_at <= now]),
    )
