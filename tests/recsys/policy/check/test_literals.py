"""Names that nothing has are told with the nearest that exists; names that something has are not."""

import pytest

from recsys.policy.check.literals import unknown_ids, unknown_values
from recsys.policy.reading.problems import Problem
from tests.recsys.policy.check.worlds import document_of, examined


def found(text: str) -> list[Problem]:
    over = examined(text)
    return [*unknown_values(over), *unknown_ids(over)]


WRONG = {
    "who": {
        "member.tier == 'golden'": "did you mean 'gold'?",
        "member.tier != 'x'": "it may be 'ordinary', 'silver', 'gold' or 'diamond'",
        "member.stage in ['active', 'dormnt']": "did you mean 'dormant'?",
        "'hom' == context.placement": "did you mean 'home'?",
        "context.channel == 'mail'": "did you mean 'email'?",
        "context.relation == 'together_with'": "did you mean 'together'?",
        "member.main_channel == 'wep'": "did you mean 'web'?",
        "'diary' in basket.categories": "did you mean 'dairy'?",
        "!(member.points > 3 || 'alfa' in basket.brands)": "did you mean 'alpha'?",
    },
    "product": {
        "product.category == 'Wine'": "did you mean 'wine'?",
        "product.brand == 'betta'": "did you mean 'beta'?",
        "product.id in ['p004', 'p0044']": "did you mean 'p004'?",
        "product.id == 'something else'": "correct the id, or remove it",
    },
    "offer": {
        "offer.kind == 'percent_of'": "did you mean 'percent_off'?",
        "offer.id == 'o0033'": "did you mean 'o003'?",
        "'golden' in offer.tiers": "did you mean 'gold'?",
    },
}
RIGHT = {
    "who": (
        "member.tier in ['gold', 'silver'] && member.stage != 'dormant' && context.channel == 'sms'",
        "context.placement == 'email' || context.relation == '' || member.main_channel == '' || context.store == 'any'",
        "'p999' in basket.product_ids && 'wine' in basket.categories && member.tier.startsWith('go')",
    ),
    "product": ("product.category == '' || product.brand in ['', 'gamma'] || product.id == 'p029'",),
    "offer": ("offer.kind == 'gift' || offer.id == 'o005' || 'diamond' in offer.tiers",),
}


def with_expression(about: str, text: str, **more: object) -> str:
    scope = {"who": text} if about == "who" else {"what": text, "applies_to": about}
    return document_of({"id": "r", **scope, **more})


@pytest.mark.parametrize(("about", "text"), [(about, text) for about in WRONG for text in WRONG[about]])
def test_a_value_that_an_attribute_never_is_is_told(about: str, text: str) -> None:
    (problem,) = found(with_expression(about, text))
    assert (problem.code, problem.severity, problem.hint) == ("unknown_value", "warning", WRONG[about][text])
    assert problem.path == ("rules", 0, "who" if about == "who" else "what")
    line, column = problem.offset
    assert line == 1
    assert text[column - 1] == "'"
    assert found(with_expression(about, text, accepts=["unknown_value"])) == []


@pytest.mark.parametrize(("about", "text"), [(about, text) for about in RIGHT for text in RIGHT[about]])
def test_values_that_exist_are_not_told(about: str, text: str) -> None:
    assert found(with_expression(about, text)) == []


def test_segments_and_budgets_are_read_too() -> None:
    budgets = {"budgets": [{"id": "b", "what": "offer.kind == 'gifts'", "amount_minor": 5}]}
    problems = found(document_of(segments={"a": "member.stage == 'activ'"}, guardrails=budgets))
    assert [(one.path, one.hint) for one in problems] == [
        (("segments", "a"), "did you mean 'active'?"),
        (("guardrails", "budgets", 0, "what"), "did you mean 'gift'?"),
    ]


def lists(product: str, offer: str, **pin: object) -> str:
    home = {"channel": "web", "capacity": 4, "types": ["product", "offer"], "fallback": ["p004", product]}
    period = {"id": "day", "kind": "sale", "when": {"every": "month", "on": 8}, "offers": ["o003", offer]}
    rule = {"id": "first", "effect": "pin", "pin": {"id": product, "position": 1}, **pin}
    return document_of(
        rule, placements={"home": home}, calendar=[period], campaigns={"spring": {"offers": ["o002", offer]}}
    )


def test_ids_that_the_bundle_does_not_have_are_told_where_they_stand() -> None:
    problems = found(lists("p0055", "o0055"))
    assert [(one.code, one.path) for one in problems] == [
        ("unknown_product", ("placements", "home", "fallback", 1)),
        ("unknown_offer", ("campaigns", "spring", "offers", 1)),
        ("unknown_offer", ("calendar", 0, "offers", 1)),
        ("unknown_product", ("rules", 0, "pin", "id")),
    ]
    assert problems[0].hint == "did you mean 'p005'?"
    assert "unknown_product" in {one.code for one in found(lists("p0055", "o0055", accepts=["unknown_product"]))}
    assert ("rules", 0, "pin", "id") not in {
        one.path for one in found(lists("p0055", "o0055", accepts=["unknown_product"]))
    }
    assert found(lists("p005", "o005")) == []
