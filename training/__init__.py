"""From facts to a bundle, with the evidence that it is better than what it replaces."""
