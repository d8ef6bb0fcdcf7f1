"""Exact prices: what a coupon takes off, and what a whole basket costs with coupons and the benefits of a tier."""

from recsys.offers.pricing.kernel import Discounts

__all__ = ["Discounts"]
