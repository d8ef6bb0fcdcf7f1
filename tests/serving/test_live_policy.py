"""A version of the policy comes into force without a restart: by approval, date or rollback; a bad one does not."""

from pathlib import Path

import pytest

from serving.live import Live
from serving.metrics import Metrics
from tests.serving.policy_world import ANN, BOB, activate, approve, policy_text, registry_of, rollback, submit
from tests.serving.service_world import Running, running
from tests.worlds import NOW

NOTHING_OF_OFFERS = "  - {id: no_offers, owner: crm, applies_to: offer, effect: exclude}"
BROKEN_BY_BUNDLE = "  - {id: odd, owner: crm, effect: exclude, who: member.no_such_column > 3}"


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def live(workspace: Path, clock: Hands) -> Live:
    one = Live(workspace / "serving", workspace / "policy.yaml", clock=clock, metrics=Metrics())
    assert one.refresh()
    return one


def policy(running: Running) -> dict[str, object]:
    answer: dict[str, object] = running.client.get("/v1/policy").json()
    return answer


def test_a_draft_is_served_and_says_so(service: Running) -> None:
    told = policy(service)
    assert (told["state"], told["reviewed"], told["version"], told["approver"]) == ("draft", False, "", "")
    assert told["policy_id"] == service.ask()["policy"]["policy_id"]
    assert service.client.get("/health/ready").json()["policy_reviewed"] is False


def test_an_approved_version_is_served_without_a_restart_and_edits_of_the_file_change_nothing(
    service: Running,
) -> None:
    before = service.ask()["policy"]["policy_id"]
    version = submit(service.workspace, policy_text(ttl=77))
    assert not service.service.live.refresh(), "what is only submitted changes nothing"
    assert service.ask()["policy"]["policy_id"] == before
    approve(service.workspace, version)
    assert service.service.live.refresh()
    assert service.ask()["policy"]["policy_id"] == version != before
    told = policy(service)
    assert (told["state"], told["reviewed"], told["version"]) == ("live", True, version)
    assert (told["author"], told["submitter"], told["approver"], told["since"]) == (ANN, ANN, BOB, NOW)
    assert service.client.get("/health/ready").json()["policy_reviewed"] is True
    (service.workspace / "policy.yaml").write_text("a: [")
    assert not service.service.live.refresh()
    assert service.client.get("/health/ready").json()["refused"] is None


def test_a_date_that_passes_swaps_there_and_back(live: Live, workspace: Path, clock: Hands) -> None:
    always = submit(workspace, policy_text(ttl=60))
    approve(workspace, always)
    weekend = submit(workspace, policy_text(NOTHING_OF_OFFERS))
    approve(workspace, weekend, start=NOW + 100, end=NOW + 200)
    served = []
    for clock.now in (NOW, NOW + 99, NOW + 100, NOW + 150, NOW + 200):
        live.refresh()
        assert live.current is not None
        served.append(live.current.policy_id)
    assert served == [always, always, weekend, weekend, always]
    assert live.current is not None
    assert live.current.in_force.since == NOW + 200


def test_what_comes_next_is_known_without_reading_the_policy_anew(service: Running) -> None:
    first = submit(service.workspace, policy_text(ttl=60))
    approve(service.workspace, first)
    service.service.live.refresh()
    engine = service.service.live.current.engine
    second = submit(service.workspace, policy_text(ttl=61))
    approve(service.workspace, second, start=NOW + 500)
    assert not service.service.live.refresh()
    assert policy(service)["next_change"] == {"at": NOW + 500, "policy_id": second}
    assert service.service.live.current.engine is engine


def test_a_rollback_is_served_by_the_next_look(live: Live, workspace: Path) -> None:
    first, second = (submit(workspace, policy_text(ttl=ttl)) for ttl in (60, 61))
    approve(workspace, first)
    approve(workspace, second)
    live.refresh()
    assert live.current is not None
    assert live.current.policy_id == second
    rollback(workspace)
    assert live.refresh()
    assert live.current.policy_id == first


