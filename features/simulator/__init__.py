"""A small retailer with known truth: tastes, prices, tiers, rhythms, and what each offer really causes."""
