"""The endpoints over a real small world: what they answer, and what changes the next answer."""

from pathlib import Path

import pytest

from recsys.types import ItemKind
from serving.wire import DecisionAnswer
from serving.wire_batch import BatchAnswer
from tests.serving.service_world import Running, running
from tests.worlds import CUT_OFF, NOW

ALL_CONSENT = {"personalisation": True, "email": True, "push": True, "sms": True}


def test_a_decision_has_the_documented_shape_and_says_what_it_is(shared_service: Running) -> None:
    answer = shared_service.ask(explain=True)
    DecisionAnswer.model_validate(answer)
    assert answer["answer"] == "personalised"
    assert (answer["decided_at"], answer["degraded"]) == (NOW, [])
    assert answer["model"]["bundle_id"]
    assert answer["policy"]["policy_id"]
    assert [item["position"] for item in answer["items"]] == list(range(1, len(answer["items"]) + 1))
    assert all(item["reasons"] for item in answer["items"])
    assert {"kind": "product", "id": "p001", "rule": "out_of_stock"} in answer["why_not"]


@pytest.mark.parametrize(
    ("path", "placement", "kinds"),
    [
        ("/v1/recommendations", "home", {"product"}),
        ("/v1/offers", "offers", {"offer"}),
        ("/v1/slates", "home", {"product", "offer"}),
    ],
)
def test_each_question_answers_its_kinds(shared_service: Running, path: str, placement: str, kinds: set[str]) -> None:
    shown = {
        item["kind"]
        for number in range(7)
        for item in shared_service.ask(path, member_id=f"m00{number}", placement=placement)["items"]
    }
    assert shown == kinds


def test_get_asks_the_same_as_post(shared_service: Running) -> None:
    asked = {"member_id": "m001", "placement": "home", "n": 3, "exclude_ids": ["p004", "p010"], "language": "zh"}
    headers = {"x-request-id": "the-same"}
    by_url = shared_service.client.get("/v1/slates", params=asked, headers=headers)
    by_body = shared_service.client.post("/v1/slates", json=asked, headers=headers)
    assert by_url.content == by_body.content
    assert len(by_url.json()["items"]) == 3


def test_a_repeated_request_id_in_the_same_second_is_the_same_decision(shared_service: Running) -> None:
    answers = [
        shared_service.client.post(
            "/v1/slates", json={"member_id": "m001", "placement": "home"}, headers={"x-request-id": request_id}
        ).json()
        for request_id in ("a", "a", "b")
    ]
    assert answers[0] == answers[1]
    assert answers[0]["decision_id"] != answers[2]["decision_id"]


def test_an_unknown_member_gets_an_answer(shared_service: Running) -> None:
    answer = shared_service.ask(member_id="nobody knows 我")
    assert answer["answer"] == "popular"
    assert answer["items"]


def test_an_unknown_placement_gets_an_answer_that_says_so(shared_service: Running) -> None:
    answer = shared_service.ask(placement="nowhere")
    assert answer["degraded"] == ["unknown_placement"]
    assert answer["items"]


def test_a_batch_answers_in_order_and_a_wrong_part_stops_no_other(shared_service: Running) -> None:
    parts = [
        {"member_id": "m003", "placement": "home", "n": 2},
        {"member_id": "", "placement": "home"},
        {"member_id": "m001", "placement": "basket", "n": 1},
        "nonsense",
        {"member_id": "m002", "placement": "home", "n": 2},
    ]
    results = shared_service.client.post("/v1/recommendations:batch", json={"requests": parts}).json()["results"]
    BatchAnswer.model_validate({"results": results})
    assert [one["status"] for one in results] == [200, 422, 200, 422, 200]
    assert [one["answer"]["member_id"] for one in results if one["status"] == 200] == ["m003", "m001", "m002"]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/requests/1/member_id"
    assert results[3]["problem"]["errors"][0]["pointer"] == "/requests/3"


def test_a_batch_decides_as_single_requests_do(shared_service: Running) -> None:
    ids = [f"m00{number}" for number in (6, 2, 0, 5)] + ["stranger"]
    requests = [{"member_id": one, "placement": "home"} for one in ids]
    batch = shared_service.client.post("/v1/slates:batch", json={"requests": requests}).json()["results"]
    for one, result in zip(ids, batch, strict=True):
        assert result["answer"]["items"] == shared_service.ask(member_id=one)["items"]


def test_context_values_of_different_types_are_not_taken_for_the_same(shared_service: Running) -> None:
    requests = [{"member_id": "m001", "placement": "home", "context": {"x": value}} for value in (1, True, 1.0)]
    results = shared_service.client.post("/v1/slates:batch", json={"requests": requests}).json()["results"]
    assert len({one["answer"]["decision_id"] for one in results}) == 3


