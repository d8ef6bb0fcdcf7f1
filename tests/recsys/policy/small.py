"""Small policies over the small world, and what they say in words instead of codes."""

from dataclasses import replace

import numpy as np
import yaml

from recsys.batch import build_batch
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.reading.load import parse_policy
from recsys.types import Channel
from tests.worlds import NOW, TIERS, small_knowledge

KNOWLEDGE = small_knowledge()
EVERY_PRODUCT = np.arange(len(KNOWLEDGE.catalogue), dtype=np.int32)
HOME = Context("home", NOW)
EMAIL = Context("email", NOW)


def compiled(*rules: dict[str, object], knowledge: Knowledge = KNOWLEDGE, **parts: object) -> CompiledPolicy:
    """A policy with these rules, owned by nobody in particular, and these parts."""
    content = {
        "name": "small",
        "currency": "GBP",
        "tiers": list(TIERS),
        "placements": {
            "home": {"channel": "web", "capacity": 4, "types": ["product", "offer"]},
            "email": {"channel": "email", "capacity": 4, "types": ["product", "offer"]},
        },
        "default_placement": "home",
        "rules": [{"owner": "tests", **rule} for rule in rules],
        **parts,
    }
    return compile_policy(parse_policy(yaml.safe_dump(content)), knowledge)


def batch_of(*subjects: Subject | str, knowledge: Knowledge = KNOWLEDGE) -> MemberBatch:
    """The columns of some members."""
    return build_batch([Subject(one) if isinstance(one, str) else one for one in subjects], knowledge)


def candidates(batch: MemberBatch) -> np.ndarray:
    """Every product for every member, in rotated order, so that a column is not a product."""
    return np.stack([np.roll(EVERY_PRODUCT, shift) for shift in range(len(batch))])


def products_removed(policy: CompiledPolicy, batch: MemberBatch, context: Context = HOME) -> list[dict[str, str]]:
    """For each member the products that are removed, and the first rule that did it."""
    rows = candidates(batch)
    codes = policy.product_removals(batch, context, rows)
    return [
        {
            f"p{row:03}": policy.rule_ids[code]
            for row, code in zip(line.tolist(), found.tolist(), strict=True)
            if code >= 0
        }
        for line, found in zip(rows, codes, strict=True)
    ]


def offers_removed(
    policy: CompiledPolicy, batch: MemberBatch, context: Context = HOME, withhold: np.ndarray | None = None
) -> list[dict[str, str]]:
    """For each member the offers that are removed, and the first rule that did it."""
    nobody = np.zeros(len(batch), dtype=np.bool_)
    codes = policy.offer_removals(batch, context, withhold=nobody if withhold is None else withhold)
    return [
        {f"o{row:03}": policy.rule_ids[code] for row, code in enumerate(line) if code >= 0} for line in codes.tolist()
    ]


def with_columns(knowledge: Knowledge, part: str, **columns: np.ndarray) -> Knowledge:
    """The world with some columns of its products, members or offers replaced."""
    return replace(knowledge, **{part: replace(getattr(knowledge, part), **columns)})


def on(context: Context, channel: Channel) -> Context:
    """The same call through another channel."""
    return replace(context, channel=channel)


def boost(rule_id: str, factor: float, **rest: object) -> dict[str, object]:
    """A boost that has not ended yet."""
    effect = "boost" if factor > 1 else "bury"
    return {"id": rule_id, "effect": effect, "factor": factor, "until": "2030-01-01", **rest}
