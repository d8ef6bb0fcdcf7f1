"""Offers for everybody at once: from a workspace's engine to files, and to prices for the decisions that follow."""
