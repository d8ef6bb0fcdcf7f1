"""What effects depend on in a weekly world: how members stand, as columns of a regression."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.response.grounded import Block, GroundedEffect

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of some members at the start of a week, shape (k,) unless said otherwise.

    Attributes:
        rows: Which members.
        chance: Of an order this week without contact; ``spread`` is chance (1 - chance).
        ratio: Weeks since the last order over the usual gap.
        tired: Recent contacts, fading, centred and scaled.
        traits: Shape (k, 3): tier, share of promotions, log basket, centred and scaled.
        off: Shape (k, n_offers): expected discount of an order as a share of the basket.
        felt: Shape (k, n_offers): how deep that feels.
        traces: Shape (k, 3): own response to contact and to deals, and log of own redemptions over expected ones.
    """

    rows: Numbers
    chance: Floats
    ratio: Floats
    tired: Floats
    traits: Floats
    off: Floats
    felt: Floats
    traces: Floats

    @property
    def spread(self) -> Floats:
        """Shape (k,): variance of an order, and what one step of log odds adds to its chance."""
        return self.chance * (1 - self.chance)

    def some(self, keep: NDArray[np.bool_] | Numbers) -> "Standing":
        """A part of them."""
        return Standing(*(getattr(self, name)[keep] for name in self.__slots__))


def timing(ratio: Floats) -> Floats:
    """Shape (k, 4): one, just bought, about due, overdue."""
    log = np.abs(np.log(np.maximum(ratio, 0.05)))
    just, due, over = np.clip(1 - ratio / 0.7, 0, 1), np.clip(1 - log / 0.9, 0, 1), np.clip((ratio - 1.5) / 1.5, 0, 1)
    return np.stack((np.ones(len(ratio)), just, due, over), axis=1)


def columns(stand: Standing, offer: Numbers, n_offers: int) -> Floats:
    """
    The columns that effects are linear in, on the scale of chances: log odds times the spread of the outcome.

    Args:
        stand: The members.
        offer: Shape (k,): offer row of each.
        n_offers: How many there are.

    Returns:
        Shape (k, n_columns), in the order of `effect_blocks`.
    """
    own = np.arange(len(offer)), offer
    contact, deal = _sides(stand)
    wide = np.hstack((contact, stand.felt[own][:, None] * deal, _steps(stand.off[own]), np.eye(n_offers)[offer]))
    return np.asarray(stand.spread[:, None] * wide)


def _sides(stand: Standing) -> tuple[Floats, Floats]:
    """What moves the effect of a contact, and what that of a deal, each beginning with one for all."""
    time, tired = timing(stand.ratio), stand.tired[:, None]
    contact, deal, use = stand.traces[:, 0:1], stand.traces[:, 1:2], stand.traces[:, 2:3]
    due = time[:, 2:3]
    return (
        np.hstack((time, stand.traits, tired, contact, use, contact * due)),
        np.hstack((time, stand.traits, tired, deal, use, stand.traits * due, deal * due)),
    )


def _steps(off: Floats) -> Floats:
    """Shape (..., 3): how far a depth has climbed between 0, 5, 10 and 20 %."""
    climbed = (
        np.clip(off / 0.05, 0, 1) - 0.5,
        np.clip((off - 0.05) / 0.05, 0, 1) - 0.3,
        np.clip((off - 0.1) / 0.1, 0, 1),
    )
    return np.stack(climbed, axis=-1)


def effect_blocks(n_offers: int) -> tuple[Block, ...]:
    """Of `columns`."""
    return (
        Block("contact", 1, 1.0, known=True), Block("contact by timing", 3, 0.4), Block("contact by trait", 3, 0.2),
        Block("contact by fatigue", 1, 0.1), Block("own contact", 1, 0.5, mean=1.0), Block("contact by use", 1, 0.2),
        Block("own contact when due", 1, 0.3),
        Block("deal", 1, 1.0, known=True), Block("deal by timing", 3, 0.4), Block("deal by trait", 3, 0.3),
        Block("deal by fatigue", 1, 0.1), Block("own deal", 1, 0.5, mean=1.0), Block("deal by use", 1, 0.3),
        Block("deal by trait when due", 3, 0.2), Block("own deal when due", 1, 0.3),
        Block("depth", 3, 0.2), Block("offer", n_offers, 0.1),
    )  # fmt: skip


def all_effects(found: GroundedEffect, stand: Standing) -> tuple[Floats, Floats]:
    """
    Shape (k, n_offers) each: effect of every offer and its standard deviation, as `columns` would give them.

    Contact and deal sides are worked out once a member, what is the offer's own once a step; no wide matrix is built.
    """
    contact, deal = _sides(stand)
    n_contact, n_both = contact.shape[1], contact.shape[1] + deal.shape[1]
    n_all = n_both + 3 + stand.off.shape[1]
    mean, cov = found.mean[:n_all], found.covariance[:n_all, :n_all]
    felt, steps = stand.felt, _steps(stand.off)
    first, second, third = slice(0, n_contact), slice(n_contact, n_both), slice(n_both, n_both + 3)
    own = slice(n_both + 3, n_all)
    shift = (contact @ mean[first])[:, None] + felt * (deal @ mean[second])[:, None] + steps @ mean[third] + mean[own]
    of_contact, of_deal = contact @ cov[first], deal @ cov[second]
    variance = np.einsum("nk,nk->n", of_contact[:, first], contact)[:, None]
    variance = variance + 2 * felt * np.einsum("nk,nk->n", of_contact[:, second], deal)[:, None]
    variance += felt**2 * np.einsum("nk,nk->n", of_deal[:, second], deal)[:, None]
    variance += 2 * (of_contact[:, own] + felt * of_deal[:, own]) + np.diag(cov[own, own])
    for one in range(3):
        row = n_both + one
        variance += 2 * steps[..., one] * (of_contact[:, row, None] + felt * of_deal[:, row, None] + cov[row, own])
        for other in range(3):
            variance += steps[..., one] * steps[..., other] * cov[row, n_both + other]
    spread = stand.spread[:, None]
    return spread * shift, spread * np.sqrt(np.maximum(variance, 0.0))


def nuisance(stand: Standing, shown: NDArray[np.bool_], drawn: NDArray[np.bool_], felt: Floats) -> Floats:
    """Columns of what is not effect: errors of the prognosis, and how contacts that nobody drew may be biased."""
    time = timing(stand.ratio)
    base = np.hstack((time, stand.tired[:, None]))
    other = (shown & ~drawn)[:, None]
    return np.asarray(stand.spread[:, None] * np.hstack((base, other * base, other * felt[:, None])))


NUISANCE = (Block("prognosis", 5, 0.05), Block("contacts not drawn", 6, 0.1))
"""Of `nuisance`."""
