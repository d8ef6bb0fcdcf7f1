"""What each member could be sent at each send: the message as decided, and what would go out in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Context
from recsys.decisions import Decisions
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.contact.plan import PlanRules, Possible
from recsys.policy.file.schema import Policy
from recsys.slate import OFFER
from recsys.types import ItemKind
from serving.export.columns import NOTHING_TO_SHOW, message_values
from serving.plan_sends import PlannedSend

ALTERNATIVES = ("as_decided", "next_best_offer", "products_only")
"""The message; without offers of the capped campaigns that it speaks of; without offers at all."""

NO_OFFER_OF_CAMPAIGN = "no_offer_of_campaign"
"""Why a send that is limited to a campaign does not reach a member whose message would hold none of its offers."""

_NONE = -1


@dataclass(frozen=True, slots=True)
class BlockMessages:
    """
    What some members could be sent.

    Attributes:
        possible: As the plan takes it.
        nothing: By send: why members get nothing whatever is planned, with their number.
    """

    possible: Possible
    nothing: tuple[Mapping[str, int], ...]


class MessageMaker:
    """Decides what could be sent; one engine for each campaign that sends are limited to."""

    def __init__(
        self,
        knowledge: Knowledge,
        policy: Policy,
        sends: Sequence[PlannedSend],
        *,
        rules: PlanRules,
        seed: int,
        shadow_price: NDArray[np.float64] | None = None,
    ) -> None:
        self._sends = tuple(sends)
        self._rules = rules
        self._seed = seed
        self._engines: dict[str | None, Engine] = {}
        for campaign in {send.campaign: None for send in sends}:
            limited = knowledge if campaign is None else _limited(knowledge, policy.campaigns[campaign].offers)
            self._engines[campaign] = Engine(limited, compile_policy(policy, limited), shadow_price=shadow_price)
        ids = [one.decode() for one in knowledge.offers.offers.encoded.tolist()]
        self._bits = np.array([rules.campaign_bits([one]) for one in ids] + [0], dtype=np.uint64)

    def messages(self, subjects: Sequence[Subject]) -> BlockMessages:
        """Decide for a block of members at the instant of every send; each send as if it were the only one."""
        shape = (len(subjects), len(self._sends), len(ALTERNATIVES))
        value, campaigns = np.full(shape, _NONE, dtype=np.int64), np.zeros(shape, dtype=np.uint64)
        nothing = []
        for at, send in enumerate(self._sends):
            engine = self._engines[send.campaign]
            context = Context(send.placement, send.at, self._seed)
            decided = engine.decide_many(subjects, context)
            needs_offer = send.campaign is not None and not send.products
            worth, bare = _worth(decided), _without_offer(decided) & needs_offer
            nothing.append(_why_nothing(decided, worth < 0))
            if n_bare := int((bare & (worth >= 0)).sum()):
                nothing[-1][NO_OFFER_OF_CAMPAIGN] = n_bare
            value[:, at, 0] = np.where(bare, _NONE, worth)
            campaigns[:, at, 0] = self._campaigns(decided)
            # A message that speaks of no capped campaign has nothing that would go out in its place.
            speaks = np.flatnonzero(campaigns[:, at, 0])
            if len(speaks):
                bits = campaigns[speaks, at, 0].tolist()
                spared = [self._without(subjects[one], its) for one, its in zip(speaks.tolist(), bits, strict=True)]
                other = engine.decide_many(spared, context)
                value[speaks, at, 1] = np.where(_without_offer(other) & needs_offer, _NONE, _worth(other))
                campaigns[speaks, at, 1] = self._campaigns(other)
                if needs_offer:
                    continue
                plain = engine.decide_many(
                    [subjects[one] for one in speaks.tolist()], replace(context, types=frozenset({ItemKind.PRODUCT}))
                )
                value[speaks, at, 2] = _worth(plain)
        return BlockMessages(Possible(value, campaigns), tuple(nothing))

    def _campaigns(self, decided: Decisions) -> NDArray[np.uint64]:
        # The last entry is that of no offer.
        bits = self._bits[np.where(decided.kind == OFFER, decided.row, -1)]
        found: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
        return found

    def _without(self, subject: Subject, bits: int) -> Subject:
        offers = [its for bit, its in enumerate(self._rules.offers) if bits >> bit & 1]
        return replace(subject, exclude_ids=subject.exclude_ids.union(*offers))


def _limited(knowledge: Knowledge, offers: Sequence[str]) -> Knowledge:
    """The same bundle, in which all other offers were never valid."""
    definitions = knowledge.offers
    rows = definitions.offers.rows(offers)
    ends = definitions.valid_from.copy()
    rows = rows[rows >= 0]
    ends[rows] = definitions.valid_until[rows]
    return replace(knowledge, offers=replace(definitions, valid_until=ends))


def _worth(decided: Decisions) -> NDArray[np.int64]:
    """Shape (m,): whole minor units; _NONE where there is no message. One that was decided is worth sending."""
    value = message_values(decided)
    return np.where(np.isfinite(value), np.maximum(np.rint(np.nan_to_num(value, neginf=0)), 0), _NONE).astype(np.int64)


def _without_offer(decided: Decisions) -> NDArray[np.bool_]:
    """Shape (m,): no position holds an offer."""
    found: NDArray[np.bool_] = ~(decided.kind == OFFER).any(axis=1)
    return found


def _why_nothing(decided: Decisions, empty: NDArray[np.bool_]) -> dict[str, int]:
    codes, counts = np.unique(decided.shortfall[empty], return_counts=True)
    named: dict[str, int] = {}
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        reason = decided.shortfalls[code] or NOTHING_TO_SHOW
        named[reason] = named.get(reason, 0) + count
    return named
