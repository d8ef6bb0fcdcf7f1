"""Consent may be said in part: the rest stays as it was said last, else as the bundle has it, else no."""

from typing import Any

import pytest

from recsys.types import Consent
from serving.store.database import Database
from serving.store.members import MemberStore
from tests.serving.service_world import Running, empty_workspace, running
from tests.worlds import NOW

ALL = {"personalisation": True, "email": True, "push": True, "sms": True}
NONE = dict.fromkeys(ALL, False)


def said(service: Running, member_id: str, **change: Any) -> dict[str, bool]:
    response = service.client.put(f"/v1/members/{member_id}/consent", json=change)
    assert response.status_code == 200, response.text
    answer: dict[str, bool] = response.json()
    return answer


def test_what_is_left_out_stays_as_the_bundle_has_it(service: Running) -> None:
    holds = said(service, "m000", email=False)
    assert holds == {**ALL, "email": False}
    assert service.client.get("/v1/members/m000").json()["consent"] == holds
    assert service.ask(placement="email")["shortfall_reason"] == "channel_consent_missing"
    assert service.ask()["answer"] == "personalised"


def test_what_is_left_out_stays_as_it_was_said_last(service: Running) -> None:
    said(service, "m000", **{**ALL, "push": False})
    assert said(service, "m000", sms=False) == {**ALL, "push": False, "sms": False}
    assert said(service, "m000", push=True, email=None) == {**ALL, "sms": False}


def test_a_member_nobody_knows_agreed_to_nothing_else(service: Running) -> None:
    assert said(service, "new", email=True) == {**NONE, "email": True}


def test_without_a_bundle_the_rest_is_no(tmp_path: Any) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        assert said(service, "m000", email=True) == {**NONE, "email": True}


def test_a_word_said_in_part_holds_while_the_store_is_down(service: Running) -> None:
    said(service, "m000", sms=False)
    assert service.service.store.restrictions.of("m000").consent == (
        Consent.PERSONALISATION | Consent.EMAIL | Consent.PUSH
    )


@pytest.mark.parametrize("body", [{}, {"email": None}], ids=["empty", "null"])
def test_who_says_nothing_is_told_what_may_be_said(shared_service: Running, body: dict[str, Any]) -> None:
    response = shared_service.client.put("/v1/members/m000/consent", json=body)
    assert response.status_code == 422
    assert "give at least one of personalisation, email, push, sms" in response.json()["errors"][0]["detail"]


def test_the_description_has_an_example_in_part(shared_service: Running) -> None:
    schemas = shared_service.client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["ConsentChange"]["examples"] == [{"email": False}]
    assert "required" not in schemas["ConsentChange"]


def test_the_store_keeps_what_was_not_spoken_about(database: Database) -> None:
    database.migrate()
    members = MemberStore(database)
    first = members.set_consent("m1", Consent.NONE, said=Consent.EMAIL, before=Consent.EMAIL | Consent.SMS, now=NOW)
    assert first == Consent.SMS
    second = members.set_consent("m1", Consent.PUSH, said=Consent.PUSH, before=Consent.EMAIL, now=NOW)
    assert second == Consent.SMS | Consent.PUSH
    members.erase("m1", now=NOW)
    assert members.set_consent("m1", Consent.EMAIL, said=Consent.EMAIL, now=NOW) is None
