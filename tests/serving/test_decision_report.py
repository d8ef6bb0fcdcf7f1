"""One decision for people: digits that count, and a short why-not."""

from dataclasses import replace
from pathlib import Path

import pytest

from recsys.decision import Decision, SlateItem, WhyNot
from recsys.errors import InputError
from recsys.types import AnswerKind, Channel, ItemKind
from serving.commands import decide
from serving.decision_report import decision_report
from tests.worlds import NOW

EMPTY = Decision(
    decision_id="d", member_id="m", placement="home", channel=Channel.WEB, decided_at=NOW, answer=AnswerKind.POPULAR,
    items=(), offer_choice=None, logging_propensity=1.0, experiment="", arm="", arm_weight=1.0, bundle_id="b",
    policy_id="p", degraded=(), shortfall_reason="", expires_at=NOW + 60,
)  # fmt: skip


def test_why_not_is_counted_by_rule_with_a_few_examples() -> None:
    removed = tuple(WhyNot(ItemKind.PRODUCT, f"p{number}", "out_of_stock") for number in range(5))
    removed += (WhyNot(ItemKind.OFFER, "o1", "tier_not_allowed"),)
    table = decision_report(replace(EMPTY, why_not=removed)).tables[-1]
    assert table.rows == (
        ("offer", "tier_not_allowed", 1, "o1"),
        ("product", "out_of_stock", 5, "p0, p1, p2, ..."),
    )


@pytest.mark.parametrize(
    ("score", "shown"), [(0.0000208, 0.0000208), (0.020686, 0.0207), (1234.56, 1235.0), (0.0, 0.0)]
)
def test_a_score_keeps_the_digits_that_count(score: float, shown: float) -> None:
    item = SlateItem(ItemKind.PRODUCT, "p", "Tea", 1, score, "als", ())
    assert decision_report(replace(EMPTY, items=(item,))).tables[0].rows[0][4] == shown


def test_an_unknown_placement_is_refused_with_those_of_the_policy(workspace: Path) -> None:
    with pytest.raises(InputError, match=r"no placement 'hom'; it has home, .*email"):
        decide(workspace, member_id="m000", placement="hom", n=None, now=NOW, explain=False)
