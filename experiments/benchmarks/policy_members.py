"""A made-up bundle of every kind of member, product and offer, and what may be known of members at an instant."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from experiments.benchmarks.world import CUT_OFF, NOW, made_up_knowledge
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact, Subject
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.types import SECONDS_PER_DAY, STAGES, Channel, Consent, EventKind

PLACEMENTS = ("home", "home", "shelf", "letter", "nowhere")
"""Those of random policies; the last is none of theirs."""

_EVERYTHING = 15
_DAYS_AHEAD = 40


def mixed_knowledge(n_members: int, n_products: int, n_offers: int, *, rng: np.random.Generator) -> Knowledge:
    """A bundle in which nothing is the same for all: consents, stages, birthdays, stock, sale periods, tiers."""
    made = made_up_knowledge(n_members, n_products, rng, n_offers=n_offers)
    birthday = ColumnSpec("days_to_birthday", "int32", Unit.DAYS, "Days until the birthday", 0, 366, unknown=-1)
    profile = MemberProfile((birthday,), {birthday.name: _numbers(rng, -1, 366, n_members, "int32")}, {}, as_of=CUT_OFF)
    members = replace(
        made.members,
        stage=_numbers(rng, 0, len(STAGES), n_members, "int8"),
        consent=np.where(rng.random(n_members) < 0.6, _EVERYTHING, rng.integers(0, 16, n_members)).astype(np.uint8),
        birth_month=_numbers(rng, 0, 13, n_members, "int8"),
        profile=profile,
    )
    catalogue = replace(
        made.catalogue,
        stock=np.where(rng.random(n_products) < 0.2, -1, made.catalogue.stock).astype(np.int32),
        cost_minor=np.where(rng.random(n_products) < 0.2, -1, made.catalogue.cost_minor),
        sale_from=_some(rng, made.catalogue.sale_from, latest=_DAYS_AHEAD),
        sale_until=_some(rng, made.catalogue.sale_until, latest=_DAYS_AHEAD),
    )
    offers = replace(
        made.offers,
        valid_from=_some(rng, made.offers.valid_from, latest=5),
        valid_until=_some(rng, made.offers.valid_until, latest=_DAYS_AHEAD),
        tier_mask=np.where(rng.random(n_offers) < 0.7, _EVERYTHING, rng.integers(1, 16, n_offers)).astype(np.uint16),
        budget_minor=np.where(rng.random(n_offers) < 0.1, 0, made.offers.budget_minor),
    )
    return replace(made, members=members, catalogue=catalogue, offers=offers)


def random_contexts(n: int, rng: np.random.Generator) -> list[Context]:
    """So many circumstances: placements, instants from before the cut-off on, channels, what a request sent."""
    return [
        Context(
            str(rng.choice(PLACEMENTS)),
            NOW + int(rng.integers(-2 * SECONDS_PER_DAY, _DAYS_AHEAD * SECONDS_PER_DAY)),
            seed=number,
            channel=None if rng.random() < 0.7 else tuple(Channel)[int(rng.integers(len(Channel)))],
            attributes=_sent(rng),
        )
        for number in range(n)
    ]


def random_subjects(rows: Sequence[int], knowledge: Knowledge, now: int, rng: np.random.Generator) -> list[Subject]:
    """Members of the bundle by row, with what a store may know of them; every fortieth is a stranger."""
    ids, n = knowledge.members.members, len(rows)
    offers = [knowledge.offers.offers.id(row) for row in rng.integers(0, len(knowledge.offers), 3 * n)]
    products = [knowledge.catalogue.products.id(row) for row in rng.integers(0, len(knowledge.catalogue), 5 * n)]
    drawn = rng.random((n, 8))
    ago = rng.integers(1, 9 * SECONDS_PER_DAY, (n, 3)).tolist()
    consents, tiers, strangers = (rng.integers(0, high, n).tolist() for high in (16, len(knowledge.tiers), 40))
    channels = rng.integers(0, len(Channel), n).tolist()
    subjects = []
    for at, row in enumerate(rows):
        some = (drawn[at] < (0.3, 0.2, 0.3, 0.1, 0.1, 0.3, 0.3, 0.2)).tolist()
        of_offers, of_products = offers[3 * at : 3 * at + 3], products[5 * at : 5 * at + 5]
        contacts = [Contact(tuple(Channel)[channels[at]], now - one, of_offers[0]) for one in sorted(ago[at])]
        facts = LiveFacts(
            product_facts=(ProductFact(of_products[0], EventKind.PURCHASE, now - ago[at][0]),) * some[0],
            held_offers=(of_offers[1],) * some[1],
            contacts=tuple(contacts) * some[2],
            consent=Consent(consents[at]) if some[3] else None,
            tier=knowledge.tiers[tiers[at]] if some[4] else None,
            responses=(OfferResponse(of_offers[0], EventKind.REDEMPTION, now - ago[at][1]),) * some[7],
        )
        excluded = frozenset((of_products[1], of_offers[2])) if some[5] else frozenset()
        basket = tuple(of_products[2:]) if some[6] else ()
        subjects.append(Subject(ids.id(row) if strangers[at] else f"stranger {row}", facts, basket, excluded))
    return subjects


def _numbers(rng: np.random.Generator, low: int, high: int, n: int, dtype: str) -> np.ndarray:
    return rng.integers(low, high, n).astype(dtype)


def _some(rng: np.random.Generator, instants: np.ndarray, *, latest: int) -> np.ndarray:
    """The instants, a tenth of them drawn anew, from five days before the cut-off on."""
    drawn = CUT_OFF + rng.integers(-5 * SECONDS_PER_DAY, latest * SECONDS_PER_DAY, len(instants))
    return np.where(rng.random(len(instants)) < 0.1, drawn, instants)


def _sent(rng: np.random.Generator) -> dict[str, str | int]:
    sent: dict[str, str | int] = {"store": f"s{rng.integers(4)}"} if rng.random() < 0.6 else {}
    if rng.random() < 0.5:
        sent["weather"] = str(rng.choice(["rain", "sun"]))
    if rng.random() < 0.5:
        sent["visits"] = int(rng.integers(9))
    return sent
