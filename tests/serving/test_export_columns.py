"""The exported columns say what the records of the same decisions say."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import Consent, ItemKind
from serving.export.columns import LIMIT_REACHED, export_columns, message_values
from serving.export.table import COLUMNS
from tests.worlds import NOW, small_knowledge


def decided(placement: str, seed: int, **context):
    knowledge = small_knowledge(n_members=23, seed=seed)
    policy = parse_policy(default_policy_text())
    policy = policy.model_copy(update={"exploration": policy.exploration.model_copy(update={"epsilon": 0.5})})
    members = [Subject(f"m{row:03}") for row in range(23)] + [Subject("stranger-é")]
    if "consent" in context:
        consent = knowledge.members.consent.copy()
        consent[3:9] = int(context.pop("consent"))
        knowledge = replace(knowledge, members=replace(knowledge.members, consent=consent))
    engine = Engine(knowledge, compile_policy(policy, knowledge))
    return engine.decide_many(members, Context(placement=placement, now=NOW, seed=seed, **context))


@pytest.mark.parametrize("placement", ["home", "email", "offers", "product_page"])
@pytest.mark.parametrize("seed", range(4))
def test_columns_are_the_records(placement, seed):
    decisions = decided(placement, seed)
    table = export_columns(decisions, np.ones(len(decisions), dtype=bool)).table
    assert tuple(table) == tuple(COLUMNS)
    expected = []
    for record in decisions.records():
        common = (record.member_id, record.decision_id, record.answer.value, record.offer_choice, record.arm)
        common += (record.experiment, record.logging_propensity)
        if not record.items:
            expected.append((*common, "nothing", record.shortfall_reason, *[None] * 8))
        for item in record.items:
            codes = "|".join(reason.code for reason in item.reasons)
            shown = (item.position, item.kind.value, item.id, item.name, item.score, item.source, codes)
            expected.append((*common, "sent", "", *shown, item.value_minor))
    names = ("member_id", "decision_id", "answer", "offer_choice", "arm", "experiment", "logging_propensity")
    names += ("status", "reason", "position", "kind", "id", "name", "score", "source", "reasons", "value_minor")
    assert list(zip(*(table[name] for name in names), strict=True)) == expected


def test_a_member_without_consent_has_one_row_that_says_so():
    decisions = decided("email", 1, consent=Consent.PERSONALISATION)
    chunk = export_columns(decisions, np.ones(len(decisions), dtype=bool))
    told = [
        (chunk.table["status"][at], chunk.table["reason"][at])
        for at, member in enumerate(chunk.table["member_id"])
        if member == "m004"
    ]
    assert told == [("nothing", "channel_consent_missing")]
    assert chunk.counts["nothing.channel_consent_missing"] == 8
    assert chunk.counts["sent"] + chunk.counts["nothing"] == 24


def test_what_the_limit_leaves_out_is_no_exposure():
    decisions = decided("email", 2)
    within = np.zeros(len(decisions), dtype=bool)
    within[5] = True
    chunk = export_columns(decisions, within)
    assert chunk.counts["sent"] == 1
    left_out = chunk.table["reason"].index(LIMIT_REACHED)
    assert chunk.table["offer_choice"][left_out] is None
    assert chunk.table["logging_propensity"][left_out] is None


def test_a_slate_of_no_positions_is_still_one_row_a_member():
    decisions = decided("email", 1, n=0)
    chunk = export_columns(decisions, np.ones(len(decisions), dtype=bool))
    assert len(chunk.table["member_id"]) == len(decisions)
    assert set(chunk.table["status"]) == {"nothing"}
    assert all(chunk.table["reason"])


def test_a_message_is_worth_what_its_offers_are():
    decisions = decided("offers", 3)
    expected = [
        sum(item.value_minor for item in record.items if item.kind is ItemKind.OFFER) if record.items else -np.inf
        for record in decisions.records()
    ]
    assert message_values(decisions).tolist() == expected


def test_a_row_says_when_its_item_ends():
    decisions = decided("offers", 3)
    table = export_columns(decisions, np.ones(len(decisions), dtype=bool)).table
    ends = {end for kind, end in zip(table["kind"], table["valid_until"], strict=True) if kind == ItemKind.OFFER.value}
    assert ends == {NOW + 20 * 86_400}
