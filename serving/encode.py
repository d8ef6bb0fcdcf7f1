"""Writes the engine's columns as the JSON of answers, without an object a position."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from recsys.decision import Decision
from recsys.decisions import ANSWERS, Decisions
from recsys.slate import EMPTY, OFFER
from recsys.types import NO_OFFER, UNKNOWN_ROW, AnswerKind
from serving.wire_bytes import encode_answer

_MOST_PIECES = 200_000
"""Then they are made anew: a bound on memory, of some 60 MB."""

_Piece = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """
    One decision, ready to be sent and logged.

    Attributes:
        answer, degraded: What it says of itself, for counting.
        body: The JSON of a `serving.wire.DecisionAnswer`.
    """

    decision_id: str
    placement: str
    answer: AnswerKind
    degraded: tuple[str, ...]
    body: bytes


def encode_record(decision: Decision) -> EncodedAnswer:
    """A decision that exists as a record."""
    return EncodedAnswer(
        decision.decision_id, decision.placement, decision.answer, decision.degraded, encode_answer(decision)
    )


class AnswerEncoder:
    """
    Encodes the decisions of one engine; the bytes are those of `encode_answer` for each record.

    All of a position but its number, score and value recurs: what is shown, and why. That is cut out of the engine's
    own record when it is first needed, so what an answer says is still decided in one place.
    """

    def __init__(self) -> None:
        self._pieces: dict[tuple[object, ...], _Piece] = {}

    def encode(self, decisions: Decisions) -> list[EncodedAnswer]:
        """Every decision, in the order of the members."""
        if decisions.trace is not None or decisions.context.relation is not None:
            # Reasons that name products hardly ever recur, and whoever asks to explain asks once.
            return [encode_record(record) for record in decisions.records()]
        return [self._encode(decisions, member, one) for member, one in enumerate(decisions.decision_ids())]

    def _encode(self, decisions: Decisions, member: int, decision_id: str) -> EncodedAnswer:
        arm = int(decisions.arm[member])
        answer = ANSWERS[decisions.answer[member]]
        head = {
            "decision_id": decision_id,
            "member_id": decisions.batch.subjects[member].member_id,
            "placement": decisions.placement,
            "channel": decisions.channel,
            "decided_at": decisions.context.now,
            "answer": answer,
        }
        in_experiment = arm >= 0 and bool(decisions.experiment)
        tail = {
            "offer_choice": _offer_choice(decisions, member),
            "logging_propensity": float(decisions.propensity[member]),
            "economics": decisions.economics(member),
            "model": {"bundle_id": decisions.knowledge.bundle_id},
            "policy": {"policy_id": decisions.policy_id},
            "experiment": {
                "key": decisions.experiment, "arm": decisions.arm_names[arm], "weight": decisions.arm_weights[arm],
            } if in_experiment else None,
            "degraded": decisions.degraded,
            "shortfall_reason": decisions.shortfalls[decisions.shortfall[member]],
            "expires_at": int(decisions.expires_at[member]),
            "why_not": (),
            "relation": None,
            "product_ids": (),
        }  # fmt: skip
        items = b",".join(self._items(decisions, member))
        body = b'%s,"items":[%s],%s' % (orjson.dumps(head)[:-1], items, orjson.dumps(tail)[1:])
        return EncodedAnswer(decision_id, decisions.placement, answer, decisions.degraded, body)

    def _items(self, decisions: Decisions, member: int) -> Iterator[bytes]:
        kinds, rows = decisions.kind[member].tolist(), decisions.row[member].tolist()
        scores = orjson.dumps(decisions.score[member].tolist())[1:-1].split(b",")
        sources, boosts = decisions.source[member].tolist(), decisions.boosts[member].tolist()
        pinned = decisions.pinned[member].tolist()
        every = (decisions.context.language, decisions.sources)
        for at, (kind, row) in enumerate(zip(kinds, rows, strict=True)):
            if kind == EMPTY:
                continue
            # What reasons and applied rules depend on, beside the policy: see `Decisions.records`.
            key: tuple[object, ...] = (kind, row, sources[at], boosts[at], pinned[at], every)
            value = b'"value_minor":null,"value_sd_minor":null,"gap":null'
            if kind == OFFER:
                is_trial = bool(decisions.explored[member]) and row == decisions.offer_choice[member]
                key = (*key, is_trial, bool(decisions.batch.row[member] >= 0), decisions.waited_for(member, row))
                value = b'"value_minor":%d,"value_sd_minor":%d,"gap":%s' % (
                    decisions.value[member, at], decisions.value_sd[member, at],
                    orjson.dumps(decisions.gap(member, row)),
                )  # fmt: skip
            what, why, rules = self._pieces.get(key) or self._make_piece(key, decisions, member, at)
            yield b'%s"position":%d,"score":%s,%s,%s,%s' % (what, at + 1, scores[at], why, value, rules)

    def _make_piece(self, key: tuple[object, ...], decisions: Decisions, member: int, at: int) -> _Piece:
        if len(self._pieces) >= _MOST_PIECES:
            self._pieces.clear()
        item = next(item for item in decisions.record(member).items if item.position == at + 1)
        # Within a text a quote is escaped, so none of these can be part of a name.
        what, _, rest = orjson.dumps(item).partition(b'"position":')
        _, _, rest = rest.partition(b',"source":')
        why, _, rest = rest.partition(b',"value_minor":')
        _, _, rules = rest.partition(b',"rules_applied":')
        piece = self._pieces[key] = (what, b'"source":' + why, b'"rules_applied":' + rules)
        return piece


def _offer_choice(decisions: Decisions, member: int) -> str | None:
    if not decisions.offers_asked:
        return None
    choice = int(decisions.offer_choice[member])
    return NO_OFFER if choice == UNKNOWN_ROW else decisions.knowledge.offers.offers.id(choice)
