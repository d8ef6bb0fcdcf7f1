"""Every bad input gets a problem that says what was wrong, the value, and what is allowed."""

from collections.abc import Mapping
from typing import Any

import pytest

from serving.problems import STATUS, Problem
from tests.serving.service_world import JSON, Running
from tests.worlds import NOW

ASK = {"member_id": "m000", "placement": "home"}
VIEW = {"event_id": "e1", "member_id": "m000", "kind": "view", "product_id": "p010"}


def checked(response: Any, status: int, code: str) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(response.json())
    assert (problem.status, problem.code, STATUS[code]) == (status, code, status)
    assert problem.request_id == response.headers["x-request-id"]
    assert problem.detail
    return problem


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"member_id": None}, "/member_id", "valid string; got None"),
        ({"member_id": ""}, "/member_id", "at least 1 character; got ''"),
        ({"member_id": "a\0b"}, "/member_id", "got 'a\\x00b'"),
        ({"member_id": "x" * 129}, "/member_id", "at most 128"),
        ({"member_id": 5}, "/member_id", "valid string; got 5"),
        ({"n": 0}, "/n", "greater than or equal to 1; got 0"),
        ({"n": 201}, "/n", "less than or equal to 200; got 201"),
        ({"n": "5"}, "/n", "valid integer; got '5'"),
        ({"n": True}, "/n", "valid integer; got True"),
        ({"channel": "fax"}, "/channel", "'web', 'email', 'push' or 'sms'; got 'fax'"),
        ({"language": "fr"}, "/language", "got 'fr'"),
        ({"basket": "p001"}, "/basket", "got 'p001'"),
        ({"exclude_ids": ["p001", 2]}, "/exclude_ids/1", "got 2"),
        ({"exclude_ids": ["x"] * 501}, "/exclude_ids", "at most 500"),
        ({"context": {"x": [1]}}, "/context/x/bool", "valid boolean"),
        ({"context": {"Not a name/": 1}}, "/context/Not a name~1/[key]", "pattern"),
        ({"explain": "yes"}, "/explain", "valid boolean; got 'yes'"),
        ({"who": "me"}, "/who", "not permitted"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, Mapping) else "",
)
def test_a_wrong_field_is_named_with_its_value(
    shared_service: Running, change: dict[str, Any], pointer: str, detail: str
) -> None:
    problem = checked(shared_service.client.post("/v1/slates", json={**ASK, **change}), 422, "invalid_request")
    found = {error.pointer: error.detail for error in problem.errors}
    assert detail in found[pointer]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "?member_id"),
        ("member_id=m&placement=home&n=none", "?n"),
        ("member_id=m&placement=home&x=1", "?x"),
        ("member_id=m&placement=home&basket=p1&basket=", "?basket"),
    ],
    ids=["missing", "no-number", "unknown", "in-a-list"],
)
def test_a_wrong_query_is_named(shared_service: Running, query: str, pointer: str) -> None:
    problem = checked(shared_service.client.get(f"/v1/slates?{query}"), 422, "invalid_request")
    assert pointer in {error.pointer for error in problem.errors}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"member_id": "\\ud800", "placement": "home"}', b"null", b"[]", b"NaN"],
    ids=["empty", "cut", "no-utf8", "deep", "surrogate", "null", "list", "nan"],
)
def test_a_body_that_is_no_request_is_refused(shared_service: Running, body: bytes) -> None:
    response = shared_service.client.post("/v1/slates", content=body, headers=JSON)
    assert response.status_code in (400, 422), response.text
    checked(response, response.status_code, "malformed_request" if response.status_code == 400 else "invalid_request")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"kind": "stare"}, "got 'stare'"),
        ({"product_id": None}, "a view needs a product_id"),
        ({"kind": "redemption"}, "a redemption needs an offer_id"),
        ({"kind": "click", "product_id": None}, "a click needs a product_id or an offer_id"),
        ({"occurred_at": "yesterday"}, "got 'yesterday'"),
        ({"occurred_at": -1}, "got -1"),
        ({"occurred_at": NOW + 301}, "is later than now"),
        ({"quantity": 0}, "got 0"),
        ({"value_minor": 1.5}, "got 1.5"),
        ({"event_id": ""}, "at least 1 character"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, Mapping) else "",
)
def test_a_wrong_event_stops_the_whole_request_and_nothing_is_kept(
    shared_service: Running, change: dict[str, Any], detail: str
) -> None:
    events = [{**VIEW, "event_id": "good"}, {**VIEW, **change}]
    problem = checked(shared_service.client.post("/v1/events", json={"events": events}), 422, "invalid_request")
    assert any(error.pointer.startswith("/events/1") and detail in error.detail for error in problem.errors)
    assert shared_service.client.get("/v1/members/m000").json()["recent"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events", {"events": []}),
        ("/v1/events", {"events": [VIEW] * 1_001}),
        ("/v1/slates:batch", {"requests": []}),
        ("/v1/slates:batch", {"requests": [ASK] * 1_001}),
    ],
    ids=["no-events", "too-many-events", "no-requests", "too-many-requests"],
)
def test_a_batch_has_a_size(shared_service: Running, path: str, body: dict[str, Any]) -> None:
    checked(shared_service.client.post(path, json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    "body", [{"personalisation": 1, "email": 1, "push": 1, "sms": 1}, {"email": "no"}, {"fax": True}]
)
def test_consent_is_said_with_true_and_false(shared_service: Running, body: dict[str, Any]) -> None:
    checked(shared_service.client.put("/v1/members/m000/consent", json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/slates", b'{"member_id":"m","placement":"home","exclude_ids":[' + b"1," * 300_000 + b"1]}"),
        (
            "/v1/slates",
            b'{"member_id":"m","placement":"home",' + b",".join(b'"k%d":0' % n for n in range(50_000)) + b"}",
        ),
        ("/v1/events", b'{"events":[' + b"1," * 300_000 + b"1]}"),
        ("/v1/members/m000/consent", b"{" + b",".join(b'"k%d":0' % n for n in range(50_000)) + b"}"),
    ],
    ids=["ids", "fields", "events", "consent"],
)
def test_a_body_of_nothing_but_errors_gets_a_short_answer(shared_service: Running, path: str, body: bytes) -> None:
    method = "PUT" if path.endswith("consent") else "POST"
    response = shared_service.client.request(method, path, content=body, headers=JSON)
    assert len(response.content) < 1_000
    assert "too many to list" in checked(response, 422, "invalid_request").detail


