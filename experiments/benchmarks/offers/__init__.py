"""Policies of offers in weekly worlds: what each earns in half a year against a truth that none of them sees."""

from experiments.benchmarks.offers.bench import run

__all__ = ["run"]
