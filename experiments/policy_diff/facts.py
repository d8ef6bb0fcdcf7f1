"""A comparison as one JSON object; README.md says what its keys mean."""

from dataclasses import asdict
from typing import Any

from experiments.policy_diff.intervals import CONFIDENCE
from experiments.policy_diff.result import PolicyDiff

LAYOUT = 1
"""Version of the keys."""


def diff_facts(diff: PolicyDiff) -> dict[str, Any]:
    """JSON-able; the same comparison gives the same facts."""
    facts = asdict(diff)
    sample = facts.pop("sample")
    facts["members"] = {
        "described": diff.members,
        "decided": sample["n"],
        "all": sample["n_all"],
        "is_all": diff.sample.is_all,
        "confidence": None if diff.sample.is_all else CONFIDENCE,
    }
    for budget, told in zip(diff.budgets, facts["budgets"], strict=True):
        told |= {"exceeded_a": budget.exceeded_a, "exceeded_b": budget.exceeded_b}
    facts["parts"] = [told | {"keys": list(told["keys"])} for told in facts["parts"]]
    return {"layout": LAYOUT, **facts}
