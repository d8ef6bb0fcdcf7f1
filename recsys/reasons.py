"""The stable codes of why something is shown, with their texts."""

from functools import cache

from recsys.decision import Reason

LIVE_SOURCE = "recent_activity"
SEGMENT_SOURCE = "popular_in_segment"
POPULAR_SOURCE = "popular"
PINNED_SOURCE = "pinned"
CATALOGUE_SOURCE = "catalogue"
OFFER_SOURCE = "offer_value"

_TEXTS: dict[str, dict[str, str]] = {
    "members_like_you": {"en": "Members with a taste like yours buy this", "zh": "与您口味相近的会员常买"},
    "fits_profile": {"en": "Fits what you usually choose", "zh": "符合您平时的选择"},
    "goes_with_usual": {"en": "Goes with what you usually buy", "zh": "与您常买的商品相配"},
    "bought_before": {"en": "You buy this regularly", "zh": "您经常购买"},
    "goes_with_recent": {"en": "Goes with what you looked at or bought lately", "zh": "与您最近浏览或购买的商品相配"},
    "popular_in_segment": {"en": "Popular with members in your group", "zh": "您所在会员群体的热门商品"},
    "popular_now": {"en": "Popular right now", "zh": "当前热门"},
    "recommended": {"en": "Recommended for you", "zh": "为您推荐"},
    "catalogue": {"en": "From our range", "zh": "精选商品"},
    "offer_fits_you": {"en": "An offer that fits the way you shop", "zh": "适合您购物习惯的优惠"},
    "offer_for_tier": {"en": "A benefit of your membership tier", "zh": "您的会员等级专享"},
    "offer_trial": {"en": "An offer we are trying out", "zh": "我们正在试行的优惠"},
    "featured": {"en": "Featured", "zh": "重点推荐"},
    "promoted": {"en": "Promoted", "zh": "推广"},
}

SOURCE_CODES: dict[str, str] = {
    "als": "members_like_you",
    "lightfm": "fits_profile",
    "item_neighbours": "goes_with_usual",
    "frequency": "bought_before",
    "own_orders": "bought_before",
    LIVE_SOURCE: "goes_with_recent",
    SEGMENT_SOURCE: "popular_in_segment",
    "popular_segment": "popular_in_segment",
    POPULAR_SOURCE: "popular_now",
    PINNED_SOURCE: "catalogue",
    CATALOGUE_SOURCE: "catalogue",
}
"""The reason that a list of candidates gives; lists not named here give ``recommended``."""

SEGMENT_SOURCES = frozenset({SEGMENT_SOURCE, "popular_segment"})
IMPERSONAL_SOURCES = SEGMENT_SOURCES | {POPULAR_SOURCE, PINNED_SOURCE, CATALOGUE_SOURCE}
"""Lists that are the same for many members; every other list is a member's own."""

LANGUAGES = ("en", "zh")


@cache
def _reasons(language: str) -> dict[str, Reason]:
    return {code: Reason(code, texts[language]) for code, texts in _TEXTS.items()}


def reason(code: str, language: str) -> Reason:
    """A reason in a language; an unknown language is answered in English."""
    return _reasons(language if language in LANGUAGES else "en")[code]


def source_code(source: str) -> str:
    """The code of why a source proposes what it proposes."""
    return SOURCE_CODES.get(source, "recommended")
