"""Worlds without anything in them, and requests that nobody should send."""

from dataclasses import fields, replace

import numpy as np
import pytest

from recsys.bundle_layout import check_arrays, read_settings
from recsys.decision import Context
from recsys.knowledge import Knowledge, RankedProducts, RelatedProducts, as_arrays
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.ragged import Ragged
from recsys.types import AnswerKind, EventKind
from recsys.vocabulary import Vocabulary
from tests.recsys.test_engine import KNOWLEDGE, engine
from tests.worlds import NOW, small_knowledge

PLACEMENTS = ("home", "offers", "product_page", "email")


def _first(table: object, n: int) -> dict[str, np.ndarray]:
    """The first n entries of every column."""
    columns = {field.name: getattr(table, field.name) for field in fields(table)}
    return {name: column[:n] for name, column in columns.items() if isinstance(column, np.ndarray)}


def without_members(knowledge: Knowledge) -> Knowledge:
    profile = replace(
        knowledge.members.profile,
        columns={name: column[:0] for name, column in knowledge.members.profile.columns.items()},
    )
    members = {
        **_first(knowledge.members, 0), "members": Vocabulary.of([]), "purchased": Ragged.of([]), "profile": profile,
    }  # fmt: skip
    sources = {name: replace(one, **_first(one, 0)) for name, one in knowledge.sources.items()}
    own = ("scope_affinity", "member_uplift", "member_uplift_sd", "member_redeem", "p_order")
    response = replace(knowledge.response, **{name: getattr(knowledge.response, name)[:0] for name in own})
    return replace(knowledge, members=replace(knowledge.members, **members), sources=sources, response=response)


def without_offers(knowledge: Knowledge) -> Knowledge:
    offers = {**_first(knowledge.offers, 0), "offers": Vocabulary.of([]), "scope": Ragged.of([])}
    response = knowledge.response
    of_offers = ("uplift", "uplift_sd", "redeem", "scope_affinity", "measured", "group", "borrowed")
    response = replace(response, **{name: getattr(response, name)[..., :0] for name in of_offers})
    return replace(knowledge, offers=replace(knowledge.offers, **offers), response=response)


def with_products(knowledge: Knowledge, n: int) -> Knowledge:
    """The first n products alone; what names others names nothing."""

    def only(rows: np.ndarray) -> np.ndarray:
        return np.where(rows < n, rows, -1).astype(np.int32)

    def bought(lists: Ragged) -> Ragged:
        return Ragged.of([[row for row in one if row < n] for one in lists.lists()])

    purchased = bought(knowledge.members.purchased)
    members = replace(
        knowledge.members, purchased=purchased, purchased_at=knowledge.members.purchased_at[: len(purchased.values)]
    )

    def lists_of(table: RankedProducts) -> RankedProducts:
        return RankedProducts(only(table.products[:n]), table.scores[:n])

    related = knowledge.related
    products = Vocabulary(knowledge.catalogue.products.encoded[:n])
    return replace(
        knowledge,
        catalogue=replace(knowledge.catalogue, **_first(knowledge.catalogue, n), products=products),
        members=members,
        offers=replace(knowledge.offers, scope=bought(knowledge.offers.scope)),
        sources={name: replace(one, products=only(one.products)) for name, one in knowledge.sources.items()},
        neighbours=lists_of(knowledge.neighbours),
        related=RelatedProducts(
            similar=lists_of(related.similar),
            together=lists_of(related.together),
            popular_in_category=replace(
                related.popular_in_category, products=only(related.popular_in_category.products)
            ),
        ),
        popular=replace(knowledge.popular, products=only(knowledge.popular.products)),
    )


WORLDS = {
    "no members": without_members(KNOWLEDGE),
    "no offers": without_offers(KNOWLEDGE),
    "no products": with_products(KNOWLEDGE, 0),
    "one product": with_products(KNOWLEDGE, 1),
    "no sources": replace(KNOWLEDGE, sources={}, source_weights={}),
    "nothing": without_members(without_offers(with_products(small_knowledge(), 0))),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_world_with_little_in_it_is_a_bundle_and_answers_many_as_each_alone(world: str, placement: str) -> None:
    arrays, settings = as_arrays(WORLDS[world])
    check_arrays(arrays, read_settings(settings, world), world)
    deciding, context = engine(WORLDS[world]), Context(placement, NOW, explain=True)
    facts = LiveFacts((ProductFact("p000", EventKind.PURCHASE, NOW - 5),), held_offers=("o000",))
    members = [Subject("m000"), Subject("m001", facts, ("p000", "p004"), frozenset({"p005", "o003"})), Subject("who")]
    records = deciding.decide_many(members, context).records()
    assert records == [deciding.decide(member, context) for member in members]
    assert all(one.items or one.shortfall_reason for one in records)


def test_a_bundle_without_members_answers_everybody_as_strangers() -> None:
    decision = engine(WORLDS["no members"]).decide(Subject("m000"), Context("home", NOW))
    assert decision.answer is AnswerKind.POPULAR
    assert decision.items


@pytest.mark.parametrize("member_id", ["", "\0", "m000\0", "\ud800", "m" * 5_000, "會員", "m000\n"])
def test_any_text_is_a_member_id_and_a_stranger(member_id: str) -> None:
    odd = [Subject(member_id), Subject("m000", basket=(member_id,), exclude_ids=frozenset({member_id}))]
    together = engine().decide_many(odd, Context("home", NOW, request_id=member_id)).records()
    assert together == [engine().decide(one, Context("home", NOW, request_id=member_id)) for one in odd]
    assert together[0].answer is AnswerKind.POPULAR
    assert together[0].member_id == member_id


@pytest.mark.parametrize(("n", "shown"), [(-5, 0), (0, 0), (10**30, 12)])
def test_a_number_of_positions_out_of_range_is_bounded(n: int, shown: int) -> None:
    assert len(engine().decide(Subject("m000"), Context("home", NOW, n=n)).items) <= shown


def test_a_tier_nobody_knows_is_the_bundles() -> None:
    odd, plain = (engine().decide(Subject("m001", LiveFacts(tier=tier)), Context("home", NOW)) for tier in ("x", None))
    assert [item.id for item in odd.items] == [item.id for item in plain.items]


def test_ten_thousand_ids_exclude_what_they_name() -> None:
    many = frozenset(f"x{number}" for number in range(10_000)) | {"p004", "p010"}
    asked = Subject("m000", basket=tuple(sorted(many - {"p010"})), exclude_ids=many)
    decision = engine().decide(asked, Context("home", NOW, explain=True))
    assert decision.items
    assert not {"p004", "p010"} & {item.id for item in decision.items}