def test_every_answered_decision_can_be_read_back_byte_by_byte(shared_service: Running) -> None:
    answered = shared_service.client.post("/v1/slates", json={"member_id": "m000", "placement": "home"})
    path = f"/v1/decisions/{answered.json()['decision_id']}"
    assert shared_service.client.get(path).content == answered.content, "while it waits for the log"
    shared_service.client.portal.call(shared_service.service.log.flush)
    assert shared_service.service.log.n_pending == 0
    assert shared_service.client.get(path).content == answered.content, "from the store"


def test_a_graceful_stop_writes_every_decision(workspace: Path) -> None:
    with running(workspace, log_flush_s=3_600) as first:
        decision_ids = [first.ask(member_id=f"m00{number}")["decision_id"] for number in range(7)]
    with running(workspace) as second:
        assert [second.client.get(f"/v1/decisions/{one}").status_code for one in decision_ids] == [200] * 7


def test_what_a_member_did_changes_the_next_answer(service: Running) -> None:
    # Products with higher numbers are bought again and again, and may be shown again.
    bought = next(one for one in service.shown(path="/v1/recommendations") if one < "p009")
    assert service.tell(event_id="e1", kind="purchase", product_id=bought) == {
        "accepted": 1, "duplicates": 0, "ignored": 0, "unknown_ids": 0,
    }  # fmt: skip
    answer = service.ask(explain=True)
    assert bought not in [item["id"] for item in answer["items"]]
    assert {"kind": "product", "id": bought, "rule": "recently_bought"} in answer["why_not"]
    assert service.shown(member_id="m002") != service.shown(member_id="m000")


