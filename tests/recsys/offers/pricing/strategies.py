"""Random coupons and baskets that meet each other's thresholds, scopes and groups often."""

from typing import Any

from hypothesis import strategies as st

from recsys.offers.definitions import Base, Stacking
from recsys.offers.pricing.basket import BasketLine
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import PRICES, line

IDS = ("a", "b", "c", "d", "e", "f")

_SCOPES = st.sampled_from([(), (), (), ("wine", "tea"), ("tea", "cheese", "vase"), ("bread", "vase", "wine")])
_STACKINGS = [Stacking.COMBINABLE] * 4 + [Stacking.ONE_OF_GROUP] * 2 + [Stacking.EXCLUSIVE]
_GIVES = st.one_of(
    st.builds(lambda n: {"kind": OfferKind.AMOUNT_OFF, "amount_minor": n}, st.integers(1, 2_000)),
    st.builds(lambda n: {"kind": OfferKind.PERCENT_OFF, "percent_bp": n}, st.integers(1, 10_000)),
    st.builds(lambda n: {"kind": OfferKind.FREE_SHIPPING, "amount_minor": n}, st.integers(1, 900)),
    st.builds(
        lambda x, y: {"kind": OfferKind.BUY_X_GET_Y, "buy_quantity": x, "get_quantity": y},
        st.integers(1, 3),
        st.integers(1, 2),
    ),
    st.builds(lambda n: {"kind": OfferKind.POINTS_MULTIPLIER, "multiplier_bp": n}, st.integers(10_001, 50_000)),
    st.builds(
        lambda n, cost: {"kind": OfferKind.POINTS_REDEMPTION, "amount_minor": n, "points_cost": cost},
        st.integers(1, 800),
        st.integers(1, 500),
    ),
    st.builds(lambda n: {"kind": OfferKind.GIFT, "amount_minor": n}, st.integers(0, 500)),
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Two to six offers by id."""
    found = {}
    for name in IDS[: draw(st.integers(2, len(IDS)))]:
        found[name] = {
            **draw(_GIVES),
            "min_spend_minor": draw(st.sampled_from([0, 0, 0, 500, 1_500, 3_000])),
            "max_discount_minor": draw(st.sampled_from([-1, -1, 150, 700])),
            "scope": draw(_SCOPES),
            "stacking": draw(st.sampled_from(_STACKINGS)),
            "stacking_group": draw(st.integers(0, 1)),
            "stacking_priority": draw(st.integers(0, 2)),
            "base": draw(st.sampled_from(list(Base))),
            "ladder": draw(st.sampled_from([-1, -1, -1, 0])),
            "tier_mask": draw(st.sampled_from([0b111, 0b111, 0b111, 0b110, 0b100, 0b001])),
        }
    return found


LINES: st.SearchStrategy[list[BasketLine]] = st.lists(
    st.builds(
        lambda product, quantity, price: line(product, quantity, price),
        st.sampled_from([*PRICES, "unknown"]),
        st.integers(1, 4),
        st.sampled_from([0, 1, 180, 333, 990, 1_150, 2_400]),
    ),
    min_size=2,
    max_size=6,
)
FEES = st.sampled_from([0, 350, 501])
