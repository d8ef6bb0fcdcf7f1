"""One export from start to manifest: plan, chunks by workers, limit, and the final rename."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.offers.account import RESPONSE_CLASSES
from recsys.policy.file.schema import Policy
from recsys.report import Progress
from serving.export.audience import Audience
from serving.export.columns import LIMIT_REACHED
from serving.export.consents import ConsentsNow, contacts_digest
from serving.export.files import (
    is_single_file,
    manifest_path,
    partial_export,
    partial_folder,
)
from serving.export.plan import ExportPlan, FileFormat, PartMark, as_json, differences
from serving.export.pool import map_spawned
from serving.export.standing import Standing
from serving.export.table import COLUMNS, Status
from serving.export.worker import (
    AUDIENCE,
    STATED,
    WITHIN_LIMIT,
    ChunkDone,
    ChunkTask,
    ChunkWorker,
    Step,
    WorkerSettings,
    value_name,
)
from serving.silence import nobody_told
from serving.store.database import open_database
from serving.store.members import MemberStore

Manifest = Mapping[str, Any]
"""What an export says of itself, as in manifest.json."""


@dataclass(frozen=True, slots=True)
class ExportInputs:
    """
    Where the inputs of a plan are.

    Attributes:
        bundle: Directory of the verified bundle.
        policy: As read.
        store_url: Of a migrated store.
        shadow_price: Shape (n_offers,): as of an `Engine`.
        audience: Whom it is for.
        standing: What ingest says of them.
    """

    bundle: Path
    policy: Policy
    store_url: str
    shadow_price: NDArray[np.float64]
    audience: Audience
    standing: Standing


def run_export(out: Path, plan: ExportPlan, inputs: ExportInputs, *, workers: int, progress: Progress) -> Manifest:
    """
    Export, or finish an export that was stopped; a finished one of the same plan is left as it is.

    Raises:
        InputError: *out* holds something else, a stopped export of other inputs, or one that is running.
        StoreError: The store does not answer.
    """
    finished = _finished_export(out, plan)
    if finished is not None:
        shutil.rmtree(partial_folder(out), ignore_errors=True)
        return finished
    with partial_export(out, plan) as export:
        for name, array in ((AUDIENCE, inputs.audience.encoded), (STATED, inputs.standing.stated)):
            if not export.array(name).exists():
                export.write_array(name, array)
        settings = WorkerSettings(inputs.bundle, inputs.policy, inputs.store_url, inputs.shadow_price, export)
        if plan.limit is not None:
            _apply_limit(settings, plan.limit, workers=workers, progress=progress)
        marks = _write_parts(settings, inputs.audience, workers=workers, progress=progress)
        progress.step("finish")
        export.finish(marks, lambda files: as_json(_manifest(plan, inputs, marks, files)))
    return read_manifest(out, plan.file_format)


def finished_plan(out: Path, file_format: FileFormat) -> ExportPlan | None:
    """
    What the finished export at *out* was made from; absent where there is nothing.

    Raises:
        InputError: There is something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if is_single_file(out, file_format) == out.is_dir() or not manifest_path(out, file_format).is_file():
        raise InputError(f"{out} exists and is no export of this format; choose another --out, or delete it")
    return ExportPlan.model_validate(read_manifest(out, file_format)["plan"])


def _finished_export(out: Path, plan: ExportPlan) -> Manifest | None:
    finished = finished_plan(out, plan.file_format)
    if finished is None:
        return None
    changed = differences(finished, plan)
    if changed:
        raise InputError(
            f"{out} holds a finished export of other inputs ({'; '.join(changed)}); choose another --out, or delete it"
        )
    return read_manifest(out, plan.file_format)


