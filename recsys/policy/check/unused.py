"""What a policy declares and nothing in it reads."""

from collections.abc import Iterator

from recsys.policy.check.expressions import Expressions
from recsys.policy.check.wording import warning
from recsys.policy.file.contact import Of
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Problem


def unused(policy: Policy, expressions: Expressions) -> Iterator[Problem]:
    """Segments, campaigns and attributes of requests that no part of the file speaks of."""
    if not expressions.problems:  # what could not be read may speak of any
        read = expressions.references()
        for name in policy.segments:
            if f"segment.{name}" not in read:
                hint = f"read it as segment.{name}, or remove it"
                yield warning(
                    "unused_segment", f"segment {name!r} is read by no rule", hint=hint, path=("segments", name)
                )
        for name in policy.context_attributes:
            if f"context.{name}" not in read:
                message = f"the attribute {name!r} of requests is read by no expression"
                path = ("context_attributes", name)
                yield warning(
                    "unused_context_attribute", message, hint=f"read it as context.{name}, or remove it", path=path
                )
    limited = {cap.campaign for cap in policy.contact.caps}
    if not any(cooldown.of is Of.CAMPAIGN for cooldown in policy.contact.cooldowns):
        for name in policy.campaigns:
            if name not in limited:
                message = f"campaign {name!r} is named by no cap and no cooldown"
                hint = f"add a cap with `campaign: {name}`, or remove it"
                yield warning("unused_campaign", message, hint=hint, path=("campaigns", name))
