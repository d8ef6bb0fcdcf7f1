"""Which canonical tables the simulator writes."""

from features.tables import TABLES

WRITTEN = [name for name in TABLES if name not in ("tier_changes", "merges")]
"""No simulated tier is granted by hand, and no simulated member gives up a card."""