def read_manifest(out: Path, file_format: FileFormat) -> Manifest:
    """
    Read the manifest of a finished export.

    Raises:
        InputError: It cannot be read.
    """
    path = manifest_path(out, file_format)
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
        ExportPlan.model_validate(manifest["plan"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no manifest of this version; choose another --out, or delete {out}") from error
    return manifest


def checksum(files: Mapping[str, str]) -> str:
    """The SHA-256 of what ``sha256sum`` prints for the files, sorted by name."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _write_parts(settings: WorkerSettings, audience: Audience, *, workers: int, progress: Progress) -> list[PartMark]:
    """
    Make every part that is missing, and make those again whose members changed their word since, until none is left.

    An export may be continued days after it was stopped: a part made then must not go out to who withdrew meanwhile,
    nor to who got as many messages as they may from others; so it is made again where its members were written to.
    """
    export = settings.export
    chunks = export.plan.chunks()
    database = open_database(settings.store_url)
    store = MemberStore(database)
    marks: dict[int, PartMark] = {}
    step = "decide and write"
    try:
        for index, (start, stop) in enumerate(chunks):
            mark = export.finished_part(index)
            if mark is not None and mark.contacts == _contacts_now(store, audience.encoded[start:stop].tolist()):
                marks[index] = mark
        while tasks := _due(chunks, marks, audience, ConsentsNow.read(store)):
            progress.step(step, export.plan.n_members)
            progress.advance(export.plan.n_members - sum(task.stop - task.start for task in tasks))
            for done in _spawned(settings, tasks, workers=workers):
                assert done.mark is not None
                marks[done.index] = done.mark
                progress.advance(done.n_members)
            step = "decide again where members changed their word"
    finally:
        database.close()
    return [marks[index] for index in range(len(chunks))]


def _contacts_now(store: MemberStore, encoded: Sequence[bytes]) -> str:
    member_ids = [one.decode() for one in encoded]
    return contacts_digest(member_ids, store.fetch(member_ids, since=0))


def _due(
    chunks: Sequence[tuple[int, int]], marks: Mapping[int, PartMark], audience: Audience, consents: ConsentsNow
) -> list[ChunkTask]:
    return [
        ChunkTask(Step.WRITE, index, start, stop)
        for index, (start, stop) in enumerate(chunks)
        if index not in marks or marks[index].consents != consents.digest(audience.encoded[start:stop].tolist())
    ]


def _apply_limit(settings: WorkerSettings, limit: int, *, workers: int, progress: Progress) -> None:
    """
    Decide once for the values alone and keep the *limit* most valuable messages; ties by member id.

    A message is worth the expected incremental margin of its offers; one without offers is worth nothing, and comes
    after those with one.
    """
    export = settings.export
    if export.array(WITHIN_LIMIT).exists():
        return
    chunks = export.plan.chunks()
    progress.step("value", export.plan.n_members)
    tasks = [
        ChunkTask(Step.VALUE, index, *bounds)
        for index, bounds in enumerate(chunks)
        if not export.array(value_name(index)).exists()
    ]
    progress.advance(export.plan.n_members - sum(task.stop - task.start for task in tasks))
    for done in _spawned(settings, tasks, workers=workers):
        progress.advance(done.n_members)
    values = np.concatenate(
        [np.load(export.array(value_name(index)), allow_pickle=False) for index in range(len(chunks))]
    )
    best = np.argsort(-values, kind="stable")[:limit]  # members are sorted by id, so a stable order breaks ties by it
    within = np.zeros(len(values), dtype=np.bool_)
    within[best] = np.isfinite(values[best])
    export.write_array(WITHIN_LIMIT, within)


def _spawned(settings: WorkerSettings, tasks: Sequence[ChunkTask], *, workers: int) -> Iterator[ChunkDone]:
    return map_spawned(ChunkWorker, settings, tasks, workers=workers)


def _manifest(
    plan: ExportPlan, inputs: ExportInputs, marks: Sequence[PartMark], files: Mapping[str, str]
) -> dict[str, Any]:
    audience = inputs.audience
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for mark in marks:
        counts.update(mark.counts)
        sums.update(mark.saved)
    prefix = f"{Status.NOTHING.value}."
    sent = counts.get(Status.SENT.value, 0)
    nothing = {name.removeprefix(prefix): count for name, count in sorted(counts.items()) if name.startswith(prefix)}
    limited = LIMIT_REACHED in nothing  # so few were wanted
    return {
        "plan": plan.model_dump(mode="json"),
        "fingerprint": plan.fingerprint(),
        "audience": {
            "listed": audience.n_listed,
            "members": len(audience),
            "digest": audience.digest,
            **inputs.standing.counts(),
        },
        "columns": {name: kind.value for name, kind in COLUMNS.items()},
        "members": {
            "sent": sent,
            "nothing": counts.get(Status.NOTHING.value, 0),
            "nothing_by_reason": nothing,
        },
        # Against giving each member the deepest eligible offer.
        "saved": {name: sums[name] for name in ("discount_minor", "deadweight_minor", *map(str, RESPONSE_CLASSES))},
        "notes": ()
        if limited
        else nobody_told(inputs.policy, plan.placement, sent=sent, nothing_by_reason=nothing, now=plan.now),
        "rows": sum(mark.n_rows for mark in marks),
        "files": dict(sorted(files.items())),
        "checksum": checksum(files),
    }
