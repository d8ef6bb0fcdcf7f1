"""Bounds of the guardrails that leave nothing of a bundle, whoever asks."""

from collections.abc import Iterator

from recsys.offers.definitions import smallest_basket_depth
from recsys.policy.attributes import margin_rate
from recsys.policy.check.examined import Examined
from recsys.policy.check.wording import counted, error
from recsys.policy.reading.problems import Problem


def guardrails_remove_everything(examined: Examined) -> Iterator[Problem]:
    """A least margin that no product has, a depth that every offer is deeper than."""
    bounds, knowledge = examined.policy.guardrails, examined.knowledge
    least, rate = bounds.min_margin_rate, examined.policy.economics.default_margin_rate
    if least is not None and len(knowledge.catalogue):
        best = float(margin_rate(knowledge.catalogue, rate).max())
        if best < least:
            message = f"min_margin_rate is {least:g}, and none of {counted(len(knowledge.catalogue), 'product')} has it"
            hint = f"set it below {best:.3g}, the largest there is, or remove it"
            yield error("guardrail_removes_everything", message, hint=hint, path=("guardrails", "min_margin_rate"))
    depth = smallest_basket_depth(knowledge.offers)
    if len(depth) and (depth > bounds.max_depth).all():  # not a number where the member's basket decides
        message = f"max_depth is {bounds.max_depth:g}, and all of {counted(len(depth), 'offer')} are deeper"
        hint = f"set it above {depth.min():.3g}, the least there is"
        yield error("guardrail_removes_everything", message, hint=hint, path=("guardrails", "max_depth"))
