"""Which canonical tables the simulator writes."""

from features.tables import TABLES

WRITTEN = [name for name in TABLES if name not in ("tier_changes", "merges", "offer_scope_rules")]
"""
No simulated tier is granted by hand, no simulated member gives up a card, and scopes are listed product by product.
"""
