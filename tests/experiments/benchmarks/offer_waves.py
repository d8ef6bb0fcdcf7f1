"""Made-up waves of random offers in which old members answer one offer and new members another."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

HOURS = (0, 168, 336, 408, 504, 576)
N_MEMBERS, N_OFFERS = 900, 3
FIRST_DAY = datetime.fromisoformat("2015-01-01")
END = 714


def log(*, seed: int = 3, effect: float = 12.0, n_members: int = N_MEMBERS) -> pl.DataFrame:
    """
    A third of the members get nothing in a wave, the others one of three offers.

    Offer 0 raises the spend of new members, offer 1 that of old ones, and half of these complete it, for a reward of
    2; offer 2 is completed by nearly all, for 5, and raises nothing.
    """
    rng = np.random.default_rng(seed)
    old = np.arange(n_members) % 2 == 0
    rows: list[tuple[int, int, str, int | None, float | None, int | None]] = []
    for hour in HOURS:
        arm = rng.choice(N_OFFERS + 1, n_members, p=[0.34, 0.22, 0.22, 0.22])
        for member in range(n_members):
            offer = int(arm[member]) - 1
            when = hour + 6 * int(rng.integers(1, 8))
            if offer >= 0:
                rows.append((hour, member, "offer received", offer, None, None))
                rows.append((hour, member, "offer viewed", offer, None, None))
            answers = offer == (1 if old[member] else 0)
            rows.append((when, member, "transaction", None, float(rng.gamma(4, 2)) + effect * answers, None))
            if rng.random() < (0.5 if answers else 0.95 * (offer == 2)):
                rows.append((when, member, "offer completed", offer, None, 2 if answers else 5))
    rows.append((END, 0, "transaction", None, 1.0, None))
    schema = {
        "time": pl.Int64, "person_idx": pl.Int64, "event": pl.String,
        "offer_idx": pl.Int64, "amount": pl.Float64, "reward": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def write_waves(folder: Path, events: pl.DataFrame, *, n_members: int = N_MEMBERS) -> None:
    """The three files."""
    events.sample(fraction=1, shuffle=True, seed=2).write_parquet(folder / "transcript.parquet")
    portfolio = {"offer_idx": [2, 0, 1], "offer_type": ["bogo", "discount", "bogo"], "duration": [5, 7, 10]}
    pl.DataFrame(portfolio).write_parquet(folder / "portfolio.parquet")
    member = np.arange(n_members)
    joined = [FIRST_DAY + timedelta(days=int(day)) for day in np.where(member % 2 == 0, 0, 900) + member % 50]
    income = [None if one % 3 == 0 else 1000.0 * one for one in member]
    profile = pl.DataFrame({"person_idx": member, "became_member_on": joined, "income": income})
    profile.sample(fraction=1, shuffle=True, seed=2).write_parquet(folder / "profile.parquet")
