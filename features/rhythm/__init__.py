"""When a member orders next, and when a family of products is due again: gaps, their life table, and what it says."""
