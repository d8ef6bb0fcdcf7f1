"""Whether a campaign's log agrees with the draw that it says was made; where it does not, nothing was measured."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

MISMATCH = 1e-9
"""Smallest p-value at which shares of the arms still agree with the probabilities; looked at often, hence so small."""

CONTROL = 0
"""Arm of ``no_offer``; offer o is arm o + 1."""

_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Contradiction:
    """
    A campaign whose shares cannot have come from its logged probabilities.

    Attributes:
        campaign: Its number.
        arm: The arm that is furthest away; CONTROL is ``no_offer``.
        n: Drawn exposures of the campaign.
        expected: Share of them that the arm should have, by the log; where probabilities differ, the most.
        share: Share that it has.
        p_value: Of a difference as large, by chance.
    """

    campaign: int
    arm: int
    n: int
    expected: float
    share: float
    p_value: float


def contradictions(
    campaign: NDArray[np.integer],
    arm: NDArray[np.integer],
    probability: NDArray[np.floating],
    owner: NDArray[np.integer],
) -> tuple[Contradiction, ...]:
    """
    Campaigns with a sample ratio mismatch (Fabijan et al. 2019), one entry each, by number.

    No arm can have more exposures than its highest probability allows; and where ``no_offer`` has one probability for
    everybody, it has as many as that says. Offers may have fewer, because not everybody is eligible for every one. Arms
    that the log lacks are taken out of the probabilities. One draw may have decided about all rows of an owner, so
    their distances from the expected are added up first.

    Args:
        campaign, arm, owner: Shape (n,), integers from 0: of the exposures that chance decided.
        probability: Shape (n,), above 0 and below 1: of the arm that each was in.
    """
    order = np.argsort(campaign, kind="stable")
    starts = np.flatnonzero(np.diff(campaign[order], prepend=-1))
    found = []
    for rows in np.split(order, starts[1:]) if len(order) else ():
        worst = _worst(arm[rows], probability[rows].astype(np.float64), owner[rows])
        if worst is not None and worst[3] < MISMATCH:
            found.append(Contradiction(int(campaign[rows[0]]), worst[0], len(rows), *worst[1:]))
    return tuple(found)


def mismatch_p_value(
    far: float, variance: float, away: NDArray[np.float64], owner: NDArray[np.integer] | None
) -> float:
    """
    The chance that a count of exposures is so far from what the probabilities expect.

    Args:
        far: The distance, in exposures; not above 0 means that it is not too far.
        variance: Of the count, had every exposure a draw of its own.
        away, owner: Shape (n,): of each exposure, what it adds to the distance, and who was drawn, as integers from 0;
            rows of one owner may share a draw. No owner means that every exposure had its own.
    """
    if owner is not None:
        variance = max(variance, float((np.bincount(owner, away) ** 2).sum()))
    return min(1.0, 2 * float(norm.sf(max(0.0, far - 0.5) / max(np.sqrt(variance), _SAME))))


def _worst(
    arm: NDArray[np.integer], probability: NDArray[np.float64], owner: NDArray[np.integer]
) -> tuple[int, float, float, float] | None:
    """The arm, its expected and its actual share, and the p-value; nothing where one arm alone is on record."""
    arms, place = np.unique(arm, return_inverse=True)
    if len(arms) < 2:
        return None
    low, high = np.full(len(arms), np.inf), np.zeros(len(arms))
    np.minimum.at(low, place, probability)
    np.maximum.at(high, place, probability)
    expected = high / min(1.0, float(high.sum()))
    owners = np.unique(owner, return_inverse=True)[1]
    n, judged = len(arm), []
    for number, one in enumerate(arms.tolist()):
        away = (place == number) - expected[number]
        variance = n * expected[number] * (1 - expected[number])
        too_many = float(away.sum())
        exact = one == CONTROL and high[number] - low[number] <= _SAME
        far = abs(too_many) if exact else too_many
        p_value = mismatch_p_value(far, variance, away, owners)
        judged.append((one, float(expected[number]), float((place == number).mean()), p_value))
    return min(judged, key=lambda found: found[3])