def test_one_wrong_event_is_one_error(shared_service: Running) -> None:
    body = {"events": [{**VIEW, "kind": "stare"}]}
    problem = checked(shared_service.client.post("/v1/events", json=body), 422, "invalid_request")
    assert [error.pointer for error in problem.errors] == ["/events/0/kind"]
    assert problem.detail == "1 part of the request is not as allowed; see errors"


def test_no_events_are_too_few(shared_service: Running) -> None:
    problem = checked(shared_service.client.post("/v1/events", json={"events": []}), 422, "invalid_request")
    assert "the list has 0 entries; it must have at least 1" in problem.errors[0].detail


def test_the_first_twenty_errors_are_listed(shared_service: Running) -> None:
    body = {"events": [{**VIEW, "kind": "stare"}] * 100}
    problem = checked(shared_service.client.post("/v1/events", json=body), 422, "invalid_request")
    assert len(problem.errors) == 20
    assert problem.detail.endswith("are not as allowed; errors lists the first 20")


def test_a_wrong_part_of_the_path_is_named(shared_service: Running) -> None:
    consent = {"personalisation": True, "email": True, "push": True, "sms": True}
    long = "x" * 129
    for response in (
        shared_service.client.get(f"/v1/members/{long}"),
        shared_service.client.put(f"/v1/members/{long}/consent", json=consent),
    ):
        assert checked(response, 422, "invalid_request").errors[0].pointer == "{member_id}"


def test_a_key_is_asked_for_before_the_body_is_looked_at(shared_service: Running) -> None:
    anonymous = {"authorization": "", **JSON}
    checked(shared_service.client.post("/v1/slates", content=b"{", headers=anonymous), 401, "unauthenticated")


def test_what_is_not_there_is_a_problem_too(shared_service: Running) -> None:
    checked(shared_service.client.get("/v1/nothing"), 404, "not_found")
    checked(shared_service.client.get("/v1/decisions/none"), 404, "unknown_decision")
    checked(shared_service.client.get("/v1/members/nobody"), 404, "unknown_member")
    refused = shared_service.client.delete("/v1/slates")
    checked(refused, 405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("media_type", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_another_media_type_is_refused(shared_service: Running, media_type: str) -> None:
    response = shared_service.client.post("/v1/slates", content=b"{}", headers={"content-type": media_type})
    checked(response, 415, "unsupported_media_type")


def test_a_bug_is_a_problem_without_its_inner_life(shared_service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_service.service.log, "find_pending", lambda _: 1 / 0)
    problem = checked(shared_service.client.get("/v1/decisions/d"), 500, "internal_error")
    assert "ZeroDivision" not in problem.model_dump_json()
