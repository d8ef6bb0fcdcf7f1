"""Why a coupon was not used, in English and Chinese."""

import re

import pytest

from recsys.offers.pricing.priced import NotApplied, UnusedCoupon
from recsys.offers.pricing.texts import in_words


@pytest.mark.parametrize("code", NotApplied)
def test_every_reason_has_chinese_words_and_no_place_left_open(code: NotApplied) -> None:
    told = in_words(UnusedCoupon("a", code, 7, "b", "why"), "zh")
    assert re.search("[\u4e00-\u9fff]", told)
    assert not re.search("[{}]|None", told)


def test_where_nobodys_points_are_known_chinese_words_ask_for_the_member() -> None:
    assert in_words(UnusedCoupon("a", NotApplied.NOT_ENOUGH_POINTS), "zh") == "使用需积分，请指定积分已知的会员"


def test_english_words_are_those_of_the_pricer() -> None:
    assert in_words(UnusedCoupon("a", NotApplied.NOT_CHEAPER, detail="why"), "en") == "why"


def test_chinese_words_name_what_is_missing_what_excludes_and_which_limit() -> None:
    reasons = [
        UnusedCoupon("a", NotApplied.NOT_ENOUGH_POINTS, 35),
        UnusedCoupon("a", NotApplied.EXCLUDED_BY_STACKING, by="spring10"),
        UnusedCoupon("a", NotApplied.LIMIT_REACHED, by="total"),
    ]
    assert [in_words(one, "zh") for one in reasons] == ["还差35积分", "不能与spring10同时使用", "总核销次数已用完"]
