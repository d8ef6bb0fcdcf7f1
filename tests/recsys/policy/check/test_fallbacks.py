"""What a placement falls back on is found where the rules leave nothing of it, or too little to fill it."""

from recsys.policy.check.fallbacks import fallback_can_fail
from tests.recsys.policy.check.findings import Part, examined, found, rule

NO_BAKERY = rule("no_bakery", "exclude", what="product.id in ['p005', 'p009']")


def _home(**rest: object) -> Part:
    return {"home": {"channel": "web", "capacity": 3, "types": ["product"], **rest}}


def test_a_list_of_which_no_product_passes_is_an_error() -> None:
    placements = _home(fallback=["p005", "p009"])
    assert found(fallback_can_fail, placements=placements, rules=[NO_BAKERY]) == [
        "error fallback_can_fail placements.home.fallback"
    ]
    assert found(fallback_can_fail, placements=_home(fallback=["p005", "p006"]), rules=[NO_BAKERY]) == []
    assert found(fallback_can_fail, placements=placements) == []


def test_a_list_that_fails_for_a_tier_alone_names_the_tier() -> None:
    only_gold = {**NO_BAKERY, "who": "member.tier == 'gold'"}
    (problem,) = fallback_can_fail(examined(placements=_home(fallback=["p005"]), rules=[only_gold]))
    assert "for gold members: 'no_bakery'" in problem.message


def test_a_placement_without_a_list_falls_back_on_what_is_popular_and_on_the_catalogue() -> None:
    def left(*ids: str) -> list[Part]:
        return [rule("few", "require", what=f"product.id in {list(ids)}")]

    assert found(fallback_can_fail, placements=_home(), rules=left()) == ["error fallback_can_fail placements.home"]
    two = ["warning fallback_can_fail placements.home"]
    assert found(fallback_can_fail, placements=_home(), rules=left("p005", "p006")) == two
    assert found(fallback_can_fail, placements=_home(), rules=left("p005", "p006", "p008")) == []


def test_consent_and_quiet_hours_make_no_fallback_fail() -> None:
    letter = {"home": {"channel": "push", "capacity": 3, "types": ["product"]}}
    quiet = {"quiet_hours": [{"id": "nights", "channels": ["push"], "from": "06:00", "until": "05:00"}]}
    assert found(fallback_can_fail, placements=letter, contact=quiet) == []
