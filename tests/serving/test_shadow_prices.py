"""Shadow prices are paid where they belong, and only there, and whoever asks is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from recsys.errors import InputError
from serving.live import Live, load_served
from serving.metrics import Metrics
from serving.shadow_prices import FILE, PricesState, ShadowPrices, shadow_prices_in_force, write_shadow_prices
from tests.serving.export_world import contents, exported, small_workspace
from tests.serving.service_world import Running
from tests.worlds import DAY, NOW


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return small_workspace(tmp_path / "shop")


def prices(**changes) -> ShadowPrices:
    plain = {
        "placement": "email", "made_at": NOW, "ends_at": NOW + DAY,
        "offers": {"o001": 0.25, "o003": 50.0, "gone": 1.0}, "rows": (),
    }  # fmt: skip
    return ShadowPrices(**{**plain, **changes})


def left(shop: Path, **changes) -> None:
    served = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW)
    theirs = {"bundle_id": served.bundle_id, "policy_id": served.policy_id}
    write_shadow_prices(shop, prices(**{**theirs, **changes}))


def state(shop: Path, now: int = NOW) -> PricesState:
    return load_served(shop / "serving" / "b1", shop / "policy.yaml", now=now).prices.state


def test_prices_belong_to_offers_by_id(shop: Path) -> None:
    left(shop)
    engine = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW).engine
    assert engine.shadow_price.tolist() == [0, 0.25, 0, 50, 0, 0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PricesState.USED),
        ({"bundle_id": "another"}, PricesState.OTHER_BUNDLE),
        ({"policy_id": "another"}, PricesState.OTHER_POLICY),
        ({"ends_at": NOW}, PricesState.NOT_NOW),
        ({"made_at": NOW + 1}, PricesState.NOT_NOW),
    ],
    ids=["theirs", "bundle", "policy", "over", "early"],
)
def test_prices_of_others_are_left_out_and_said(shop: Path, changes: dict, expected: PricesState) -> None:
    left(shop, **changes)
    served = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW)
    assert served.prices.state is expected
    assert served.engine.shadow_price.any() == (expected is PricesState.USED)


@pytest.mark.parametrize("text", ["", "{}", '{"layout": 2}', "[1]"], ids=["empty", "nothing", "layout", "list"])
def test_a_broken_file_is_left_out_and_said(shop: Path, text: str) -> None:
    (shop / FILE).write_text(text, encoding="utf-8")
    assert state(shop) is PricesState.UNREADABLE


def test_without_a_file_nothing_is_paid(shop: Path) -> None:
    assert state(shop) is PricesState.NONE


def test_a_negative_price_is_no_reason_to_spend(shop: Path) -> None:
    left(shop, offers={"o003": -5.0})
    assert not load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW).engine.shadow_price.any()


def test_the_service_takes_in_new_prices_and_lets_them_go_when_their_days_are_over(shop: Path) -> None:
    now = [NOW]
    live = Live(shop / "serving", shop / "policy.yaml", clock=lambda: now[0], metrics=Metrics())
    assert live.refresh()
    left(shop)
    assert live.refresh()
    assert live.current.prices.state is PricesState.USED
    assert live.current.engine.shadow_price.max() == 50
    assert not live.refresh()
    now[0] = NOW + DAY
    assert live.refresh()
    assert live.current.prices.state is PricesState.NOT_NOW
    assert not live.current.engine.shadow_price.any()
    assert not live.refresh()


def test_whoever_asks_for_models_is_told(service: Running) -> None:
    assert service.client.get("/v1/models").json()["current"]["shadow_prices"] == "none"
    (service.workspace / FILE).write_text("{}", encoding="utf-8")
    assert service.service.live.refresh()
    assert service.client.get("/v1/models").json()["current"]["shadow_prices"] == "unreadable"


def test_an_export_pays_them_and_is_another_export_without(shop: Path) -> None:
    exported(shop, shop / "before")
    left(shop, offers={f"o{row:03}": 1_000.0 for row in range(6)})
    exported(shop, shop / "after")
    before, after = (contents(shop / name)["part-00000.csv"] for name in ("before", "after"))
    assert b",offer," in before
    assert b",offer," not in after
    digest = json.loads(contents(shop / "after")["manifest.json"])["plan"]["shadow_prices_digest"]
    assert len(digest) == 64
    with pytest.raises(InputError, match="shadow_prices_digest was ''"):
        exported(shop, shop / "before")


def test_the_digest_is_that_of_the_prices_alone(shop: Path) -> None:
    served = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW)
    found = []
    for offers in ({"o003": 1.0}, {"o003": 1.0, "gone": 2.0}, {"o003": 1.5}, {"o003": 0.0}):
        left(shop, offers=offers)
        known = shadow_prices_in_force(shop, served.engine.knowledge, policy_id=served.policy_id, now=NOW)
        found.append(known.digest)
    assert found[0] == found[1] != found[2]
    assert found[3] == ""
    assert np.array_equal(known.price, np.zeros(6))
