"""Who was drawn to get what, and with which probabilities: what members' own effects are learnt from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.exposures import Outcomes
from training.response.trial import Floats, Trial

_SAME = 1e-6
_CONTROL = 0
"""Arm of ``no_offer``; offer o is arm o + 1."""


@dataclass(frozen=True, slots=True)
class Draws:
    """
    The campaigns in which every arm had one probability for everybody, among them ``no_offer``.

    Where probabilities differ between members, those of the arms that a member was *not* shown are not on record, and
    so is the probability of several offers together. Such campaigns teach cells, where one over the own suffices.

    Attributes:
        chance: Shape (n_campaigns, n_offers + 1): probability of each arm, 0 where it was never shown.
        usable: Shape (n_campaigns,), bool.
        n_varying: Campaigns left out because probabilities differ between members.
        n_without_control: Campaigns left out because nobody was drawn to get nothing.
    """

    chance: Floats
    usable: NDArray[np.bool_]
    n_varying: int
    n_without_control: int

    @classmethod
    def of(cls, outcomes: Outcomes, n_offers: int) -> "Draws":
        """From exposures that chance decided; others are not looked at."""
        drawn = outcomes.random
        n_campaigns = int(outcomes.campaign[drawn].max(initial=-1)) + 1
        place = outcomes.campaign[drawn].astype(np.int64) * (n_offers + 1) + outcomes.offer[drawn] + 1
        low, high = np.full(n_campaigns * (n_offers + 1), np.inf), np.zeros(n_campaigns * (n_offers + 1))
        np.minimum.at(low, place, outcomes.probability[drawn])
        np.maximum.at(high, place, outcomes.probability[drawn])
        shape = (n_campaigns, n_offers + 1)
        low, high = low.reshape(shape), high.reshape(shape)
        seen = high > 0
        varying = (seen & (high - np.where(seen, low, 0.0) > _SAME)).any(axis=1)
        controlled = seen[:, _CONTROL]
        present = seen.any(axis=1)
        return cls(
            chance=high,
            usable=present & ~varying & controlled,
            n_varying=int((present & varying).sum()),
            n_without_control=int((present & ~controlled & ~varying).sum()),
        )


def group_rows(outcomes: Outcomes, draws: Draws, members_of: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Floats]:
    """
    The exposures of a comparison of some offers with none, and the probability of having been shown one of them.

    Args:
        outcomes: Exposures.
        draws: Of the same.
        members_of: Shape (n_offers,), bool: the offers.

    Returns:
        Rows of *outcomes*, and for each the probability of one of the offers given one of them or ``no_offer``.
    """
    in_group = np.append(members_of, False)
    offered = draws.chance[:, 1:][:, members_of].sum(axis=1)
    usable = draws.usable & (offered > 0)
    campaign = outcomes.campaign
    inside = (campaign >= 0) & outcomes.random & (in_group[outcomes.offer] | (outcomes.offer < 0))
    rows = np.flatnonzero(inside & np.append(usable, False)[np.minimum(campaign, len(usable))])
    total = offered + draws.chance[:, _CONTROL]
    share = offered / np.where(total > 0, total, 1.0)
    return rows, np.asarray(share[campaign[rows]], dtype=np.float64)


def trial_of(
    outcomes: Outcomes, features: Floats, names: tuple[str, ...], *, rows: NDArray[np.int64], chance: Floats
) -> Trial:
    """The rows as a comparison of orders; rows of one member belong together."""
    return Trial(
        features=features[rows],
        names=names,
        treated=outcomes.offer[rows] >= 0,
        probability=chance,
        outcome=outcomes.ordered[rows].astype(np.float64),
        owner=outcomes.member[rows],
    )
