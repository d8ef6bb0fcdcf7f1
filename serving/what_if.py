"""Answers what-ifs beside the decisions: in a thread, one at a time, remembering the policies changed last."""

import asyncio
from collections import OrderedDict
from dataclasses import replace

from recsys.decision import Decision
from recsys.engine import Engine
from recsys.types import ItemKind
from recsys.what_if import engine_without, what_if
from serving.problems import ProblemError
from serving.service import Service
from serving.wire_what_if import WhatIfRequest, encode_what_if

_REMEMBERED = 4
_MOST_WAITING = 8
_ALL = frozenset(ItemKind)


class WhatIfs:
    """
    What-ifs of one service.

    Compiling a changed policy takes seconds where it is large: at most eight questions wait for their turn, and
    decisions go on meanwhile. Nothing is logged, counted as a contact or explored otherwise.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._engines: OrderedDict[tuple[str, str, tuple[str, ...]], Engine] = OrderedDict()

    async def answer(self, request: WhatIfRequest, request_id: str) -> bytes:
        """
        Both decisions and what changed, as JSON.

        Raises:
            ProblemError: No bundle is served, or too many ask.
            InputError: See `recsys.what_if.what_if`.
            StoreError: The store does not answer.
        """
        service, served = self._service, self._service.live.current
        if served is None:
            raise ProblemError("not_ready", "no bundle is served yet; see /health/ready")
        if self._waiting >= _MOST_WAITING:
            raise ProblemError("overloaded", "too many what-ifs are asked at once; ask again in a moment")
        changes = request.changes.to_changes()
        self._waiting += 1
        try:
            async with self._turn:
                changed = served.engine
                if changes.without_rules:
                    changed = await asyncio.to_thread(self._engine_without, served.engine, changes.without_rules)
                # Read last: whoever withdraws consent while others are answered is not answered by what was before.
                stored = await service.store.reader.fetch([request.member_id], since=served.cut_off)
                (facts,) = service.stated.current.complete([request.member_id], stored)
                context = request.to_context(
                    now=service.clock(), seed=service.settings.seed, types=_ALL, request_id=request_id, degraded=()
                )
                found = await asyncio.to_thread(
                    what_if, served.engine, request.to_subject(facts), context, changes, less=lambda *_: changed
                )
        finally:
            self._waiting -= 1
        if not request.explain:
            found = replace(found, before=_plain(found.before), after=_plain(found.after))
        return encode_what_if(found)

    def _engine_without(self, engine: Engine, ids: tuple[str, ...]) -> Engine:
        """The changed engine, made once for each set of parts of a served bundle and policy."""
        key = (engine.knowledge.bundle_id, engine.policy.policy_id, tuple(sorted(set(ids))))
        made = self._engines.get(key)
        if made is None:
            made = engine_without(engine, ids)
            self._engines[key] = made
        self._engines.move_to_end(key)
        while len(self._engines) > _REMEMBERED:
            self._engines.popitem(last=False)
        return made


def _plain(decision: Decision) -> Decision:
    return replace(decision, candidates=None, why_not=())
