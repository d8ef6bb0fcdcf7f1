"""The roll-forward of everybody's points: what adds, what takes, and months in which nothing moved."""

import numpy as np
import pytest

from experiments.profile_report.ledger import FLOWS, Ledger
from recsys.loyalty.programme import Programme
from tests.experiments.profile_report.worlds import LADDER, POINTS, programme, report_of, thin
from tests.features.profile.small_facts import Line, small_facts


def day(month: str) -> int:
    return int(np.datetime64(month, "D").astype(int))


def flows(**points: int) -> np.ndarray:
    return np.array([points.get(name, 0) for name in FLOWS], dtype=np.int64)


def test_what_is_earned_adjusted_and_written_off_adds_and_the_rest_takes():
    first = flows(earned=1_000, adjusted=200, written_off=30, redeemed=7, expired=11, clawed_back=13)
    ledger = Ledger(flows={day("2024-02"): first, day("2024-04"): flows(redeemed=99)})
    found = [(start, opening, closing) for start, opening, _, closing in ledger.months(day("2024-04-20"))]
    assert found == [
        (day("2024-02"), 0, 1_199),
        (day("2024-03"), 1_199, 1_199),
        (day("2024-04"), 1_199, 1_100),
    ]


def test_months_go_on_to_that_of_the_last_day_although_nothing_moves():
    ledger = Ledger(flows={day("2023-12"): flows(earned=5)})
    assert [(start, closing) for start, *_, closing in ledger.months(day("2024-02-29"))] == [
        (day("2023-12"), 5),
        (day("2024-01"), 5),
        (day("2024-02"), 5),
    ]


def test_without_movements_there_are_no_months():
    assert Ledger().months(day("2024-02")) == []


def test_breakage_is_what_ended_of_what_was_earned():
    assert thin("orders long ago").points.breakage == 1.0
    # 45 points that end with May, and 20 that are held.
    lines = [Line(0, 50, 0, 450), Line(0, 140, 0, 200)]
    assert report_of(small_facts(lines, n_members=1, as_of_day=160), programme()).points.breakage == 45 / 65


@pytest.mark.parametrize(("as_of_day", "worth"), [(59, 50), (61, 70)])
def test_points_are_worth_what_the_rules_of_the_day_say(as_of_day, worth):
    later = POINTS | {"from": "2024-03-01", "redemption": {"points": 100, "worth_minor": 70}}
    rules = {"name": "club", "currency": "GBP", "timezone": "UTC", "ladders": [LADDER], "points": [POINTS, later]}
    facts = small_facts([Line(0, 20, 0, 1_000)], n_members=1, as_of_day=as_of_day)
    found = report_of(facts, Programme.model_validate(rules)).points
    assert (found.usable, found.worth_minor, found.liability_minor) == (100, worth, worth)
