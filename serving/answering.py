"""From requests to answers: facts are read once, the engine decides, the answer is encoded once and logged."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from recsys.decision import Context
from recsys.errors import StoreError
from recsys.members import NO_FACTS, LiveFacts, Subject
from recsys.types import EpochSeconds, ItemKind
from serving.clock import Clock
from serving.decision_log import DecisionLog
from serving.encode import EncodedAnswer, encode_record
from serving.fallback import engine_error_decision, no_bundle_decision
from serving.live import Live, Served
from serving.logs import hashed
from serving.metrics import Metrics
from serving.stated_consents import WatchedConsents
from serving.store.decisions import DecisionRow
from serving.store.store import Store

STORE_UNAVAILABLE = "store_unavailable"
NOT_LOGGED = "decision_not_logged"

_MEMBERS_A_CALL = 32
"""Of a batch; between two calls of the engine other requests get their turn."""

_LOG = structlog.get_logger(__name__)


class Question(Protocol):
    """One request for a decision; see `serving.wire.DecisionRequest`."""

    @property
    def member_id(self) -> str:
        """Who asks; empty where nobody is named."""

    def to_subject(self, facts: LiveFacts) -> Subject:
        """Who asks, as the engine takes them."""

    def to_context(
        self, *, now: EpochSeconds, seed: int, types: frozenset[ItemKind], request_id: str, degraded: tuple[str, ...]
    ) -> Context:
        """What is asked, as the engine takes it."""

    def circumstances(self) -> Hashable:
        """Equal for requests that can share one call of the engine."""


@dataclass(frozen=True, slots=True)
class Answering:
    """
    Answers requests for decisions. There is one path: a single request is a batch of one.

    Attributes:
        live: What is served.
        store: Where live facts come from; an answer is given without it too.
        stated: What members of whom neither bundle nor store knows agreed to.
        log: Where answers go.
        clock: What time it is.
        seed: Of exploration.
        metrics: What is counted.
    """

    live: Live
    store: Store
    stated: WatchedConsents
    log: DecisionLog
    clock: Clock
    seed: int
    metrics: Metrics

    async def answer(self, requests: Sequence[Question], types: frozenset[ItemKind], request_id: str) -> list[bytes]:
        """
        Decide for requests, in their order, all from one bundle, one policy and one instant.

        Nothing raises: without a bundle, without a store, or with an engine that fails, there is still an answer, and
        it says what was degraded.

        Returns:
            One JSON object a request.
        """
        served, now = self.live.current, self.clock()
        facts, degraded, version = await self._facts(requests, served)
        answers: list[bytes] = [b""] * len(requests)
        groups: dict[Hashable, list[int]] = {}
        for at, request in enumerate(requests):
            groups.setdefault(request.circumstances(), []).append(at)
        for number, positions in enumerate(groups.values()):
            # Decision ids must differ between the groups of a batch, and be the same when the request is repeated.
            context = requests[positions[0]].to_context(
                now=now,
                seed=self.seed,
                types=types,
                request_id=f"{request_id}|{number}" if number else request_id,
                degraded=degraded,
            )
            for start in range(0, len(positions), _MEMBERS_A_CALL):
                if version != self.store.restrictions.version:
                    # Somebody withdrew consent or was erased while others of this batch were answered.
                    facts, _, version = await self._facts(requests, served)
                part = positions[start : start + _MEMBERS_A_CALL]
                subjects = [requests[at].to_subject(facts[at]) for at in part]
                for at, answer in zip(part, self._decide(served, subjects, context), strict=True):
                    answers[at] = answer
                if len(requests) > _MEMBERS_A_CALL:
                    await asyncio.sleep(0)
        return answers

    async def _facts(
        self, requests: Sequence[Question], served: Served | None
    ) -> tuple[list[LiveFacts], tuple[str, ...], int]:
        """The members' facts, what was degraded, and the version of the restrictions that they hold for at least."""
        restrictions = self.store.restrictions
        version = restrictions.version
        member_ids = [request.member_id for request in requests]
        if served is None:
            return [NO_FACTS] * len(requests), (), version
        degraded: tuple[str, ...] = ()
        try:
            facts = await self.store.reader.fetch(member_ids, since=served.cut_off)
        except StoreError:
            self.metrics.store_errors.labels("facts").inc()
            facts, degraded = [restrictions.of(member_id) for member_id in member_ids], (STORE_UNAVAILABLE,)
        return self.stated.current.complete(member_ids, facts), degraded, version

    def _decide(self, served: Served | None, subjects: Sequence[Subject], context: Context) -> list[bytes]:
        if served is None:
            return self._count([encode_record(no_bundle_decision(subject, context)) for subject in subjects])
        # An answer is made once, so it must say beforehand that the log has no room for it.
        has_room = self.log.n_free >= len(subjects)
        if not has_room:
            context = replace(context, degraded=(*context.degraded, NOT_LOGGED))
        try:
            answers = served.encoder.encode(served.engine.decide_many(subjects, context))
        except Exception as error:  # noqa: BLE001 (a storefront gets an answer whatever is broken in here)
            self.metrics.engine_errors.inc()
            members = [hashed(subject.member_id) for subject in subjects]
            _LOG.error("engine_failed", members=members, placement=context.placement, exc_info=error)
            answers = [encode_record(engine_error_decision(served, subject, context)) for subject in subjects]
        if has_room:
            self._keep(served, subjects, answers, context)
        else:
            self.log.count_lost(len(answers))
        return self._count(answers)

    def _keep(
        self, served: Served, subjects: Sequence[Subject], answers: Sequence[EncodedAnswer], context: Context
    ) -> None:
        for subject, answer in zip(subjects, answers, strict=True):
            if subject.facts.erased:
                continue  # nothing is kept of members who asked to be forgotten
            row = DecisionRow(
                decision_id=answer.decision_id,
                member_id=subject.member_id,
                placement=answer.placement,
                decided_at=context.now,
                bundle_id=served.bundle_id,
                policy_id=served.policy_id,
                answer=answer.body,
                subject=subject,
                context=context,
            )
            self.log.put(row)

    def _count(self, answers: Sequence[EncodedAnswer]) -> list[bytes]:
        for answer in answers:
            self.metrics.count_decision(answer.answer, answer.degraded)
        return [answer.body for answer in answers]
