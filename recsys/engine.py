"""The one decision function: retrieve, score, keep, value, arbitrate, select, explain."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import arbitrate
from recsys.assignment import assign, uniforms
from recsys.batch import build_batch
from recsys.decision import Context, Decision
from recsys.decisions import Decisions
from recsys.explain import Arms, Asked, OfferShelf, explain
from recsys.exploration import Exploring
from recsys.keep import Shelf, shelve
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.offers.account import account
from recsys.offers.economics import OfferTerms, offer_values
from recsys.offers.suitability import Scopes
from recsys.policy.compile import CompiledPolicy, Pin
from recsys.policy.file.schema import ArmBehaviour
from recsys.policy.native import NativeRule
from recsys.policy.ruling import Ruling
from recsys.related import Anchors, retrieve_related
from recsys.retrieve import Candidates, no_candidates, retrieve, retrieve_unranked
from recsys.slate import select
from recsys.types import SECONDS_PER_DAY, ItemKind, KeepMask
from recsys.vocabulary import encode_id

UNKNOWN_PLACEMENT = "unknown_placement"


class Engine:
    """
    Decides what to show to whom, from one bundle under one policy.

    Holds nothing that changes: any number of threads may call it, and every call with the same inputs gives the same
    answer. Build a new one for a new bundle or policy.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        policy: CompiledPolicy,
        *,
        terms: OfferTerms | None = None,
        shadow_price: NDArray[np.float64] | None = None,
    ) -> None:
        """
        Store them.

        Args:
            knowledge: Of the bundle that the policy was compiled for, or of some of its members.
            policy: Compiled.
            terms: Of the whole bundle, where *knowledge* has some of its members only; absent means its own.
            shadow_price: Shape (n_offers,): worth of one more minor unit of each offer's budgets, as an allocation
                found it; absent means that none is short.
        """
        self.knowledge = knowledge
        self.policy = policy
        self.terms = OfferTerms.of(knowledge) if terms is None else terms
        self.shadow_price = np.zeros(len(knowledge.offers)) if shadow_price is None else shadow_price
        self._prices = hashlib.sha256(self.shadow_price.tobytes()).hexdigest() if self.shadow_price.any() else ""
        self._scopes = Scopes.of(knowledge, self.terms.mean_affinity)
        arms = policy.experiment.arms if policy.experiment else ()
        self._arm_names = tuple(arm.name for arm in arms)
        self._arm_weights = tuple(arm.weight for arm in arms)
        # The last entry is for members outside the experiment, whose arm is -1.
        self._withhold = np.array([*(arm.behaviour is ArmBehaviour.NO_OFFERS for arm in arms), False])
        self._impersonal = np.array([*(arm.behaviour is ArmBehaviour.POPULAR for arm in arms), False])

    def decide(self, subject: Subject, context: Context) -> Decision:
        """One member's decision: a batch of one."""
        return self.decide_many([subject], context).record(0)

    def decide_many(self, subjects: Sequence[Subject], context: Context) -> Decisions:
        """
        Decide for members who share a context.

        Each member's decision is the same whoever else is in the call, and in whatever order (law 1).

        Args:
            subjects: The members and what is known of them since the bundle's cut-off.
            context: Placement, instant, seed and what else they share.

        Returns:
            One decision a subject, in the same order. Nothing raises for an unknown member, product or placement: the
            answer says how personal it is and what was degraded.
        """
        found = self._consider(subjects, context)
        asked, shelf, offers, pins = found.asked, found.shelf, found.offers, found.pins
        slates = select(shelf.candidates.products, shelf.order, shelf.keep, offers.choice.rows, n=asked.n, pins=pins)
        return explain(
            asked, found.batch, found.arms, shelf, offers, slates, pins, anchors=found.anchors, wanted=found.wanted,
            prices=self._prices, policy=self.policy, knowledge=self.knowledge,
        )  # fmt: skip

    def weigh_offers(self, subjects: Sequence[Subject], context: Context) -> tuple[MemberBatch, OfferShelf]:
        """
        What every offer is worth to members, which of them rules remove, and what each would get alone.

        A decision up to the slate, by the same lines: for an allocation, which chooses for everybody at once.
        """
        found = self._consider(subjects, context)
        return found.batch, found.offers

    def _consider(self, subjects: Sequence[Subject], context: Context) -> "_Considered":
        """Every step of a decision but the last two."""
        policy, knowledge = self.policy, self.knowledge
        asked = self._asked(context)
        ids = _encoded(subjects)
        arms, withhold, impersonal = self._arms(ids)
        batch = build_batch(subjects, knowledge, impersonal=impersonal)
        ruling = policy.ruling(batch, context)
        pins = ruling.pins()
        candidates, anchors = self._retrieve(batch, asked, pins)
        shelf = shelve(ruling, candidates, policy, knowledge, search=asked.products)
        offers = OfferShelf.none(len(batch))
        if asked.max_offers:
            offers = self._offers(ruling, asked, withhold, ids, retrieved=candidates if asked.products else None)

        @cache
        def wanted_shelf() -> Shelf:
            if asked.products:
                return shelf
            wanted = retrieve(batch, knowledge) if asked.max_offers else candidates
            return shelve(ruling, wanted, policy, knowledge, search=False)

        return _Considered(asked, batch, arms, pins, anchors, shelf, wanted_shelf, offers)

    def _retrieve(self, batch: MemberBatch, asked: Asked, pins: Sequence[Pin]) -> tuple[Candidates, Anchors]:
        """The candidates; where the question is about products, also which of those each was found by."""
        nobody: Anchors = ({},) * len(batch)
        if not asked.products:
            return no_candidates(len(batch)), nobody
        if asked.context.relation is None:
            return retrieve(batch, self.knowledge, pins), nobody
        return retrieve_related(batch, asked.context.relation, self.knowledge, pins)

    def _asked(self, context: Context) -> Asked:
        found = self.policy.placement(context.placement)
        placement = found or self.policy.default_placement
        n_wanted = placement.capacity if context.n is None else context.n
        types = context.types & frozenset(placement.types)
        n = max(0, min(n_wanted, placement.capacity))
        degraded = context.degraded if found else (*context.degraded, UNKNOWN_PLACEMENT)
        return Asked(
            context=context,
            placement=placement.name,
            channel=context.channel or placement.channel,
            n=n,
            n_wanted=n_wanted,
            max_offers=min(placement.max_offers, n) if ItemKind.OFFER in types else 0,
            products=ItemKind.PRODUCT in types,
            degraded=degraded,
        )

    def _arms(self, ids: NDArray[np.bytes_]) -> tuple[Arms, KeepMask, KeepMask]:
        """The members' arms, who of them gets no offers, and who is answered as a stranger."""
        experiment = self.policy.experiment
        arm = assign(experiment, ids) if experiment else np.full(len(ids), -1, dtype=np.int8)
        arm[ids == b""] = -1  # who is not named is nobody in particular, and in no experiment
        arms = Arms(experiment.key if experiment else "", arm, self._arm_names, self._arm_weights)
        return arms, self._withhold[arm], self._impersonal[arm]

    def _offers(
        self, ruling: Ruling, asked: Asked, withhold: KeepMask, ids: NDArray[np.bytes_], *, retrieved: Candidates | None
    ) -> OfferShelf:
        policy = self.policy
        cost = policy.contact_cost_minor.get(asked.channel)
        values = offer_values(ruling.batch, self.knowledge, self.terms, contact_cost_minor=cost, now=asked.context.now)
        unsuitable = self._unsuitable(ruling.batch, retrieved)
        removed = ruling.offer_removals(withhold=withhold, values=values, ids=ids, unsuitable=unsuitable)
        factor, boosts = ruling.offer_boost()
        choice = arbitrate(
            values,
            removed < 0,
            boost=factor,
            shadow_price=self.shadow_price,
            risk_aversion=policy.risk_aversion,
            exploring=Exploring.of(policy.source.exploration, epsilon=policy.epsilon),
            draw=_draws(ids, asked),
            max_offers=asked.max_offers,
            ladders=self.terms.ladders,
        )
        accounts = account(
            values,
            removed < 0,
            choice.rows[:, 0],
            basket_minor=ruling.batch.basket_minor,
            risk_aversion=policy.risk_aversion,
        )
        return OfferShelf(values, removed, boosts, choice, accounts)

    def _unsuitable(
        self, batch: MemberBatch, retrieved: Candidates | None
    ) -> list[tuple[NativeRule, NDArray[np.intp], KeepMask]]:
        """Whom offers do not suit, by rule."""
        scopes, found = self._scopes, []
        if len(scopes.offers):
            # What members would be shown of products tells what offers suit them, also where none are shown.
            products = retrieve_unranked(batch, self.knowledge) if retrieved is None else retrieved.products
            unwanted = scopes.without_candidates(products, batch)
            found.append((NativeRule.SCOPE_NOT_WANTED, scopes.offers, unwanted))
        if len(scopes.bundles):
            found.append((NativeRule.NEEDED_ONCE, scopes.bundles, scopes.needed_once(batch, self.knowledge)))
        return found


class _Considered(NamedTuple):
    """What all steps of a decision but the last two found."""

    asked: Asked
    batch: MemberBatch
    arms: Arms
    pins: tuple[Pin, ...]
    anchors: Anchors
    shelf: Shelf
    wanted: Callable[[], Shelf]
    offers: OfferShelf


def _draws(ids: NDArray[np.bytes_], asked: Asked) -> NDArray[np.float64]:
    """Uniform on [0, 1), the same for a member in a placement all day long, so that a page reloaded shows the same."""
    context = asked.context
    at = context.now if context.drawn_at is None else context.drawn_at
    return uniforms(context.seed, f"{asked.placement}|{at // SECONDS_PER_DAY}", ids)


def _encoded(subjects: Sequence[Subject]) -> NDArray[np.bytes_]:
    ids = [encode_id(subject.member_id) for subject in subjects]
    return np.array(ids, dtype=np.bytes_) if ids else np.empty(0, dtype="S1")
