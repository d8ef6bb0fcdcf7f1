"""What `GET /v1/members/{id}` says of what the bundle knows: all of it to who may ask, none of whom it may not use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recsys.profile import NO_PROFILE, MemberProfile
from serving.scopes import Scope
from serving.settings import Settings
from tests.serving.service_world import Running, empty_workspace, make_key, publish, running
from tests.worlds import CUT_OFF, small_knowledge, small_profile

COLUMNS = {spec.name for spec in small_profile(1).specs}


def member(service: Running, member_id: str = "m000") -> dict[str, Any]:
    response = service.client.get(f"/v1/members/{member_id}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def profile_schema(service: Running) -> dict[str, Any]:
    schemas = service.client.get("/openapi.json").json()["components"]["schemas"]
    schema: dict[str, Any] = schemas["MemberAnswer"]["properties"]["profile"]["anyOf"][0]
    return schema


def test_the_profile_has_every_column_of_the_bundle_as_of_its_cut_off(shared_service: Running) -> None:
    known = member(shared_service, "m002")
    assert known["profile"] == {
        "coupon_share": 0.333333, "due_families": 2, "main_channel": "store", "at_risk": True, "silent_days": 10,
    }  # fmt: skip
    assert known["profile_as_of"] == CUT_OFF


def test_what_is_unknown_is_null(shared_service: Running) -> None:
    unknown = {"coupon_share": None, "due_families": None, "main_channel": None, "at_risk": False, "silent_days": None}
    assert member(shared_service, "m001")["profile"] == unknown


def test_without_consent_nothing_of_the_profile_is_told(shared_service: Running) -> None:
    refusing = member(shared_service, "m006")
    assert refusing["in_bundle"]
    assert (refusing["profile"], refusing["profile_as_of"]) == (None, None)


def test_consent_withdrawn_a_moment_ago_hides_the_profile_and_consent_given_again_shows_it(service: Running) -> None:
    before = member(service)["profile"]
    assert before is not None
    for agreed, profile in ((False, None), (True, before)):
        service.client.put("/v1/members/m000/consent", json={"personalisation": agreed})
        assert member(service)["profile"] == profile


def test_of_an_erased_member_there_is_no_answer_at_all(service: Running) -> None:
    service.client.delete("/v1/members/m000")
    response = service.client.get("/v1/members/m000")
    assert response.status_code == 404
    assert not COLUMNS & set(response.text.replace('"', " ").split())


def test_a_stranger_with_facts_since_the_cut_off_has_no_profile(service: Running) -> None:
    service.tell(event_id="e1", kind="view", product_id="p010", member_id="newcomer")
    service.client.put("/v1/members/newcomer/consent", json={"personalisation": True})
    newcomer = member(service, "newcomer")
    assert newcomer["personal"]
    assert (newcomer["profile"], newcomer["profile_as_of"]) == (None, None)
    assert [fact["product_id"] for fact in newcomer["recent"]] == ["p010"]


def test_facts_since_the_cut_off_stand_beside_the_profile(service: Running) -> None:
    before = member(service)["profile"]
    service.tell(event_id="e1", kind="view", product_id="p010")
    after = member(service)
    assert after["profile"] == before
    assert [fact["product_id"] for fact in after["recent"]] == ["p010"]


def test_a_bundle_without_columns_has_no_profile(tmp_path: Path) -> None:
    knowledge = small_knowledge()
    workspace = empty_workspace(tmp_path / "w")
    publish(workspace, "bare", replace(knowledge, members=replace(knowledge.members, profile=NO_PROFILE)))
    with running(workspace) as service:
        known = member(service)
        assert (known["personal"], known["profile"], known["profile_as_of"]) == (True, None, None)
        assert profile_schema(service)["properties"] == {}


def test_reading_one_member_reads_one_value_of_each_column(service: Running) -> None:
    asked: list[object] = []

    class Counted(np.ndarray):
        def __getitem__(self, key: Any) -> Any:
            asked.append(key)
            return super().__getitem__(key)

    known = small_profile(7)
    columns = {name: column.view(Counted) for name, column in known.columns.items()}
    members = service.service.live.current.engine.knowledge.members  # type: ignore[union-attr]  # it is published
    object.__setattr__(members, "profile", MemberProfile(known.specs, columns, known.names))
    member(service, "m003")
    assert asked == [3] * len(columns)


def test_the_description_says_what_every_column_means(shared_service: Running) -> None:
    properties = profile_schema(shared_service)["properties"]
    assert set(properties) == COLUMNS
    assert properties["coupon_share"] == {"type": ["number", "null"], "description": "Orders with a coupon (share)"}
    assert properties["main_channel"] == {"type": ["string", "null"], "description": "Where most is bought"}
    assert properties["at_risk"] == {"type": "boolean", "description": "May lose the tier (yes or no)"}


def test_the_description_follows_a_new_bundle(tmp_path: Path) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        assert profile_schema(service)["properties"] == {}
        publish(service.workspace, "first")
        service.service.live.refresh()
        assert set(profile_schema(service)["properties"]) == COLUMNS


def test_a_key_without_the_scope_sees_no_profile(workspace: Path) -> None:
    key = make_key(Settings(workspace=workspace), Scope.OFFERS_READ)
    with running(workspace, with_key=False) as service:
        headers = {"authorization": f"Bearer {key}"}
        assert service.client.get("/v1/members/m000", headers=headers).status_code == 403
