"""The e-mail system's way in: the same decisions, for a whole audience, as files that survive a stop."""
