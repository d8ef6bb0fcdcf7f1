from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.ingest import ingest_source
from recsys.errors import SourceError
from recsys.report import SILENT
from recsys.types import Consent
from tests.features.rows_source import RowsSource
from tests.features.small_workspace import NOW, member, small_rows

SILENT_MEMBERS = [
    member("zoë", consent_personalisation=False, consent_push=True),
    member("m0", consent_personalisation=False, consent_email=False),
]


def ingested(out: Path, members: list[dict[str, Any]], *, chunk: int = 1_000) -> int:
    """Members without personalisation of a workspace with these members besides m1 to m5, of whom m4 refused."""
    rows = small_rows()
    source = RowsSource(rows | {"members": rows["members"] + members}, chunk)
    return ingest_source(source, out, now=NOW, policy="name: default\n", progress=SILENT).n_not_personal


def stored(out: Path) -> list[tuple[str, Consent]]:
    ids, bits = (np.load(out / "consents" / name, allow_pickle=False) for name in ("ids.npy", "bits.npy"))
    assert (ids.dtype.kind, bits.dtype) == ("S", np.uint8)
    return [(one.decode(), Consent(bit)) for one, bit in zip(ids.tolist(), bits.tolist(), strict=True)]


@pytest.mark.parametrize("chunk", [1_000, 2])
def test_who_refused_personalisation_is_written_with_their_channels_and_nobody_else(tmp_path: Path, chunk: int) -> None:
    assert ingested(tmp_path / "w", SILENT_MEMBERS, chunk=chunk) == 3
    assert stored(tmp_path / "w") == [
        ("m0", Consent.NONE),
        ("m4", Consent.EMAIL),
        ("zoë", Consent.EMAIL | Consent.PUSH),
    ]


def test_the_files_are_there_also_when_everybody_agreed(tmp_path: Path) -> None:
    rows = small_rows()
    rows["members"] = [member(f"m{number}") for number in range(1, 6)]
    ingest_source(RowsSource(rows), tmp_path / "w", now=NOW, policy="", progress=SILENT)
    assert stored(tmp_path / "w") == []


def test_a_rejected_member_is_not_written(tmp_path: Path) -> None:
    ingested(tmp_path / "w", [member("x", consent_personalisation=False, tier="ruby")])
    assert [one for one, _ in stored(tmp_path / "w")] == ["m4"]


def test_a_second_ingest_replaces_them_and_leaves_nothing_aside(tmp_path: Path) -> None:
    ingested(tmp_path / "w", SILENT_MEMBERS)
    ingested(tmp_path / "w", [])
    assert [one for one, _ in stored(tmp_path / "w")] == ["m4"]
    assert sorted(entry.name for entry in (tmp_path / "w" / "consents").iterdir()) == ["bits.npy", "ids.npy"]
    assert not (tmp_path / "w" / ".ingest").exists()


def test_a_failed_ingest_leaves_them_as_they_were(tmp_path: Path) -> None:
    ingested(tmp_path / "w", SILENT_MEMBERS)
    with pytest.raises(SourceError):
        ingest_source(RowsSource(small_rows() | {"purchases": []}), tmp_path / "w", now=NOW, policy="", progress=SILENT)
    assert len(stored(tmp_path / "w")) == 3
