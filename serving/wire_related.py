"""What is asked about products, with or without a member, as pydantic models; the answers are those of decisions."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt

from recsys.decision import Context
from recsys.members import LiveFacts, Subject
from recsys.types import Channel, EpochSeconds, ItemKind, Relation
from serving.store.schema import ID_LENGTH
from serving.wire import AttributeName, AttributeValue, DecisionRequest, Id, Ids, Language, MemberId, Wire

PLACEMENTS = {Relation.SIMILAR: "product_page", Relation.TOGETHER: "product_page", Relation.COMPLETE: "basket"}
"""Where the answers to each question stand, if the request does not say."""


class RelatedRequest(Wire):
    """
    What may be said beside the product.

    Attributes:
        member_id: Who looks at it, as in ``DecisionRequest``; absent where nobody is signed in. The products come from
            the product asked about either way; a known member is spared what the policy spares them.
        placement: A placement of the policy; absent means ``product_page``, or ``basket`` for a basket.
        n: Positions wanted; absent means the placement's capacity, which also bounds it.
        channel: Absent means the placement's.
        basket: Product ids in the basket now: none of them is shown.
        context, exclude_ids, explain, language: As in ``DecisionRequest``.
    """

    member_id: MemberId | None = None
    placement: Id | None = None
    n: Annotated[StrictInt, Field(ge=1, le=200)] | None = None
    channel: Channel | None = None
    basket: Ids = ()
    context: Annotated[dict[AttributeName, AttributeValue], Field(max_length=32)] = Field(default_factory=dict)
    exclude_ids: Ids = ()
    explain: StrictBool = False
    language: Language = "en"


class ProductRequest(RelatedRequest):
    """The same with the product, for a batch, whose URL names none."""

    product_id: Id


class BasketRequest(RelatedRequest):
    """
    A basket to be completed.

    Attributes:
        basket: Product ids in the basket now, what was put in last included. Unknown ids are passed over, and the
            answer says so; an empty basket is answered with the member's own habits, or with what is popular. All
            are kept out of the answer; of very many different ones the first 50 are followed.
    """

    basket: Ids


class RelatedQuery(Wire):
    """The same as query parameters, for callers that can only fetch a URL."""

    member_id: MemberId | None = None
    placement: Annotated[str, Field(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\x00]+$")] | None = None
    n: Annotated[int, Field(ge=1, le=200)] | None = None
    channel: Channel | None = None
    basket: Ids = ()
    exclude_ids: Ids = ()
    explain: bool = False
    language: Language = "en"

    def to_request(self) -> RelatedRequest:
        """The same as a body would have said it."""
        return RelatedRequest.model_validate(dict(self))


@dataclass(frozen=True, slots=True)
class RelatedQuestion:
    """
    One question about products, as `serving.answering` takes it.

    Attributes:
        asked: As a decision about the member would have been asked for.
        relation: What is wanted of the products.
        about: Their ids; of a basket none, because it is part of *asked*.
    """

    asked: DecisionRequest
    relation: Relation
    about: tuple[str, ...]

    @classmethod
    def of(cls, request: RelatedRequest, relation: Relation, *about: str) -> "RelatedQuestion":
        """A question from what was sent, which is checked already."""
        said: dict[str, Any] = {name: getattr(request, name) for name in RelatedRequest.model_fields}
        said["member_id"] = request.member_id or ""
        said["placement"] = request.placement or PLACEMENTS[relation]
        return cls(DecisionRequest.model_construct(**said), relation, about)

    @property
    def member_id(self) -> str:
        """Who asks; empty where nobody is named."""
        return self.asked.member_id

    def to_subject(self, facts: LiveFacts) -> Subject:
        """The member, or nobody, with the products."""
        return replace(self.asked.to_subject(facts), about=self.about)

    def to_context(
        self, *, now: EpochSeconds, seed: int, types: frozenset[ItemKind], request_id: str, degraded: tuple[str, ...]
    ) -> Context:
        """See `DecisionRequest.to_context`."""
        context = self.asked.to_context(now=now, seed=seed, types=types, request_id=request_id, degraded=degraded)
        return replace(context, relation=self.relation)

    def circumstances(self) -> Hashable:
        """Equal for questions that can share one call of the engine."""
        return self.relation, self.asked.circumstances()