def test_a_version_that_does_not_fit_the_bundle_is_refused_with_its_file_and_rule(live: Live, workspace: Path) -> None:
    good = submit(workspace, policy_text(ttl=60))
    approve(workspace, good)
    live.refresh()
    bad = submit(workspace, policy_text(BROKEN_BY_BUNDLE))
    approve(workspace, bad)
    assert not live.refresh()
    assert live.current is not None
    assert live.current.policy_id == good
    assert live.refusal is not None
    assert f"policies/versions/{bad}.json" in live.refusal.reason
    assert "odd" in live.refusal.reason
    assert str(workspace) not in live.refusal.reason
    rollback(workspace)
    live.refresh()
    assert live.refusal is None
    assert live.current.policy_id == good


def test_a_draft_that_does_not_fit_the_bundle_is_refused_with_its_line(live: Live, workspace: Path) -> None:
    text = policy_text(BROKEN_BY_BUNDLE)
    (workspace / "policy.yaml").write_text(text)
    assert not live.refresh()
    line = text.splitlines().index(BROKEN_BY_BUNDLE) + 1
    assert live.refusal is not None
    assert f"policy.yaml:{line}:" in live.refusal.reason


def damage_journal(workspace: Path) -> None:
    path = registry_of(workspace).journal.path
    path.write_text(path.read_text().replace(BOB, "Eve"))


def remove_registry(workspace: Path) -> None:
    for path in sorted(registry_of(workspace).folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def write_anew(workspace: Path) -> None:
    remove_registry(workspace)
    for ttl in (70, 71):
        approve(workspace, submit(workspace, policy_text(ttl=ttl)))


@pytest.mark.parametrize("harm", [damage_journal, remove_registry, write_anew])
def test_a_broken_registry_changes_nothing_that_is_served_and_is_told(
    live: Live, workspace: Path, harm: object
) -> None:
    good = submit(workspace, policy_text(ttl=60))
    approve(workspace, good)
    live.refresh()
    kept = {path: path.read_bytes() for path in registry_of(workspace).folder.rglob("*") if path.is_file()}
    harm(workspace)  # type: ignore[operator]
    for _ in range(2):
        assert not live.refresh()
        assert live.current is not None
        assert live.current.policy_id == good
        assert live.refusal is not None
        assert live.refusal.folder == "policies"
    remove_registry(workspace)
    (registry_of(workspace).folder / "versions").mkdir(parents=True, exist_ok=True)
    for path, content in kept.items():
        path.write_bytes(content)
    live.refresh()
    assert live.refusal is None


def test_a_fragment_of_the_draft_that_changes_is_seen(live: Live, workspace: Path) -> None:
    part = workspace / "part.yaml"
    part.write_text("rules: []\n")
    text = policy_text().replace("rules: []", "include: [part.yaml]")
    (workspace / "policy.yaml").write_text(text)
    assert live.refresh()
    assert not live.refresh()
    before = live.current.policy_id if live.current else ""
    part.write_text(f"rules:\n{NOTHING_OF_OFFERS}\n")
    assert live.refresh()
    assert live.current is not None
    assert live.current.policy_id != before


def test_without_a_bundle_the_policy_is_not_ready(workspace: Path) -> None:
    (workspace / "serving" / "current").unlink()
    with running(workspace) as service:
        answer = service.client.get("/v1/policy")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


def test_an_approved_version_may_come_back_by_activation(live: Live, workspace: Path, clock: Hands) -> None:
    first, second = (submit(workspace, policy_text(ttl=ttl)) for ttl in (60, 61))
    approve(workspace, first)
    approve(workspace, second)
    clock.now += 5
    activate(workspace, first, at=clock.now)
    live.refresh()
    assert live.current is not None
    assert (live.current.policy_id, live.current.in_force.since) == (first, clock.now)
