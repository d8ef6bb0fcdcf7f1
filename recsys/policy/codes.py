"""The code of every rule that can remove something, in the order in which they are asked, and its section."""

from collections.abc import Sequence

from recsys.policy.file.contact import contact_ids
from recsys.policy.file.rule import REMOVALS, Effect
from recsys.policy.file.schema import Policy
from recsys.policy.native import NATIVE_AFTER_CONTACT, NATIVE_BEFORE_CONTACT, Code, NativeRule
from recsys.policy.rules import CompiledRule

NATIVE, CONTACT, GUARDRAILS = "native", "contact", "guardrails"


def all_codes(policy: Policy, rules: Sequence[CompiledRule]) -> dict[str, Code]:
    """
    The code of every rule that removes, in the order in which they are asked; caps count what is left, so last.

    Offers that several periods of the calendar list share the id, and so the code, of the first.
    """
    ordered = [
        *NATIVE_BEFORE_CONTACT,
        *contact_ids(policy.contact),
        *NATIVE_AFTER_CONTACT,
        *_guardrail_ids(policy),
        *(rule.rule.id for rule in rules if rule.rule.effect in REMOVALS),
        NativeRule.EXPERIMENT_HOLDOUT,
        *(rule.rule.id for rule in rules if rule.rule.effect is Effect.CAP),
    ]
    return {str(rule_id): Code(position) for position, rule_id in enumerate(dict.fromkeys(ordered))}


def sections_of(policy: Policy, rules: Sequence[CompiledRule]) -> dict[str, str]:
    """Of every rule by id."""
    return {
        **{str(rule): NATIVE for rule in NativeRule},
        **dict.fromkeys(contact_ids(policy.contact), CONTACT),
        **dict.fromkeys(_guardrail_ids(policy), GUARDRAILS),
        **{rule.rule.id: str(rule.section) for rule in rules},
    }


def _guardrail_ids(policy: Policy) -> list[str]:
    guardrails = policy.guardrails
    return [*(band.id for band in guardrails.depth_bands), *(budget.id for budget in guardrails.budgets)]
