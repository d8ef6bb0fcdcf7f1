"""A programme with two tiers whose window is fifty days; what gold asks for and gives comes after it."""

GOLD_OF = """
name: test
currency: GBP
timezone: UTC
ladders:
  - from: 2020-01-01
    window: {rolling_days: 50}
    downgrade: {review: continuous}
    tiers:
      - name: basic
      - name: gold
"""
GOLD_OF_SPEND = GOLD_OF + "        entry: {spend_minor: 1000}\n        keep: {spend_minor: 1000}\n"
