"""The three questions - products, offers, or both - each as POST, GET and batch; and one decision read back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from recsys.types import ItemKind
from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import READ_PROBLEMS, WRITE_PROBLEMS
from serving.problems import ProblemError
from serving.scopes import Scope
from serving.service import Service
from serving.store.schema import ID_LENGTH
from serving.wire import BatchRequest, DecisionAnswer, DecisionQuery, DecisionRequest
from serving.wire_batch import BatchAnswer, encode_batch, split_valid

router = APIRouter()
direct = APIRouter(route_class=DirectRoute)


async def _answer_one(http: Request, wanted: DecisionRequest, types: frozenset[ItemKind]) -> Response:
    service: Service = http.app.state.service
    answers = await service.answering.answer([wanted], types, http.state.request_id)
    return json_response(answers[0])


async def _answer_batch(http: Request, batch: BatchRequest, types: frozenset[ItemKind]) -> Response:
    service: Service = http.app.state.service
    valid, problems = split_valid(batch, DecisionRequest)
    answers = await service.answering.answer(valid, types, http.state.request_id)
    return json_response(encode_batch(answers, problems))


def _add_question(path: str, what: str, types: frozenset[ItemKind], scope: Scope) -> None:
    """Add the three endpoints of one question."""
    allowed = [Depends(RequireScope(scope))]

    async def ask(http: Request, body: DecisionRequest) -> Response:
        return await _answer_one(http, body, types)

    async def ask_by_url(http: Request, query: Annotated[DecisionQuery, Query()]) -> Response:
        return await _answer_one(http, query.to_request(), types)

    async def ask_many(http: Request, body: BatchRequest) -> Response:
        return await _answer_batch(http, body, types)

    unknown = "An unknown member or placement is answered too, and the answer says so."
    direct.add_api_route(
        path, ask, methods=["POST"], response_model=DecisionAnswer, responses=WRITE_PROBLEMS, dependencies=allowed,
        summary=f"{what} for one member", description=unknown, operation_id=f"{path[4:]}_post", tags=["decisions"],
    )  # fmt: skip
    router.add_api_route(
        path, ask_by_url, methods=["GET"], response_model=DecisionAnswer, responses=READ_PROBLEMS,
        dependencies=allowed, summary=f"{what} for one member, by URL",
        description=f"{unknown} URLs end up in logs: prefer POST where the member id is personal.",
        operation_id=f"{path[4:]}_get", tags=["decisions"],
    )  # fmt: skip
    direct.add_api_route(
        f"{path}:batch", ask_many, methods=["POST"], response_model=BatchAnswer, responses=WRITE_PROBLEMS,
        dependencies=allowed, summary=f"{what} for up to 1,000 members",
        description="Each request is checked against DecisionRequest and answered by itself, in order, all from one "
        "bundle and one instant. A wrong one gets a problem in its place, as those do that ask to explain beyond 50.",
        operation_id=f"{path[4:]}_batch", tags=["decisions"],
    )  # fmt: skip


# In the order of their use: routes are tried one after another.
_add_question("/v1/slates", "Products and offers in one decision", frozenset(ItemKind), Scope.OFFERS_READ)
_add_question("/v1/recommendations", "Products", frozenset({ItemKind.PRODUCT}), Scope.RECOMMEND_READ)
_add_question("/v1/offers", "Offers", frozenset({ItemKind.OFFER}), Scope.OFFERS_READ)


@router.get(
    "/v1/decisions/{decision_id}",
    response_model=DecisionAnswer,
    responses=READ_PROBLEMS,
    dependencies=[Depends(RequireScope(Scope.DECISIONS_READ))],
    tags=["decisions"],
)
async def read_decision(
    http: Request, decision_id: Annotated[str, Path(max_length=ID_LENGTH, pattern=r"^[^\x00]+$")]
) -> Response:
    """The same bytes that were answered, for attribution and audit."""
    service: Service = http.app.state.service
    answer = service.log.find_pending(decision_id)
    if answer is None:
        answer = await service.store.work_for_request(lambda: service.store.decisions.fetch_answer(decision_id))
    if answer is None:
        raise ProblemError(
            "unknown_decision",
            f"there is no decision {decision_id!a} in the log; decisions are kept for "
            f"{service.settings.retention_days} days and not kept for erased members",
        )
    return json_response(answer)
