"""Tiers and points as pure rules: one code for a million members at night and for one member who just bought."""
