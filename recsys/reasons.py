"""The stable codes of why something is shown, with their texts."""

from functools import cache

from recsys.decision import ProductReason, Reason

LIVE_SOURCE = "recent_activity"
SEGMENT_SOURCE = "popular_in_segment"
POPULAR_SOURCE = "popular"
PINNED_SOURCE = "pinned"
CATALOGUE_SOURCE = "catalogue"
SIMILAR_SOURCE = "similar"
TOGETHER_SOURCE = "together"
BASKET_SOURCE = "basket"
ALIKE_SOURCE = "together_with_similar"
CATEGORY_SOURCE = "popular_in_category"
OFFER_SOURCE = "offer_value"
RERANKED_SOURCE = "reranked"
"""The list of the second stage of training, which puts what all sources propose into one order."""

_TEXTS: dict[str, dict[str, str]] = {
    "members_like_you": {"en": "Members with a taste like yours buy this", "zh": "与您口味相近的会员常买"},
    "fits_profile": {"en": "Fits what you usually choose", "zh": "符合您平时的选择"},
    "goes_with_usual": {"en": "Goes with what you usually buy", "zh": "与您常买的商品相配"},
    "bought_before": {"en": "You bought this before", "zh": "您以前买过"},
    "due_again": {"en": "You may need this again by now", "zh": "您可能又需要它了"},
    "goes_with_recent": {"en": "Goes with what you looked at or bought lately", "zh": "与您最近浏览或购买的商品相配"},
    "popular_in_category": {"en": "Popular in this category", "zh": "同类热门商品"},
    "popular_in_segment": {"en": "Popular with members in your group", "zh": "您所在会员群体的热门商品"},
    "popular_where_you_shop": {"en": "Popular where you usually shop", "zh": "您常去之处的热门商品"},
    "in_season": {"en": "Popular at this time of the year", "zh": "当季热门"},
    "rising": {"en": "Selling faster than before", "zh": "热度上升"},
    "popular_now": {"en": "Popular right now", "zh": "当前热门"},
    "picked_for_you": {"en": "Picked for you from all that suits you", "zh": "综合您的喜好为您精选"},
    "recommended": {"en": "Recommended for you", "zh": "为您推荐"},
    "catalogue": {"en": "From our range", "zh": "精选商品"},
    "offer_fits_you": {"en": "An offer that fits the way you shop", "zh": "适合您购物习惯的优惠"},
    "offer_for_tier": {"en": "A benefit of your membership tier", "zh": "您的会员等级专享"},
    "offer_trial": {"en": "An offer we are trying out", "zh": "我们正在试行的优惠"},
    "featured": {"en": "Featured", "zh": "重点推荐"},
    "promoted": {"en": "Promoted", "zh": "推广"},
}

_PRODUCT_TEXTS: dict[str, dict[str, str]] = {
    "similar_to": {"en": "Similar to {product}", "zh": "与“{product}”相似"},
    "bought_together_with": {"en": "Often bought together with {product}", "zh": "常与“{product}”一起购买"},
    "completes_basket": {"en": "Goes with {product} in your basket", "zh": "与购物篮中的“{product}”相配"},
    "goes_with_similar": {"en": "Bought with products like {product}", "zh": "常与“{product}”的同类商品一起购买"},
}

RELATED_CODES: dict[str, str] = {
    SIMILAR_SOURCE: "similar_to",
    TOGETHER_SOURCE: "bought_together_with",
    BASKET_SOURCE: "completes_basket",
    ALIKE_SOURCE: "goes_with_similar",
}
"""The reason that a list gives which comes from products asked about; the reason names one of them."""

SOURCE_CODES: dict[str, str] = {
    "als": "members_like_you",
    "lightfm": "fits_profile",
    "item_neighbours": "goes_with_usual",
    "frequency": "bought_before",
    "own_orders": "bought_before",
    "due_again": "due_again",
    "content": "fits_profile",
    "graph": "goes_with_usual",
    "sequence": "goes_with_usual",
    "next_basket": "picked_for_you",
    "tifu_knn": "members_like_you",
    "up_cf": "members_like_you",
    "ials": "members_like_you",
    "sparse_ease": "goes_with_usual",
    "collaborative": "members_like_you",
    "popular_store": "popular_where_you_shop",
    "popular_channel": "popular_where_you_shop",
    "recent": "popular_now",
    "seasonal": "in_season",
    "trending": "rising",
    RERANKED_SOURCE: "picked_for_you",
    LIVE_SOURCE: "goes_with_recent",
    SEGMENT_SOURCE: "popular_in_segment",
    "popular_segment": "popular_in_segment",
    POPULAR_SOURCE: "popular_now",
    CATEGORY_SOURCE: "popular_in_category",
    PINNED_SOURCE: "catalogue",
    CATALOGUE_SOURCE: "catalogue",
}
"""The reason that a list of candidates gives; lists not named here give ``recommended``."""

SEGMENT_SOURCES = frozenset({SEGMENT_SOURCE, "popular_segment"})
_POPULAR_SOURCES = frozenset({"popular_store", "popular_channel", "recent", "seasonal", "trending"})
RELATED_SOURCES = frozenset(RELATED_CODES)
IMPERSONAL_SOURCES = (
    SEGMENT_SOURCES
    | _POPULAR_SOURCES
    | RELATED_SOURCES
    | {CATEGORY_SOURCE, POPULAR_SOURCE, PINNED_SOURCE, CATALOGUE_SOURCE}
)
"""Lists that are the same for many members; every other list is a member's own."""

LANGUAGES = ("en", "zh")


@cache
def _reasons(language: str) -> dict[str, Reason]:
    return {code: Reason(code, texts[language]) for code, texts in _TEXTS.items()}


def reason(code: str, language: str) -> Reason:
    """A reason in a language; an unknown language is answered in English."""
    return _reasons(language if language in LANGUAGES else "en")[code]


def product_reason(source: str, language: str, *, product_id: str, name: str) -> Reason:
    """Why a list that comes from products asked about shows something, naming the product by *name*, or by its id."""
    code = RELATED_CODES[source]
    text = _PRODUCT_TEXTS[code][language if language in LANGUAGES else "en"]
    return ProductReason(code, text.replace("{product}", name or product_id), product_id)


def source_code(source: str) -> str:
    """The code of why a source proposes what it proposes."""
    return SOURCE_CODES.get(source, "recommended")
