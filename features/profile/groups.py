"""The groups of member features, in the order of their columns."""

from features.profile.birthday import Birthday
from features.profile.dependence import Dependence
from features.profile.group import Group
from features.profile.lifecycle import Lifecycle
from features.profile.membership import Membership
from features.profile.points import PointsBalance
from features.profile.preferences import Preferences
from features.profile.price_sensitivity import PriceSensitivity
from features.profile.replenishment import Replenishment
from features.profile.rfm import Rfm
from features.profile.tier import TierStanding
from features.profile.value import Value

GROUPS: tuple[Group, ...] = (
    TierStanding(),
    PointsBalance(),
    Rfm(),
    Lifecycle(),
    Value(),
    Replenishment(),
    Dependence(),
    PriceSensitivity(),
    Preferences(),
    Birthday(),
    Membership(),
)
"""Each name occurs once, and each column in one group only."""
