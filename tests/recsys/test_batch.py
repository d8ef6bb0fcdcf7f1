"""Members as columns, and consent applied in one place."""

from dataclasses import fields

import numpy as np
import pytest

from recsys.batch import build_batch
from recsys.members import LiveFacts, MemberBatch, ProductFact, Subject
from recsys.ragged import Ragged
from recsys.types import Consent, EventKind
from tests.worlds import ALL, CUT_OFF, DAY, NOW, small_knowledge

KNOWLEDGE = small_knowledge()
VIEWED = ProductFact("p010", EventKind.VIEW, NOW - 60)
BOUGHT = ProductFact("p011", EventKind.PURCHASE, NOW - 90)
NO_CONSENT = "m006"


def _personal_columns(batch: MemberBatch) -> dict[str, object]:
    skipped = {"subjects", "consent", "excluded_products", "excluded_offers", "basket", "held", "profile", "known"}
    columns = {field.name: getattr(batch, field.name) for field in fields(batch) if field.name not in skipped}
    told = {name: value.lists() if isinstance(value, Ragged) else value.tolist() for name, value in columns.items()}
    return told | {"profile": [batch.profile.of_member(row) for row in batch.row.tolist()]}


def test_a_known_member_has_the_bundles_columns() -> None:
    batch = build_batch([Subject("m003"), Subject("m000")], KNOWLEDGE)
    assert batch.row.tolist() == [3, 0]
    assert batch.tier.tolist() == [3, 2]
    assert batch.points.tolist() == [300, 0]
    assert batch.bought.lists() == [[13], [5, 6]]
    assert batch.bought_at.tolist() == [CUT_OFF - 5 * DAY, CUT_OFF - DAY, CUT_OFF - 40 * DAY]


def test_a_stranger_has_the_populations_means() -> None:
    batch = build_batch([Subject("nobody")], KNOWLEDGE)
    assert batch.row.tolist() == [-1]
    assert batch.basket_minor.tolist() == [KNOWLEDGE.stranger_basket_minor]
    assert batch.segment.tolist() == [-1]
    assert not batch.personal[0]


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(Subject(NO_CONSENT, LiveFacts((VIEWED, BOUGHT), tier="gold")), id="never agreed"),
        pytest.param(Subject("m000", LiveFacts((VIEWED, BOUGHT), tier="gold", consent=Consent.EMAIL)), id="withdrew"),
        pytest.param(Subject("m000", LiveFacts((VIEWED, BOUGHT), tier="gold", erased=True)), id="erased"),
    ],
)
def test_without_consent_every_personal_column_is_a_strangers(subject: Subject) -> None:
    batch = build_batch([subject], KNOWLEDGE)
    assert _personal_columns(batch) == _personal_columns(build_batch([Subject("nobody")], KNOWLEDGE))


def test_an_ablation_arm_is_answered_as_strangers_but_keeps_channel_consent() -> None:
    batch = build_batch([Subject("m000"), Subject("m001")], KNOWLEDGE, impersonal=np.array([True, False]))
    assert batch.row.tolist() == [-1, 1]
    assert batch.consent.tolist() == [ALL, ALL]


def test_an_erased_member_has_agreed_to_nothing() -> None:
    facts = LiveFacts(erased=True, consent=Consent(ALL))
    assert build_batch([Subject("m000", facts)], KNOWLEDGE).consent.tolist() == [0]


def test_consent_given_today_counts_today() -> None:
    facts = LiveFacts((VIEWED,), consent=Consent.PERSONALISATION)
    batch = build_batch([Subject("new member", facts)], KNOWLEDGE)
    assert batch.personal.tolist() == [True]
    assert batch.touched.lists() == [[10]]


def test_facts_are_newest_first_and_unknown_products_are_left_out() -> None:
    odd = ProductFact("no such product", EventKind.VIEW, NOW)
    batch = build_batch([Subject("m001"), Subject("m000", LiveFacts((BOUGHT, odd, VIEWED)))], KNOWLEDGE)
    assert batch.touched.lists() == [[], [10, 11]]
    assert batch.touched_at.tolist() == [NOW - 60, NOW - 90]


def test_what_a_member_was_shown_or_redeemed_is_no_interest_in_a_product() -> None:
    seen = tuple(ProductFact("p010", kind, NOW - 9) for kind in (EventKind.EXPOSURE, EventKind.REDEMPTION))
    assert build_batch([Subject("m000", LiveFacts((*seen, BOUGHT)))], KNOWLEDGE).touched.lists() == [[11]]


def test_ids_are_listed_by_owner_whatever_lies_between_them() -> None:
    subjects = [
        Subject(
            "m000", LiveFacts(held_offers=("o002", "x", "o001")), ("p009", "p003", "?"), frozenset({"p007", "o004"})
        ),
        Subject("m001"),
        Subject("m002", basket=("p003", "p003"), exclude_ids=frozenset({"?"})),
    ]
    batch = build_batch(subjects, KNOWLEDGE)
    assert batch.held.lists() == [[2, 1], [], []]
    assert batch.basket.lists() == [[9, 3], [], [3, 3]]
    assert batch.excluded_products.lists() == [[7], [], []]
    assert batch.excluded_offers.lists() == [[4], [], []]


def test_a_purchase_since_the_cut_off_joins_those_before() -> None:
    batch = build_batch([Subject("m001"), Subject("m000", LiveFacts((VIEWED, BOUGHT)))], KNOWLEDGE)
    assert batch.bought.lists() == [[7], [5, 6, 11]]
    assert batch.bought_at.tolist() == [CUT_OFF - 5 * DAY, CUT_OFF - DAY, CUT_OFF - 40 * DAY, NOW - 90]


def test_a_tier_of_today_replaces_that_of_the_bundle_and_an_unknown_one_does_not() -> None:
    gold = Subject("m001", LiveFacts(tier="diamond"))
    odd = Subject("m001", LiveFacts(tier="platinum"))
    assert build_batch([gold, odd], KNOWLEDGE).tier.tolist() == [3, 1]


def test_a_call_without_members_has_empty_columns() -> None:
    batch = build_batch([], KNOWLEDGE)
    assert len(batch) == 0
    assert batch.row.shape == (0,)
