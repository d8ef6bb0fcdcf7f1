"""What one member would be shown if something were different: the same decision twice, and what changed between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from recsys.batch import build_batch
from recsys.birthday_noon import next_birthday_noon
from recsys.decision import Context, Decision, Reason
from recsys.differences import Differences, differences
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.members import MemberBatch, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.without import without
from recsys.traits import Traits, with_traits
from recsys.types import Consent, EpochSeconds, Stage

WHAT_IF = "what_if"
"""Stands in the request id of what-ifs, so that none has the id of a decision that was made."""


class Note(StrEnum):
    """What a what-if says of itself."""

    NO_CONSENT = "no_consent_to_personalisation"
    OTHER_INSTANT = "other_instant"
    MONTH_ONLY = "birthday_month_only"
    NOTHING_CHANGED = "nothing_changed"


_TEXTS: Mapping[Note, Mapping[str, str]] = {
    Note.NO_CONSENT: {
        "en": "The member did not agree to personalisation: nothing here uses their tier, stage or birthday",
        "zh": "会员未同意个性化：此处不使用其等级、阶段或生日",
    },
    Note.OTHER_INSTANT: {
        "en": "The second decision is for {instant}: all dates and days since count as of then",
        "zh": "第二个决策的时间为{instant}：所有日期和天数均以该时间为准",
    },
    Note.MONTH_ONLY: {
        "en": "Of the birthday only the month may be known; a day of that month, or its first, was taken",
        "zh": "生日可能仅知月份：取该月当日或首日",
    },
    Note.NOTHING_CHANGED: {
        "en": "Both decisions show the same in the same places",
        "zh": "两个决策在相同位置展示相同内容",
    },
}


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What is different in the second decision.

    Attributes:
        without_rules: Ids of parts of the policy, or of built-in rules, to leave out; see `recsys.policy.file.without`.
        tier, stage: The member's, for this decision only; absent means as they are.
        on_birthday: It is noon of the member's next birthday, where the policy's time zone is.
        now: It is this instant; not together with ``on_birthday``.
        with_consent, without_consent: What the member agrees to; to personalisation nobody agrees for them.
    """

    without_rules: tuple[str, ...] = ()
    tier: str | None = None
    stage: str | None = None
    on_birthday: bool = False
    now: EpochSeconds | None = None
    with_consent: Consent = Consent.NONE
    without_consent: Consent = Consent.NONE


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Both decisions, made with ``explain``; what changed; and what there is to say, as codes with texts."""

    before: Decision
    after: Decision
    differences: Differences
    notes: tuple[Reason, ...]


def what_if(
    engine: Engine,
    subject: Subject,
    context: Context,
    changes: Changes,
    *,
    less: Callable[[Engine, tuple[str, ...]], Engine] | None = None,
) -> WhatIf:
    """
    Decide as things are and as they would be, with the same seed and the same draw.

    Args:
        engine: As things are.
        subject: One member; who did not agree to personalisation is a stranger in both decisions (law 8).
        context: The circumstances of the first decision.
        changes: What is different in the second.
        less: Makes the engine without some parts of its policy, such as one that remembers; absent means
            `engine_without`.

    Raises:
        InputError: Nothing is different, a change names what there is not, may not be made, or needs what nobody knows.
    """
    if changes == NO_CHANGES:
        raise InputError("nothing is different; give a rule to leave out, a tier, a stage, a consent or an instant")
    context = replace(context, explain=True, request_id=f"{WHAT_IF}|{context.request_id}", drawn_at=_drawn_at(context))
    other, told = _with_consents(subject, changes, engine), dict[Note, str]()
    batch = build_batch([other], engine.knowledge)
    changed, then = engine, context
    if changes.without_rules:
        changed = (less or engine_without)(engine, changes.without_rules)
    if changes.tier is not None:
        other = _in_tier(other, changes.tier, engine)
    if changes.on_birthday and changes.now is not None:
        raise InputError("the birthday and an instant are two different times; give one of them")
    if changes.now is not None:
        then = replace(then, now=changes.now)
    if changes.on_birthday and batch.personal[0]:
        noon = next_birthday_noon(batch, context.now, engine.policy.source.time_zone)
        then = replace(then, now=noon.instant)
        told.update({Note.MONTH_ONLY: ""} if noon.month_only else {})
    if changes.stage is not None:
        changed = _in_stage(changed, batch, changes.stage, at=then.now)
    if not batch.personal[0] and (changes.on_birthday or changes.tier is not None or changes.stage is not None):
        told[Note.NO_CONSENT] = ""
    if then.now != context.now:
        told[Note.OTHER_INSTANT] = datetime.fromtimestamp(then.now, UTC).isoformat()
    before, after = engine.decide(subject, context), changed.decide(other, then)
    found = differences(before, after)
    told.update({Note.NOTHING_CHANGED: ""} if found.is_empty() else {})
    language = "zh" if context.language == "zh" else "en"
    notes = tuple(Reason(note.value, _TEXTS[note][language].format(instant=at)) for note, at in told.items())
    return WhatIf(before, after, found, notes)


def engine_without(engine: Engine, ids: tuple[str, ...]) -> Engine:
    """
    The engine under its policy less some parts; compiling a large policy takes seconds.

    Raises:
        InputError: See `recsys.policy.file.without.without`.
    """
    policy = compile_policy(without(engine.policy.source, ids), engine.knowledge)
    return Engine(engine.knowledge, policy, shadow_price=engine.shadow_price)


def _drawn_at(context: Context) -> EpochSeconds:
    return context.now if context.drawn_at is None else context.drawn_at


def _with_consents(subject: Subject, changes: Changes, engine: Engine) -> Subject:
    given, taken = changes.with_consent, changes.without_consent
    if given & taken:
        raise InputError(f"{_names(given & taken)} is both agreed to and not; give one of the two")
    if not given and not taken:
        return subject
    if subject.facts.erased:
        raise InputError(f"the member {subject.member_id!r} asked to be forgotten; nobody agrees to anything for them")
    batch = build_batch([subject], engine.knowledge)
    if Consent.PERSONALISATION in given and not batch.personal[0]:
        raise InputError(
            f"the member {subject.member_id!r} did not agree to personalisation, and nobody agrees for them; "
            "a consent to email, push or sms may be tried"
        )
    consent = (Consent(int(batch.consent[0])) | given) & ~taken
    return replace(subject, facts=replace(subject.facts, consent=consent))


def _in_tier(subject: Subject, tier: str, engine: Engine) -> Subject:
    if tier not in engine.knowledge.tiers:
        raise InputError(f"there is no tier {tier!r}; there are {', '.join(engine.knowledge.tiers)}, low to high")
    return replace(subject, facts=replace(subject.facts, tier=tier))


def _in_stage(engine: Engine, batch: MemberBatch, stage: str, *, at: EpochSeconds) -> Engine:
    """An engine over this member alone, in that stage; without consent, the same."""
    if stage not in tuple(Stage):
        raise InputError(f"there is no stage {stage!r}; there are {', '.join(Stage)}")
    if batch.row[0] < 0:
        if batch.personal[0]:
            raise InputError(
                f"the bundle does not know the member {batch.subjects[0].member_id!r}, and strangers have no stage; "
                "ask about a member of the bundle"
            )
        return engine
    alone = with_traits(
        engine.knowledge,
        batch.subjects[0].member_id,
        Traits(stage=Stage(stage)),
        at=at,
        zone=engine.policy.source.time_zone,
        usual_affinity=engine.terms.mean_affinity,
    )
    return Engine(alone, engine.policy, terms=engine.terms, shadow_price=engine.shadow_price)


def _names(consents: Consent) -> str:
    return ", ".join(str(one.name).lower() for one in consents)
