"""Questions about products: what is similar, what is bought together, what completes a basket."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from recsys.types import ItemKind, Relation
from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import READ_PROBLEMS, WRITE_PROBLEMS
from serving.scopes import Scope
from serving.service import Service
from serving.store.schema import ID_LENGTH
from serving.wire import BatchRequest, DecisionAnswer
from serving.wire_batch import BatchAnswer, encode_batch, split_valid
from serving.wire_related import BasketRequest, ProductRequest, RelatedQuery, RelatedQuestion, RelatedRequest

router = APIRouter()
direct = APIRouter(route_class=DirectRoute)

_PRODUCTS = frozenset({ItemKind.PRODUCT})
_ALLOWED = [Depends(RequireScope(Scope.RECOMMEND_READ))]
_UNKNOWN = (
    "An unknown product is answered too, with what is popular, and `degraded` says `unknown_product`. Without a "
    "`member_id`, or for a member who did not agree to personalisation, nothing personal is used."
)
_ProductId = Annotated[str, Path(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\x00]+$")]


async def _answer_one(http: Request, question: RelatedQuestion) -> Response:
    service: Service = http.app.state.service
    answers = await service.answering.answer([question], _PRODUCTS, http.state.request_id)
    return json_response(answers[0])


async def _answer_batch(
    http: Request, batch: BatchRequest, model: type[RelatedRequest], ask: Callable[[Any], RelatedQuestion]
) -> Response:
    service: Service = http.app.state.service
    valid, problems = split_valid(batch, model)
    questions: Sequence[RelatedQuestion] = [ask(one) for one in valid]
    answers = await service.answering.answer(questions, _PRODUCTS, http.state.request_id)
    return json_response(encode_batch(answers, problems))


def _add_product_question(relation: Relation, what: str) -> None:
    """Add the three endpoints of one question about a product."""
    path = f"/v1/products/{{product_id:path}}/{relation}"

    async def ask(http: Request, product_id: _ProductId, body: RelatedRequest) -> Response:
        return await _answer_one(http, RelatedQuestion.of(body, relation, product_id))

    async def ask_by_url(http: Request, product_id: _ProductId, query: Annotated[RelatedQuery, Query()]) -> Response:
        return await _answer_one(http, RelatedQuestion.of(query.to_request(), relation, product_id))

    async def ask_many(http: Request, body: BatchRequest) -> Response:
        return await _answer_batch(
            http, body, ProductRequest, lambda one: RelatedQuestion.of(one, relation, one.product_id)
        )

    direct.add_api_route(
        f"/v1/products/{relation}:batch", ask_many, methods=["POST"], response_model=BatchAnswer,
        responses=WRITE_PROBLEMS, dependencies=_ALLOWED, summary=f"{what}, for up to 1,000 products",
        description="Each request is checked against ProductRequest and answered by itself, in order, all from one "
        f"bundle and one instant. A wrong one gets a problem in its place. {_UNKNOWN}",
        operation_id=f"products_{relation}_batch", tags=["products"],
    )  # fmt: skip
    direct.add_api_route(
        path, ask, methods=["POST"], response_model=DecisionAnswer, responses=WRITE_PROBLEMS, dependencies=_ALLOWED,
        summary=what, description=_UNKNOWN, operation_id=f"products_{relation}_post", tags=["products"],
    )  # fmt: skip
    router.add_api_route(
        path, ask_by_url, methods=["GET"], response_model=DecisionAnswer, responses=READ_PROBLEMS,
        dependencies=_ALLOWED, summary=f"{what}, by URL",
        description=f"{_UNKNOWN} URLs end up in logs: prefer POST where the member id is personal.",
        operation_id=f"products_{relation}_get", tags=["products"],
    )  # fmt: skip


def _complete(wanted: BasketRequest) -> RelatedQuestion:
    return RelatedQuestion.of(wanted, Relation.COMPLETE)


@direct.post(
    "/v1/baskets:complete", response_model=DecisionAnswer, responses=WRITE_PROBLEMS, dependencies=_ALLOWED,
    summary="What belongs with a basket and is not in it", operation_id="baskets_complete_post", tags=["products"],
    description="For a member who agreed to personalisation, what they usually buy too. Unknown products in the "
    "basket are passed over, and `degraded` says `unknown_product`.",
)  # fmt: skip
async def complete(http: Request, body: BasketRequest) -> Response:
    """See the description."""
    return await _answer_one(http, _complete(body))


@direct.post(
    "/v1/baskets:complete:batch", response_model=BatchAnswer, responses=WRITE_PROBLEMS, dependencies=_ALLOWED,
    summary="The same for up to 1,000 baskets", operation_id="baskets_complete_batch", tags=["products"],
    description="Each request is checked against BasketRequest and answered by itself, in order, all from one bundle "
    "and one instant. A wrong one gets a problem in its place.",
)  # fmt: skip
async def complete_many(http: Request, body: BatchRequest) -> Response:
    """See the description."""
    return await _answer_batch(http, body, BasketRequest, _complete)


_add_product_question(Relation.SIMILAR, "What may be bought in place of a product")
_add_product_question(Relation.TOGETHER, "What is bought together with a product")
