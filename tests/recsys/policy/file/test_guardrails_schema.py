"""What a policy file may say of hard bounds, exploration and what a placement is after."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from recsys.policy.file.guardrails import Budget, DepthBand, Drawing, Exploration, Fallback, Guardrails, Objective

FALLBACK = TypeAdapter(Fallback)


def refusal(model: Any, value: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(value)
    return str(refused.value)


def test_a_whole_section_is_read() -> None:
    guardrails = Guardrails.model_validate({
        "max_depth": 0.5,
        "depth_bands": [{"id": "wine", "kind": "percent_off", "tier": "gold", "category": "wine", "max_depth": 0.2}],
        "min_margin_rate": 0.05,
        "max_discount_rate": 0.2,
        "min_no_discount_share": 0.1,
        "budgets": [{"id": "november", "what": 'offer.kind == "gift"', "amount_minor": 5, "from": "2026-11-01"}],
    })  # fmt: skip
    assert (guardrails.max_discount_rate, guardrails.min_no_discount_share) == (0.2, 0.1)
    assert guardrails.depth_bands[0].category == "wine"
    assert guardrails.budgets[0].from_at == 1_793_491_200


def test_without_a_section_nothing_is_bounded() -> None:
    free = Guardrails()
    assert (free.max_depth, free.max_discount_rate, free.min_no_discount_share, free.budgets) == (1.0, None, 0.0, ())


def test_a_band_that_ends_below_its_start_is_refused() -> None:
    told = refusal(DepthBand, {"id": "b", "min_depth": 0.4, "max_depth": 0.1})
    assert "min_depth 0.4 is above max_depth 0.1; swap them" in told


@pytest.mark.parametrize("amount", [-1, 1.5, "5"])
def test_a_budget_is_whole_minor_units(amount: object) -> None:
    assert "amount_minor" in refusal(Budget, {"id": "b", "amount_minor": amount})


def test_a_budget_that_ends_before_it_starts_is_refused() -> None:
    told = refusal(Budget, {"id": "b", "amount_minor": 5, "from": "2026-12-01", "until": "2026-11-01"})
    assert "it ends (2026-11-01" in told


@pytest.mark.parametrize(
    ("epsilon", "floor", "told"),
    [
        (0.05, 0.03, "more than half of epsilon"),
        (1e-9, 0.0, "at least 0.000001"),
        (0.05, float("nan"), "finite"),
    ],
)
def test_a_floor_under_which_nothing_could_be_drawn_is_refused(epsilon: float, floor: float, told: str) -> None:
    assert told in refusal(Exploration, {"epsilon": epsilon, "min_propensity": floor})


def test_offers_are_drawn_by_their_prospects_unless_the_file_says_all_alike() -> None:
    assert Exploration(epsilon=0.05).draw is Drawing.THOMPSON
    assert Exploration.model_validate({"epsilon": 0.05, "draw": "uniform"}).draw is Drawing.UNIFORM
    assert "draw" in refusal(Exploration, {"epsilon": 0.05, "draw": "greedy"})


def test_a_floor_stays_in_the_file_where_exploration_is_switched_off() -> None:
    assert Exploration(epsilon=0.0, min_propensity=0.002).epsilon == 0


def test_a_floor_of_half_of_epsilon_leaves_room_for_one_offer() -> None:
    assert Exploration(epsilon=0.05, min_propensity=0.025).min_propensity == 0.025


@pytest.mark.parametrize("wrong", [{"relevance": 0}, {"relevance": -1}, {"margin": -0.1}, {"margin": float("inf")}])
def test_exponents_that_turn_the_order_round_are_refused(wrong: dict[str, float]) -> None:
    assert next(iter(wrong)) in refusal(Objective, wrong)


def test_an_objective_is_relevance_alone_unless_it_says_otherwise() -> None:
    assert (Objective().relevance, Objective().margin) == (1.0, 0.0)
    assert Objective.model_validate({"margin": 0.3}).relevance == 1.0


def test_a_fallback_names_each_product_once_and_at_most_a_hundred() -> None:
    assert FALLBACK.validate_python(["p2", "p1"]) == ("p2", "p1")
    with pytest.raises(ValidationError, match="'p1' is used twice"):
        FALLBACK.validate_python(["p1", "p2", "p1"])
    with pytest.raises(ValidationError, match="at most 100"):
        FALLBACK.validate_python([f"p{row}" for row in range(101)])
