"""The numbers of the simulated world, in one place, so that a world can be read and varied."""

from dataclasses import dataclass

HORIZON_DAYS = 14
"""Days that an exposure works, its own day included; the window of every probability in the truth."""

TIERS = ("ordinary", "silver", "gold", "diamond")
"""Tier names, low to high."""

RESPONSE_TYPES = ("sure_thing", "persuadable", "lost_cause", "sleeping_dog")
"""Buys anyway; buys because of an offer; does not buy either way; buys less when contacted."""

SURE_THING, PERSUADABLE, LOST_CAUSE, SLEEPING_DOG = range(4)

REGIONS = ("north", "north_west", "midlands", "east", "london", "south", "west", "scotland")
"""The members' segments; stores belong to regions."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """
    What kind of world it is. Money in minor units, times in days, shares in [0, 1].

    Attributes:
        n_tastes: Latent taste dimensions.
        n_groups: Taste groups that members come from.
        taste_strength: Standard deviation of a member's log weight of a product within its category, by taste.
        own_taste: Share of the taste's variance that is the member's own, not the group's.
        category_spread: Standard deviation of a member's log weight of a category.
        popularity_slope: Within a category the k-th product has popularity k to minus this power.
        new_share, discontinued_share, upcoming_share, empty_share: Products first sold in the last eighth of the
            history; no longer sold; not yet sold; out of stock at the end.
        stores_per_region: Stores.
        orders_per_year: Mean orders of an active member, before the response type's factor.
        orders_shape: Shape of the gamma distribution over members; smaller is more skewed.
        type_shares: Of RESPONSE_TYPES, at the mean order rate.
        type_pace: Factor on the order rate by response type.
        type_tilt: How the log share of each type moves with one standard deviation of the log order rate.
        joined_before: Share of members who joined before the history begins.
        active_days, quiet_days: Mean lengths of the exponential spells.
        quiet_pace: Factor on the order rate in a quiet spell.
        churn_days: Mean of the exponential time from joining to leaving for good.
        n_favourites: Most favourites a member has.
        due_power: Shape of the Weibull due curve of a favourite.
        explore_lines: Mean lines of an order that are not favourites.
        consent_shares: Personalisation, e-mail, push, sms.
        web_share: Mean share of a member's orders placed on the web.
        tier_spend_minor: Paid in the last 365 days from which the second, third, fourth tier begins.
        points_spend_minor: Money spent that earns one point; a point is worth one minor unit.
        tier_points_bp: Points multiplier of each tier in basis points.
        pull: Scale of the log order-rate ratio of a persuadable member.
        pull_depth: Depth at which an offer reaches 63 % of its pull.
        pull_scope_power: An offer on a share s of demand has s to this power of the pull it would have on everything.
        own_pull: Standard deviation of a member's own log pull of an offer kind.
        dog_pull: Smallest and largest log order-rate ratio of a sleeping dog, both negative.
        typical_basket_minor: Basket that depth is measured against.
        audience_share: Share of reachable members in a wave.
        control_share, tier_control_share: Probability of ``no_offer`` in general and in tier campaigns.
        arms: Offers in a general campaign.
        truth_baskets: Baskets drawn per member to price offers in the truth.
    """

    n_tastes: int = 8
    n_groups: int = 6
    taste_strength: float = 2.0
    own_taste: float = 0.3
    category_spread: float = 1.2
    popularity_slope: float = 0.7
    new_share: float = 0.04
    discontinued_share: float = 0.03
    upcoming_share: float = 0.01
    empty_share: float = 0.02
    stores_per_region: int = 5
    orders_per_year: float = 20.0
    orders_shape: float = 1.6
    type_shares: tuple[float, ...] = (0.33, 0.32, 0.23, 0.12)
    type_pace: tuple[float, ...] = (1.7, 0.9, 0.35, 1.0)
    type_tilt: tuple[float, ...] = (0.5, 0.0, -0.5, 0.0)
    joined_before: float = 0.6
    active_days: float = 220.0
    quiet_days: float = 70.0
    quiet_pace: float = 0.06
    churn_days: float = 1_500.0
    n_favourites: int = 9
    due_power: float = 2.0
    explore_lines: float = 2.6
    consent_shares: tuple[float, float, float, float] = (0.85, 0.60, 0.35, 0.20)
    web_share: float = 0.4
    tier_spend_minor: tuple[int, int, int] = (20_000, 50_000, 100_000)
    points_spend_minor: int = 50
    tier_points_bp: tuple[int, ...] = (10_000, 12_500, 15_000, 20_000)
    pull: float = 1.3
    pull_depth: float = 0.15
    pull_scope_power: float = 0.25
    own_pull: float = 0.3
    dog_pull: tuple[float, float] = (-0.7, -0.25)
    typical_basket_minor: int = 2_000
    audience_share: float = 0.8
    control_share: float = 0.25
    tier_control_share: float = 0.4
    arms: int = 5
    truth_baskets: int = 16
