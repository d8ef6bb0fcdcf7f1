"""How events become what the store keeps of one member."""

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact
from recsys.policy.file.contact import MAX_MESSAGES
from recsys.types import Channel, Consent, EventKind
from serving.store import facts as kept_facts
from serving.store.facts import (
    EMPTY,
    MAX_CONTACTS,
    MAX_PRODUCT_FACTS,
    MAX_RESPONSES,
    MAX_SHOWN,
    Recent,
    StoredEvent,
    member_key,
    read_facts,
)


def event(kind: EventKind, at: int, **named: object) -> StoredEvent:
    return StoredEvent(f"{kind}{at}{named}", "m1", kind, at, at, **named)  # type: ignore[arg-type]


def read(recent: Recent, since: int = 0) -> LiveFacts:
    return read_facts(None, None, erased=False, recent=recent.dumps(), since=since)


def merged(*events: StoredEvent) -> LiveFacts:
    return read(Recent().merged(events))


events = st.builds(
    lambda kind, at, product, offer, channel, decision: event(
        kind, at, product_id=product, offer_id=offer, channel=channel, decision_id=decision
    ),
    st.sampled_from(list(EventKind)),
    st.integers(0, 6),
    st.sampled_from([None, "p1", "p2"]),
    st.sampled_from([None, "o1", "o2"]),
    st.sampled_from(list(Channel)),
    st.sampled_from([None, "d1"]),
)


