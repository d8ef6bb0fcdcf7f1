"""Who the members of a weekly world are: rhythm, baskets, tastes, and hidden traits that no feature shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from features.simulator.loop.draws import Draws, Stream
from features.simulator.loop.parameters import Reaction, WorldConfig
from recsys.types import OFFER_KINDS

Floats = NDArray[np.float64]

_UNLIKELY = 1e-3


@dataclass(frozen=True, slots=True)
class Hidden:
    """
    Traits that no feature shows; only how a member reacts leaves traces.

    Attributes:
        reminder: Shape (n,): log odds that a contact adds; below zero for the averse.
        averse: Shape (n,), bool: put off by contact.
        deal: Shape (n,): own part of the deal effect, before drift.
        liking: Shape (n, n_kinds): factor of the deal effect by kind.
    """

    reminder: Floats
    averse: NDArray[np.bool_]
    deal: Floats
    liking: Floats

    @classmethod
    def drawn(cls, reaction: Reaction, n_members: int, rng: np.random.Generator) -> "Hidden":
        """Draw them independently of everything that can be seen."""
        averse = rng.random(n_members) < reaction.aversion_share
        own = reaction.reminder + reaction.reminder_sd * rng.standard_normal(n_members)
        return cls(
            reminder=own - reaction.aversion * averse,
            averse=averse,
            deal=reaction.deal_sd * rng.standard_normal(n_members),
            liking=np.exp(reaction.kind_sd * rng.standard_normal((n_members, len(OFFER_KINDS)))),
        )


@dataclass(frozen=True, slots=True)
class People:
    """
    Lasting traits, shape (n_members,) unless said otherwise.

    Attributes:
        interval: Own mean time between orders while active, weeks.
        shape, scale: Of the Weibull time between orders.
        basket_minor: Mean spend of an order.
        tastes: Shape (n_members, n_categories): log weights at the start.
        promotion: Chance that an order holds a promotion of the shelf.
        seen_deal: The part of the deal effect that features show, tier aside.
        natural: Log odds of using a coupon on an order that would have come anyway.
        tier_floor_minor: Shape (n_tiers,): yearly spend from which each tier begins.
        hidden: What no feature shows.
    """

    interval: Floats
    shape: Floats
    scale: Floats
    basket_minor: Floats
    tastes: Floats
    promotion: Floats
    seen_deal: Floats
    natural: Floats
    tier_floor_minor: Floats
    hidden: Hidden

    def __len__(self) -> int:
        return len(self.interval)

    @classmethod
    def drawn(cls, config: WorldConfig, draws: Draws) -> "People":
        """The members of a world; the same for every policy."""
        shopping, reaction, redeeming = config.shopping, config.reaction, config.redeeming
        rng, n = draws.rng(Stream.PEOPLE), config.size.members
        interval = shopping.interval_weeks * np.exp(shopping.interval_sd * rng.standard_normal(n))
        shape = np.maximum(shopping.regularity * np.exp(shopping.regularity_sd * rng.standard_normal(n)), 1.0)
        size = rng.standard_normal(n)
        focus = np.full(len(shopping.margins), shopping.taste_focus / len(shopping.margins))
        tastes = np.log(np.maximum(rng.dirichlet(focus, n), _UNLIKELY))
        spread = shopping.deal_share * (1 - shopping.deal_share) / 4
        common = shopping.deal_share * (1 - shopping.deal_share) / spread - 1 if spread else 1.0
        promotion = rng.beta(
            max(shopping.deal_share * common, 1e-6), max((1 - shopping.deal_share) * common, 1e-6), size=n
        )
        hidden = Hidden.drawn(reaction, n, rng)
        own = rng.standard_normal(n)
        deal = hidden.deal / reaction.deal_sd if reaction.deal_sd else np.zeros(n)
        mixed = redeeming.with_deal * deal + np.sqrt(1 - redeeming.with_deal**2) * own
        basket = shopping.basket_minor * np.exp(shopping.basket_sd * size)
        yearly = 52.0 * basket / interval
        floors = np.quantile(yearly, np.clip(np.cumsum((0.0, *shopping.tiers[:-1])), 0, 1))
        floors[0] = 0.0
        centred = (promotion - promotion.mean()) / max(float(promotion.std()), 1e-9)
        return cls(
            interval=interval,
            shape=shape,
            scale=interval / gamma(1 + 1 / shape),
            basket_minor=basket,
            tastes=tastes,
            promotion=promotion,
            seen_deal=reaction.deal + reaction.promotion * centred + reaction.basket * size,
            natural=np.log(redeeming.natural / (1 - redeeming.natural)) + redeeming.natural_sd * mixed,
            tier_floor_minor=floors,
            hidden=hidden,
        )
