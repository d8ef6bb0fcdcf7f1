"""The words of a gap say what they rest on."""

import pytest

from recsys.gap_text import gap_text
from recsys.offers.gap import Gap


def told(threshold: int, spend: int, *, assumed: bool, scoped: bool, names: list[str], language: str = "en") -> str:
    missing = max(threshold - spend, 0)
    gap = Gap(threshold, spend, missing, tuple(range(len(names))), 500, assumed=assumed, scoped=scoped)
    return gap_text(gap, currency="GBP", names=names, language=language)


@pytest.mark.parametrize(
    ("assumed", "scoped", "threshold", "said"),
    [
        (False, False, 2_500, "Add GBP 1.62 to reach 25.00, for example: Tea + Jam"),
        (True, False, 2_500, "With your usual order of GBP 23.38: add 1.62 to reach 25.00, for example: Tea + Jam"),
        (True, True, 2_500, "Add GBP 1.62 of what it is valid for to reach 25.00, for example: Tea + Jam"),
        (True, True, 0, "Valid for some products, for example: Tea + Jam"),
    ],
)
def test_each_kind_of_gap_has_its_words(assumed: bool, scoped: bool, threshold: int, said: str) -> None:
    assert told(threshold, 2_338, assumed=assumed, scoped=scoped, names=["Tea", "Jam"]) == said


def test_without_products_nothing_is_named() -> None:
    assert told(900, 0, assumed=False, scoped=False, names=[]) == "Add GBP 9.00 to reach 9.00"


def test_it_is_said_in_chinese_too() -> None:
    assert (
        told(900, 100, assumed=False, scoped=False, names=["茶", "酱"], language="zh")
        == "再购GBP 8.00即满9.00，例如：茶、酱"
    )
