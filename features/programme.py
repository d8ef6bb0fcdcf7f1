"""The programme file of a workspace: the rules of tiers and points, where the retailer has written them down."""

from collections.abc import Sequence
from pathlib import Path

from features.workspace import Workspace
from recsys.errors import InputError
from recsys.loyalty.programme import Programme, load_programme


def read_programme(workspace: Workspace) -> Programme | None:
    """
    The rules in ``programme.yaml``; None where there is no such file.

    Raises:
        InputError: As `load_programme_for`.
    """
    if not workspace.programme_path.exists():
        return None
    return load_programme_for(workspace.programme_path, workspace.tiers, currency=workspace.currency)


def load_programme_for(path: Path, tiers: Sequence[str], *, currency: str) -> Programme:
    """
    A programme file whose tiers, of all times, are tiers of the workspace, in the same order.

    Raises:
        InputError: The file is no programme, counts in another currency, or has other tiers.
    """
    programme = load_programme(path, currency=currency)
    unknown = [name for name in programme.tiers if name not in tiers]
    if unknown:
        raise InputError(
            f"{path} has the tier {unknown[0]!r}, and the workspace has {', '.join(tiers)}; write those names, or "
            "correct the list of tiers and ingest again"
        )
    if sorted(programme.tiers, key=list(tiers).index) != list(programme.tiers):
        raise InputError(
            f"{path} has the tiers {', '.join(programme.tiers)}, and the workspace has them as {', '.join(tiers)}, low "
            "to high; write them in that order"
        )
    return programme