def test_a_view_brings_neighbours_into_the_answer(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p012")
    assert "recent_activity" in {item["source"] for item in service.ask()["items"]}


def test_an_offer_taken_is_held_until_redeemed_and_rests_then(service: Running) -> None:
    asked = {"placement": "offers", "path": "/v1/offers", "member_id": "m000"}
    taken = service.ask(**asked)["items"][0]["id"]
    service.tell(event_id="e1", kind="click", offer_id=taken)
    answer = service.ask(**asked, explain=True)
    assert {"kind": "offer", "id": taken, "rule": "offer_already_held"} in answer["why_not"]
    service.tell(event_id="e2", kind="redemption", offer_id=taken, occurred_at=NOW + 1)
    answer = service.ask(**asked, explain=True)
    assert {"kind": "offer", "id": taken, "rule": "rest_after_redeeming"} in answer["why_not"]


def test_the_contact_cap_counts_exposures_by_email(service: Running) -> None:
    assert service.ask(placement="email")["items"]
    for number in range(2):
        service.tell(
            event_id=f"e{number}", kind="exposure", product_id="p004", channel="email", decision_id=f"d{number}"
        )
    answer = service.ask(placement="email")
    assert answer["items"] == []
    assert answer["shortfall_reason"]


def test_the_same_event_id_again_is_one_effect(service: Running) -> None:
    event = {"event_id": "e1", "member_id": "m000", "kind": "view", "product_id": "p010"}
    body = {"events": [event, event, {**event, "event_id": "e2"}]}
    for accepted, duplicates in ((2, 1), (0, 3)):
        counts = service.client.post("/v1/events", json=body).json()
        assert counts == {"accepted": accepted, "duplicates": duplicates, "ignored": 0, "unknown_ids": 0}


def test_events_without_a_time_happen_now(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p010")
    assert service.client.get("/v1/members/m000").json()["recent"][0]["occurred_at"] == NOW


def test_withdrawn_consent_holds_from_the_next_decision_on(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p012")
    stranger = service.shown(member_id="stranger", path="/v1/recommendations")
    for agreed, answer in ((False, "popular"), (True, "personalised")):
        consent = {**ALL_CONSENT, "personalisation": agreed}
        assert service.client.put("/v1/members/m000/consent", json=consent).json() == consent
        assert service.ask()["answer"] == answer
    service.client.put("/v1/members/m000/consent", json={**ALL_CONSENT, "personalisation": False})
    assert service.shown(path="/v1/recommendations") == stranger


def test_a_channel_without_consent_gets_nothing(service: Running) -> None:
    service.client.put("/v1/members/m000/consent", json={**ALL_CONSENT, "email": False})
    answer = service.ask(placement="email")
    assert (answer["items"], answer["shortfall_reason"]) == ([], "channel_consent_missing")


def test_the_profile_is_the_member_as_the_engine_sees_them(service: Running) -> None:
    service.tell(event_id="e1", kind="purchase", product_id="p010", occurred_at=CUT_OFF + 5)
    profile = service.client.get("/v1/members/m000").json()
    assert (profile["tier"], profile["stage"], profile["birth_month"]) == ("gold", "active", 5)
    assert profile["consent"] == ALL_CONSENT
    assert profile["n_products_bought"] == 3
    assert profile["recent"] == [{"product_id": "p010", "kind": "purchase", "occurred_at": CUT_OFF + 5}]


def test_the_profile_without_consent_is_a_strangers(shared_service: Running) -> None:
    profile = shared_service.client.get("/v1/members/m006").json()
    assert (profile["in_bundle"], profile["personal"], profile["points"], profile["birth_month"]) == (
        True, False, 0, None,
    )  # fmt: skip


def test_after_erasure_nothing_is_found_and_the_answer_is_a_strangers(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p012")
    decision_id = service.ask()["decision_id"]
    for _ in range(2):
        assert service.client.delete("/v1/members/m000").status_code == 204
    assert service.client.get("/v1/members/m000").json()["code"] == "unknown_member"
    assert service.client.get(f"/v1/decisions/{decision_id}").json()["code"] == "unknown_decision"
    after = service.ask()
    assert after["answer"] == "popular"
    assert service.client.get(f"/v1/decisions/{after['decision_id']}").status_code == 404
    assert service.tell(event_id="e2", kind="view", product_id="p012")["ignored"] == 1
    stranger = service.shown(member_id="stranger", path="/v1/recommendations")
    assert service.shown(path="/v1/recommendations") == stranger


def test_a_member_id_may_hold_anything_but_nul(shared_service: Running) -> None:
    strange = 'a "quoted" é/\\ \U0001f600'
    assert shared_service.ask(member_id=strange)["member_id"] == strange


def test_a_member_whose_id_holds_a_slash_can_be_read_and_erased(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p010", member_id="a/b")
    path = "/v1/members/a%2Fb"
    assert service.client.get(path).json()["member_id"] == "a/b"
    assert service.client.put(f"{path}/consent", json=ALL_CONSENT).status_code == 200
    assert service.client.get(path).json()["consent"] == ALL_CONSENT
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).status_code == 404


def test_answers_are_never_cached(shared_service: Running) -> None:
    asked = {"member_id": "m000", "placement": "home"}
    assert shared_service.client.get("/v1/slates", params=asked).headers["cache-control"] == "no-store"


def test_an_expression_that_fails_is_counted(workspace: Path) -> None:
    rule = """
  - id: fails_at_times
    owner: tests
    applies_to: product
    who: 1 / member.birth_month > 0
    effect: exclude
"""
    policy = workspace / "policy.yaml"
    text = policy.read_text()
    assert "\nlevers:\n" in text
    policy.write_text(text.replace("\nlevers:\n", f"\nrules:{rule}levers:\n", 1))
    with running(workspace) as service:
        service.ask(member_id="stranger")
        metrics = service.client.get("/metrics").text
        assert 'recsys_policy_expression_errors{part="who",rule="fails_at_times"}' in metrics


def test_health_and_metrics_need_no_key_and_hold_no_member(service: Running) -> None:
    service.ask(member_id="m000")
    anonymous = {"authorization": ""}
    assert service.client.get("/health/live", headers=anonymous).json() == {"alive": True}
    assert service.client.get("/health/ready", headers=anonymous).json()["ready"]
    metrics = service.client.get("/metrics", headers=anonymous).text
    assert 'recsys_requests_total{route="/v1/slates",status="200"} 1.0' in metrics
    assert "m000" not in metrics


def test_every_answer_has_a_request_id_of_the_caller_or_of_ours(shared_service: Running) -> None:
    given = shared_service.client.get("/health/live", headers={"x-request-id": "shop-17"})
    assert given.headers["x-request-id"] == "shop-17"
    bad = shared_service.client.get("/health/live", headers={"x-request-id": "no spaces\tallowed"})
    assert len(bad.headers["x-request-id"]) == 24


def test_the_service_does_the_same_on_postgresql(workspace: Path, postgres_url: str) -> None:
    with running(workspace, store_url=postgres_url, store_deadline_ms=10_000) as service:
        service.tell(event_id="e1", kind="view", product_id="p012")
        answer = service.ask()
        assert answer["degraded"] == []
        assert "recent_activity" in {item["source"] for item in answer["items"]}
        service.client.portal.call(service.service.log.flush)
        assert service.client.get(f"/v1/decisions/{answer['decision_id']}").json() == answer
        assert service.client.delete("/v1/members/m000").status_code == 204
        assert service.client.get(f"/v1/decisions/{answer['decision_id']}").status_code == 404
        assert service.ask()["answer"] == "popular"


def test_the_kinds_of_items_are_all_asked_for_by_some_question() -> None:
    assert {kind.value for kind in ItemKind} == {"product", "offer"}
