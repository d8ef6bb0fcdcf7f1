"""The answers of one call as columns, and each of them as a record when somebody reads it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Candidate, Context, Decision, Economics, OfferGap, Reason, SlateItem
from recsys.gap_text import gap_text
from recsys.keep import Shelf
from recsys.knowledge import Knowledge
from recsys.members import NO_FACTS, MemberBatch, Subject
from recsys.nudge_reasons import trigger_reason
from recsys.offers.account import RESPONSE_CLASSES, UNTOLD, Accounts
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.offers.gap import Wanted, find_gap
from recsys.offers.told import NudgeFacts
from recsys.policy.compile import Pin
from recsys.reasons import OFFER_SOURCE, RELATED_SOURCES, product_reason, reason, source_code
from recsys.slate import EMPTY, OFFER
from recsys.trace import Trace
from recsys.types import NO_OFFER, UNKNOWN_ROW, AnswerKind, Channel, ItemKind, Relation, Rows, Scores

ANSWERS: tuple[AnswerKind, ...] = tuple(AnswerKind)
"""The order is the code in `Decisions.answer`."""

LACKING = ("unknown_product", "nothing_related")
"""What an answer about products may lack: one asked about is not known; nothing shown is related to any of them."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """
    The decisions of one call: m members, n positions.

    Attributes:
        batch, context, knowledge: What was decided on.
        policy_id: Of the policy that held.
        prices: Digest of what budgets cost; empty where none was short.
        channel: Of the placement, or as asked.
        placement: As decided; differs from the context's where that was unknown.
        kind: Shape (m, n), int8: ``slate.EMPTY``, ``PRODUCT`` or ``OFFER``.
        row: Shape (m, n): row in the catalogue or the offers; UNKNOWN_ROW where empty.
        score: Shape (m, n), float32; NaN where empty.
        source: Shape (m, n), int8: position in ``sources``; -1 where empty.
        sources: Names of the lists that proposed.
        boosts: Shape (m, n), uint64: bit b is set where boost b of ``boost_ids`` applied.
        pinned: Shape (m, n), bool: one of ``pins`` put it there.
        pins: In force, with the members whom they are about.
        value, value_sd: Shape (m, n), int64 minor units: of offers; 0 for products.
        offers_asked: Whether the slate could hold offers at all.
        offer_choice: Shape (m,): row of the first offer; UNKNOWN_ROW for no_offer.
        explored: Shape (m,), bool: the offer choice was drawn, not the best known.
        propensity: Shape (m,), float64: logging propensity of the offer choice.
        arm: Shape (m,), int8: position in ``arm_names``; -1 for members in no experiment.
        anchors: For each member, by product row: the product asked about that led to it.
        accounts: What the choice among offers saved.
        wanted: Answers what products members would be shown, whether or not the slate holds any.
        told: What offers with a trigger tell of; absent where no offer has one.
        lacking: Shape (m,), uint8: bit b is set where ``LACKING[b]`` is true of the answer.
        answer: Shape (m,), int8: position in ``ANSWERS``.
        shortfall: Shape (m,), int16: position in ``shortfalls``; 0 = none.
        expires_at: Shape (m,), epoch seconds.
        trace: Where the context asks to explain.
    """

    batch: MemberBatch
    context: Context
    knowledge: Knowledge
    policy_id: str
    prices: str
    channel: Channel
    placement: str
    kind: NDArray[np.int8]
    row: Rows
    score: Scores
    source: NDArray[np.int8]
    sources: tuple[str, ...]
    boosts: NDArray[np.uint64]
    boost_ids: tuple[str, ...]
    pinned: NDArray[np.bool_]
    pins: tuple[Pin, ...]
    value: NDArray[np.int64]
    value_sd: NDArray[np.int64]
    offers_asked: bool
    offer_choice: Rows
    explored: NDArray[np.bool_]
    propensity: NDArray[np.float64]
    experiment: str
    arm: NDArray[np.int8]
    arm_names: tuple[str, ...]
    arm_weights: tuple[float, ...]
    anchors: tuple[Mapping[int, int], ...]
    accounts: Accounts
    wanted: Callable[[], Shelf]
    told: NudgeFacts | None
    lacking: NDArray[np.uint8]
    answer: NDArray[np.int8]
    shortfall: NDArray[np.int16]
    shortfalls: tuple[str, ...]
    degraded: tuple[str, ...]
    expires_at: NDArray[np.int64]
    rule_ids: tuple[str, ...]
    trace: Trace | None

    def __len__(self) -> int:
        return len(self.batch)

    def records(self) -> list[Decision]:
        """Every decision as a record, in the order of the members."""
        return [self._record(member, decision_id) for member, decision_id in enumerate(self.decision_ids())]

    def decision_ids(self) -> list[str]:
        """
        One id a decision: a digest of all that it depends on, so that the same decision has the same id.

        128 bits as 32 hexadecimal digits.
        """
        common = self._common_digest()
        return [_decision_id(common, subject) for subject in self.batch.subjects]

    def record(self, member: int) -> Decision:
        """The decision of one member, by position in the batch."""
        return self._record(member, _decision_id(self._common_digest(), self.batch.subjects[member]))

    def _common_digest(self) -> "hashlib.blake2b":
        context = self.context
        asked: tuple[object, ...] = (
            self.placement, self.channel, context.now, context.seed, context.n, sorted(context.types),
            context.request_id, sorted(context.attributes.items()), self.degraded,
            self.knowledge.bundle_id, self.policy_id,
        )  # fmt: skip
        if context.relation is not None:
            asked = (*asked, context.relation)
        if self.prices:
            asked = (*asked, self.prices)
        return hashlib.blake2b(repr(asked).encode(), digest_size=16)

    def _record(self, member: int, decision_id: str) -> Decision:
        arm = int(self.arm[member])
        choice = int(self.offer_choice[member])
        offers = self.knowledge.offers.offers
        return Decision(
            decision_id=decision_id,
            member_id=self.batch.subjects[member].member_id,
            placement=self.placement,
            channel=self.channel,
            decided_at=self.context.now,
            answer=ANSWERS[self.answer[member]],
            items=tuple(self._items(member)),
            offer_choice=(NO_OFFER if choice == UNKNOWN_ROW else offers.id(choice)) if self.offers_asked else None,
            logging_propensity=float(self.propensity[member]),
            experiment=self.experiment if arm >= 0 else "",
            arm=self.arm_names[arm] if arm >= 0 else "",
            arm_weight=self.arm_weights[arm] if arm >= 0 else 1.0,
            bundle_id=self.knowledge.bundle_id,
            policy_id=self.policy_id,
            degraded=(*self.degraded, *(code for bit, code in enumerate(LACKING) if self.lacking[member] >> bit & 1)),
            shortfall_reason=self.shortfalls[self.shortfall[member]],
            expires_at=int(self.expires_at[member]),
            why_not=self.trace.why_not(member, self.knowledge) if self.trace else (),
            relation=self.context.relation,
            product_ids=asked_products(self.batch.subjects[member], self.context.relation),
            candidates=self._candidates(member),
            economics=self.economics(member),
        )

    def economics(self, member: int) -> Economics | None:
        """What one member's choice among offers saved; absent where there was nothing to choose."""
        accounts, offers = self.accounts, self.knowledge.offers.offers
        if accounts.response[member] == UNTOLD:
            return None
        return Economics(
            offer_id=offers.id(int(accounts.offer[member])),
            response_class=RESPONSE_CLASSES[accounts.response[member]],
            measured=bool(self.knowledge.response.measured[accounts.offer[member]]),
            deepest_offer_id=offers.id(int(accounts.deepest[member])),
            discount_avoided_minor=int(accounts.discount_avoided_minor[member]),
            deadweight_avoided_minor=int(accounts.deadweight_avoided_minor[member]),
            depth_saved_bp=int(accounts.depth_saved_bp[member]),
        )

    def gap(self, member: int, offer: int) -> OfferGap | None:
        """What one member lacks to the threshold of an offer, and what closes it; absent where nothing is missing."""
        knowledge = self.knowledge
        found = find_gap(self.batch, member, offer, wanted=lambda: self._wanted_by(member), knowledge=knowledge)
        if found is None:
            return None
        names = [bytes(knowledge.catalogue.names[row]).decode() for row in found.products]
        ids = [knowledge.catalogue.products.id(row) for row in found.products]
        return OfferGap(
            threshold_minor=found.threshold_minor,
            spend_minor=found.spend_minor,
            missing_minor=found.missing_minor,
            product_ids=tuple(ids),
            added_minor=found.added_minor,
            assumed=found.assumed,
            scoped=found.scoped,
            text=gap_text(
                found,
                currency=knowledge.currency,
                names=[name or one for name, one in zip(names, ids, strict=True)],
                language=self.context.language,
            ),
        )

    def _wanted_by(self, member: int) -> Wanted:
        wanted, bought = self.wanted(), self.batch.bought
        order = wanted.order[member]
        rows = wanted.candidates.products[member].take(order.compress(wanted.keep[member].take(order))).tolist()
        usual = frozenset(bought.values[bought.indptr[member] : bought.indptr[member + 1]].tolist())
        return Wanted([row for row in rows if row in usual], [row for row in rows if row not in usual])

    def waited_for(self, member: int, row: int) -> tuple[Reason, ...]:
        """What an offer with a trigger waited for, with the member's own numbers; nothing of one without."""
        trigger = TRIGGERS[self.knowledge.offers.trigger[row]]
        if trigger is Trigger.NONE or self.told is None:
            return ()
        known, language = self.knowledge, self.context.language
        return (
            trigger_reason(trigger, self.told, member, tiers=known.tiers, currency=known.currency, language=language),
        )

    def _candidates(self, member: int) -> tuple[Candidate, ...] | None:
        if self.trace is None:
            return None
        return self.trace.candidates(
            member, self.knowledge, sources=self.sources, boost_ids=self.boost_ids, language=self.context.language
        )

    def _items(self, member: int) -> Iterator[SlateItem]:
        offers, catalogue = self.knowledge.offers, self.knowledge.catalogue
        columns = (self.kind, self.row, self.score, self.source, self.boosts, self.pinned, self.value, self.value_sd)
        positions = zip(*(column[member].tolist() for column in columns), strict=True)
        for position, (code, row, score, source, boosts, pinned, value, value_sd) in enumerate(positions, start=1):
            if code == EMPTY:
                continue
            is_offer = code == OFFER
            kind = ItemKind.OFFER if is_offer else ItemKind.PRODUCT
            ids, names = (offers.offers, offers.names) if is_offer else (catalogue.products, catalogue.names)
            language = self.context.language
            first = self.waited_for(member, row) if is_offer else self._found_by(member, row, self.sources[source])
            why = self._offer_codes(member, row) if is_offer else [] if first else [source_code(self.sources[source])]
            applied: list[str] = []
            if pinned:
                why.append("featured")
                applied += [pin.rule_id for pin in self.pins if pin.names(kind, row) and pin.applies[member]]
            if boosts:
                why.append("promoted")
                applied += [rule for bit, rule in enumerate(self.boost_ids) if boosts >> bit & 1]
            yield SlateItem(
                kind=kind,
                id=ids.id(row),
                name=bytes(names[row]).decode(),
                position=position,
                score=score,
                source=OFFER_SOURCE if is_offer else self.sources[source],
                reasons=(*first, *(reason(code, language) for code in why)),
                value_minor=value if is_offer else None,
                value_sd_minor=value_sd if is_offer else None,
                gap=self.gap(member, row) if is_offer else None,
                rules_applied=tuple(applied),
            )

    def _found_by(self, member: int, row: int, source: str) -> tuple[Reason, ...]:
        """The reason that names the product asked about which led here; none where it was another list."""
        if source not in RELATED_SOURCES:
            return ()
        catalogue, anchor = self.knowledge.catalogue, self.anchors[member][row]
        name = bytes(catalogue.names[anchor]).decode()
        return (product_reason(source, self.context.language, product_id=catalogue.products.id(anchor), name=name),)

    def _offer_codes(self, member: int, row: int) -> list[str]:
        tiers, everyone = int(self.knowledge.offers.tier_mask[row]), (1 << len(self.knowledge.tiers)) - 1
        known = self.batch.row[member] >= 0
        is_trial = self.explored[member] and row == self.offer_choice[member]
        first = "offer_trial" if is_trial else "offer_fits_you" if known else "popular_now"
        return [first] if tiers & everyone == everyone else [first, "offer_for_tier"]


def asked_products(subject: Subject, relation: Relation | None) -> tuple[str, ...]:
    """The ids of the products that a question is about, as they were given; none where it is about the member."""
    if relation is None:
        return ()
    return subject.basket if relation is Relation.COMPLETE else subject.about


def _decision_id(common: "hashlib.blake2b", subject: Subject) -> str:
    digest = common.copy()
    # Quoted, so that no id runs into what follows it; any text has a representation.
    digest.update(repr(subject.member_id).encode())
    if subject.facts != NO_FACTS or subject.basket or subject.exclude_ids:
        digest.update(repr((subject.basket, sorted(subject.exclude_ids), subject.facts)).encode())
    if subject.about:
        digest.update(repr(subject.about).encode())
    return digest.hexdigest()
