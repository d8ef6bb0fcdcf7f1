"""A policy less some of its parts: what it would be without a rule, for what-ifs."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import TypeVar

from recsys.errors import InputError
from recsys.policy.expressions.tokens import read_tokens
from recsys.policy.file.calendar import Period
from recsys.policy.file.experiment import Arm, ArmBehaviour, Experiment
from recsys.policy.file.guardrails import Guardrails
from recsys.policy.file.schema import Policy, RecentlyBought
from recsys.policy.native import NativeRule

_NEAR = 3
_MOST_NAMED = 20
_T = TypeVar("_T")

_OF_THE_WORLD = "it is as the catalogue and the offers are, and no rule of the policy"
_OF_THE_QUESTION = "it follows from what the request says; ask without it"
_OF_THE_MEMBER = "it follows from what the member buys and from what the offer is valid for"
_REFUSED: Mapping[NativeRule, str] = {
    NativeRule.OUT_OF_STOCK: _OF_THE_WORLD,
    NativeRule.NOT_ON_SALE: _OF_THE_WORLD,
    NativeRule.OFFER_NOT_VALID: _OF_THE_WORLD,
    NativeRule.OUT_OF_BUDGET: _OF_THE_WORLD,
    NativeRule.NOTHING_IN_SCOPE: _OF_THE_WORLD,
    NativeRule.USED_UP: _OF_THE_WORLD,
    NativeRule.NOT_TRIGGERED: _OF_THE_MEMBER,
    NativeRule.CHANNEL_NOT_CARRIED: "the offer says which channels carry it; ask for another channel instead",
    NativeRule.TIER_NOT_ALLOWED: "the offer says for which tiers it is; ask as another tier instead",
    NativeRule.EXCLUDED_BY_REQUEST: _OF_THE_QUESTION,
    NativeRule.ALREADY_IN_BASKET: _OF_THE_QUESTION,
    NativeRule.ASKED_ABOUT: _OF_THE_QUESTION,
    NativeRule.OFFER_ALREADY_HELD: "the offer is in the member's wallet, and nobody gets it twice",
    NativeRule.NOT_ENOUGH_POINTS: _OF_THE_MEMBER,
    NativeRule.SCOPE_NOT_WANTED: _OF_THE_MEMBER,
    NativeRule.NEEDED_ONCE: _OF_THE_MEMBER,
    NativeRule.CHANNEL_CONSENT_MISSING: "consent is the member's to give; no rule of the policy stands in its place",
}
"""Built-in rules that no section of the file carries, and what to say of them."""


def without(policy: Policy, ids: Collection[str]) -> Policy:
    """
    The policy less the parts of these ids.

    Parts are rules of every section, reach, caps, cooldowns, quiet hours, depth bands, budgets, limits of diversity,
    periods with all that is in them, and segments that nothing reads. Built-in rules that a section of the file
    carries are switched off: ``recently_bought``, ``max_depth``, ``min_margin``, ``max_discount_rate``,
    ``no_discount``, and ``experiment_holdout``, whose arm then gets offers.

    Args:
        policy: As it is; it is not changed.
        ids: Of the parts, in any order.

    Raises:
        InputError: There is no such part, it may not be left out, or it is a segment that another part reads.

    Example:
        >>> from recsys.policy.reading.load import default_policy_text, parse_policy
        >>> policy = parse_policy(default_policy_text())
        >>> [lever.id for lever in without(policy, {"variety_in_slate"}).levers]
        ['margin_for_top_tiers']
    """
    native, segments = _checked(policy, ids)
    gone = frozenset(ids)
    left = policy.model_copy(
        update={
            **{name: _kept(getattr(policy, name), gone) for name in _SECTIONS},
            "calendar": tuple(_period(period, gone) for period in _kept(policy.calendar, gone)),
            "contact": policy.contact.model_copy(
                update={name: _kept(getattr(policy.contact, name), gone) for name in _OF_CONTACT}
            ),
            "guardrails": policy.guardrails.model_copy(
                update={name: _kept(getattr(policy.guardrails, name), gone) for name in _OF_GUARDRAILS}
            ),
            "segments": {name: text for name, text in policy.segments.items() if name not in segments},
        }
    )
    for rule in native:
        left = _SWITCHED_OFF[rule](left)
    for name in sorted(segments):
        _refuse_read(left, name)
    return left


_SECTIONS = ("reach", "eligibility", "applicability", "suitability", "levers", "diversity", "rules")
_OF_CONTACT = ("caps", "cooldowns", "quiet_hours")
_OF_GUARDRAILS = ("depth_bands", "budgets")


def _checked(policy: Policy, ids: Collection[str]) -> tuple[list[NativeRule], set[str]]:
    """The built-in rules among the ids, in a fixed order, and those that name a segment and no part."""
    parts = {*policy.part_ids(), *policy.segments}
    native: list[NativeRule] = []
    for wanted in sorted({str(one) for one in ids}):
        if wanted in parts:
            continue
        try:
            rule = NativeRule(wanted)
        except ValueError:
            in_force = {str(rule) for rule, switched_off in _SWITCHED_OFF.items() if switched_off(policy) != policy}
            raise _unknown(wanted, parts | in_force) from None
        if rule not in _SWITCHED_OFF:
            raise InputError(f"{wanted!r} cannot be left out: {_REFUSED[rule]}")
        if _SWITCHED_OFF[rule](policy) == policy:
            raise InputError(f"the policy has no {wanted!r} in force; leave it out of the question")
        native.append(rule)
    return native, set(policy.segments).intersection(ids).difference(policy.part_ids())


def _unknown(wanted: str, known: Collection[str]) -> InputError:
    near = get_close_matches(wanted, sorted(known), n=_NEAR)
    if near:
        return InputError(f"the policy has no part {wanted!r}; did you mean {' or '.join(map(repr, near))}?")
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return InputError(f"the policy has no part {wanted!r}; it has {', '.join(sorted(known)[:_MOST_NAMED])}{more}")


def _kept(parts: tuple[_T, ...], gone: Collection[str]) -> tuple[_T, ...]:
    return tuple(part for part in parts if part.id not in gone)  # type: ignore[attr-defined]  # each of them has one


def _period(period: Period, gone: Collection[str]) -> Period:
    return period.model_copy(update={"rules": _kept(period.rules, gone), "levers": _kept(period.levers, gone)})


def _refuse_read(left: Policy, segment: str) -> None:
    readers = [placed.rule.id for placed in left.placed_rules() if segment in _segments_read(placed.rule.who or "")]
    if readers:
        raise InputError(
            f"the segment {segment!r} cannot be left out: {', '.join(readers)} read it; leave those out too, or instead"
        )


def _segments_read(text: str) -> set[str]:
    words = [token.written.strip("`") for token in read_tokens(text)]
    return {name for of, dot, name in zip(words, words[1:], words[2:], strict=False) if (of, dot) == ("segment", ".")}


def _without_recently_bought(policy: Policy) -> Policy:
    return policy.model_copy(update={"recently_bought": RecentlyBought()})


def _with_default(bound: str) -> Callable[[Policy], Policy]:
    """The policy with the default of one bound of its guardrails, which binds nothing."""

    def unbound(policy: Policy) -> Policy:
        default = Guardrails.model_fields[bound].default
        return policy.model_copy(update={"guardrails": policy.guardrails.model_copy(update={bound: default})})

    return unbound


def _without_holdout(policy: Policy) -> Policy:
    if policy.experiment is None:
        return policy
    experiment: Experiment = policy.experiment
    arms: tuple[Arm, ...] = tuple(
        arm.model_copy(update={"behaviour": ArmBehaviour.FULL}) if arm.behaviour is ArmBehaviour.NO_OFFERS else arm
        for arm in experiment.arms
    )
    return policy.model_copy(update={"experiment": experiment.model_copy(update={"arms": arms})})


_SWITCHED_OFF: Mapping[NativeRule, Callable[[Policy], Policy]] = {
    NativeRule.RECENTLY_BOUGHT: _without_recently_bought,
    NativeRule.MAX_DEPTH: _with_default("max_depth"),
    NativeRule.MIN_MARGIN: _with_default("min_margin_rate"),
    NativeRule.MAX_DISCOUNT_RATE: _with_default("max_discount_rate"),
    NativeRule.NO_DISCOUNT: _with_default("min_no_discount_share"),
    NativeRule.EXPERIMENT_HOLDOUT: _without_holdout,
}
