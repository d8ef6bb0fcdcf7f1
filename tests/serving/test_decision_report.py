"""One decision for people: digits that count, and a short why-not."""

from dataclasses import replace
from pathlib import Path

import pytest

from recsys.decision import Candidate, Decision, Economics, Multiplier, OfferGap, Reason, SlateItem
from recsys.errors import InputError
from recsys.types import AnswerKind, Channel, ItemKind, ResponseClass
from serving.commands import decide
from serving.decision_report import decision_report
from tests.worlds import NOW

EMPTY = Decision(
    decision_id="d", member_id="m", placement="home", channel=Channel.WEB, decided_at=NOW, answer=AnswerKind.POPULAR,
    items=(), offer_choice=None, logging_propensity=1.0, experiment="", arm="", arm_weight=1.0, bundle_id="b",
    policy_id="p", degraded=(), shortfall_reason="", expires_at=NOW + 60,
)  # fmt: skip


def left_out(kind: ItemKind, name: str, rule: str) -> Candidate:
    return Candidate(
        kind, name, "Tea", None, "als", 0.5, (), 0.5, None, None, None, rule, "native", Reason(rule, f"because {rule}"),
    )  # fmt: skip


def test_why_not_is_counted_by_rule_with_a_few_examples() -> None:
    removed = tuple(left_out(ItemKind.PRODUCT, f"p{number}", "out_of_stock") for number in range(5))
    removed += (left_out(ItemKind.OFFER, "o1", "tier_not_allowed"),)
    table = decision_report(replace(EMPTY, candidates=removed), currency="GBP").tables[-1]
    assert table.rows == (
        ("offer", "tier_not_allowed", 1, "o1", "always in force", "because tier_not_allowed"),
        ("product", "out_of_stock", 5, "p0, p1, p2, ...", "always in force", "because out_of_stock"),
    )


def test_what_no_rule_removed_is_counted_by_its_reason() -> None:
    outranked = replace(
        left_out(ItemKind.PRODUCT, "p1", "x"), removed_by=None, section="ranking", reason=Reason("outranked", "Better")
    )
    table = decision_report(replace(EMPTY, candidates=(outranked,)), currency="GBP", language="zh").tables[-1]
    assert table.rows == (("product", "outranked", 1, "p1", "排序", "Better"),)


def test_offers_that_no_rule_removed_are_in_money_with_levers_and_what_became_of_them() -> None:
    offer = Candidate(
        ItemKind.OFFER, "o1", "Points", 1, "offer_value", 1000.0, (Multiplier("more_points", 1.5),), 1500.0, 1234, 56,
        0.975, None, None, None,
    )  # fmt: skip
    other = replace(
        offer,
        id="o2",
        position=None,
        multipliers=(),
        logging_propensity=None,
        section="arbitration",
        reason=Reason("x", "Less"),
    )
    item = SlateItem(
        ItemKind.OFFER, "o1", "Points", 1, 1500.0, "offer_value", (), 1234, 56, rules_applied=("more_points",)
    )
    tables = decision_report(replace(EMPTY, items=(item,), candidates=(offer, other)), currency="GBP").tables
    assert tables[0].columns[-2:] == ("worth", "multipliers")
    assert tables[0].rows[0][-2:] == ("12.34 ± 0.56 GBP", "more_points x 1.5")
    assert tables[1].rows == (
        ("o1", "Points", "12.34 ± 0.56 GBP", "more_points x 1.5", "15.00 GBP", 0.975, "position 1"),
        ("o2", "Points", "12.34 ± 0.56 GBP", None, "15.00 GBP", None, "Less"),
    )


@pytest.mark.parametrize(
    ("score", "shown"), [(0.0000208, 0.0000208), (0.020686, 0.0207), (1234.56, 1235.0), (0.0, 0.0)]
)
def test_a_score_keeps_the_digits_that_count(score: float, shown: float) -> None:
    item = SlateItem(ItemKind.PRODUCT, "p", "Tea", 1, score, "als", ())
    assert decision_report(replace(EMPTY, items=(item,)), currency="GBP").tables[0].rows[0][4] == shown


def test_what_a_choice_saved_and_what_closes_its_gap_stand_in_words() -> None:
    gap = OfferGap(3_000, 2_700, 300, ("p1",), 350, False, False, "Add GBP 3.00 to reach 30.00, for example: Tea")
    item = SlateItem(ItemKind.OFFER, "o1", "5 off 30", 1, 15.0, "offer_value", (), 1234, 56, gap)
    economics = Economics("o1", ResponseClass.SLEEPING_DOG, False, "o9", 120, 45, 250)
    report = decision_report(replace(EMPTY, items=(item,), economics=economics), currency="GBP")
    assert report.tables[0].rows[0][6] == gap.text
    (told,) = [note for note in report.notes if "sleeping dog" in note]
    assert all(part in told for part in ("o9", "1.20 GBP", "0.45 GBP", "2.5 points"))
    assert "never measured" in told
    assert report.facts["items"][0]["gap"]["product_ids"] == ["p1"]
    assert report.facts["economics"]["response_class"] == "sleeping_dog"


def test_an_unknown_placement_is_refused_with_those_of_the_policy(workspace: Path) -> None:
    with pytest.raises(InputError, match=r"no placement 'hom'; it has home, .*email"):
        decide(workspace, member_id="m000", placement="hom", n=None, now=NOW, explain=False)
