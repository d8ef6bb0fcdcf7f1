"""The one encoding of an answer, and of many in one body."""

from collections.abc import Sequence

import orjson

from recsys.decision import Decision


def encode_answer(decision: Decision) -> bytes:
    """
    A decision as the JSON of a `serving.wire.DecisionAnswer`.

    Encoded once: the same bytes are answered and logged. The classes of items and reasons have the fields of their
    models, so orjson writes them without a copy.
    """
    explained = {} if decision.candidates is None else {"candidates": decision.candidates}
    return orjson.dumps(
        {
            "decision_id": decision.decision_id,
            "member_id": decision.member_id,
            "placement": decision.placement,
            "channel": decision.channel,
            "decided_at": decision.decided_at,
            "answer": decision.answer,
            "items": decision.items,
            "offer_choice": decision.offer_choice,
            "logging_propensity": decision.logging_propensity,
            "economics": decision.economics,
            "model": {"bundle_id": decision.bundle_id},
            "policy": {"policy_id": decision.policy_id},
            "experiment": {"key": decision.experiment, "arm": decision.arm, "weight": decision.arm_weight}
            if decision.experiment
            else None,
            "degraded": decision.degraded,
            "shortfall_reason": decision.shortfall_reason,
            "expires_at": decision.expires_at,
            "why_not": decision.why_not,
            "relation": decision.relation,
            "product_ids": decision.product_ids,
            **explained,
        }
    )


def encode_results(results: Sequence[bytes]) -> bytes:
    """The body of a batch's answer from the JSON of its parts."""
    return b'{"results":[' + b",".join(results) + b"]}"
