"""E-mail addresses are no member ids: refused in every request, and never repeated."""

import pytest

from serving.problems import Problem
from tests.serving.service_world import Running

ADDRESS = "jane@shop.example"
ASK = {"member_id": ADDRESS, "placement": "home"}
EVENT = {"event_id": "e1", "member_id": ADDRESS, "kind": "view", "product_id": "p010"}
REQUESTS = [
    *(("POST", f"/v1/{name}", {"json": ASK}, "/member_id") for name in ("slates", "recommendations", "offers")),
    *(("GET", f"/v1/{name}", {"params": ASK}, "?member_id") for name in ("slates", "recommendations", "offers")),
    ("POST", "/v1/events", {"json": {"events": [EVENT]}}, "/events/0/member_id"),
    ("GET", f"/v1/members/{ADDRESS}", {}, "{member_id}"),
    ("DELETE", f"/v1/members/{ADDRESS}", {}, "{member_id}"),
    ("PUT", f"/v1/members/{ADDRESS}/consent", {"json": {"email": True}}, "{member_id}"),
]


def is_refused(problem: Problem, pointer: str) -> None:
    assert (problem.status, problem.code) == (422, "invalid_request")
    (error,) = problem.errors
    assert error.pointer == pointer
    assert "ids are pseudonyms; do not send e-mail addresses" in error.detail
    assert "jane" not in problem.model_dump_json()


@pytest.mark.parametrize(
    ("method", "path", "sent", "pointer"), REQUESTS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_an_address_is_refused_and_not_repeated(
    shared_service: Running, method: str, path: str, sent: dict[str, object], pointer: str
) -> None:
    response = shared_service.client.request(method, path, **sent)
    is_refused(Problem.model_validate(response.json()), pointer)


def test_an_address_in_a_batch_stops_no_other_request(shared_service: Running) -> None:
    body = {"requests": [ASK, {**ASK, "member_id": "m000"}]}
    first, second = shared_service.client.post("/v1/slates:batch", json=body).json()["results"]
    is_refused(Problem.model_validate(first["problem"]), "/requests/0/member_id")
    assert second["status"] == 200


@pytest.mark.parametrize("change", [{"member_id": ADDRESS * 20}, {"member_id": f"{ADDRESS}\0"}, {"channel": ADDRESS}])
def test_an_address_that_is_wrong_otherwise_is_not_repeated_either(
    shared_service: Running, change: dict[str, str]
) -> None:
    response = shared_service.client.post("/v1/slates", json={**ASK, "member_id": "m000", **change})
    assert response.status_code == 422
    assert "jane" not in response.text


def test_the_description_says_what_a_member_id_may_be(shared_service: Running) -> None:
    described = shared_service.client.get("/openapi.json").json()
    pattern = r"^[^\x00@]+$"
    assert described["components"]["schemas"]["DecisionRequest"]["properties"]["member_id"]["pattern"] == pattern
    assert described["paths"]["/v1/members/{member_id}"]["get"]["parameters"][0]["schema"]["pattern"] == pattern
