"""A workspace with a hundred days of habits, enough to judge small models on."""

from pathlib import Path

import numpy as np

from features.tables import TABLES
from features.workspace import Workspace
from tests.features.small_workspace import NOW, START_AT, day, member, product, purchase, write_workspace

DAYS = (NOW - START_AT) // 86_400

SMALL = """
als: {factors: 4, iterations: 2}
lightfm: {factors: 4, epochs: 1}
evaluation: {n_resamples: 200}
"""


def habitual_workspace(path: Path, *, n_members: int = 60, n_products: int = 25) -> Workspace:
    """Members buy some of five favourites and something new, about once a week."""
    rng = np.random.default_rng(5)
    purchases = []
    for who in range(n_members):
        favourites = rng.choice(n_products, 5, replace=False)
        for week in range(DAYS // 7):
            products = {int(rng.choice(favourites)), int(rng.integers(n_products))}
            for what in sorted(products):
                line = purchase(
                    f"l{who}-{week}-{what}", f"m{who:03}", f"p{what:02}", day(7 * week + rng.uniform(0, 7)),
                    order_id=f"o{who}-{week}", paid=500,
                )  # fmt: skip
                purchases.append(line)
    rows = {name: [] for name in TABLES} | {
        "members": [member(f"m{who:03}", segment="ab"[who % 2]) for who in range(n_members)],
        "products": [product(f"p{what:02}", category="xyz"[what % 3], price_minor=500) for what in range(n_products)],
        "purchases": purchases,
    }
    return write_workspace(path, rows)
