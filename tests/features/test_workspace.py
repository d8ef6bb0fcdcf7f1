from pathlib import Path

import pytest

from features.workspace import Workspace
from recsys.errors import InputError
from tests.features.small_workspace import NOW, TIERS, small_rows, write_workspace


def test_an_opened_workspace_says_what_was_written(tmp_path: Path) -> None:
    written = write_workspace(tmp_path / "w", small_rows())
    opened = Workspace.open(tmp_path / "w")
    assert opened == written
    assert (opened.currency, opened.tiers, opened.now) == ("GBP", TIERS, NOW)


def test_a_folder_without_workspace_json_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a workspace.*recsys ingest"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}'], ids=["empty", "list", "no-format", "no-facts"])
def test_broken_facts_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "workspace.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        Workspace.open(tmp_path)


def test_another_format_is_refused_by_number(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text('{"format": 7}')
    with pytest.raises(InputError, match="has format 7, this version reads 2; run `recsys ingest` again"):
        Workspace.open(tmp_path)


def test_a_workspace_of_before_returns_and_points_says_to_ingest_again(tmp_path: Path) -> None:
    write_workspace(tmp_path / "w", small_rows())
    facts = tmp_path / "w" / "workspace.json"
    facts.write_text(facts.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(InputError, match="has format 1, this version reads 2; run `recsys ingest` again"):
        Workspace.open(tmp_path / "w")


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no table 'baskets'; the tables are members, products"):
        write_workspace(tmp_path / "w", small_rows()).read_table("baskets")


def test_it_counts_who_did_not_agree_to_personalisation(tmp_path: Path) -> None:
    assert write_workspace(tmp_path / "w", small_rows(), n_parts=2).n_not_personal() == 1


def test_a_table_is_read_over_all_its_parts(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "w", small_rows(), n_parts=3)
    assert len(workspace.table_files("purchases")) == 3
    assert workspace.n_rows("purchases") == 19
    assert workspace.read_table("members", ["member_id"]).collect().columns == ["member_id"]
