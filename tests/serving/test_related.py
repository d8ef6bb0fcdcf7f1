"""Questions about products over HTTP: with a member, without one, with wrong input, and when things are broken."""

from pathlib import Path
from typing import Any

import pytest

from serving.scopes import Scope
from tests.serving.service_world import Running, empty_workspace, make_key, running

PRODUCT_PATHS = ("/v1/products/p004/similar", "/v1/products/p004/together")


def ask(service: Running, path: str, **body: Any) -> dict[str, Any]:
    response = service.client.post(path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def without_identity(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "decision_id"}


@pytest.mark.parametrize("path", PRODUCT_PATHS)
def test_nobody_in_particular_is_answered_from_the_product_alone(shared_service: Running, path: str) -> None:
    answer = ask(shared_service, path, n=4)
    relation = path.rpartition("/")[2]
    assert (answer["relation"], answer["product_ids"], answer["member_id"]) == (relation, ["p004"], "")
    assert (answer["answer"], answer["placement"], answer["experiment"]) == ("related", "product_page", None)
    assert [item["position"] for item in answer["items"]] == [1, 2, 3, 4]
    assert {reason["product_id"] for reason in answer["items"][0]["reasons"]} == {"p004"}
    assert answer["offer_choice"] is None


@pytest.mark.parametrize("path", PRODUCT_PATHS)
def test_the_url_asks_the_same_as_the_body(shared_service: Running, path: str) -> None:
    by_url = shared_service.client.get(f"{path}?member_id=m001&n=3&language=zh&exclude_ids=p010&basket=p011")
    asked = {"member_id": "m001", "n": 3, "language": "zh", "exclude_ids": ["p010"], "basket": ["p011"]}
    assert without_identity(by_url.json()) == without_identity(ask(shared_service, path, **asked))


def test_a_basket_is_completed_and_nothing_of_it_is_shown(shared_service: Running) -> None:
    answer = ask(shared_service, "/v1/baskets:complete", basket=["p004", "p010"], member_id="m001")
    assert (answer["relation"], answer["placement"], answer["product_ids"]) == ("complete", "basket", ["p004", "p010"])
    assert len(answer["items"]) == 6
    assert not {"p004", "p010"} & {item["id"] for item in answer["items"]}


@pytest.mark.parametrize("product", ["caviar", "a/b", "a%20b", "p004%2Fsimilar", "會"])
def test_any_product_id_is_answered(shared_service: Running, product: str) -> None:
    answer = shared_service.client.get(f"/v1/products/{product}/similar").json()
    assert answer["degraded"] == ["unknown_product", "nothing_related"]
    assert (answer["answer"], len(answer["items"])) == ("fallback", 8)


def test_what_is_not_said_of_a_placement_is_its_default(shared_service: Running) -> None:
    answer = ask(shared_service, "/v1/products/p004/similar", placement="home")
    assert (answer["placement"], len(answer["items"])) == ("home", 12)
    unknown = ask(shared_service, "/v1/products/p004/similar", placement="nowhere")
    assert (unknown["placement"], unknown["degraded"]) == ("home", ["unknown_placement"])


WRONG: list[tuple[str, Any, str]] = [
    ("/v1/products/p004/similar", {"n": 0}, "/n"),
    ("/v1/products/p004/similar", {"product_id": "p004"}, "/product_id"),
    ("/v1/products/p004/together", {"member_id": "a@b.example"}, "/member_id"),
    ("/v1/products/p004/together", {"language": "fr"}, "/language"),
    ("/v1/products//similar", {}, "{product_id}"),
    (f"/v1/products/{'x' * 200}/similar", {}, "{product_id}"),
    ("/v1/baskets:complete", {}, "/basket"),
    ("/v1/baskets:complete", {"basket": "p004"}, "/basket"),
    ("/v1/baskets:complete", {"basket": ["p004", 5]}, "/basket/1"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), WRONG)
def test_wrong_input_is_a_problem_that_names_it(shared_service: Running, path: str, body: Any, pointer: str) -> None:
    response = shared_service.client.post(path, json=body)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert [one["pointer"] for one in response.json()["errors"]] == [pointer]


def test_a_url_with_wrong_input_is_a_problem_too(shared_service: Running) -> None:
    response = shared_service.client.get("/v1/products/p004/similar?n=none&color=red")
    assert response.status_code == 422
    assert {one["pointer"] for one in response.json()["errors"]} == {"?n", "?color"}


BATCHES = [
    ("/v1/products/similar:batch", {"product_id": "p004"}, {"product_id": "caviar", "member_id": "m001"}),
    ("/v1/products/together:batch", {"product_id": "p004"}, {"product_id": "p005", "n": 2}),
    ("/v1/baskets:complete:batch", {"basket": ["p004"]}, {"basket": []}),
]


@pytest.mark.parametrize(("path", "one", "other"), BATCHES)
def test_a_batch_answers_each_as_if_alone_and_the_wrong_ones_with_problems(
    shared_service: Running, path: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    results = ask(shared_service, path, requests=[one, {"member_id": "m001"}, other])["results"]
    assert [part["status"] for part in results] == [200, 422, 200]
    assert results[1]["problem"]["errors"][0]["pointer"].startswith("/requests/1/")
    for part, asked in ((results[0], one), (results[2], other)):
        alone = {name: value for name, value in asked.items() if name != "product_id"}
        single = path.removesuffix(":batch").replace("/products/", f"/products/{asked.get('product_id')}/")
        assert without_identity(part["answer"]) == without_identity(ask(shared_service, single, **alone))


def test_it_takes_the_scope_of_recommendations(shared_service: Running) -> None:
    settings = shared_service.service.settings
    keys = [make_key(settings, scope) for scope in (Scope.RECOMMEND_READ, Scope.OFFERS_READ)]
    shared_service.client.portal.call(shared_service.service.poll_store)
    for path, body in ((PRODUCT_PATHS[0], {}), ("/v1/baskets:complete", {"basket": ["p004"]})):
        answers = [
            shared_service.client.post(path, json=body, headers={"authorization": f"Bearer {key}"}) for key in keys
        ]
        assert [one.status_code for one in answers] == [200, 403]
        assert shared_service.client.post(path, json=body, headers={"authorization": ""}).status_code == 401


@pytest.fixture
def habits(service: Running) -> dict[str, Any]:
    """A basket whose answer is the member's own before anything is withdrawn."""
    asked = {"basket": ["p004"], "member_id": "m001"}
    assert ask(service, "/v1/baskets:complete", **asked)["answer"] == "personalised"
    return asked


def test_after_consent_is_withdrawn_the_answer_is_that_of_nobody(service: Running, habits: dict[str, Any]) -> None:
    service.client.put("/v1/members/m001/consent", json={"personalisation": False})
    nobody = ask(service, "/v1/baskets:complete", basket=["p004"])
    withdrawn = ask(service, "/v1/baskets:complete", **habits)
    assert withdrawn["items"] == nobody["items"]
    assert withdrawn["answer"] == "related"


def test_after_erasure_the_answer_is_that_of_nobody_and_is_not_kept(service: Running, habits: dict[str, Any]) -> None:
    service.client.delete("/v1/members/m001")
    erased = ask(service, "/v1/baskets:complete", **habits)
    assert erased["items"] == ask(service, "/v1/baskets:complete", basket=["p004"])["items"]
    assert service.client.get(f"/v1/decisions/{erased['decision_id']}").status_code == 404


def test_an_answer_can_be_read_back_byte_by_byte(service: Running) -> None:
    response = service.client.post("/v1/products/p004/together", json={"member_id": "m002"})
    again = service.client.get(f"/v1/decisions/{response.json()['decision_id']}")
    assert again.content == response.content


def test_what_was_bought_a_moment_ago_and_is_seldom_bought_again_is_not_proposed(service: Running) -> None:
    current = service.service.live.current
    assert current is not None
    catalogue = current.engine.knowledge.catalogue
    rarely = {catalogue.products.id(row) for row in range(len(catalogue)) if catalogue.repeat_rate[row] < 0.2}

    def shown(product: str, **body: Any) -> set[str]:
        return {item["id"] for item in ask(service, f"/v1/products/{product}/similar", **body)["items"]}

    product, seldom = next(
        (one, min(found)) for one in sorted(rarely) if (found := rarely & shown(one, member_id="m002"))
    )
    service.tell(event_id="e1", member_id="m002", kind="purchase", product_id=seldom)
    assert seldom not in shown(product, member_id="m002")
    assert seldom in shown(product)


def test_without_a_bundle_there_is_an_empty_answer_that_says_what_was_asked(tmp_path: Path) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        answer = ask(service, "/v1/products/p004/similar")
        assert (answer["items"], answer["degraded"]) == ([], ["no_bundle"])
        assert (answer["relation"], answer["product_ids"]) == ("similar", ["p004"])


def test_an_engine_that_fails_shows_what_strangers_see_without_the_product(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = service.service.live.current
    listed = [item.id for item in current.fallbacks["product_page"]]

    def fail(*_: object) -> None:
        raise RuntimeError("an engine that fails")

    monkeypatch.setattr(type(current.engine), "decide_many", fail)
    answer = ask(service, f"/v1/products/{listed[0]}/similar")
    assert [item["id"] for item in answer["items"]] == listed[1:]
    assert (answer["answer"], answer["degraded"]) == ("fallback", ["engine_error"])


def test_with_an_engine_that_fails_different_questions_of_a_batch_have_different_ids(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("an engine that fails")

    monkeypatch.setattr(type(service.service.live.current.engine), "decide_many", fail)
    asked = [{"product_id": product} for product in ("p004", "p005")]
    results = ask(service, "/v1/products/similar:batch", requests=asked)["results"]
    assert len({part["answer"]["decision_id"] for part in results}) == 2
