"""From requests to answers: facts are read once, the engine decides, the answer is encoded once and logged."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import structlog

from recsys.decision import Context, Decision
from recsys.errors import StoreError
from recsys.members import NO_FACTS, LiveFacts, Subject
from recsys.types import ItemKind
from serving.clock import Clock
from serving.decision_log import DecisionLog
from serving.fallback import engine_error_decision, no_bundle_decision
from serving.live import Live, Served
from serving.logs import hashed
from serving.metrics import Metrics
from serving.store.decisions import DecisionRow
from serving.store.store import Store
from serving.wire import DecisionRequest, encode_answer

STORE_UNAVAILABLE = "store_unavailable"
NOT_LOGGED = "decision_not_logged"

_MEMBERS_A_CALL = 32
"""Of a batch; between two calls of the engine other requests get their turn."""

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """
    Answers requests for decisions. There is one path: a single request is a batch of one.

    Attributes:
        live: What is served.
        store: Where live facts come from; an answer is given without it too.
        log: Where answers go.
        clock: What time it is.
        seed: Of exploration.
        metrics: What is counted.
    """

    live: Live
    store: Store
    log: DecisionLog
    clock: Clock
    seed: int
    metrics: Metrics

    async def answer(
        self, requests: Sequence[DecisionRequest], types: frozenset[ItemKind], request_id: str
    ) -> list[bytes]:
        """
        Decide for requests, in their order, all from one bundle, one policy and one instant.

        Nothing raises: without a bundle, without a store, or with an engine that fails, there is still an answer, and
        it says what was degraded.

        Returns:
            One JSON object a request.
        """
        served, now = self.live.current, self.clock()
        facts, degraded = await self._facts(requests, served)
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
                request_id=f"{request_id}.{number}" if number else request_id,
                degraded=degraded,
            )
            for start in range(0, len(positions), _MEMBERS_A_CALL):
                part = positions[start : start + _MEMBERS_A_CALL]
                subjects = [requests[at].to_subject(facts[at]) for at in part]
                for at, answer in zip(part, self._decide(served, subjects, context), strict=True):
                    answers[at] = answer
                if len(requests) > _MEMBERS_A_CALL:
                    await asyncio.sleep(0)
        return answers

    async def _facts(
        self, requests: Sequence[DecisionRequest], served: Served | None
    ) -> tuple[list[LiveFacts], tuple[str, ...]]:
        member_ids = [request.member_id for request in requests]
        if served is None:
            return [NO_FACTS] * len(requests), ()
        try:
            return await self.store.reader.fetch(member_ids, since=served.cut_off), ()
        except StoreError:
            self.metrics.store_errors.labels("facts").inc()
            return [self.store.restrictions.of(member_id) for member_id in member_ids], (STORE_UNAVAILABLE,)

    def _decide(self, served: Served | None, subjects: Sequence[Subject], context: Context) -> list[bytes]:
        if served is None:
            decisions = [no_bundle_decision(subject, context) for subject in subjects]
        else:
            try:
                decisions = served.engine.decide_many(subjects, context).records()
            except Exception as error:  # noqa: BLE001 (a storefront gets an answer whatever is broken in here)
                self.metrics.engine_errors.inc()
                members = [hashed(subject.member_id) for subject in subjects]
                _LOG.error("engine_failed", members=members, placement=context.placement, exc_info=error)
                decisions = [engine_error_decision(served, subject, context) for subject in subjects]
        return [self._finish(subject, decision, context) for subject, decision in zip(subjects, decisions, strict=True)]

    def _finish(self, subject: Subject, decision: Decision, context: Context) -> bytes:
        # Nothing is kept of members who asked to be forgotten, and there is nothing to keep without a bundle.
        is_logged = not subject.facts.erased and bool(decision.bundle_id)
        if is_logged and self.log.is_full:
            decision = replace(decision, degraded=(*decision.degraded, NOT_LOGGED))
        self.metrics.decisions.labels(decision.answer).inc()
        for reason in decision.degraded:
            self.metrics.degraded.labels(reason).inc()
        answer = encode_answer(decision)
        if is_logged:
            self.log.put(
                DecisionRow(
                    decision_id=decision.decision_id,
                    member_id=decision.member_id,
                    placement=decision.placement,
                    decided_at=decision.decided_at,
                    bundle_id=decision.bundle_id,
                    policy_id=decision.policy_id,
                    answer=answer,
                    subject=subject,
                    context=context,
                )
            )
        return answer
