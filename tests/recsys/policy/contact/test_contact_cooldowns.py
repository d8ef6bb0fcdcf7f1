"""Cooldowns: examples of every kind, and a judge of plain loops that random histories are held against."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recsys.members import LiveFacts
from recsys.policy.file.contact import After, ContactCap, Cooldown, Of
from recsys.types import Channel, EventKind
from tests.recsys.policy.contact.contact_world import CAMPAIGNS, KINDS, NOW, Asked, contact, known, response
from tests.worlds import DAY

EVERY = {f"o{row:03}" for row in range(6)}


def resting(*what: Any, **cooldown: Any) -> set[str]:
    asked = Asked(cooldowns=[{"id": "rest", **cooldown}])
    return set(asked.offers([known(), known(*what)], Channel.EMAIL)[1])


def test_after_a_contact_the_same_offer_rests_through_every_channel() -> None:
    assert resting(contact(2, Channel.WEB, "o004"), days=3) == {"o004"}
    assert resting(contact(3, Channel.WEB, "o004"), days=3) == set()
    assert resting(contact(-1, Channel.SMS, "o004"), days=3) == {"o004"}
    assert resting(contact(1, Channel.SMS), days=3) == set()


def test_every_offer_of_a_message_rests() -> None:
    assert resting(contact(1, Channel.EMAIL, "o005", "o002"), days=3) == {"o002", "o005"}


def test_after_redeeming_offers_of_the_kind_rest() -> None:
    assert resting(response(29, "o004"), after="redeemed", of="kind", days=30) == {"o000", "o004"}
    assert resting(response(30, "o004"), after="redeemed", of="kind", days=30) == set()
    assert resting(response(1, "o004", EventKind.CLICK), after="redeemed", of="kind", days=30) == set()
    assert resting(contact(1, Channel.EMAIL, "o004"), after="redeemed", of="kind", days=30) == set()
    assert resting(response(1, "gone"), after="redeemed", of="kind", days=30) == set()


def test_offers_of_a_campaign_rest_together_also_after_one_that_left_the_bundle() -> None:
    assert resting(contact(1, Channel.EMAIL, "gone"), of="campaign", days=3) == {"o001", "o003"}
    assert resting(contact(1, Channel.EMAIL, "o003"), of="campaign", days=3) == {"o001", "o003", "o004"}
    assert resting(contact(1, Channel.EMAIL, "o000"), of="campaign", days=3) == set()


def test_any_offer_rests_after_any_offer() -> None:
    assert resting(response(1, "nobody knows it"), after="redeemed", of="any", days=3) == EVERY


def test_it_must_have_happened_as_often_within_the_days() -> None:
    twice = {"times": 2, "of": "kind", "days": 10}
    assert resting(contact(1, Channel.EMAIL, "o001"), contact(9, Channel.SMS, "o002"), **twice) == {
        "o001", "o002", "o005",
    }  # fmt: skip
    assert resting(contact(1, Channel.EMAIL, "o001"), contact(11, Channel.SMS, "o002"), **twice) == set()
    assert resting(contact(1, Channel.EMAIL, "o001", "o002"), **twice) == set()  # one message


IGNORED = {"after": "ignored", "times": 2, "ignored_after_days": 5, "days": 10}


def test_messages_ignored_in_a_row_make_their_offer_rest() -> None:
    ignored = [contact(day, Channel.EMAIL, "o003") for day in (6, 8)]
    assert resting(*ignored, **IGNORED) == {"o003"}
    assert resting(ignored[0], contact(8, Channel.EMAIL, "o004"), **IGNORED) == set()


def test_a_message_is_not_ignored_before_its_days_are_over() -> None:
    assert resting(contact(4.9, Channel.EMAIL, "o003"), contact(8, Channel.EMAIL, "o003"), **IGNORED) == set()
    assert resting(contact(5, Channel.EMAIL, "o003"), contact(8, Channel.EMAIL, "o003"), **IGNORED) == {"o003"}


def test_the_rest_begins_when_the_last_message_was_ignored() -> None:
    assert resting(*[contact(day, Channel.EMAIL, "o003") for day in (14.9, 20)], **IGNORED) == {"o003"}
    assert resting(*[contact(day, Channel.EMAIL, "o003") for day in (15, 20)], **IGNORED) == set()


def test_an_answer_starts_the_count_anew_also_a_late_one() -> None:
    messages = [contact(day, Channel.EMAIL, "o003") for day in (6, 8, 14)]
    assert resting(*messages, response(13, "o003", EventKind.CLICK), **IGNORED) == {"o003"}
    assert resting(*messages, response(7, "o003", EventKind.CLICK), **IGNORED) == set()
    assert resting(*messages, response(6, "o003"), **IGNORED) == set()
    assert resting(*messages, response(7, "o004"), **IGNORED) == {"o003"}
    assert resting(*messages, response(7, "o004"), **{**IGNORED, "of": "campaign"}) == {"o001", "o003"}


def test_an_answer_at_the_instant_of_the_message_is_one() -> None:
    once = {**IGNORED, "times": 1}
    assert resting(contact(6, Channel.EMAIL, "o003"), response(6, "o003"), **once) == set()
    assert resting(contact(6, Channel.EMAIL, "o003"), response(6.1, "o003"), **once) == {"o003"}


def test_an_answer_after_now_is_none_yet() -> None:
    assert resting(*[contact(day, Channel.EMAIL, "o003") for day in (6, 8)], response(-1, "o003"), **IGNORED) == {
        "o003"
    }


OFFER_IDS = st.sampled_from([*sorted(EVERY), "gone", "unheard of"])
DAYS_AGO = st.integers(-1, 9)
ANSWERS = st.sampled_from([EventKind.CLICK, EventKind.REDEMPTION])
HISTORY = st.lists(
    st.builds(contact, DAYS_AGO, st.sampled_from(Channel), OFFER_IDS)
    | st.builds(contact, DAYS_AGO, st.sampled_from(Channel))
    | st.builds(contact, DAYS_AGO, st.just(Channel.EMAIL), OFFER_IDS, OFFER_IDS)
    | st.builds(response, DAYS_AGO, OFFER_IDS, ANSWERS),
    max_size=9,
)


def groups_of(offer: str, of: Of) -> set[str]:
    match of:
        case Of.OFFER:
            return {offer}
        case Of.CAMPAIGN:
            return {name for name, its in CAMPAIGNS.items() if offer in its}
        case Of.KIND:
            return {KINDS[int(offer[1:])]} if offer in EVERY else set()
        case Of.ANY:
            return {"any"}


def judged(facts: LiveFacts, cooldown: Cooldown) -> set[str]:
    """The offers that rest, by the words of the documentation."""
    found = set()
    for offer in EVERY:
        for group in groups_of(offer, cooldown.of):
            shown = [
                one.contacted_at
                for one in facts.contacts
                if any(group in groups_of(it, cooldown.of) for it in (one.offer_id, *one.more_offers) if it)
            ]
            answers = [one for one in facts.responses if group in groups_of(one.offer_id, cooldown.of)]
            if cooldown.after is After.IGNORED:
                last = max((one.occurred_at for one in answers if one.occurred_at <= NOW), default=-1)
                since = [at + cooldown.answer_days * DAY for at in shown if at > last]
                ignored = [at for at in since if at <= NOW]
                rests = len(ignored) >= cooldown.times and max(ignored) + cooldown.days * DAY > NOW
            else:
                used = [one.occurred_at for one in answers if one.kind is EventKind.REDEMPTION]
                happened = shown if cooldown.after is After.CONTACTED else used
                rests = sum(at > NOW - cooldown.days * DAY for at in happened) >= cooldown.times
            if rests:
                found.add(offer)
    return found


@given(st.lists(HISTORY, min_size=1, max_size=4), st.sampled_from(After), st.sampled_from(Of), st.integers(1, 3),
       st.integers(1, 8), st.integers(1, 4))  # fmt: skip
def test_random_histories_agree_with_the_judge(
    histories: list[list[Any]], after: After, of: Of, times: int, days: int, answer_days: int
) -> None:
    given_days = {"ignored_after_days": answer_days} if after is After.IGNORED else {}
    fields = {"id": "rest", "after": after, "of": of, "times": times, "days": days, **given_days}
    facts = [known(*history) for history in histories]
    found = Asked(cooldowns=[fields]).offers(facts, Channel.EMAIL)
    assert [set(one) for one in found] == [judged(one, Cooldown.model_validate(fields)) for one in facts]


@given(st.lists(HISTORY, min_size=1, max_size=3), st.none() | st.sampled_from(Channel),
       st.none() | st.sampled_from(sorted(CAMPAIGNS)), st.integers(0, 3), st.sampled_from(Channel))  # fmt: skip
def test_random_caps_agree_with_a_count(
    histories: list[list[Any]], of: Channel | None, campaign: str | None, limit: int, channel: Channel
) -> None:
    cap = ContactCap(id="cap", channel=of, campaign=campaign, max_messages=limit, period_days=4)
    asked = Asked(caps=[cap.model_dump()])
    facts = [known(*history) for history in histories]
    for one, member, offers in zip(facts, asked.members(facts, channel), asked.offers(facts, channel), strict=True):
        counted = [
            it for it in one.contacts
            if it.contacted_at > NOW - 4 * DAY
            and (it.channel is of if of else it.channel is not Channel.WEB)
            and (campaign is None or set(CAMPAIGNS[campaign]) & {it.offer_id, *it.more_offers})
        ]  # fmt: skip
        binds = channel is of if of else channel is not Channel.WEB
        reached = binds and len(counted) >= limit
        assert (member == "cap") is (reached and campaign is None)
        assert set(offers) == (set(CAMPAIGNS[campaign]) & EVERY if reached and campaign else set())
