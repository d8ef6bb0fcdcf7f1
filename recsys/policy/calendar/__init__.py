"""When periods are on, and what they ask for."""
