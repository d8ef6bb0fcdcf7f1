"""All parts of one running service, how they start, what they do in the background, and how they stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from recsys.errors import StoreError
from recsys.members import NO_FACTS, LiveFacts
from recsys.types import SECONDS_PER_DAY, Consent
from serving.answering import Answering
from serving.auth import Keyring
from serving.clock import Clock, clock_of
from serving.decision_log import DecisionLog
from serving.limits import TokenBuckets
from serving.live import Live
from serving.metrics import Metrics
from serving.settings import Settings
from serving.stated_consents import WatchedConsents
from serving.store.facts import ERASED
from serving.store.store import Store

_PURGE_EVERY_S = 3_600
_SHARE_OF_STORE = 4
"""One in so many of the requests in flight may wait for the store; the others are there for decisions."""

_LOG = structlog.get_logger(__name__)


class Service:
    """
    One service over one workspace.

    Attributes:
        settings: As given.
        metrics: What is counted.
        clock, clock_lag_s: What time it is, and how far that lies behind the true time.
        store: What is remembered.
        store_is_up: The store answered when last asked by the background.
        keyring: Who may call.
        live: What is served.
        stated: Consents of members without personalisation, as of the last ingest.
        log: Where answers go.
        answering: Requests to answers.
    """

    def __init__(self, settings: Settings, metrics: Metrics, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.metrics = metrics
        self.clock, self.clock_lag_s = clock_of(settings.clock, settings.workspace)
        if clock is not None:
            self.clock = clock
        self.store = Store.at(
            settings.database_url,
            deadline_s=settings.store_deadline_ms / 1_000,
            max_waiting=max(1, settings.max_in_flight // _SHARE_OF_STORE),
        )
        self.store_is_up = False
        self.keyring = Keyring(TokenBuckets(settings.requests_per_s, settings.burst))
        self.live = Live(settings.serving_folder, settings.policy_path, clock=self.clock, metrics=metrics)
        self.stated = WatchedConsents(settings.consents_folder)
        self.log = DecisionLog(
            self.store,
            capacity=settings.log_queue,
            batch=settings.log_batch,
            flush_s=settings.log_flush_s,
            note_error=metrics.store_errors.labels("decision_log").inc,
        )
        self.answering = Answering(self.live, self.store, self.stated, self.log, self.clock, settings.seed, metrics)
        self._is_migrated = False
        self._purged_at = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take in the bundle and the keys, and begin to look for new ones; whatever is down, the service starts."""
        await asyncio.to_thread(self.live.refresh)
        await asyncio.to_thread(self.stated.refresh)
        await self.poll_store()
        self.log.start()
        self._task = asyncio.create_task(self._poll(), name="poll")

    async def stop(self) -> None:
        """Stop looking, write what waits in the log, and close the store."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.log.stop()
        if self.log.n_lost:
            _LOG.error("decisions_lost", n=self.log.n_lost)
        self.store.close()

    def not_ready_reasons(self) -> tuple[str, ...]:
        """Why the service should get no requests; empty when it should."""
        reasons: list[str] = []
        if self.live.current is None:
            refused = self.live.refusal
            reasons.append(f"no bundle is served: {refused.reason if refused else 'none was looked for yet'}")
        if not self.keyring.is_loaded:
            reasons.append("keys were not read yet: the store does not answer")
        return tuple(reasons)

    async def set_consent(self, member_id: str, consent: Consent, *, said: Consent) -> Consent | None:
        """
        Take down a member's word; it holds from here on, also while the store is down.

        Args:
            member_id: Whose.
            consent: What they agree to.
            said: What they spoke about; about the rest their word of before holds, else the bundle's, else no.

        Returns:
            All that holds now; ``None`` for an erased member, of whom nothing is taken down.

        Raises:
            StoreError: The store does not answer.
        """
        now = self.clock()
        before = self._consent_in_bundle(member_id)
        holds = await self.store.work_for_request(
            lambda: self.store.members.set_consent(member_id, consent, said=said, before=before, now=now)
        )
        if holds is not None:
            self.store.restrictions.note(member_id, LiveFacts(consent=holds))
        return holds

    def _consent_in_bundle(self, member_id: str) -> Consent:
        (stated,) = self.stated.current.complete([member_id], [NO_FACTS])
        if stated.consent is not None:
            return stated.consent  # the last ingest's word is newer than the bundle's
        if self.live.current is None:
            return Consent.NONE
        members = self.live.current.engine.knowledge.members
        row = members.members.row(member_id)
        return Consent(int(members.consent[row])) if row >= 0 else Consent.NONE

    async def erase(self, member_id: str) -> None:
        """
        Forget a member: in the store, in what waits for it, and in answers that are being made.

        Raises:
            StoreError: The store does not answer, or not all of it; do it again.
        """
        now = self.clock()
        self.log.forget(member_id)
        try:
            await self.store.work_for_request(lambda: self.store.members.erase(member_id, now=now))
        finally:
            # Also where the store failed: a request to be forgotten is followed as far as it can be.
            self.store.restrictions.note(member_id, ERASED)
            self.log.forget(member_id)

    async def poll_store(self) -> None:
        """Bring the schema up to date once, and read keys and restrictions; a store that is down is noted only."""
        try:
            await self.store.work(self._read_store)
            if not self.store_is_up:
                _LOG.info("store_up", store=self.store.database.url)
            self.store_is_up = True
        except StoreError as error:
            self.metrics.store_errors.labels("poll").inc()
            if self.store_is_up or not self._is_migrated:
                _LOG.error("store_down", reason=str(error))
            self.store_is_up = False

    def _read_store(self) -> None:
        now = self.clock()
        if not self._is_migrated:
            self.store.database.migrate()
            self._is_migrated = True
        self.keyring.replace(self.store.keys.fetch_all())
        self.store.restrictions.refresh(self.store.members, now=now)
        self.store.database.clear_traces()
        if now - self._purged_at >= _PURGE_EVERY_S:
            before = now - self.settings.retention_days * SECONDS_PER_DAY
            n_gone = self.store.decisions.purge(before=before) + self.store.events.purge(before=before)
            self._purged_at = now
            if n_gone:
                _LOG.info("store_purged", n=n_gone)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self.settings.poll_s)
            await self._guarded("live", lambda: asyncio.to_thread(self.live.refresh))
            await self._guarded("consents", lambda: asyncio.to_thread(self.stated.refresh))
            await self._guarded("store", self.poll_store)
            self.refresh_gauges()

    def refresh_gauges(self) -> None:
        """Bring the metrics that are states up to date."""
        self.metrics.ready.set(not self.not_ready_reasons())
        self.metrics.policy_errors.clear()
        current = self.live.current
        for (rule, part), n in (current.engine.policy.errors.counts() if current else {}).items():
            self.metrics.policy_errors.labels(rule, part).set(n)
        self.metrics.log_pending.set(self.log.n_pending)
        self.metrics.log_lost.set(self.log.n_lost)

    async def _guarded(self, part: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (the background must not die of one bad look)
            _LOG.error("poll_failed", part=part, exc_info=error)


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[Service]:
    """The service, started and in the end stopped."""
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
