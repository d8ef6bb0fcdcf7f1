"""Why something is not shown: the closed sets of codes and sections, and their texts in English and Chinese."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from recsys.policy.file.contact import After, ContactCap, Cooldown, Of, QuietHours
from recsys.policy.file.fields import Wording
from recsys.policy.file.guardrails import DepthBand
from recsys.policy.file.placed import PlacedRule, Section
from recsys.policy.file.rule import CapGroup, Effect
from recsys.policy.file.schema import Policy
from recsys.policy.native import NativeRule
from recsys.types import Channel
from recsys.why_not_texts import CHANNELS, GROUPS, RESTING, SECTIONS, TEXTS, Texts


class NotShown(StrEnum):
    """
    Why a candidate that no rule removed is not shown.

    Outranked: better or pinned ones took the places. No places: none were asked for. No gain: an offer that is not
    worth more than no offer. Offer places full: better offers took the places that offers may take, or a better step
    the one of its ladder. Not drawn: it would be shown, or one like it, had exploration not drawn another choice.
    Smaller depth: a step of the same ladder that gives less is worth as much, as far as is sure. Budget is short: it
    would be worth more than no offer, were its budget not worth more with others.
    """

    OUTRANKED = "outranked"
    NO_PLACES = "no_places"
    NO_GAIN = "no_gain"
    OFFER_PLACES_FULL = "offer_places_full"
    NOT_DRAWN = "not_drawn"
    SMALLER_DEPTH = "smaller_depth_is_enough"
    BUDGET_IS_SHORT = "budget_is_short"


class FileReason(StrEnum):
    """What kind of part of the policy file removes; a rule's own wording stands before the text of its kind."""

    CONTACT_CAP = "contact_cap"
    CAMPAIGN_CAP = "campaign_cap"
    COOLDOWN_CONTACTED = "cooldown_contacted"
    COOLDOWN_REDEEMED = "cooldown_redeemed"
    COOLDOWN_IGNORED = "cooldown_ignored"
    QUIET_HOURS = "quiet_hours"
    DEPTH_BAND = "depth_band"
    BUDGET = "budget"
    REACH = "reach"
    ELIGIBILITY_RULE = "eligibility_rule"
    APPLICABILITY_RULE = "applicability_rule"
    SUITABILITY_RULE = "suitability_rule"
    PERIOD_OFFER = "period_offer"
    CALENDAR_RULE = "calendar_rule"
    FILE_RULE = "file_rule"
    SLATE_CAP = "slate_cap"


class WhySection(StrEnum):
    """Where in the order of a decision something fell out: the sections of the policy, then what chooses."""

    NATIVE = "native"
    CONTACT = "contact"
    GUARDRAILS = "guardrails"
    REACH = "reach"
    ELIGIBILITY = "eligibility"
    APPLICABILITY = "applicability"
    SUITABILITY = "suitability"
    CALENDAR = "calendar"
    RULES = "rules"
    EXPERIMENT = "experiment"
    DIVERSITY = "diversity"
    ARBITRATION = "arbitration"
    RANKING = "ranking"


REASON_CODES: tuple[str, ...] = (*map(str, NativeRule), *map(str, FileReason), *map(str, NotShown))
"""Every code that the reason of a candidate may have."""

_NATIVE_SECTIONS: Mapping[NativeRule, WhySection] = {
    NativeRule.CHANNEL_CONSENT_MISSING: WhySection.CONTACT,
    NativeRule.MAX_DEPTH: WhySection.GUARDRAILS,
    NativeRule.MIN_MARGIN: WhySection.GUARDRAILS,
    NativeRule.OUT_OF_BUDGET: WhySection.GUARDRAILS,
    NativeRule.MAX_DISCOUNT_RATE: WhySection.GUARDRAILS,
    NativeRule.NO_DISCOUNT: WhySection.GUARDRAILS,
    NativeRule.NOT_ENOUGH_POINTS: WhySection.SUITABILITY,
    NativeRule.SCOPE_NOT_WANTED: WhySection.SUITABILITY,
    NativeRule.NEEDED_ONCE: WhySection.SUITABILITY,
    NativeRule.EXPERIMENT_HOLDOUT: WhySection.EXPERIMENT,
}
_NOT_SHOWN_SECTIONS: Mapping[NotShown, WhySection] = {
    NotShown.OUTRANKED: WhySection.RANKING,
    NotShown.NO_PLACES: WhySection.RANKING,
    NotShown.NO_GAIN: WhySection.ARBITRATION,
    NotShown.OFFER_PLACES_FULL: WhySection.ARBITRATION,
    NotShown.NOT_DRAWN: WhySection.ARBITRATION,
    NotShown.SMALLER_DEPTH: WhySection.ARBITRATION,
    NotShown.BUDGET_IS_SHORT: WhySection.ARBITRATION,
}
_OF_SECTION: Mapping[Section, tuple[WhySection, FileReason]] = {
    Section.ELIGIBILITY: (WhySection.ELIGIBILITY, FileReason.ELIGIBILITY_RULE),
    Section.APPLICABILITY: (WhySection.APPLICABILITY, FileReason.APPLICABILITY_RULE),
    Section.SUITABILITY: (WhySection.SUITABILITY, FileReason.SUITABILITY_RULE),
    Section.CALENDAR: (WhySection.CALENDAR, FileReason.CALENDAR_RULE),
    Section.RULES: (WhySection.RULES, FileReason.FILE_RULE),
    Section.LEVERS: (WhySection.RULES, FileReason.FILE_RULE),
    Section.DIVERSITY: (WhySection.DIVERSITY, FileReason.SLATE_CAP),
}
_COOLDOWNS: Mapping[After, FileReason] = {
    After.CONTACTED: FileReason.COOLDOWN_CONTACTED,
    After.REDEEMED: FileReason.COOLDOWN_REDEEMED,
    After.IGNORED: FileReason.COOLDOWN_IGNORED,
}
_NO_WORDING = Wording()


