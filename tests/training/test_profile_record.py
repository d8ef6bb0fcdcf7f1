"""What a run keeps of its members: counted by hand on four of them, with and without a programme and models."""

import json
import math

import numpy as np
import pytest

from recsys.loyalty.programme import parse_programme
from recsys.members import Members
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.ragged import Ragged
from recsys.types import STAGES, Stage
from recsys.vocabulary import Vocabulary
from training.profile_record import LONG, record_profile

PROGRAMME = """
name: club
currency: GBP
timezone: Asia/Taipei
ladders:
  - from: 2023-01-01
    window: {rolling_days: 365}
    downgrade: {review: continuous}
    tiers:
      - {name: basic}
      - {name: 金卡/1, entry: {spend_minor: 1000}}
points:
  - {from: 2023-01-01, earning: {per_minor: 100}, redemption: {points: 3, worth_minor: 100}, expiry: {}}
  - {from: 2024-03-01, earning: {per_minor: 100}, redemption: {points: 3, worth_minor: 50}, expiry: {}}
"""
MARCH = 1_709_222_400
"""The first of March 2024 begins in Taipei at 16:00 UTC of the day before."""
TIERS = ("basic", "金卡/1")
FITTED = {
    "model": "MBG/CNBD-2",
    "value_model": "Gamma-Gamma",
    "silence_model": "regression",
    "counts": {
        "counts": {"leaving": "mbg", "k": 2, "r": 1.5, "alpha_days": 20.0, "a": 0.6, "b": 9.0, "facts": {}},
        "spend": {"p": 2.2, "q": 5.5, "v_minor": 5129.5, "facts": {}},
    },
}
REFUSED = {"model": "shrunken rate", "value_model": "shrunken mean", "silence_model": "shrunken rate", "counts": None}


def members(dependence=(0.25, math.nan, 0.75, 0.5)) -> Members:
    columns = {
        "discount_dependence": np.array(dependence, dtype=np.float32),
        "points_usable": np.array([10, 0, 3, 0]),
        "points_pending": np.array([0, 0, 0, 7]),
        "points_debt": np.array([0, 900, 0, 0]),
    }
    specs = tuple(ColumnSpec(name, str(column.dtype), Unit.COUNT, "", 0, 1) for name, column in columns.items())
    four = np.zeros(4, dtype=np.int64)
    stages = (Stage.ACTIVE, Stage.CHURNED, Stage.ACTIVE, Stage.DORMANT)
    return Members(
        members=Vocabulary.of(["a", "b", "c", "d"]),
        tier=np.array([0, 1, 0, 0], dtype=np.int8),
        stage=np.array([STAGES.index(stage) for stage in stages], dtype=np.int8),
        consent=four.astype(np.uint8),
        segment=four.astype(np.int16),
        birth_month=four.astype(np.int8),
        points=four,
        orders_per_day=four.astype(np.float64),
        basket_minor=four,
        margin_rate=four.astype(np.float64),
        purchased=Ragged.of([[], [], [], []]),
        purchased_at=np.empty(0, dtype=np.int64),
        profile=MemberProfile(specs, columns, {}),
    )


def record(*, value=FITTED, programme=PROGRAMME, as_of=MARCH, norms=None, **changed):
    rules = parse_programme(programme) if programme else None
    learnt = {"value": value} | (norms or {})
    return record_profile(members(**changed), learnt, programme=rules, tiers=TIERS, as_of=as_of)


def test_members_are_counted_by_stage_and_tier() -> None:
    figures = record().figures
    assert {name: figures[f"stage.{name}"] for name in STAGES} == {
        "potential": 0, "new": 0, "active": 2, "dormant": 1, "churned": 1,
    }  # fmt: skip
    assert figures["share_silent"] == 0.5


def test_a_tier_whose_name_no_metric_may_have_goes_by_its_row() -> None:
    figures = record().figures
    assert {name: n for name, n in figures.items() if name.startswith("tier.")} == {"tier.basic": 3, "tier.1": 1}


def test_the_models_of_value_are_named_and_their_parameters_are_figures() -> None:
    one = record()
    assert one.names["value.model"] == "MBG/CNBD-2"
    assert (one.names["value.spend_model"], one.names["value.silence_model"]) == ("Gamma-Gamma", "regression")
    assert {name: figure for name, figure in one.figures.items() if name.startswith("value.")} == {
        "value.k": 2, "value.r": 1.5, "value.alpha_days": 20, "value.a": 0.6, "value.b": 9, "value.p": 2.2,
        "value.q": 5.5, "value.v_minor": 5129.5,
    }  # fmt: skip


def test_what_could_not_be_fitted_has_no_figures() -> None:
    assert not [name for name in record(value=REFUSED).figures if name.startswith("value.")]
    counts_only = FITTED | {"value_model": "shrunken mean", "counts": {**FITTED["counts"], "spend": None}}
    figures = record(value=counts_only).figures
    assert (figures["value.r"], "value.p" in figures) == (1.5, False)


def test_dependence_is_the_mean_of_those_of_whom_it_is_known() -> None:
    assert record().figures["discount_dependence"] == 0.5
    assert "discount_dependence" not in record(dependence=(math.nan,) * 4).figures


@pytest.mark.parametrize(("as_of", "worth"), [(MARCH - 1, 666), (MARCH, 333)])
def test_liability_is_what_all_points_are_worth_by_the_rules_in_force_without_debts(as_of: int, worth: int) -> None:
    assert record(as_of=as_of).figures["points_liability_minor"] == worth


def test_without_a_programme_nothing_is_owed() -> None:
    one = record(programme=None)
    assert one.names["programme_id"] == "none"
    assert "points_liability_minor" not in one.figures
    assert record().names["programme_id"] == parse_programme(PROGRAMME).programme_id


def test_norms_are_whole_but_for_long_lists() -> None:
    prices = [None, *range(LONG)]
    norms = {"price": {"usual": prices, "names": ["x"] * LONG, "brands": [f"b{n}" for n in range(LONG + 1)]}}
    found = json.loads(record(norms=norms).norms)
    assert found["value"] == FITTED
    assert found["price"]["usual"] == {
        "n": LONG + 1,
        "n_known": LONG,
        "least": 0,
        "mean": (LONG - 1) / 2,
        "most": LONG - 1,
    }
    assert found["price"]["names"] == ["x"] * LONG
    assert found["price"]["brands"] == {"n": LONG + 1, "first": ["b0", "b1", "b2", "b3", "b4"]}


def test_facts_are_json() -> None:
    facts = json.loads(json.dumps(record().facts(), allow_nan=False))
    assert set(facts) == {"names", "figures"}