@given(st.lists(events, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_order_and_splitting_of_events_do_not_matter(batch: list[StoredEvent], random: object, cut: int) -> None:
    at_once = Recent().merged(batch)
    shuffled = list(batch)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    in_parts = Recent.parse(Recent().merged(shuffled[:cut]).dumps()).merged(shuffled[cut:])
    assert in_parts == at_once


@given(st.lists(events, max_size=16), st.randoms(use_true_random=False), st.integers(0, 16))
def test_what_no_longer_fits_does_not_depend_on_the_order_either(
    batch: list[StoredEvent], random: object, cut: int
) -> None:
    shuffled = list(batch)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    with patch.multiple(kept_facts, MAX_CONTACTS=2, MAX_SHOWN=2, MAX_RESPONSES=2, MAX_PRODUCT_FACTS=2):
        in_parts = Recent.parse(Recent().merged(shuffled[:cut]).dumps()).merged(shuffled[cut:])
        assert in_parts == Recent().merged(batch)
        assert len(in_parts.responses) <= 2
        messages = {(channel, message or at) for at, channel, message, _ in in_parts.contacts if channel != "web"}
        assert all(sum(one == channel for one, _ in messages) <= 2 for channel in Channel)
        assert sum(channel == "web" for _, channel, _, _ in in_parts.contacts) <= 2


@given(st.lists(events, max_size=12))
def test_the_same_events_again_change_nothing(batch: list[StoredEvent]) -> None:
    once = Recent().merged(batch)
    assert once.merged(batch) == once


def test_product_facts_are_newest_first_and_bounded_to_the_newest() -> None:
    facts = merged(*(event(EventKind.VIEW, at, product_id="p1") for at in range(MAX_PRODUCT_FACTS + 10)))
    assert len(facts.product_facts) == MAX_PRODUCT_FACTS
    assert facts.product_facts[0] == ProductFact("p1", EventKind.VIEW, MAX_PRODUCT_FACTS + 9)


def test_seeing_a_product_is_not_doing_something_with_it() -> None:
    assert merged(event(EventKind.EXPOSURE, 1, product_id="p1")) == LiveFacts()


def test_an_offer_clicked_is_held_until_it_is_redeemed() -> None:
    click, redemption = event(EventKind.CLICK, 1, offer_id="o1"), event(EventKind.REDEMPTION, 2, offer_id="o1")
    assert merged(click).held_offers == ("o1",)
    assert merged(click, redemption).held_offers == ()
    assert merged(redemption, event(EventKind.CLICK, 3, offer_id="o1")).held_offers == ("o1",)


def test_an_exposure_by_email_is_a_contact_and_one_decision_is_one_contact() -> None:
    shown = [
        event(EventKind.EXPOSURE, 5, product_id=f"p{n}", channel=Channel.EMAIL, decision_id="d1") for n in range(3)
    ]
    offer = event(EventKind.EXPOSURE, 6, offer_id="o1", channel=Channel.EMAIL, decision_id="d1")
    other = event(EventKind.EXPOSURE, 7, product_id="p1", channel=Channel.EMAIL, decision_id="d2")
    assert merged(*shown, offer, other).contacts == (Contact(Channel.EMAIL, 7, None), Contact(Channel.EMAIL, 6, "o1"))


def test_on_the_web_only_offers_are_contacts_and_each_counts() -> None:
    facts = merged(
        event(EventKind.EXPOSURE, 5, product_id="p1"),
        event(EventKind.EXPOSURE, 5, offer_id="o1", decision_id="d1"),
        event(EventKind.EXPOSURE, 5, offer_id="o2", decision_id="d1"),
    )
    assert facts.contacts == (Contact(Channel.WEB, 5, "o1"), Contact(Channel.WEB, 5, "o2"))


def test_all_offers_of_a_message_are_known_and_it_is_one_contact() -> None:
    shown = [
        event(EventKind.EXPOSURE, 5, offer_id=offer, channel=Channel.EMAIL, decision_id="d1") for offer in ("o2", "o1")
    ]
    assert merged(*shown).contacts == (Contact(Channel.EMAIL, 5, "o1", ("o2",)),)


def test_products_beside_an_offer_in_a_message_take_no_room() -> None:
    product = event(EventKind.EXPOSURE, 5, product_id="p1", channel=Channel.EMAIL, decision_id="d1")
    offer = event(EventKind.EXPOSURE, 5, offer_id="o1", channel=Channel.EMAIL, decision_id="d1")
    assert Recent().merged([product, offer]).contacts == ((-5, "email", "d1", "o1"),)


def test_a_message_that_is_told_of_again_is_as_of_its_newest_entry() -> None:
    told = [event(EventKind.EXPOSURE, at, channel=Channel.EMAIL, decision_id="d1", offer_id="o1") for at in (4, 6, 5)]
    assert merged(*told).contacts == (Contact(Channel.EMAIL, 6, "o1"),)


def test_a_message_that_is_told_of_again_displaces_no_other_in_one_order_only() -> None:
    told = [("d2", "a", 3), ("d3", "a", 5), ("d2", "c", 1), ("d3", "b", 3), ("d4", "a", 7)]
    batch = [
        event(EventKind.EXPOSURE, at, channel=Channel.EMAIL, decision_id=message, offer_id=offer)
        for message, offer, at in told
    ]
    with patch.object(kept_facts, "MAX_CONTACTS", 2):
        at_once = Recent().merged(batch)
        assert Recent().merged(batch[1::2]).merged(batch[::2]) == at_once
        assert [entry[:3] for entry in at_once.contacts] == [(-7, "email", "d4"), (-5, "email", "d3")]


def test_as_many_messages_are_remembered_as_a_cap_allows_whatever_they_hold() -> None:
    told = [
        event(EventKind.EXPOSURE, at, channel=Channel.EMAIL, decision_id=f"d{at}", offer_id=f"o{one}")
        for at in range(MAX_CONTACTS + 5)
        for one in range(5)
    ]
    contacts = merged(*told).contacts
    assert len(contacts) == MAX_CONTACTS >= MAX_MESSAGES
    assert contacts[-2] == Contact(Channel.EMAIL, 6, "o0", ("o1", "o2", "o3", "o4"))
    assert contacts[-1] == Contact(Channel.EMAIL, 5, "o0")


def test_offers_shown_on_the_web_never_displace_a_message() -> None:
    email = event(EventKind.EXPOSURE, 1, channel=Channel.EMAIL, decision_id="d1")
    web = [event(EventKind.EXPOSURE, 10 + at, offer_id="o1") for at in range(MAX_SHOWN + 5)]
    contacts = merged(email, *web).contacts
    assert (len(contacts), contacts[-1]) == (MAX_SHOWN + 1, Contact(Channel.EMAIL, 1))


def test_every_click_and_redemption_is_kept_newest_first_up_to_a_bound() -> None:
    answers = merged(
        event(EventKind.REDEMPTION, 2, offer_id="o1"),
        event(EventKind.CLICK, 1, offer_id="o1"),
        event(EventKind.REDEMPTION, 9, offer_id="o1"),
    ).responses
    assert [(one.kind, one.occurred_at) for one in answers] == [
        (EventKind.REDEMPTION, 9),
        (EventKind.REDEMPTION, 2),
        (EventKind.CLICK, 1),
    ]
    many = merged(*(event(EventKind.CLICK, at, offer_id="o1") for at in range(MAX_RESPONSES + 3))).responses
    assert (len(many), many[0].occurred_at) == (MAX_RESPONSES, MAX_RESPONSES + 2)


def test_a_text_of_an_earlier_release_tells_the_last_response_to_each_offer() -> None:
    old = '{"products":[],"contacts":[[-7,"email","d1","o1"]],"offers":[["o1",5,-1],["o2",3,4]]}'
    facts = read_facts(None, None, erased=False, recent=old, since=0)
    assert facts.contacts == (Contact(Channel.EMAIL, 7, "o1"),)
    assert facts.held_offers == ("o1",)
    assert facts.responses == (
        OfferResponse("o1", EventKind.CLICK, 5),
        OfferResponse("o2", EventKind.REDEMPTION, 4),
        OfferResponse("o2", EventKind.CLICK, 3),
    )
    assert Recent.parse(old).merged([]) == Recent.parse(Recent.parse(old).dumps())


def test_an_erased_member_has_agreed_to_nothing_whatever_the_row_says() -> None:
    erased = read_facts(15, "gold", erased=True, recent=EMPTY, since=0)
    assert erased == LiveFacts(consent=Consent.NONE, erased=True)


def test_consent_is_read_with_and_without_other_facts() -> None:
    some = Recent().merged([event(EventKind.VIEW, 1, product_id="p1")]).dumps()
    for recent in (EMPTY, some):
        assert read_facts(2, "gold", erased=False, recent=recent, since=0).consent == Consent.EMAIL


def test_member_keys_do_not_change_between_releases() -> None:
    assert member_key("m1") == "9bcf84f4f0181b9f1135686c4b3fa9a2c8b189a9"
