"""The roll-forward of everybody's points: what adds, what takes, and months in which nothing moved."""

import numpy as np

from experiments.profile_report.ledger import FLOWS, Ledger


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
