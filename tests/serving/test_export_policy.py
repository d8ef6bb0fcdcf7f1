"""An export is decided by the version of the policy in force at its instant, not by the draft."""

from pathlib import Path

import pytest

from recsys.errors import StoreError
from serving.export import run
from tests.serving.export_world import exported, small_workspace
from tests.serving.policy_world import approve, policy_text, registry_of, submit
from tests.worlds import NOW


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose exports are made in this process."""

    def here(opener, settings, tasks, *, workers):
        worker = opener(settings)
        yield from map(worker, tasks)

    monkeypatch.setattr(run, "map_spawned", here)
    return small_workspace(tmp_path / "w")


def policy_of(shop: Path, out: str, now: int) -> str:
    return str(exported(shop, shop.parent / out, now=now).facts["plan"]["policy_id"])


def test_an_export_says_whether_anybody_reviewed_its_policy(shop: Path) -> None:
    drafted = exported(shop, shop.parent / "drafted", now=NOW)
    approve(shop, submit(shop, policy_text(ttl=60)))
    approved = exported(shop, shop.parent / "approved", now=NOW)
    assert [any("Nobody reviewed" in note for note in one.notes) for one in (drafted, approved)] == [True, False]


def test_the_version_in_force_at_the_instant_of_the_export_decides(shop: Path) -> None:
    always = submit(shop, policy_text(ttl=60))
    approve(shop, always)
    weekend = submit(shop, policy_text(ttl=61))
    approve(shop, weekend, start=NOW + 100, end=NOW + 200)
    (shop / "policy.yaml").write_text("a: [")
    found = [policy_of(shop, f"at{second}", NOW + second) for second in (0, 100, 200)]
    assert found == [always, weekend, always]


def test_nothing_is_sent_by_a_registry_that_was_altered(shop: Path) -> None:
    approve(shop, submit(shop, policy_text(ttl=60)))
    path = registry_of(shop).journal.path
    path.write_text(path.read_text().replace("Bob", "Eve"))
    with pytest.raises(StoreError, match="altered at line 2"):
        exported(shop, shop.parent / "out", now=NOW)
