"""Why an offer that waited for something is shown now, in words with the member's own numbers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from recsys.decision import Reason
from recsys.loyalty.currencies import decimals
from recsys.offers.definitions import Trigger
from recsys.offers.told import NudgeFacts

_TEXTS: Mapping[Trigger, tuple[str, str, str]] = {
    Trigger.WELCOME: ("welcome", "Welcome: you have just joined", "欢迎您新加入"),
    Trigger.FIRST_PURCHASE: ("first_purchase", "For your first order", "首单专享"),
    Trigger.REFERRER: ("brought_somebody", "Thank you for bringing somebody", "感谢您推荐好友"),
    Trigger.REFERRED: ("was_brought", "Another member brought you", "您由好友推荐加入"),
    Trigger.BIRTHDAY: ("birthday", "For your birthday", "生日专享"),
    Trigger.STAGE_CHANGE: ("shops_otherwise", "You shop otherwise than you did", "您的购物习惯有所变化"),
    Trigger.POINTS_EXPIRING: ("points_expiring", "Your {points} points expire {when}", "您的{points}积分将{when}到期"),
    Trigger.TIER_NEAR: ("tier_near", "{gap} to {tier}", "再{gap}即可升至{tier}"),
    Trigger.TIER_AT_RISK: (
        "tier_at_risk", "On {day} you would fall to {tier}", "{day}您的等级将降为{tier}",
    ),
    Trigger.WIN_BACK: ("missed", "We miss you", "好久不见，我们想念您"),
    Trigger.MEMBER_DAY: ("member_day", "For the member day", "会员日专享"),
    Trigger.SEASON: ("in_season", "Popular at this time of the year", "当季热门"),
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
CODES: tuple[str, ...] = tuple(code for code, _, _ in _TEXTS.values())
"""Of every trigger, in their order."""


def trigger_reason(
    trigger: Trigger, facts: NudgeFacts, member: int, *, tiers: Sequence[str], currency: str, language: str
) -> Reason:
    """
    The reason that an offer's trigger gives.

    Args:
        trigger: Any but `Trigger.NONE`, whose window is open for the member.
        facts: Of the members of the call.
        member: Position in the call.
        tiers: Names of the workspace's.
        currency: Its code.
        language: Any that is not Chinese (``zh``) is answered in English.

    Example:
        1,200 points that end in nine days read "Your 1,200 points expire in 9 days".
    """
    code, english, chinese = _TEXTS[trigger]
    is_chinese = language == "zh"
    said: dict[str, str] = {}
    match trigger:
        case Trigger.POINTS_EXPIRING:
            points, days = int(facts.points.points[member]), int(facts.points.days[member])
            said = {"points": f"{points:,}", "when": _within(days, is_chinese=is_chinese)}
        case Trigger.TIER_NEAR:
            gap = _gap(
                int(facts.ahead.gap_minor[member]),
                int(facts.ahead.gap_orders[member]),
                currency=currency,
                is_chinese=is_chinese,
            )
            said = {"gap": gap, "tier": tiers[int(facts.ahead.tier[member])]}
        case Trigger.TIER_AT_RISK:
            day = _day(int(facts.fall.at[member]), facts.zone, is_chinese=is_chinese)
            said = {"day": day, "tier": tiers[int(facts.fall.tier[member])]}
        case Trigger.BIRTHDAY if int(facts.days_to_birthday[member]) == 0:
            english, chinese = "Happy birthday", "生日快乐"
    return Reason(code, (chinese if is_chinese else english).format(**said))


def _within(days: int, *, is_chinese: bool) -> str:
    if is_chinese:
        return f"于{days}天后" if days else "在一天内"
    return f"in {days} day{'' if days == 1 else 's'}" if days else "within a day"


def _gap(minor: int, orders: int, *, currency: str, is_chinese: bool) -> str:
    """What is missing: money, orders or both."""
    digits, parts = decimals(currency), []
    if minor > 0:
        amount = f"{currency} {minor / 10**digits:,.{digits}f}"
        parts.append(f"消费{amount}" if is_chinese else amount)
    if orders > 0:
        parts.append(f"下{orders}单" if is_chinese else f"{orders} order{'' if orders == 1 else 's'}")
    return ("并" if is_chinese else " and ").join(parts)


def _day(at: int, zone: str, *, is_chinese: bool) -> str:
    day = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{day.year}年{day.month}月{day.day}日" if is_chinese else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
