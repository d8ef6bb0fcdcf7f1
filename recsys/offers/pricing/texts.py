"""Why a coupon was not used, in the language asked for."""

from collections.abc import Mapping

from recsys.offers.pricing.priced import NotApplied, UnusedCoupon

_CHINESE: Mapping[NotApplied, str] = {
    NotApplied.UNKNOWN_COUPON: "当前数据包中没有该优惠",
    NotApplied.NOT_VALID_NOW: "优惠尚未开始或已结束",
    NotApplied.TIER_NOT_ALLOWED: "该优惠不适用于会员当前等级",
    NotApplied.LIMIT_REACHED: "{limit}已用完",
    NotApplied.GIVES_NOTHING: "该优惠在购物篮中没有可兑现的内容",
    NotApplied.OUT_OF_SCOPE: "购物篮中没有适用商品",
    NotApplied.BELOW_MIN_SPEND: "未达到最低消费，还差{gap}（最小货币单位）",
    NotApplied.TOO_FEW_UNITS: "适用商品还差{gap}件",
    NotApplied.NOT_ENOUGH_POINTS: "还差{gap}积分",
    NotApplied.ASKS_FOR_POINTS: "使用需{gap}积分，请指定该优惠后再用",
    NotApplied.EXCLUDED_BY_STACKING: "不能与{by}同时使用",
    NotApplied.NO_EFFECT: "没有剩余金额可供抵扣",
    NotApplied.NOT_CHEAPER: "使用后价格不会更低",
    NotApplied.NOT_SEARCHED: "优惠过多，未比较所有组合",
}
_UNKNOWN_POINTS = "使用需积分，请指定积分已知的会员"
_LIMITS = {"per_member": "每位会员的核销次数", "total": "总核销次数", "budget": "优惠预算"}


def in_words(unused: UnusedCoupon, language: str) -> str:
    """
    The reason in words.

    Args:
        unused: Its English text names the values; the Chinese one names what is missing, and what excludes it.
        language: ``en`` or ``zh``.

    Example:
        >>> in_words(UnusedCoupon("spring", NotApplied.BELOW_MIN_SPEND, gap=120, detail="120 fewer"), "zh")
        '未达到最低消费，还差120（最小货币单位）'
    """
    if language != "zh":
        return unused.detail
    if unused.code is NotApplied.NOT_ENOUGH_POINTS and unused.gap is None:
        return _UNKNOWN_POINTS
    return _CHINESE[unused.code].format(gap=unused.gap, by=unused.by, limit=_LIMITS.get(unused.by, ""))
