"""Every route against every scope, and keys that do not work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from serving.scopes import Scope
from serving.store.keys import split_key
from tests.serving.service_world import Running, make_key, published_workspace, running
from tests.worlds import NOW

ASK = {"member_id": "m000", "placement": "home"}
EVENTS = {"events": [{"event_id": "e1", "member_id": "m000", "kind": "view", "product_id": "p010"}]}
CONSENT = {"personalisation": True, "email": True, "push": True, "sms": True}

REFUND = {
    "lines": [{"product_id": "p004", "quantity": 1, "unit_price_minor": 100}], "tier": "ordinary", "priced_at": NOW,
    "total_minor": 100, "returned": [{"product_id": "p004", "quantity": 1, "unit_price_minor": 100}],
}  # fmt: skip
ROUTES: list[tuple[str, str, object, Scope]] = [
    ("POST", "/v1/recommendations", ASK, Scope.RECOMMEND_READ),
    ("GET", "/v1/recommendations?member_id=m000&placement=home", None, Scope.RECOMMEND_READ),
    ("POST", "/v1/recommendations:batch", {"requests": [ASK]}, Scope.RECOMMEND_READ),
    ("POST", "/v1/offers", ASK, Scope.OFFERS_READ),
    ("GET", "/v1/offers?member_id=m000&placement=home", None, Scope.OFFERS_READ),
    ("POST", "/v1/offers:batch", {"requests": [ASK]}, Scope.OFFERS_READ),
    ("POST", "/v1/slates", ASK, Scope.OFFERS_READ),
    ("GET", "/v1/slates?member_id=m000&placement=home", None, Scope.OFFERS_READ),
    ("POST", "/v1/slates:batch", {"requests": [ASK]}, Scope.OFFERS_READ),
    *(
        (method, f"/v1/products/p004/{one}", body, Scope.RECOMMEND_READ)
        for method, body in (("GET", None), ("POST", {}))
        for one in ("similar", "together")
    ),
    ("POST", "/v1/products/similar:batch", {"requests": [{"product_id": "p004"}]}, Scope.RECOMMEND_READ),
    ("POST", "/v1/products/together:batch", {"requests": [{"product_id": "p004"}]}, Scope.RECOMMEND_READ),
    ("POST", "/v1/baskets:complete", {"basket": ["p004"]}, Scope.RECOMMEND_READ),
    ("POST", "/v1/baskets:complete:batch", {"requests": [{"basket": []}]}, Scope.RECOMMEND_READ),
    ("POST", "/v1/baskets:price", {"lines": [{"product_id": "p004"}]}, Scope.OFFERS_READ),
    ("POST", "/v1/baskets:refund", REFUND, Scope.OFFERS_READ),
    ("POST", "/v1/events", EVENTS, Scope.EVENTS_WRITE),
    ("GET", "/v1/decisions/none", None, Scope.DECISIONS_READ),
    ("POST", "/v1/what-if", {**ASK, "changes": {"tier": "gold"}}, Scope.DECISIONS_READ),
    ("GET", "/v1/models", None, Scope.DECISIONS_READ),
    ("GET", "/v1/policy", None, Scope.DECISIONS_READ),
    ("GET", "/v1/members/m000", None, Scope.MEMBERS_READ),
    ("PUT", "/v1/members/m000/consent", CONSENT, Scope.MEMBERS_WRITE),
    ("DELETE", "/v1/members/m005", None, Scope.MEMBERS_WRITE),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[Scope, str]]]:
    workspace = published_workspace(tmp_path_factory.mktemp("auth") / "w")
    with running(workspace, with_key=False) as one:
        keys = {scope: make_key(one.service.settings, scope) for scope in Scope}
        one.client.portal.call(one.service.poll_store)
        yield one, keys


def ask(client: TestClient, route: tuple[str, str, object, Scope], key: str | None) -> int:
    method, path, body, _ = route
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return client.request(method, path, json=body, headers=headers).status_code


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]}-{route[1].partition('?')[0]}")
def test_a_route_opens_to_its_scope_and_admin_only(served: tuple[Running, dict[Scope, str]], route: object) -> None:
    running, keys = served
    needed = route[3]  # type: ignore[index]
    for scope, key in keys.items():
        status = ask(running.client, route, key)  # type: ignore[arg-type]
        assert (status != 403) == (scope in (needed, Scope.ADMIN)), scope
        assert status in (200, 204, 403, 404)
    assert ask(running.client, route, None) == 401  # type: ignore[arg-type]


def test_every_route_of_the_api_is_in_the_matrix(served: tuple[Running, dict[Scope, str]]) -> None:
    described = served[0].client.get("/openapi.json").json()["paths"]
    secured = {(method.upper(), path) for path, methods in described.items() for method in methods if "/v1" in path}
    tried = set()
    for method, path, _, _ in ROUTES:
        bare = path.partition("?")[0]
        bare = bare.replace("m000", "{member_id}").replace("m005", "{member_id}").replace("none", "{decision_id}")
        bare = bare.replace("p004", "{product_id}")
        tried.add((method, bare))
    assert tried == secured
    for method, path in secured:
        assert described[path][method.lower()]["security"] == [{"api_key": []}]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer rk_", "Bearer rk_x_y", "Bearer sk_a_b", "rk_a_b", "Bearer ü"],
)
def test_a_key_that_is_none_is_refused(served: tuple[Running, dict[Scope, str]], header: str) -> None:
    response = served[0].client.get("/v1/models", headers={"authorization": header.encode()})
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("header", "said"),
    [("Bearer nope", "not a key of ours"), ("", "no API key was given"), ("Bearer ", "no API key was given")],
    ids=["another-key", "none", "empty"],
)
def test_another_key_and_no_key_are_told_apart(
    served: tuple[Running, dict[Scope, str]], header: str, said: str
) -> None:
    detail = served[0].client.get("/v1/models", headers={"authorization": header}).json()["detail"]
    assert said in detail
    assert "nope" not in detail


def test_the_right_id_with_a_wrong_secret_is_refused_and_logged_nowhere(
    served: tuple[Running, dict[Scope, str]],
) -> None:
    running, keys = served
    wrong = keys[Scope.ADMIN][:-4] + "AAAA"
    with structlog.testing.capture_logs() as logs:
        response = running.client.get("/v1/models", headers={"authorization": f"Bearer {wrong}"})
    assert response.status_code == 401
    assert wrong not in f"{response.text} {logs} {running.client.get('/metrics').text}"


def test_a_revoked_key_stops_working(served: tuple[Running, dict[Scope, str]], tmp_path: Path) -> None:
    running, _ = served
    key = make_key(running.service.settings, Scope.ADMIN)
    running.client.portal.call(running.service.poll_store)
    headers = {"authorization": f"Bearer {key}"}
    assert running.client.get("/v1/models", headers=headers).status_code == 200
    parts = split_key(key)
    assert parts is not None
    assert running.service.store.keys.revoke(parts[0], now=1)
    running.client.portal.call(running.service.poll_store)
    assert running.client.get("/v1/models", headers=headers).status_code == 401
