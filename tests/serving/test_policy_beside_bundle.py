"""A policy comes into force also while a new bundle cannot, and a mended draft is seen wherever it was mended."""

from pathlib import Path

import pytest

from serving.live import POINTER, Live
from serving.metrics import Metrics
from tests.serving.policy_world import approve, policy_text, rollback, submit
from tests.serving.test_live_policy import BROKEN_BY_BUNDLE, NOTHING_OF_OFFERS, Hands
from tests.worlds import NOW


@pytest.fixture
def live(workspace: Path) -> Live:
    one = Live(workspace / "serving", workspace / "policy.yaml", clock=lambda: NOW, metrics=Metrics())
    assert one.refresh()
    return one


def served(live: Live) -> str:
    assert live.current is not None
    return live.current.policy_id


def publish_nonsense(workspace: Path) -> None:
    folder = workspace / "serving" / "nonsense"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (workspace / "serving" / POINTER).write_text("nonsense")


def remove_pointer(workspace: Path) -> None:
    (workspace / "serving" / POINTER).unlink()


@pytest.mark.parametrize("harm", [publish_nonsense, remove_pointer])
def test_a_rollback_is_served_also_while_the_bundle_that_is_published_cannot_be(
    live: Live, workspace: Path, harm: object
) -> None:
    first, second = (submit(workspace, policy_text(ttl=ttl)) for ttl in (60, 61))
    approve(workspace, first)
    approve(workspace, second)
    live.refresh()
    before = live.current
    harm(workspace)  # type: ignore[operator]
    assert not live.refresh()
    assert served(live) == second
    told = live.refusal
    assert told is not None
    rollback(workspace)
    assert live.refresh()
    assert served(live) == first
    assert live.current is not None
    assert before is not None
    assert live.current.engine.knowledge is before.engine.knowledge
    assert live.refusal is not None, "the bundle is still refused"
    assert live.refusal.reason == told.reason
    engine = live.current.engine
    assert not live.refresh()
    assert live.current.engine is engine, "what is in force is not taken in again and again"


def test_a_policy_that_fits_neither_bundle_leaves_both_as_they_were(live: Live, workspace: Path) -> None:
    good = submit(workspace, policy_text(ttl=60))
    approve(workspace, good)
    live.refresh()
    publish_nonsense(workspace)
    approve(workspace, submit(workspace, policy_text(BROKEN_BY_BUNDLE)))
    for _ in range(2):
        assert not live.refresh()
        assert served(live) == good
        assert live.current is not None
        assert live.current.in_force.version == good, "nothing is said of what is not served"


def test_a_draft_is_read_again_once_the_file_that_it_lacked_is_there(live: Live, workspace: Path) -> None:
    before = served(live)
    text = policy_text().replace("rules: []", "include: [part.yaml]")
    (workspace / "policy.yaml").write_text(text)
    for _ in range(3):
        assert not live.refresh()
    assert live.refusal is not None
    assert "there is no file 'part.yaml'" in live.refusal.reason
    (workspace / "part.yaml").write_text("rules: [\n")
    for _ in range(3):
        assert not live.refresh()
    assert "part.yaml:1:8" in live.refusal.reason
    (workspace / "part.yaml").write_text(f"rules:\n{NOTHING_OF_OFFERS}\n")
    assert live.refresh()
    assert served(live) != before
    assert live.refusal is None


def test_a_clock_that_is_set_back_before_a_start_ends_what_had_begun(workspace: Path) -> None:
    hands = Hands()
    one = Live(workspace / "serving", workspace / "policy.yaml", clock=hands, metrics=Metrics())
    always = submit(workspace, policy_text(ttl=60))
    approve(workspace, always)
    weekend = submit(workspace, policy_text(ttl=61))
    approve(workspace, weekend, start=NOW + 100, end=NOW + 200)
    seen = []
    for hands.now in (NOW + 150, NOW + 50, NOW + 100):
        assert one.refresh()
        seen.append(served(one))
    assert seen == [weekend, always, weekend]


def test_a_draft_that_stays_broken_is_told_once(live: Live, workspace: Path) -> None:
    metrics = live._metrics.swaps.labels("refused")
    (workspace / "policy.yaml").write_text("include: [part.yaml]\n")
    for _ in range(4):
        assert not live.refresh()
    assert metrics._value.get() == 1
