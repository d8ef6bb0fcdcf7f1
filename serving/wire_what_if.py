"""What the question "what if" takes and gives, as pydantic models."""

from typing import Annotated, Self

import orjson
from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator

from recsys.differences import Differences
from recsys.types import Consent, ItemKind, Stage
from recsys.what_if import NO_CHANGES, Changes, WhatIf
from serving.wire import DecisionAnswer, DecisionRequest, Id, ReasonAnswer, Wire
from serving.wire_bytes import encode_answer
from serving.wire_records import ConsentChange

_MAX_INSTANT = 253_402_300_799
_MOST_RULES = 50


class WhatIfChanges(Wire):
    """
    What is different in the second decision; at least one of it.

    Attributes:
        without_rules: Ids of parts of the policy to leave out, whatever their section, and of the built-in rules that a
            section of the file carries: ``recently_bought``, ``max_depth``, ``min_margin``, ``max_discount_rate``,
            ``no_discount``, ``experiment_holdout``.
        tier, stage: The member's, for this decision.
        on_birthday: It is noon of the member's next birthday.
        now: It is this instant, epoch seconds; not together with ``on_birthday``.
        consent: What the member would say of channels. Consent to personalisation can be taken away and not given.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"tier": "gold"}]})

    without_rules: Annotated[tuple[Id, ...], Field(max_length=_MOST_RULES)] = ()
    tier: Id | None = None
    stage: Stage | None = None
    on_birthday: StrictBool = False
    now: Annotated[StrictInt, Field(ge=0, le=_MAX_INSTANT)] | None = None
    consent: ConsentChange | None = None

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if self.to_changes() == NO_CHANGES:
            raise ValueError(f"nothing is different; give at least one of {', '.join(type(self).model_fields)}")
        if self.on_birthday and self.now is not None:
            raise ValueError("the birthday and an instant are two different times; give one of them")
        return self

    def to_changes(self) -> Changes:
        """The changes as the engine's room takes them."""
        # Sums of flags are plain numbers.
        said = Consent(self.consent.said() if self.consent else 0)
        given = Consent(self.consent.to_consent() if self.consent else 0)
        return Changes(
            without_rules=self.without_rules,
            tier=self.tier,
            stage=self.stage,
            on_birthday=self.on_birthday,
            now=self.now,
            with_consent=given,
            without_consent=said & ~given,
        )


class WhatIfRequest(DecisionRequest):
    """
    One member in one placement, as things are and as they would be.

    Attributes:
        changes: What is different.
        explain: Also every candidate of both decisions.
    """

    changes: WhatIfChanges


class MovedAnswer(Wire):
    """
    Something that stands elsewhere, or in one of the two slates only; see ``recsys.differences.Moved``.

    Attributes:
        before, after: Positions from 1; null where it is not shown.
        removed_by, reason: Why the decision that does not show it does not.
    """

    kind: ItemKind
    id: str
    name: str
    before: int | None
    after: int | None
    removed_by: str | None
    reason: ReasonAnswer | None


class TurnedAnswer(Wire):
    """How many candidates met another end: ``shown``, ``not_considered``, the id of a rule, or the code of a reason."""

    kind: ItemKind
    before: str
    after: str
    n: int


class DifferencesAnswer(Wire):
    """What changed from the first decision to the second; see ``recsys.differences.Differences``."""

    entered: tuple[MovedAnswer, ...]
    left: tuple[MovedAnswer, ...]
    moved: tuple[MovedAnswer, ...]
    turned: tuple[TurnedAnswer, ...]
    offer_before: str | None
    offer_after: str | None
    value_before_minor: int
    value_after_minor: int


class WhatIfAnswer(Wire):
    """
    Two decisions and what changed. Neither was shown to anybody, and neither is in the log.

    Attributes:
        what_if: Always true: no decision of these was made.
        notes: What there is to say of the question, such as that the member did not agree to personalisation.
    """

    what_if: bool
    before: DecisionAnswer
    after: DecisionAnswer
    differences: DifferencesAnswer
    notes: tuple[ReasonAnswer, ...]


def encode_what_if(found: WhatIf) -> bytes:
    """A what-if as the JSON of a `WhatIfAnswer`."""
    told: dict[str, Differences | tuple[object, ...]] = {"differences": found.differences, "notes": found.notes}
    return b'{"what_if":true,"before":%s,"after":%s,%s' % (
        encode_answer(found.before),
        encode_answer(found.after),
        orjson.dumps(told)[1:],
    )
