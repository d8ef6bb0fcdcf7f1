"""What the command line can ask of this room: `ingest` and `simulate`."""

from pathlib import Path

from features.ingest import Ingested, counts_report, ingest_source
from features.simulator import run
from features.sources.registry import open_source
from features.validate import LOOKS_PERSONAL
from recsys.policy.reading.load import default_policy_text
from recsys.report import Progress, Report, Table
from recsys.types import EpochSeconds


def ingest(
    source: str, data: str, out: Path, *, mapping: Path | None = None, now: EpochSeconds, progress: Progress
) -> Report:
    """
    Read raw files into the canonical tables of a workspace; what is rejected goes to its quarantine.

    Args:
        source: Name of the adapter.
        data: Folder of the raw files, or an SQL URL.
        out: The workspace, new or to be refilled.
        mapping: For the adapter ``tables``: the mapping file.
        now: Facts later than this are rejected.
        progress: Told of each table.

    Raises:
        InputError, SourceError: As `open_source` and `ingest_source`.
    """
    opened = open_source(source, data, mapping)
    policy = default_policy_text(opened.tiers, opened.currency)
    return _report(ingest_source(opened, out, now=now, policy=policy, progress=progress))


def simulate(out: Path, *, members: int, products: int, seed: int, days: int = 420, progress: Progress) -> Report:
    """Write a small retailer with a known truth; see `features.simulator.run.simulate`."""
    return run.simulate(out, members=members, products=products, seed=seed, days=days, progress=progress)


def _report(ingested: Ingested) -> Report:
    workspace, counts = ingested.workspace, ingested.counts
    rows = tuple((name, count.rows_in, count.kept, count.rejected) for name, count in counts.items())
    reasons = tuple(
        (name, reason, n)
        for name, count in counts.items()
        for reason, n in sorted(count.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    tables = [Table(f"Rows of {workspace.source}", ("table", "rows in", "kept", "rejected"), rows)]
    notes = list(ingested.assumptions)
    if reasons:
        tables.append(Table("Rejected rows", ("table", "reason", "rows"), reasons))
        notes.append(f"Rejected rows are kept, with their reasons, in {workspace.quarantine}.")
    n_personal_ids = sum(count.reasons[LOOKS_PERSONAL] for count in counts.values())
    if n_personal_ids:
        notes.append(
            f"{n_personal_ids:,} rows have a member id with '@', as e-mail addresses have, and were rejected; the "
            "quarantine holds them as they came: give ids that say nothing about a person and ingest again, which "
            "replaces the quarantine."
        )
    if ingested.n_before_joining:
        notes.append(
            f"{ingested.n_before_joining:,} purchases are before joining: they teach taste, and count for no tier and "
            "no points."
        )
    n_members = counts["members"].kept
    notes.append(
        f"{ingested.n_not_personal:,} of {n_members:,} members did not agree to personalisation: no model learns from "
        "them; where they agreed to a channel they get what anybody gets."
    )
    notes.append(f"Next: recsys train --workspace {workspace.path}")
    facts = {
        "workspace": str(workspace.path),
        "source": workspace.source,
        "currency": workspace.currency,
        "tiers": list(workspace.tiers),
        "now": workspace.now,
        "tables": counts_report(counts),
        "members_without_personalisation": ingested.n_not_personal,
        "purchases_before_joining": ingested.n_before_joining,
        "assumptions": list(ingested.assumptions),
    }
    return Report(facts, tuple(tables), tuple(notes))