@dataclass(frozen=True, slots=True)
class Remover:
    """
    What keeps candidates out: a rule of the policy, or the choice among those that no rule removed.

    Attributes:
        code: One of `REASON_CODES`.
        section: Where it stands.
        owner: Who answers for it; empty where nobody does by name.
        wording: Its own text; empty where it has none.
        said: What the text of its code names, one language or both.
    """

    code: str
    section: WhySection
    owner: str = ""
    wording: Wording = _NO_WORDING
    said: Mapping[str, str | Texts] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """Why, in a language: its own wording, or the text of its code; an unknown language is answered in English."""
        own = self.wording.of(language)
        if own:
            return own
        chosen = "zh" if language == "zh" else "en"
        named = {name: told if isinstance(told, str) else told[chosen] for name, told in self.said.items()}
        return TEXTS[self.code][chosen].format(owner=self.owner or TEXTS["nobody"][chosen], **named)


UNTOLD = Remover(FileReason.FILE_RULE, WhySection.RULES)
"""Of a rule of which nothing else is known."""


def native_removers() -> dict[str, Remover]:
    """Those that are in every policy, by id: native rules, and the reasons of what no rule removed."""
    return {
        **{str(rule): Remover(str(rule), _NATIVE_SECTIONS.get(rule, WhySection.NATIVE)) for rule in NativeRule},
        **{str(code): Remover(str(code), section) for code, section in _NOT_SHOWN_SECTIONS.items()},
    }


def removers(policy: Policy) -> dict[str, Remover]:
    """
    What each id that ``removed_by`` may name stands for, and each code of what no rule removed.

    >>> from recsys.policy.reading.load import default_policy_text, parse_policy
    >>> told = removers(parse_policy(default_policy_text()))
    >>> print(told["email_weekly_cap"].text("en"))
    The limit of 2 messages in 7 days (email) is reached
    >>> print(told["variety_in_slate"].code)
    slate_cap
    """
    return {**native_removers(), **dict(_of_file(policy))}


def _of_file(policy: Policy) -> Iterator[tuple[str, Remover]]:
    for part in policy.contact.parts():
        yield part.id, _contact(part)
    for band in policy.guardrails.depth_bands:
        yield band.id, _band(band)
    for budget in policy.guardrails.budgets:
        yield budget.id, Remover(FileReason.BUDGET, WhySection.GUARDRAILS, said={"budget": budget.id})
    for reach in policy.reach:
        said = {"tier": reach.from_tier}
        yield reach.id, Remover(FileReason.REACH, WhySection.REACH, reach.owner, reach.reason, said)
    for period in policy.calendar:
        said = {"period": period.name or period.id}
        yield period.id, Remover(FileReason.PERIOD_OFFER, WhySection.CALENDAR, period.owner, said=said)
    for placed in policy.placed_rules():
        if placed.rule.effect in (Effect.EXCLUDE, Effect.REQUIRE, Effect.CAP):
            yield placed.rule.id, _rule(placed)


def _contact(part: ContactCap | Cooldown | QuietHours) -> Remover:
    if isinstance(part, QuietHours):
        times = {"from": part.from_time, "until": part.until_time}
        return Remover(FileReason.QUIET_HOURS, WhySection.CONTACT, said={"begin": times["from"], "end": times["until"]})
    days = str(part.days if isinstance(part, Cooldown) else part.period_days)
    if isinstance(part, Cooldown):
        said: dict[str, str | Texts] = {"days": days, "times": str(part.times), "what": RESTING[Of(part.of)]}
        return Remover(_COOLDOWNS[After(part.after)], WhySection.CONTACT, said=said)
    said = {"limit": str(part.max_messages), "days": days, "channel": CHANNELS[_channel(part.channel)]}
    if part.campaign is not None:
        return Remover(FileReason.CAMPAIGN_CAP, WhySection.CONTACT, said={**said, "campaign": part.campaign})
    return Remover(FileReason.CONTACT_CAP, WhySection.CONTACT, said=said)


def _channel(channel: Channel | None) -> str:
    return "all" if channel is None else channel.value


def _band(band: DepthBand) -> Remover:
    said = {"least": f"{band.min_depth:.0%}", "most": f"{band.max_depth:.0%}"}
    return Remover(FileReason.DEPTH_BAND, WhySection.GUARDRAILS, said=said)


def _rule(placed: PlacedRule) -> Remover:
    rule, (section, code) = placed.rule, _OF_SECTION[placed.section]
    said: dict[str, str | Texts] = {"period": placed.period}
    if rule.cap is not None:
        code = FileReason.SLATE_CAP
        said = {"limit": str(rule.cap.limit), "group": GROUPS[CapGroup(rule.cap.per)]}
    return Remover(code, section, rule.owner, rule.reason, said)


def section_name(section: WhySection, language: str) -> str:
    """The section in words."""
    return SECTIONS[section]["zh" if language == "zh" else "en"]
