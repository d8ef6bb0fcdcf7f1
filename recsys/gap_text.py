"""What is missing to an offer's threshold in words, and what closes it."""

from collections.abc import Sequence

from recsys.loyalty.currencies import decimals
from recsys.offers.gap import Gap

_TEXTS = {
    "add": ("Add {currency} {missing} to reach {threshold}", "再购{currency} {missing}即满{threshold}"),
    "usual": (
        "With your usual order of {currency} {spend}: add {missing} to reach {threshold}",
        "按您通常的订单{currency} {spend}，再购{missing}即满{threshold}",
    ),
    "scoped": (
        "Add {currency} {missing} of what it is valid for to reach {threshold}",
        "再购适用商品{currency} {missing}即满{threshold}",
    ),
    "one": ("Valid for some products", "限部分商品适用"),
}
_SUCH_AS = (", for example: {products}", "，例如：{products}")


def gap_text(gap: Gap, *, currency: str, names: Sequence[str], language: str) -> str:
    """
    What is missing in words.

    Args:
        gap: As `recsys.offers.gap.find_gap` found it.
        currency: ISO 4217.
        names: Of the products that close it.
        language: Any that is not Chinese (``zh``) is answered in English.

    Example:
        >>> gap = Gap(30000, 26200, 3800, (5,), 4000, assumed=False, scoped=False)
        >>> print(gap_text(gap, currency="CNY", names=["Green tea"], language="en"))
        Add CNY 38.00 to reach 300.00, for example: Green tea
    """
    is_chinese = language == "zh"
    digits = decimals(currency)
    missing, threshold, spend = (
        f"{amount / 10**digits:.{digits}f}" for amount in (gap.missing_minor, gap.threshold_minor, gap.spend_minor)
    )
    case = "one" if not gap.threshold_minor else "scoped" if gap.scoped else "usual" if gap.assumed else "add"
    said = _TEXTS[case][is_chinese].format(currency=currency, missing=missing, threshold=threshold, spend=spend)
    if not names:
        return said
    return said + _SUCH_AS[is_chinese].format(products=("、" if is_chinese else " + ").join(names))
