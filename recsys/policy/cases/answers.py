"""What a policy answers to the member and the circumstances of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.batch import build_batch
from recsys.decision import Candidate, Context, Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact, Subject
from recsys.offers.economics import OfferTerms
from recsys.policy.cases.schema import Case, CaseMember
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.file.schema import ArmBehaviour
from recsys.traits import NOBODY, Traits, with_traits
from recsys.types import SECONDS_PER_DAY, Consent, EpochSeconds, EventKind, ItemKind
from recsys.why_not import Remover, removers


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What was decided for a case.

    Attributes:
        decision: With candidates.
        personal: The member agreed to personalisation, so their traits are looked at.
        products: Of each product that is named: the first rule that removes it, whatever else is on the slate; None
            where none does.
        levers: Of each product and offer that is named: what multiplies it, sorted.
    """

    decision: Decision
    personal: bool
    products: Mapping[str, str | None]
    levers: Mapping[str, tuple[str, ...]]

    def candidate(self, kind: ItemKind, one: str) -> Candidate | None:
        """What became of a product or offer; None where it was not considered."""
        found = (each for each in self.decision.candidates or () if each.kind is kind and each.id == one)
        return next(found, None)

    def of_either_kind(self, one: str) -> tuple[Candidate, ...]:
        """As `candidate`, of both the product and the offer of an id."""
        both = (self.candidate(kind, one) for kind in ItemKind)
        return tuple(found for found in both if found is not None)


@dataclass(frozen=True, slots=True)
class Asker:
    """
    A policy over a bundle, ready to be asked cases.

    Attributes:
        policy: It, without exploration; its file still says how much there is.
        knowledge: The bundle.
        terms: Of its offers.
        told: What each rule stands for.
        now: The instant of cases that name none.
    """

    policy: CompiledPolicy
    knowledge: Knowledge
    terms: OfferTerms
    told: Mapping[str, Remover]
    now: EpochSeconds

    @classmethod
    def of(cls, policy: CompiledPolicy, knowledge: Knowledge, *, now: EpochSeconds) -> "Asker":
        """Work out what all cases share."""
        return cls(replace(policy, epsilon=0.0), knowledge, OfferTerms.of(knowledge), removers(policy.source), now)

    def ask(self, case: Case) -> Answer:
        """
        Decide for a case, all names of which are known.

        Raises:
            InputError: One is not.
        """
        at = self.now if case.context.at is None else case.context.at
        knowledge = with_traits(
            self.knowledge,
            case.member.id or NOBODY,
            self._traits(case.member, at),
            at=at,
            zone=self.policy.source.time_zone,
            usual_affinity=self.terms.mean_affinity,
        )
        asked = case.context
        subject = Subject(
            case.member.id or NOBODY,
            _facts(case.member, at, since=knowledge.cut_off),
            basket=asked.basket,
            exclude_ids=frozenset(asked.exclude_ids),
        )
        context = Context(
            asked.placement or self.policy.default_placement.name,
            at,
            channel=asked.channel,
            attributes=dict(asked.attributes),
            request_id=f"case|{case.id}",
            explain=True,
        )
        decision = Engine(knowledge, self.policy, terms=self.terms).decide(subject, context)
        batch = build_batch([subject], knowledge, impersonal=np.array([self._is_ablated(decision)]))
        ruling = self.policy.ruling(batch, context)
        named = _named(case)
        products = self._known(named, ItemKind.PRODUCT)
        candidates = np.array([list(products.values())], dtype=np.int32).reshape(1, len(products))
        codes = ruling.product_removals(candidates)[0].tolist()
        of_products = ruling.product_boost(candidates)[1][0]
        of_offers = ruling.offer_boost()[1][0]
        levers: dict[str, list[str]] = {one: [] for one in named}
        for one, bits in zip(products, of_products, strict=True):
            levers[one] += self._lever_ids(bits)
        for one, row in self._known(named, ItemKind.OFFER).items():
            levers[one] += self._lever_ids(of_offers[row])
        return Answer(
            decision,
            bool(batch.personal[0]),
            {one: self.policy.rule_ids[code] if code >= 0 else None for one, code in zip(products, codes, strict=True)},
            {one: tuple(sorted(set(ids))) for one, ids in levers.items()},
        )

    def _known(self, ids: Sequence[str], kind: ItemKind) -> dict[str, int]:
        """The rows of those that are of this kind."""
        catalogue, offers = self.knowledge.catalogue.products, self.knowledge.offers.offers
        rows = (catalogue if kind is ItemKind.PRODUCT else offers).rows(ids).tolist()
        return {one: row for one, row in zip(ids, rows, strict=True) if row >= 0}

    def _lever_ids(self, bits: NDArray[np.uint64]) -> list[str]:
        return [rule for rule, _ in self.policy.levers_of(int(bits))]

    def _is_ablated(self, decision: Decision) -> bool:
        """The member is in an arm that is answered as strangers are."""
        arms = self.policy.experiment.arms if self.policy.experiment else ()
        return any(arm.name == decision.arm and arm.behaviour is ArmBehaviour.POPULAR for arm in arms)

    def _traits(self, member: CaseMember, at: EpochSeconds) -> Traits:
        bought = None
        if member.bought is not None:
            rows = self.knowledge.catalogue.products.rows([one.product for one in member.bought]).tolist()
            instants = [_before(at, one.days_ago) for one in member.bought]
            bought = tuple(
                (row, instant) for row, instant in zip(rows, instants, strict=True) if instant <= self.knowledge.cut_off
            )
        birthday = None if member.birthday is None else (int(member.birthday[:2]), int(member.birthday[3:]))
        return Traits(
            tier=member.tier,
            stage=member.stage,
            points=member.points,
            birth_month=member.birth_month,
            birthday=birthday,
            consent=None if member.consent is None else _consent(member.consent),
            bought=bought,
            profile=member.profile,
        )


def _named(case: Case) -> list[str]:
    """Products and offers that the case names, once each."""
    expected = case.expect
    ids = (
        *expected.products_allowed, *expected.products_removed, *expected.levers, *expected.shows,
        *expected.never_shows,
    )  # fmt: skip
    return list(dict.fromkeys(ids))


def _consent(names: Sequence[str]) -> Consent:
    consent = Consent.NONE
    for name in names:
        consent |= Consent[name.upper()]
    return consent


def _before(at: EpochSeconds, days: float) -> EpochSeconds:
    return at - round(days * SECONDS_PER_DAY)


def _facts(member: CaseMember, at: EpochSeconds, *, since: EpochSeconds) -> LiveFacts:
    """What a store would know: newest first, purchases only since the cut-off."""
    bought = sorted(member.bought or (), key=lambda one: one.days_ago)
    since_then = [(one.product, _before(at, one.days_ago)) for one in bought]
    contacts = sorted(member.contacts, key=lambda one: one.days_ago)
    responses = sorted(member.responses, key=lambda one: one.days_ago)
    return LiveFacts(
        product_facts=tuple(
            ProductFact(product, EventKind.PURCHASE, instant) for product, instant in since_then if instant > since
        ),
        held_offers=member.held_offers,
        contacts=tuple(Contact(one.channel, _before(at, one.days_ago), one.offer, one.more_offers) for one in contacts),
        responses=tuple(OfferResponse(one.offer, EventKind(one.kind), _before(at, one.days_ago)) for one in responses),
    )
