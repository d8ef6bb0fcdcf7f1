"""What the answer to events says of ids that the served bundle does not know."""

from typing import Any

from tests.serving.service_world import Running, empty_workspace, running


def sent(service: Running, *events: dict[str, Any]) -> dict[str, int]:
    numbered = [{"event_id": f"e{n}", "member_id": "m000", **event} for n, event in enumerate(events)]
    response = service.client.post("/v1/events", json={"events": numbered})
    assert response.status_code == 200, response.text
    counts: dict[str, int] = response.json()
    return counts


def test_events_about_what_the_bundle_does_not_know_are_taken_and_counted(service: Running) -> None:
    offer = service.ask("/v1/offers", placement="offers")["items"][0]["id"]
    counts = sent(
        service,
        {"kind": "view", "product_id": "p010"},
        {"kind": "click", "offer_id": offer},
        {"kind": "view", "product_id": "nothing"},
        {"kind": "exposure", "product_id": "p010", "offer_id": "no offer"},
        {"kind": "exposure", "product_id": "nothing", "offer_id": "no offer"},
    )
    assert counts == {"accepted": 5, "duplicates": 0, "ignored": 0, "unknown_ids": 3}


def test_events_with_unknown_ids_are_no_result_of_their_own_in_the_metrics(service: Running) -> None:
    sent(service, {"kind": "view", "product_id": "nothing"})
    metrics = service.client.get("/metrics").text
    assert 'recsys_events_total{result="accepted"} 1.0' in metrics
    assert 'result="unknown_ids"' not in metrics


def test_without_a_bundle_no_id_is_called_unknown(tmp_path: Any) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        assert sent(service, {"kind": "view", "product_id": "nothing"})["unknown_ids"] == 0
