"""Whatever is down, the storefront gets an answer, and the answer says what it lacks."""

from pathlib import Path

import pytest

from serving.service import Service
from tests.serving.service_world import Running, empty_workspace, running
from tests.worlds import NOW

CONSENT = {"personalisation": True, "email": True, "push": True, "sms": True}


def break_store(service: Service) -> None:
    """Take the database file away while the service runs."""
    service.store.reader.close()
    service.store.database.close()
    for path in service.settings.workspace.glob("store.db*"):
        path.rename(path.with_name(f"gone-{path.name}"))
    (service.settings.workspace / "store.db").mkdir()


def metric(service: Running, name: str, **labels: str) -> float:
    return service.service.metrics.registry.get_sample_value(name, labels) or 0


def test_without_a_bundle_the_slate_is_empty_with_a_reason(tmp_path: Path) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        answer = service.ask()
        assert (answer["items"], answer["shortfall_reason"], answer["degraded"]) == ([], "no_bundle", ["no_bundle"])
        ready = service.client.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert "recsys publish" in ready.json()["reasons"][0]
        assert service.client.get("/v1/members/m000").json()["code"] == "not_ready"


def test_without_the_store_decisions_come_from_the_bundle(service: Running) -> None:
    before = service.shown()
    break_store(service.service)
    answer = service.ask()
    assert answer["degraded"] == ["store_unavailable"]
    assert [item["id"] for item in answer["items"]] == before
    assert service.client.get("/health/ready").status_code == 200
    assert metric(service, "recsys_store_errors_total", part="facts") == 1


def test_without_the_store_writes_and_reads_of_it_are_refused_for_now(service: Running) -> None:
    break_store(service.service)
    event = {"event_id": "e1", "member_id": "m000", "kind": "view", "product_id": "p010"}
    for response in (
        service.client.post("/v1/events", json={"events": [event]}),
        service.client.put("/v1/members/m000/consent", json=CONSENT),
        service.client.delete("/v1/members/m000"),
        service.client.get("/v1/decisions/unknown"),
        service.client.get("/v1/members/m000"),
    ):
        assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
        assert response.headers["retry-after"] == "1"


def test_without_the_store_withdrawn_consent_and_erasure_still_hold(service: Running) -> None:
    service.client.put("/v1/members/m000/consent", json={**CONSENT, "personalisation": False})
    service.client.delete("/v1/members/m001")
    service.client.portal.call(service.service.poll_store)
    break_store(service.service)
    assert [service.ask(member_id=one)["answer"] for one in ("m000", "m001", "m002")] == [
        "popular", "popular", "personalised",
    ]  # fmt: skip


def test_consent_withdrawn_a_moment_before_the_store_is_lost_holds(service: Running) -> None:
    service.client.put("/v1/members/m000/consent", json={**CONSENT, "personalisation": False})
    service.client.delete("/v1/members/m001")
    break_store(service.service)
    assert [service.ask(member_id=one)["answer"] for one in ("m000", "m001", "m002")] == [
        "popular", "popular", "personalised",
    ]  # fmt: skip


def test_a_store_that_was_deleted_takes_nothing_until_it_is_back(service: Running) -> None:
    event = {"event_id": "e1", "member_id": "m000", "kind": "view", "product_id": "p010"}
    service.ask()
    files = list(service.workspace.glob("store.db*"))
    for path in files:
        path.rename(path.with_name(f"gone-{path.name}"))
    response = service.client.post("/v1/events", json={"events": [event]})
    assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
    assert service.ask()["degraded"] == ["store_unavailable"]
    service.client.portal.call(service.service.poll_store)
    assert service.client.get("/health/ready").json()["store"] == "down"
    assert not (service.workspace / "store.db").exists(), "an empty one would have no keys"
    for path in files:
        path.with_name(f"gone-{path.name}").rename(path)
    assert service.tell(**event)["accepted"] == 1
    assert service.ask()["degraded"] == []


def test_while_restrictions_were_never_read_nothing_personal_is_used(workspace: Path) -> None:
    (workspace / "store.db").unlink()
    (workspace / "store.db").mkdir()
    with running(workspace, with_key=False) as service:
        assert not service.service.store_is_up
        requests = [{"member_id": "m000", "placement": "home"}]
        refused = service.client.post("/v1/slates", json=requests[0], headers={"authorization": "Bearer rk_a_b"})
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert "keys were not read yet" in service.client.get("/health/ready").json()["reasons"][0]
        assert service.service.store.restrictions.of("m000").consent == 0


def test_the_log_waits_out_an_outage_and_an_answer_says_when_it_cannot(workspace: Path) -> None:
    with running(workspace, log_queue=2, log_flush_s=3_600) as service:
        answers = [service.ask(member_id=f"m00{number}") for number in range(4)]
        assert [one["degraded"] for one in answers] == [[], [], ["decision_not_logged"], ["decision_not_logged"]]
        assert service.client.get("/health/ready").json()["decisions_lost"] == 2


@pytest.fixture
def broken_engine(service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    current = service.service.live.current
    assert current is not None

    def fail(*_: object) -> None:
        raise RuntimeError("an engine that fails")

    monkeypatch.setattr(type(current.engine), "decide_many", fail)
    return service


def test_an_engine_that_fails_is_answered_with_what_strangers_see(broken_engine: Running) -> None:
    current = broken_engine.service.live.current
    assert current is not None
    listed = [item.id for item in current.fallbacks["home"]]
    answer = broken_engine.ask(exclude_ids=listed[:1], n=4)
    assert (answer["answer"], answer["degraded"]) == ("fallback", ["engine_error"])
    assert [item["id"] for item in answer["items"]] == listed[1:5]
    assert [item["position"] for item in answer["items"]] == [1, 2, 3, 4]
    assert answer["model"]["bundle_id"]
    assert metric(broken_engine, "recsys_engine_errors_total") == 1


def test_an_engine_that_fails_sends_nothing_by_email_and_no_offers(broken_engine: Running) -> None:
    for asked in ({"placement": "email"}, {"path": "/v1/offers", "placement": "offers"}, {"channel": "push"}):
        answer = broken_engine.ask(**asked)
        assert (answer["items"], answer["shortfall_reason"]) == ([], "engine_error")


def test_a_fallback_leaves_out_what_is_no_longer_sold(template: Path, tmp_path: Path) -> None:
    with running(template, now=NOW) as service:
        current = service.service.live.current
    assert current is not None
    catalogue = current.engine.knowledge.catalogue
    assert all(catalogue.on_sale(NOW)[catalogue.products.row(item.id)] for item in current.fallbacks["home"])


def test_a_failing_engine_is_logged_without_the_member(broken_engine: Running) -> None:
    decision = broken_engine.ask()
    assert broken_engine.client.get(f"/v1/decisions/{decision['decision_id']}").json() == decision
