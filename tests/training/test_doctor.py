"""The doctor describes any workspace, whole, half-filled or damaged, and never stops at one."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recsys.policy.reading.load import default_policy_text
from tests.features.small_workspace import DAY, NOW, TIERS, small_rows, write_workspace
from tests.worlds import CUT_OFF, small_bundle
from training import publish as publishing
from training.audit import AuditRow, AuditTrail
from training.checks.finding import State, graded, share
from training.checks.registry import AUDIT_FILE
from training.doctor import doctor


def states(workspace: Path, now: int = NOW) -> dict[str, str]:
    return {part: found["state"] for part, found in doctor(workspace, now=now).facts["parts"].items()}


@pytest.fixture
def workspace(tmp_path) -> Path:
    write_workspace(tmp_path / "w", small_rows())
    (tmp_path / "w" / "policy.yaml").write_text(default_policy_text(TIERS, "GBP"))
    return tmp_path / "w"


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path):
    report = doctor(tmp_path / "nothing", now=NOW)
    assert report.facts["parts"]["workspace"]["state"] == "missing"
    assert "recsys ingest" in report.notes[-1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}'], ids=["empty", "cut", "list", "newer"])
def test_a_broken_workspace_file_is_said_to_be_broken(workspace, text):
    (workspace / "workspace.json").write_text(text)
    assert states(workspace) == {"workspace": "broken"}


def test_a_small_workspace_is_thin_and_its_numbers_are_counted(workspace):
    parts = doctor(workspace, now=NOW).facts["parts"]
    assert parts["members who agreed to personalisation"]["found"] == "4 members"
    assert parts["popularity"]["found"] == "4 order lines in the last 28 days"
    assert parts["repeat purchase"]["found"] == "1 member-product pair bought on several days"
    assert parts["evaluation"]["found"] == "1 member who bought before and within the last 14 days"
    assert parts["margins"] | {"why": ""} == {
        "state": "thin", "found": "25% of 4 products with a cost", "needed": "50%", "why": "",
        "to_do": "map cost_minor when ingesting, or set economics.default_margin_rate in policy.yaml",
    }  # fmt: skip
    assert parts["uplift measurement"]["found"] == "1 randomised exposure in the smaller arm of the best campaign"
    assert {part for part, found in parts.items() if found["state"] == "missing"} >= {
        "trained bundles", "published bundle", "store", "collaborative filtering",
    }  # fmt: skip


def test_every_part_that_is_not_well_says_what_to_do(workspace):
    parts = doctor(workspace, now=NOW).facts["parts"]
    assert [part for part, found in parts.items() if (found["state"] == "ok") == bool(found["to_do"])] == []


@pytest.mark.parametrize("table", ["members", "products", "purchases", "offers", "exposures"])
def test_a_lost_table_breaks_its_part_only(workspace, table):
    shutil.rmtree(workspace / "tables" / table)
    found = states(workspace)
    assert "broken" in found.values()
    assert found["trained bundles"] == "missing"


def test_a_damaged_file_is_no_traceback(workspace):
    next((workspace / "tables" / "purchases").iterdir()).write_bytes(b"PAR1 no more")
    assert states(workspace)["recommenders"] == "broken"


def test_a_table_without_its_columns_is_no_traceback(workspace):
    members = next((workspace / "tables" / "members").iterdir())
    members.write_bytes(next((workspace / "tables" / "offer_scope").iterdir()).read_bytes())
    assert states(workspace)["members"] == "broken"


def test_empty_tables_are_missing_and_not_broken(tmp_path):
    write_workspace(tmp_path / "w", {name: [] for name in small_rows()})
    found = states(tmp_path / "w")
    assert found["popularity"] == found["offers"] == found["cold-start features of products"] == "missing"


def test_offers_that_have_ended_are_thin(workspace):
    assert states(workspace)["offers"] == "ok"
    assert states(workspace, NOW + 40 * DAY)["offers"] == "thin"


def test_historic_facts_are_looked_at_with_the_clock_set_back(workspace):
    facts = json.loads((workspace / "workspace.json").read_text())
    (workspace / "workspace.json").write_text(json.dumps(facts | {"ingested_at": NOW + 900 * DAY}))
    assert states(workspace, NOW + 901 * DAY)["offers"] == "ok"
    assert states(workspace, NOW + 930 * DAY)["offers"] == "thin"
    assert states(workspace, NOW + 10 * DAY)["offers"] == "ok"


def test_a_published_bundle_is_verified_and_the_policy_compiled_for_it(workspace):
    publish(workspace)
    found = states(workspace)
    assert (found["trained bundles"], found["published bundle"], found["policy"]) == ("ok", "ok", "ok")
    assert found["freshness of the published bundle"] == "thin"


def test_an_altered_bundle_is_broken(workspace):
    publish(workspace)
    array = workspace / "serving" / "b1" / "members.tier.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"\1")
    assert states(workspace)["published bundle and policy"] == "broken"


@pytest.mark.parametrize("name", ["", "../b1", "gone"])
def test_a_pointer_to_nowhere_is_broken(workspace, name):
    publish(workspace)
    (workspace / "serving" / "current").write_text(name)
    assert states(workspace)["published bundle and policy"] == "broken"


def test_a_policy_for_other_tiers_is_broken_and_the_bundle_still_ok(workspace):
    publish(workspace)
    (workspace / "policy.yaml").write_text(default_policy_text(TIERS, "GBP"))
    found = states(workspace)
    assert (found["published bundle"], found["published bundle and policy"]) == ("ok", "broken")


def test_a_half_written_bundle_is_thin_beside_a_whole_one(workspace):
    publish(workspace)
    (workspace / "bundles" / "half").mkdir()
    assert states(workspace)["trained bundles"] == "thin"


def test_the_store_is_read_and_not_made(workspace, monkeypatch):
    monkeypatch.delenv("RECSYS_STORE_URL", raising=False)
    assert states(workspace)["store"] == "missing"
    assert not (workspace / "store.db").exists()
    with sqlite3.connect(workspace / "store.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.close()
    assert states(workspace)["store"] == "ok"
    (workspace / "store.db").write_bytes(b"no database" * 100)
    assert states(workspace)["store"] == "broken"


def test_what_is_served_must_be_what_was_published(workspace):
    publish(workspace)
    trail = AuditTrail(workspace / AUDIT_FILE)
    assert states(workspace)["audit trail"] == "missing"
    trail.append(AuditRow(NOW, "ann", "publish", "refused", "", "b1", "too weak", {}))
    assert states(workspace)["audit trail"] == "thin"
    trail.append(AuditRow(NOW, "ann", "publish", "moved", "", "b1", "", {}))
    found = states(workspace)
    assert (found["audit trail"], found["served is champion"]) == ("ok", "ok")
    trail.append(AuditRow(NOW, "bob", "publish", "forced", "b1", "b2", "in a hurry", {}))
    assert states(workspace)["served is champion"] == "thin"


def test_an_altered_audit_trail_is_broken(workspace):
    trail = AuditTrail(workspace / AUDIT_FILE)
    trail.append(AuditRow(NOW, "ann", "publish", "moved", "", "b1", "", {}))
    with closing(sqlite3.connect(trail.path)) as connection, connection:
        connection.execute("UPDATE audit SET content = replace(content, 'ann', 'eve')")
    assert states(workspace)["audit trail"] == "broken"


def test_the_registry_is_a_file_or_a_server(workspace, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert states(workspace)["model registry"] == "missing"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert states(workspace)["model registry"] == "ok"


def test_the_audit_trail_is_looked_for_where_publishing_keeps_it():
    assert AUDIT_FILE == publishing.AUDIT_FILE


def test_a_grade_is_by_size():
    words = {"unit": "things", "why": "", "to_do": "more"}
    assert [graded("p", found, enough=3, **words).state for found in (0, 1, 3)] == [State.MISSING, State.THIN, State.OK]
    assert share("p", 0.5, enough=0.5, of="all", why="", to_do="more").to_do == ""


def publish(workspace: Path) -> None:
    """The small world of the engine as a trained and published bundle; its tiers are not the workspace's."""
    for folder in ("bundles", "serving"):
        small_bundle(workspace / folder / "b1")
    (workspace / "serving" / "current").write_text("b1\n")
    (workspace / "policy.yaml").write_text(default_policy_text())
    assert CUT_OFF < NOW
