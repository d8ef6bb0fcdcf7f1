"""Small policies over the small world, as findings of a check look at them."""

import yaml

from recsys.knowledge import Knowledge
from recsys.policy.check.examined import Examined
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import parse_document
from tests.worlds import NOW, TIERS, small_knowledge

KNOWLEDGE = small_knowledge()


def document_of(*rules: dict[str, object], **parts: object) -> str:
    """The text of a policy with these rules, excludes unless they say something else, and these parts."""
    content = {
        "name": "small",
        "currency": "GBP",
        "tiers": list(TIERS),
        "placements": {
            "home": {"channel": "web", "capacity": 4, "types": ["product", "offer"]},
            "email": {"channel": "email", "capacity": 4, "types": ["product", "offer"]},
        },
        "default_placement": "home",
        **parts,
        "rules": [{"owner": "tests", "effect": "exclude", **rule} for rule in rules],
    }
    return yaml.safe_dump(content, sort_keys=False, width=1_000)


def examined(text: str, knowledge: Knowledge = KNOWLEDGE) -> Examined:
    """A policy over a bundle, as findings look at it."""
    document = parse_document(text, source="p.yaml")
    return Examined(document, compile_policy(document.policy, knowledge), knowledge, NOW)
