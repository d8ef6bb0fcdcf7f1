"""What members answered to offers is cut at the instant of an export and kept with every decision."""

from pathlib import Path

import orjson
from sqlalchemy import select

from recsys.decision import Context
from recsys.members import Contact, LiveFacts, OfferResponse, Subject
from recsys.types import Channel, EventKind
from serving.export.worker import known_by
from serving.store.decisions import DecisionRow, DecisionStore
from serving.store.schema import decisions
from serving.store.store import Store

FACTS = LiveFacts(
    contacts=(Contact(Channel.EMAIL, 5, "o1", ("o2",)),),
    responses=(OfferResponse("o2", EventKind.REDEMPTION, 9), OfferResponse("o1", EventKind.CLICK, 7)),
)


def test_a_later_response_is_not_yet_known() -> None:
    assert known_by(9, FACTS) == FACTS
    assert known_by(8, FACTS).responses == FACTS.responses[1:]
    assert known_by(6, FACTS).responses == ()


def test_a_later_message_is_on_record_already() -> None:
    assert known_by(4, FACTS).contacts == FACTS.contacts


def test_the_log_keeps_every_offer_of_a_message_and_every_response(tmp_path: Path) -> None:
    store = Store.at(f"sqlite:///{tmp_path / 'store.db'}")
    store.database.migrate()
    row = DecisionRow("d1", "m1", "home", 10, "b", "p", b"{}", Subject("m1", FACTS), Context("home", 10))
    DecisionStore(store.database).append([row])
    with store.database.reading() as connection:
        inputs = orjson.loads(connection.execute(select(decisions.c.inputs)).scalar_one())
    store.close()
    facts = inputs["subject"]["facts"]
    assert facts["contacts"] == [{"channel": "email", "contacted_at": 5, "offer_id": "o1", "more_offers": ["o2"]}]
    assert facts["responses"] == [
        {"offer_id": "o2", "kind": "redemption", "occurred_at": 9},
        {"offer_id": "o1", "kind": "click", "occurred_at": 7},
    ]
