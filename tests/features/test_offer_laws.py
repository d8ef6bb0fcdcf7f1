"""Laws of ladders and scopes, against judges that are written the plain way."""

from datetime import timedelta
from fractions import Fraction

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.offer_ladders import LADDER_MIXED, Step, ladder_refusals
from features.offer_scope import scope_of
from tests.features.small_workspace import START

KINDS, CATEGORIES, BRANDS = ("product", "category", "brand"), ("dairy", "bakery", None), ("alpha", "beta", None)
VALUES = ("p1", "p4", "dairy", "beta", "caviar")
PRODUCTS = [f"p{row}" for row in range(6)]


def steps() -> st.SearchStrategy[list[Step]]:
    step = st.builds(
        lambda ladder, kind, gives, spend, points, day, length, tiers: (
            ladder, kind, Fraction(gives), spend, points, START + timedelta(days=day),
            START + timedelta(days=day + length), tiers, frozenset(),
        ),
        st.sampled_from("ab"), st.sampled_from(["percent_off", "amount_off"]), st.integers(1, 3),
        st.sampled_from([0, 500]), st.sampled_from([0, 5]), st.integers(0, 4), st.integers(1, 3),
        st.sampled_from([None, frozenset({"gold"}), frozenset({"basic", "gold"}), frozenset({"basic"})]),
    )  # fmt: skip
    return st.lists(step, max_size=8).map(lambda rows: [Step(f"o{n}", *row) for n, row in enumerate(rows)])


@given(steps())
def test_what_is_left_of_ladders_stands_by_itself(drawn: list[Step]) -> None:
    refused = ladder_refusals(drawn)
    left = [step for step in drawn if step.offer_id not in refused]
    assert ladder_refusals(left) == {}
    assert {step.ladder for step in left} == {step.ladder for step in drawn}


@given(steps())
def test_every_refused_step_clashes_with_an_earlier_one_that_stands(drawn: list[Step]) -> None:
    refused = ladder_refusals(drawn)
    for at, step in enumerate(drawn):
        before = [one for one in drawn[:at] if one.ladder == step.ladder and one.offer_id not in refused]
        clashes = {one.offer_id for one in before if _clash(one, step)}
        if step.offer_id not in refused:
            assert not clashes
            assert all(one.kind == step.kind for one in before)
        elif refused[step.offer_id] != LADDER_MIXED:
            assert clashes


def _clash(one: Step, other: Step) -> bool:
    days = {one.valid_from + timedelta(days=n) for n in range((one.valid_until - one.valid_from).days)}
    others = {other.valid_from + timedelta(days=n) for n in range((other.valid_until - other.valid_from).days)}
    everybody = frozenset({"basic", "gold"})
    if not days & others or not (one.tiers or everybody) & (other.tiers or everybody):
        return False
    depths = [(step.gives, -step.min_spend_minor) for step in (one, other)]
    if depths[0] == depths[1]:
        return True
    deep, shallow = (one, other) if depths[0] > depths[1] else (other, one)
    return deep.points_cost < shallow.points_cost


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(BRANDS)), min_size=6, max_size=6),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.sampled_from(KINDS), st.sampled_from(VALUES), st.booleans()
        ),
        max_size=6, unique=True,
    ),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=4, unique=True),
)  # fmt: skip
def test_scopes_are_what_plain_sets_say(
    products: list[tuple[str | None, str | None]],
    rules: list[tuple[int, str, str, bool]],
    listed: list[tuple[int, int]],
) -> None:
    facts = [
        {"product": product, "category": category, "brand": brand}
        for product, (category, brand) in zip(PRODUCTS, products, strict=True)
    ]
    expected, nothing = set(), []
    for offer in range(3):
        mine = [rule[1:] for rule in rules if rule[0] == offer]
        included = {row for one, row in listed if one == offer}
        told = bool(included) or any(not exclude for *_, exclude in mine)
        for kind, value, exclude in mine:
            if not exclude:
                included |= _matching(facts, kind, value)
        excluded = {row for kind, value, exclude in mine if exclude for row in _matching(facts, kind, value)}
        if not told and not excluded:
            continue
        inside = (included if told else set(range(6))) - excluded
        expected |= {(offer, row) for row in inside}
        nothing += [] if inside else [offer]
    scope, empty = scope_of(
        pl.DataFrame(listed, schema={"offer": pl.Int32, "product": pl.Int32}, orient="row"),
        pl.DataFrame(
            rules,
            schema={"offer": pl.Int32, "kind": pl.String, "value": pl.String, "exclude": pl.Boolean},
            orient="row",
        ),
        pl.DataFrame(facts)
        .rename({"product": "product_id"})
        .with_columns(product=pl.int_range(pl.len(), dtype=pl.Int32)),
    )
    assert set(scope.rows()) == expected
    assert scope.height == len(expected)
    assert empty.to_list() == nothing


def _matching(facts: list[dict[str, str | None]], kind: str, value: str) -> set[int]:
    return {row for row, fact in enumerate(facts) if fact[kind] == value}
