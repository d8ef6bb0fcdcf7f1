"""What a finding says of a policy over the small world, in few words."""

import json
from collections.abc import Callable, Iterable

from recsys.knowledge import Knowledge
from recsys.policy.check.examined import Examined
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import parse_document
from recsys.policy.reading.problems import Problem
from tests.worlds import NOW, TIERS, small_knowledge

KNOWLEDGE = small_knowledge()
Finding = Callable[[Examined], Iterable[Problem]]
Part = dict[str, object]
SHOWN = ["product", "offer"]


def examined(knowledge: Knowledge = KNOWLEDGE, **parts: object) -> Examined:
    """A policy with these parts over the small world, with a placement at home and one of e-mail."""
    content = {
        "name": "small",
        "currency": "GBP",
        "tiers": list(TIERS),
        "placements": {
            "home": {"channel": "web", "capacity": 4, "types": SHOWN},
            "email": {"channel": "email", "capacity": 4, "types": SHOWN},
        },
        "default_placement": "home",
        **parts,
    }
    document = parse_document(json.dumps(content), source="p.yaml")
    return Examined(document, compile_policy(document.policy, knowledge), knowledge, NOW)


def found(finding: Finding, knowledge: Knowledge = KNOWLEDGE, **parts: object) -> list[str]:
    """Each problem as severity, code and path."""
    problems = finding(examined(knowledge, **parts))
    return [f"{one.severity} {one.code} {'.'.join(map(str, one.path))}" for one in problems]


def rule(rule_id: str, effect: str, **rest: object) -> Part:
    """A rule of the section ``rules``; levers have not ended."""
    ends: Part = {"until": "2030-01-01"} if "factor" in rest else {}
    return {"id": rule_id, "owner": "tests", "effect": effect, **ends, **rest}
