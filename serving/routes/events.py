"""Takes in what members did and saw; when it has answered, the next decision knows."""

from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Depends, Request, Response

from recsys.types import UNKNOWN_ROW
from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import WRITE_PROBLEMS
from serving.live import Served
from serving.problems import FieldProblem, ProblemError
from serving.scopes import Scope
from serving.service import Service
from serving.wire_records import EventRecord, EventsAnswer, EventsRequest

_SKEW_S = 300

router = APIRouter(tags=["events"], route_class=DirectRoute)


@router.post(
    "/v1/events",
    response_model=EventsAnswer,
    responses=WRITE_PROBLEMS,
    dependencies=[Depends(RequireScope(Scope.EVENTS_WRITE))],
)
async def add_events(http: Request, body: EventsRequest) -> Response:
    """Up to 1,000 events, all or none; the same event_id again changes nothing, so a failed request can be repeated."""
    service: Service = http.app.state.service
    now = service.clock()
    events = [record.to_event(now) for record in body.events]
    late = [
        FieldProblem(
            pointer=f"/events/{at}/occurred_at",
            detail=f"{event.occurred_at} is later than now ({now}) by more than {_SKEW_S} s; send epoch seconds, UTC",
        )
        for at, event in enumerate(events)
        if event.occurred_at > now + _SKEW_S
    ]
    if late:
        raise ProblemError("invalid_request", "some events lie in the future; nothing was taken", errors=late)
    counts = await service.store.work_for_request(lambda: service.store.events.add(events, now=now))
    became = {"accepted": counts.accepted, "duplicates": counts.duplicates, "ignored": counts.ignored}
    for result, n in became.items():
        service.metrics.events.labels(result).inc(n)
    answer = EventsAnswer(**became, unknown_ids=_n_unknown(body.events, service.live.current))
    return json_response(answer.model_dump_json())


def _n_unknown(events: Sequence[EventRecord], served: Served | None) -> int:
    if served is None:
        return 0
    knowledge = served.engine.knowledge
    unknown = np.zeros(len(events), dtype=np.bool_)
    for ids, known in (
        ([event.product_id for event in events], knowledge.catalogue.products),
        ([event.offer_id for event in events], knowledge.offers.offers),
    ):
        named = np.array([one is not None for one in ids])
        unknown |= named & (known.rows([one or "" for one in ids]) == UNKNOWN_ROW)
    return int(unknown.sum())
