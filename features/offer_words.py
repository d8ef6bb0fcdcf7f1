"""The words that an offers table may use, row by row: tiers, channels, ways of stacking, bases and triggers."""

from collections.abc import Sequence

import polars as pl

from recsys.offers.definitions import BASES, CHANNELS, STACKINGS, TRIGGERS
from recsys.types import NO_OFFER

BETWEEN = "|"
"""Stands between the names of a list: of tiers, and of channels."""

_WORDS: dict[str, Sequence[str]] = {"stacking": STACKINGS, "base": BASES, "trigger": TRIGGERS}


def offer_refusals(tiers: Sequence[str]) -> list[tuple[str, pl.Expr]]:
    """
    Reasons for which rows of the offers table are refused, each with where it holds; a word that is not told is fine.

    Args:
        tiers: Names of the workspace's.
    """
    return [
        ("unknown_tier", ~_listed("tiers", tiers)),
        ("unknown_channel", ~_listed("channels", [channel.value for channel in CHANNELS])),
        *((f"unknown_{column}", ~pl.col(column).is_in(list(words))) for column, words in _WORDS.items()),
        ("reserved_id", pl.col("offer_id") == NO_OFFER),
    ]


def _listed(column: str, names: Sequence[str]) -> pl.Expr:
    return pl.col(column).str.split(BETWEEN).list.eval(pl.element().is_in(names)).list.all()
