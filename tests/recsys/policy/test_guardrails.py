"""Which offers a band of depth is about."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.policy.file.guardrails import DepthBand
from recsys.policy.guardrails import banded_offers, touches_category
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS
from tests.worlds import small_knowledge

# Products' categories go dairy, bakery, wine, home, dairy, ... by row; that of product 9 is unknown.
KNOWLEDGE = small_knowledge()
OFFERS = replace(KNOWLEDGE.offers, scope=Ragged.of([[], [1, 2], [4, 0], [9], [3, 6, 2], []]))


@pytest.mark.parametrize(
    ("category", "touched"),
    [("dairy", [0, 2, 5]), ("bakery", [0, 1, 5]), ("wine", [0, 1, 4, 5]), ("home", [0, 4, 5]), ("toys", [])],
)
def test_an_offer_touches_the_categories_in_its_scope_and_a_whole_basket_all(category: str, touched: list[int]) -> None:
    assert np.flatnonzero(touches_category(category, OFFERS, KNOWLEDGE.catalogue)).tolist() == touched


def test_a_band_is_about_offers_of_its_kind_that_touch_its_category() -> None:
    kinds = [OFFER_KINDS[code].value for code in OFFERS.kind]
    assert kinds == ["amount_off", "percent_off", "percent_off", "points_multiplier", "amount_off", "percent_off"]
    bands = [{"kind": "percent_off"}, {"category": "wine"}, {"kind": "percent_off", "category": "wine"}, {}]
    found = [
        np.flatnonzero(banded_offers(DepthBand(id="band", **band), OFFERS, KNOWLEDGE.catalogue)).tolist()
        for band in bands
    ]
    assert found == [[1, 2, 5], [0, 1, 4, 5], [1, 5], [0, 1, 2, 3, 4, 5]]
