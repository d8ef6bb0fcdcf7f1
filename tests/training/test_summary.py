"""What is said about an evaluation: a sure loss among new products is never passed over."""

import pytest

from training.summary import new_products_warning


@pytest.mark.parametrize("gain_high", [0.0, 0.01, float("nan")])
def test_a_loss_that_may_be_luck_is_no_warning(gain_high: float) -> None:
    assert new_products_warning(gain_high, "popular_7_days") == ()


def test_a_sure_loss_among_new_products_is_one_line_with_the_floor() -> None:
    (line,) = new_products_warning(-0.0123, "popular_7_days")
    assert line.startswith("WARNING")
    assert "popular_7_days" in line
    assert "-0.0123" in line
    assert "\n" not in line
