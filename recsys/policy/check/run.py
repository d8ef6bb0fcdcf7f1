"""All that is found in a policy file, each with its place."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from recsys.policy.check.bounds import guardrails_remove_everything
from recsys.policy.check.contradictions import contradictions
from recsys.policy.check.dates import dates, never_starts
from recsys.policy.check.dead import over_members, over_things
from recsys.policy.check.examined import Examined
from recsys.policy.check.expressions import read_all
from recsys.policy.check.fallbacks import fallback_can_fail
from recsys.policy.check.levers import levers_together
from recsys.policy.check.literals import unknown_ids, unknown_values
from recsys.policy.check.monotone import tier_not_monotone
from recsys.policy.check.outcomes import nothing_left
from recsys.policy.check.quotes import curly_quotes
from recsys.policy.check.unused import unused
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.problems import Problem
from recsys.profile import NO_PROFILE, MemberProfile
from recsys.schema_problems import in_order
from recsys.types import EpochSeconds


def check_written(document: PolicyDocument, *, now: EpochSeconds, profile: MemberProfile = NO_PROFILE) -> list[Problem]:
    """
    What can be found without asking the bundle's members and products, in the order of the files.

    Args:
        document: The policy.
        now: As of when things have ended.
        profile: What a bundle knows of members; without one, its columns are unknown attributes.
    """
    policy = document.policy
    expressions = read_all(policy, profile)
    found = [*expressions.problems, *unused(policy, expressions), *dates(policy, now=now)]
    return _placed(document, [*found, *never_starts(policy), *curly_quotes(document.places.root)])


def check_compiled(examined: Examined) -> list[Problem]:
    """What the bundle makes of a policy, in the order of the files."""
    return _placed(examined.document, [problem for finding in FINDINGS for problem in finding(examined)])


FINDINGS: tuple[Callable[[Examined], Iterable[Problem]], ...] = (
    unknown_values,
    unknown_ids,
    over_things,
    over_members,
    contradictions,
    nothing_left,
    guardrails_remove_everything,
    levers_together,
    tier_not_monotone,
    fallback_can_fail,
)
"""Each finds one kind of thing; the order does not matter."""


def _placed(document: PolicyDocument, found: Iterable[Problem]) -> list[Problem]:
    return in_order([one if one.place else replace(one, place=document.place(one.path, one.offset)) for one in found])
