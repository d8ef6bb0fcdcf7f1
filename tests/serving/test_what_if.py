"""What if, over HTTP and on the command line: two decisions, neither of them made."""

from pathlib import Path
from typing import Any

import pytest

from recsys.errors import InputError
from recsys.what_if import Changes
from serving import what_if as room
from serving.what_if_commands import decide_what_if
from serving.wire_what_if import WhatIfAnswer
from tests.serving.service_world import Running, running
from tests.serving.test_degraded import break_store
from tests.worlds import DAY, NOW


def ask(service: Running, changes: dict[str, Any], **body: Any) -> dict[str, Any]:
    response = service.client.post(
        "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": changes, **body}
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    WhatIfAnswer.model_validate_json(response.content)
    return answer


def test_both_decisions_and_what_changed_are_answered(shared_service: Running) -> None:
    answer = ask(shared_service, {"without_rules": ["variety_in_slate"]})
    assert answer["what_if"] is True
    made = shared_service.ask(member_id="m001")
    assert answer["before"]["items"] == made["items"]
    shown = {item["id"] for item in answer["after"]["items"]}
    assert {one["id"] for one in answer["differences"]["entered"]} == shown - {item["id"] for item in made["items"]}
    assert {one["removed_by"] for one in answer["differences"]["entered"]} == {"variety_in_slate"}
    assert "candidates" not in answer["before"]
    assert answer["after"]["why_not"] == []


def test_with_explain_every_candidate_of_both_is_listed(shared_service: Running) -> None:
    answer = ask(shared_service, {"tier": "gold"}, explain=True, language="zh")
    found = {one["id"]: one for one in answer["before"]["candidates"]}
    assert found["o000"]["removed_by"] == "tier_not_allowed"
    assert found["o000"]["reason"]["text"] == "该优惠不适用于会员当前等级"
    assert {one["id"]: one["removed_by"] for one in answer["after"]["candidates"]}["o000"] is None


def test_neither_decision_is_in_the_log(service: Running) -> None:
    answer = ask(service, {"now": NOW + 5 * DAY})
    for side in ("before", "after"):
        response = service.client.get(f"/v1/decisions/{answer[side]['decision_id']}")
        assert response.status_code == 404
    assert service.service.log.n_free == service.service.settings.log_queue
    assert (answer["before"]["decided_at"], answer["after"]["decided_at"]) == (NOW, NOW + 5 * DAY)


def test_consent_said_to_the_service_is_kept_to(service: Running) -> None:
    service.client.put("/v1/members/m001/consent", json={"personalisation": False}).raise_for_status()
    answer = ask(service, {"tier": "gold", "stage": "dormant"})
    assert [note["code"] for note in answer["notes"]] == ["no_consent_to_personalisation", "nothing_changed"]
    assert answer["before"]["items"] == answer["after"]["items"]
    refused = service.client.post(
        "/v1/what-if",
        json={"member_id": "m001", "placement": "home", "changes": {"consent": {"personalisation": True}}},
    )
    assert (refused.status_code, "nobody agrees for them" in refused.json()["detail"]) == (422, True)


def test_a_consent_may_be_tried(shared_service: Running) -> None:
    answer = ask(shared_service, {"consent": {"email": False}}, placement="email")
    assert answer["after"]["items"] == []
    assert {one["reason"]["code"] for one in answer["differences"]["left"]} == {"channel_consent_missing"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tier": "golden"}, "there are ordinary, silver, gold, diamond"),
        ({"without_rules": ["max_dept"]}, "did you mean 'max_depth'"),
        ({"without_rules": ["channel_consent_missing"]}, "consent is the member's to give"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_that_says_what_can(
    shared_service: Running, changes: dict[str, Any], said: str
) -> None:
    response = shared_service.client.post(
        "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": changes}
    )
    assert response.status_code == 422
    assert said in response.json()["detail"]


@pytest.mark.parametrize("changes", [{}, {"stage": "asleep"}, {"now": 5, "on_birthday": True}, {"colour": "red"}])
def test_changes_of_another_form_are_problems_with_their_place(
    shared_service: Running, changes: dict[str, Any]
) -> None:
    response = shared_service.client.post(
        "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": changes}
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith("/changes")
    assert "Value error" not in response.json()["errors"][0]["detail"]


def test_without_a_bundle_it_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    with running(tmp_path) as service:
        response = service.client.post(
            "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": {"tier": "gold"}}
        )
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")


def test_too_many_at_once_are_told_to_come_again(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_WAITING", 0)
    response = service.client.post(
        "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": {"tier": "gold"}}
    )
    assert (response.status_code, response.json()["code"]) == (503, "overloaded")
    monkeypatch.setattr(room, "_MOST_WAITING", 1)
    assert all(ask(service, {"tier": tier})["what_if"] for tier in ("gold", "silver"))


def test_while_the_store_is_down_nobody_knows_what_was_agreed_to_and_there_is_no_answer(service: Running) -> None:
    break_store(service.service)
    response = service.client.post(
        "/v1/what-if", json={"member_id": "m001", "placement": "home", "changes": {"tier": "gold"}}
    )
    assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")


def test_a_changed_policy_is_compiled_once(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []
    compiled = room.engine_without
    monkeypatch.setattr(room, "engine_without", lambda engine, ids: made.append(ids) or compiled(engine, ids))
    rules = ["variety_in_slate", "max_depth"]
    answers = [ask(service, {"without_rules": one}) for one in (rules, rules[::-1], rules[:1], rules)]
    assert [set(one) for one in made] == [set(rules), {"variety_in_slate"}]
    assert answers[0]["after"]["items"] == answers[3]["after"]["items"]


def test_a_new_policy_is_asked_from_its_first_question_on(service: Running) -> None:
    changes = {"without_rules": ["variety_in_slate"]}
    before = ask(service, changes)
    file = service.workspace / "policy.yaml"
    file.write_text(file.read_text().replace("capacity: 12", "capacity: 3"))
    service.service.live.refresh()
    after = ask(service, changes)
    assert [len(one["after"]["items"]) > 3 for one in (before, after)] == [True, False]
    assert after["before"]["policy"] != before["before"]["policy"]


def test_the_command_shows_both_slates_side_by_side_and_why(workspace: Path) -> None:
    report = decide_what_if(
        workspace, Changes(without_rules=("variety_in_slate",), tier="gold"), member_id="m001", placement="home",
        n=None, now=NOW, language="zh",
    )  # fmt: skip
    sides, moves, turned = report.tables
    assert sides.columns == ("position", "before", "after", "change")
    assert [row[0] for row in sides.rows] == list(range(1, len(sides.rows) + 1))
    entered = {one["id"] for one in report.facts["differences"]["entered"]}
    assert {str(row[2]).split()[0] for row in sides.rows if row[3] == "new"} == entered
    assert {row[1] for row in moves.rows if row[3] is None} == entered
    assert ("offer", "tier_not_allowed") in {row[:2] for row in turned.rows}
    assert any(note.startswith("offer: ") and " -> " in note for note in report.notes)
    assert report.notes[-1] == "Neither decision was made: nothing is logged."
    assert report.facts["what_if"] is True


def test_the_command_says_what_there_is(workspace: Path) -> None:
    with pytest.raises(InputError, match="no placement 'hom'"):
        decide_what_if(workspace, Changes(tier="gold"), member_id="m001", placement="hom", n=None, now=NOW)
    with pytest.raises(InputError, match="no tier 'golden'"):
        decide_what_if(workspace, Changes(tier="golden"), member_id="m001", placement=None, n=None, now=NOW)
