"""Values that compare as equal and read differently are one value, so that no answer depends on which came first."""

from dataclasses import replace

import pytest

from tests.recsys.policy.small import HOME, batch_of, boost, compiled


@pytest.mark.parametrize("who", ["string(context.heat) == '0'", "1.0 / context.heat > 0.0"])
@pytest.mark.parametrize("sent", [(0.0, -0.0), (-0.0, 0.0)])
def test_there_is_one_zero_whichever_is_sent_first(who: str, sent: tuple[float, float]) -> None:
    policy = compiled(boost("warm", 2.0, who=who), context_attributes={"heat": "double"})
    contexts = [replace(HOME, attributes={"heat": one}) for one in sent]
    assert [policy.holds("warm", batch_of("m001"), context).tolist() for context in contexts] == [[True], [True]]


def test_one_and_true_and_one_point_zero_are_three_values() -> None:
    kinds = {"whole": "int", "yes": "bool", "part": "double"}
    who = "context.whole == 1 && context.yes && context.part == 1.0"
    policy = compiled(boost("all", 2.0, who=who), context_attributes=kinds)
    asked = {"whole": 1, "yes": True, "part": 1.0}
    wrong = [{**asked, "whole": True}, {**asked, "whole": 1.0}, {**asked, "yes": 1}, {**asked, "part": True}]
    for order in ([asked, *wrong], [*wrong, asked]):
        held = [policy.holds("all", batch_of("m001"), replace(HOME, attributes=one)).item(0) for one in order]
        assert held == [one is asked for one in order]


def test_who_is_outside_a_segment_and_of_whom_it_is_not_known_are_two() -> None:
    rule = {"id": "gone", "effect": "exclude", "who": "segment.warm", "what": "product.stock > 0"}
    policy = compiled(rule, segments={"warm": "context.heat > 5.0"}, context_attributes={"heat": "double"})
    sent: list[dict[str, float]] = [{"heat": 1.0}, {}, {"heat": 1.0}, {"heat": 9.0}, {}]
    held = [policy.holds("gone", batch_of("m001"), replace(HOME, attributes=one)).item(0) for one in sent]
    assert held == [False, True, False, True, True]
