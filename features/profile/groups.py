"""The groups of member features, in the order of their columns."""

from features.profile.group import Group
from features.profile.rfm import Rfm

GROUPS: tuple[Group, ...] = (Rfm(),)
"""Each name occurs once, and each column in one group only."""
