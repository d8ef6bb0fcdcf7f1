"""Whom the rules of a policy are about, asked of all members of a call at once."""
