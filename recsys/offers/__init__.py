"""What an offer is, what it costs and what it is worth."""
