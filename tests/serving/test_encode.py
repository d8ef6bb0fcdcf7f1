"""The encoder of columns writes the bytes that the records would be written as."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import Subject
from recsys.offers.definitions import Trigger
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, load_policy, parse_policy
from recsys.types import ItemKind, Relation
from serving.encode import AnswerEncoder
from serving.live import load_served, read_pointer
from serving.settings import Settings
from serving.wire_bytes import encode_answer
from tests.recsys.offers.waiting_world import world
from tests.serving.service_world import Running
from tests.worlds import CUT_OFF, NOW

MEMBERS = [*(f"m00{number}" for number in range(7)), "nobody", 'quo"te\\ 我 ","position":1']


@pytest.fixture
def engine(shared_service: Running) -> Engine:
    settings = Settings(workspace=shared_service.workspace)
    return load_served(read_pointer(settings.serving_folder), settings.policy_path, now=NOW).engine


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_bytes_are_those_of_the_records(engine: Engine, language: str, explain: bool) -> None:
    encoder = AnswerEncoder()
    for placement in ("home", "basket", "offers", "email", "nowhere"):
        for n, seed, types in ((None, 0, frozenset(ItemKind)), (1, 7, frozenset({ItemKind.OFFER}))):
            context = Context(
                placement, NOW, seed=seed, n=n, language=language, explain=explain, types=types, degraded=("x",)
            )
            decisions = engine.decide_many([Subject(one) for one in MEMBERS], context)
            records = decisions.records()
            for _ in range(2):  # the second time from pieces that are there already
                encoded = encoder.encode(decisions)
                assert [one.body for one in encoded] == [encode_answer(record) for record in records]
            assert [(one.decision_id, one.placement, one.answer, one.degraded) for one in encoded] == [
                (one.decision_id, one.placement, one.answer, one.degraded) for one in records
            ]


def test_the_bytes_of_answers_about_products_are_those_of_the_records(engine: Engine) -> None:
    encoder = AnswerEncoder()
    asking = [Subject("m000", about=("p010",), basket=("p011", "p012")), Subject("", about=("nothing", "p005"))]
    for relation in Relation:
        decisions = engine.decide_many(asking, Context("basket", NOW, relation=relation, language="zh"))
        assert [one.body for one in encoder.encode(decisions)] == [encode_answer(one) for one in decisions.records()]


def test_trials_and_boosts_are_told_apart(shared_service: Running, engine: Engine) -> None:
    policy = load_policy(Settings(workspace=shared_service.workspace).policy_path)
    curious = policy.model_copy(update={"exploration": policy.exploration.model_copy(update={"epsilon": 0.5})})
    trying = Engine(engine.knowledge, compile_policy(curious, engine.knowledge))
    encoder = AnswerEncoder()
    told = set()
    for seed in range(12):
        decisions = trying.decide_many([Subject(one) for one in MEMBERS], Context("home", NOW, seed=seed))
        records = decisions.records()
        assert [one.body for one in encoder.encode(decisions)] == [encode_answer(record) for record in records]
        told |= {reason.code for record in records for item in record.items for reason in item.reasons}
    assert {"offer_trial", "offer_fits_you"} <= told


def test_each_member_is_told_their_own_numbers() -> None:
    points = [700, 1_200, 300]
    knowledge = world(
        {"o003": (Trigger.POINTS_EXPIRING, 30)},
        points=points, next_expiry_at=[CUT_OFF + 9 * 86_400, CUT_OFF + 4 * 86_400, CUT_OFF + 86_400 * 7],
        next_expiry_points=points,
    )  # fmt: skip
    generous = np.full_like(knowledge.response.uplift, 0.01)
    generous[:, :, 3] = 0.9
    knowledge = replace(knowledge, response=replace(knowledge.response, uplift=generous))
    engine = Engine(knowledge, compile_policy(parse_policy(default_policy_text()), knowledge))
    encoder = AnswerEncoder()
    decisions = engine.decide_many([Subject(one) for one in MEMBERS], Context("offers", NOW, seed=3))
    records = decisions.records()
    assert [one.body for one in encoder.encode(decisions)] == [encode_answer(record) for record in records]
    told = {reason.text for record in records for item in record.items for reason in item.reasons}
    assert sum("points expire" in text for text in told) > 1
