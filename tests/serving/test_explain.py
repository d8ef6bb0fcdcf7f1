"""With explain an answer lists every candidate; without it is as it was."""

from tests.serving.service_world import Running


def test_without_explain_no_candidates_are_listed_and_with_it_all(shared_service: Running) -> None:
    assert "candidates" not in shared_service.ask()
    answer = shared_service.ask(explain=True)
    shown = [one["id"] for one in answer["candidates"] if one["position"] is not None]
    assert shown == [item["id"] for item in answer["items"]]
    by_rule = {(one["kind"], one["id"], one["removed_by"]) for one in answer["candidates"] if one["removed_by"]}
    assert by_rule == {(one["kind"], one["id"], one["rule"]) for one in answer["why_not"]}


def test_a_batch_explains_a_bounded_number_of_its_requests_and_says_so_of_the_others(shared_service: Running) -> None:
    asked = [{"member_id": f"m{number}", "placement": "home", "explain": number != 3} for number in range(53)]
    results = shared_service.client.post("/v1/recommendations:batch", json={"requests": asked}).json()["results"]
    assert [result["status"] for result in results] == [200] * 51 + [422] * 2
    assert ["candidates" in result["answer"] for result in results[:51]] == [number != 3 for number in range(51)]
    assert results[51]["problem"]["errors"][0]["pointer"] == "/requests/51/explain"
