"""What the decision endpoints take and give, as pydantic models."""

from collections.abc import Hashable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from recsys.decision import Context
from recsys.members import LiveFacts, Subject
from recsys.reasons import LANGUAGES
from recsys.types import AnswerKind, Channel, EpochSeconds, ItemKind, Relation, ResponseClass
from recsys.why_not import WhySection
from serving.store.schema import ID_LENGTH

MAX_BATCH = 1_000

_NO_ADDRESS = "the id holds an '@': ids are pseudonyms; do not send e-mail addresses"


def _refuse_address(value: str) -> str:
    # Refused where it comes in: an id ends up in decisions, exports and backups.
    if "@" in value:
        raise PydanticCustomError("member_id_is_address", _NO_ADDRESS)
    return value


Id = Annotated[StrictStr, Field(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\x00]+$")]
MemberId = Annotated[
    StrictStr,
    Field(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\x00]+$", json_schema_extra={"pattern": r"^[^\x00@]+$"}),
    AfterValidator(_refuse_address),
]
Ids = Annotated[tuple[Id, ...], Field(max_length=500)]
Language = Annotated[StrictStr, Field(pattern=f"^({'|'.join(LANGUAGES)})$")]
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
AttributeValue = (
    StrictBool
    | Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
    | Annotated[StrictFloat, Field(allow_inf_nan=False)]
    | Annotated[StrictStr, Field(max_length=200)]
)


class Wire(BaseModel):
    """A part of a request or an answer: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DecisionRequest(Wire):
    """
    One member in one placement.

    Attributes:
        member_id: A pseudonym of any form, without '@' (no e-mail addresses); an unknown one is answered as a stranger.
        placement: A placement of the policy; an unknown one is answered as the default placement, and says so.
        n: Positions wanted; absent means the placement's capacity, which also bounds it.
        channel: Absent means the placement's.
        basket: Product ids in the basket now.
        context: What the policy's expressions see as ``context``, besides placement, channel and the calendar.
        exclude_ids: Products or offers not wanted back.
        explain: Also every candidate, and what became of it.
        language: Of the reasons' texts.
    """

    member_id: MemberId
    placement: Id
    n: Annotated[StrictInt, Field(ge=1, le=200)] | None = None
    channel: Channel | None = None
    basket: Ids = ()
    context: Annotated[dict[AttributeName, AttributeValue], Field(max_length=32)] = Field(default_factory=dict)
    exclude_ids: Ids = ()
    explain: StrictBool = False
    language: Language = "en"

    def to_subject(self, facts: LiveFacts) -> Subject:
        """The member as the engine takes them, with what the store knows."""
        return Subject(self.member_id, facts, self.basket, frozenset(self.exclude_ids))

    def to_context(
        self, *, now: EpochSeconds, seed: int, types: frozenset[ItemKind], request_id: str, degraded: tuple[str, ...]
    ) -> Context:
        """
        The circumstances as the engine takes them.

        The engine's decision id depends on what is decided and not on how it is told. Answers that are told otherwise
        are other bytes, and need an id of their own.
        """
        told = "|".join(
            [request_id, *(["explain"] if self.explain else ()), *([self.language] if self.language != "en" else ())]
        )
        return Context(
            placement=self.placement,
            now=now,
            seed=seed,
            n=self.n,
            channel=self.channel,
            types=types,
            request_id=told,
            explain=self.explain,
            language=self.language,
            degraded=degraded,
            attributes=self.context,
        )

    def circumstances(self) -> Hashable:
        """Equal for requests that can share one call of the engine."""
        attributes = tuple((name, type(value).__name__, value) for name, value in sorted(self.context.items()))
        return self.placement, self.n, self.channel, self.explain, self.language, attributes


class DecisionQuery(Wire):
    """The same request as query parameters, for callers that can only fetch a URL."""

    member_id: MemberId
    placement: Annotated[str, Field(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\x00]+$")]
    n: Annotated[int, Field(ge=1, le=200)] | None = None
    channel: Channel | None = None
    basket: Ids = ()
    exclude_ids: Ids = ()
    explain: bool = False
    language: Language = "en"

    def to_request(self) -> DecisionRequest:
        """The same as a body would have said it."""
        return DecisionRequest.model_validate(dict(self))


class BatchRequest(Wire):
    """
    Many requests, each checked and answered by itself.

    Attributes:
        requests: Each one as the endpoint alone takes it, with the product's id where its URL holds one; a wrong one
            gets a problem in its place and stops no other.
    """

    requests: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH)]


class ReasonAnswer(Wire):
    """
    Why something is shown, or is not: a stable code, and a text in the language asked for.

    Attributes:
        product_id: The product asked about, or in the basket, that the text names; left out of other reasons.
    """

    code: str
    text: str
    product_id: str | None = None


class OfferGapAnswer(Wire):
    """What is missing to an offer's threshold, and what closes it; see ``recsys.decision.OfferGap``."""

    threshold_minor: int
    spend_minor: int
    missing_minor: int
    product_ids: tuple[str, ...]
    added_minor: int
    assumed: bool
    scoped: bool
    text: str


class EconomicsAnswer(Wire):
    """What the choice among offers saved against the deepest one; see ``recsys.decision.Economics``."""

    offer_id: str
    response_class: ResponseClass
    measured: bool
    deepest_offer_id: str
    discount_avoided_minor: int
    deadweight_avoided_minor: int
    depth_saved_bp: int


class ItemAnswer(Wire):
    """One position; see ``recsys.decision.SlateItem``."""

    kind: ItemKind
    id: str
    name: str
    position: int
    score: float
    source: str
    reasons: tuple[ReasonAnswer, ...]
    value_minor: int | None
    value_sd_minor: int | None
    gap: OfferGapAnswer | None
    rules_applied: tuple[str, ...]


class WhyNotAnswer(Wire):
    """A candidate that is not shown, and the first rule that removed it."""

    kind: ItemKind
    id: str
    rule: str


class MultiplierAnswer(Wire):
    """A lever, and what it multiplied by."""

    rule: str
    factor: float


class CandidateAnswer(Wire):
    """
    One product or offer that was considered; see ``recsys.decision.Candidate``.

    Attributes:
        score_before, score: What it was ranked by, without and with levers; of offers in minor units.
        logging_propensity: The probability that this offer is the first; null where it cannot be.
        removed_by, section, reason: The first rule that removed it; where it fell out, and why it is not shown.
    """

    kind: ItemKind
    id: str
    name: str
    position: int | None
    source: str
    score_before: float
    multipliers: tuple[MultiplierAnswer, ...]
    score: float
    value_minor: int | None
    value_sd_minor: int | None
    logging_propensity: float | None
    removed_by: str | None
    section: WhySection | None
    reason: ReasonAnswer | None


class ModelVersion(Wire):
    """Which bundle answered; empty where none did."""

    bundle_id: str


class PolicyVersion(Wire):
    """Which policy held; empty where none did."""

    policy_id: str


class ExperimentArm(Wire):
    """The member's arm, and the share of members in it."""

    key: str
    arm: str
    weight: float


class DecisionAnswer(Wire):
    """
    One decision; see ``recsys.decision.Decision``.

    Attributes:
        member_id: Empty where the question named nobody.
        relation, product_ids: What products were asked about, and how; null and empty where it was the member.
        candidates: All that was considered, and what became of each; left out without ``explain``.
    """

    decision_id: str
    member_id: str
    placement: str
    channel: Channel
    decided_at: int
    answer: AnswerKind
    items: tuple[ItemAnswer, ...]
    offer_choice: str | None
    logging_propensity: float
    economics: EconomicsAnswer | None
    model: ModelVersion
    policy: PolicyVersion
    experiment: ExperimentArm | None
    degraded: tuple[str, ...]
    shortfall_reason: str
    expires_at: int
    why_not: tuple[WhyNotAnswer, ...]
    relation: Relation | None
    product_ids: tuple[str, ...]
    candidates: tuple[CandidateAnswer, ...] | None = None
