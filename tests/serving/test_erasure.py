"""What is kept of whom: nothing of the erased, not a byte, and every answer as it was given."""

import asyncio
import json
import logging
from typing import Any

import pytest

from recsys.errors import StoreError
from recsys.members import LiveFacts
from serving.logs import _JsonLines, told
from serving.store.database import open_database
from serving.store.reader import FactsReader
from tests.serving.service_world import JSON, Running

ASK = {"member_id": "m000", "placement": "home"}


def test_after_erasure_no_byte_of_the_member_is_left_in_the_files(service: Running) -> None:
    service.tell(event_id="telling-event", kind="view", product_id="p012", member_id="telling-member")
    service.ask(member_id="telling-member")
    service.client.portal.call(service.service.log.flush)
    service.ask(member_id="telling-member")
    written = b"".join(path.read_bytes() for path in service.workspace.glob("store.db*"))
    assert written.count(b"telling-member") > 1
    assert service.client.delete("/v1/members/telling-member").status_code == 204
    service.client.portal.call(service.service.log.flush)
    for path in service.workspace.glob("store.db*"):
        assert b"telling" not in path.read_bytes(), path.name


def test_who_is_erased_while_a_batch_is_answered_is_a_stranger_in_its_rest(service: Running) -> None:
    requests = [{**ASK, "member_id": f"x{number}"} for number in range(40)] + [ASK]
    real = service.service.store.reader

    class Erasing(FactsReader):
        """Erases a member as soon as their facts were read."""

        has_erased = False

        async def fetch(self, member_ids: Any, *, since: int) -> list[LiveFacts]:
            facts = await real.fetch(member_ids, since=since)
            if not self.has_erased:
                Erasing.has_erased = True
                asyncio.get_running_loop().create_task(service.service.erase("m000"))
                while service.service.store.restrictions.version == before:
                    await asyncio.sleep(0)
            return facts

    before = service.service.store.restrictions.version
    service.service.store.reader = Erasing()
    answered = service.client.post("/v1/slates:batch", json={"requests": requests}).json()["results"][-1]["answer"]
    service.service.store.reader = real
    assert answered["answer"] == "popular"
    assert service.client.get(f"/v1/decisions/{answered['decision_id']}").status_code == 404


def test_an_answer_told_otherwise_is_a_decision_of_its_own(service: Running) -> None:
    bodies = [{}, {"language": "zh"}, {"explain": True}, {"explain": True, "language": "zh"}, {}]
    answers = [
        service.client.post("/v1/slates", content=json.dumps({**ASK, **body}), headers={**JSON, "x-request-id": "page"})
        for body in bodies
    ]
    assert len({one.json()["decision_id"] for one in answers}) == 4
    for flushed in (False, True):
        if flushed:
            service.client.portal.call(service.service.log.flush)
        for one in answers:
            assert service.client.get(f"/v1/decisions/{one.json()['decision_id']}").content == one.content


def test_a_log_line_of_an_error_says_where_and_not_what() -> None:
    try:
        try:
            raise KeyError("member-17")
        except KeyError as cause:
            raise RuntimeError("of member-17") from cause
    except RuntimeError as error:
        line = told(error)
        record = logging.LogRecord(
            "lib", logging.ERROR, __file__, 1, "failed %s", ("badly",), (type(error), error, None)
        )
        library = json.loads(_JsonLines().format(record))
    assert (line["error"], line["because"]) == ("RuntimeError", "KeyError")
    assert "test_a_log_line" in str(line["at"])
    assert (library["message"], library["error"]) == ("failed badly", "RuntimeError")
    assert "member-17" not in f"{line} {library}"


def test_an_error_of_the_store_holds_no_parameters(tmp_path: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreError) as raised, database.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing WHERE member = ?", ("member-17",))
    assert "member-17" not in f"{raised.value} {raised.value.__cause__}"
    database.close()
