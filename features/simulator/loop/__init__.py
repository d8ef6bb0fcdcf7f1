"""A shop that answers week by week to whatever policy sends its offers, with known truth."""
