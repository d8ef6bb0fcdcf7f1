"""How often, how soon again and when members are written to."""
