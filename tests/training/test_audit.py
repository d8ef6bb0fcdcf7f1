"""The audit trail: what is written is read, and what is changed is noticed."""

import sqlite3
from contextlib import closing

import pytest

from recsys.errors import StoreError
from training.audit import AuditRow, AuditTrail


def row(number):
    return AuditRow(number, f"actor{number}", "publish", "moved", "", f"b{number}", "because é", {"ndcg": 0.5})


@pytest.fixture
def trail(tmp_path):
    trail = AuditTrail(tmp_path / "new" / "audit.db")
    for number in range(3):
        trail.append(row(number))
    return trail


def change(trail, statement):
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_rows_come_back_in_order(trail):
    assert trail.read() == [row(0), row(1), row(2)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET content = replace(content, 'actor1', 'nobody') WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 1",
        "UPDATE audit SET hash = 'x' WHERE seq = 3",
    ],
    ids=["changed", "taken out", "first taken out", "other hash"],
)
def test_a_changed_trail_is_noticed(trail, statement):
    change(trail, statement)
    with pytest.raises(StoreError, match="was altered at row"):
        trail.read()


def test_a_file_that_is_no_trail_is_named(tmp_path):
    (tmp_path / "audit.db").write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match=r"audit\.db cannot be used"):
        AuditTrail(tmp_path / "audit.db").append(row(1))


def test_a_new_trail_is_empty(tmp_path):
    assert AuditTrail(tmp_path / "audit.db").read() == []
