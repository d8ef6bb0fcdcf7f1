"""What is known as of the ingest only: it sorts and prices what an evaluation shows, and no model ever sees it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.workspace import Workspace
from recsys.catalogue import UNKNOWN_MINOR
from recsys.types import MoneyMinor


@dataclass(frozen=True, slots=True)
class AsOfIngest:
    """
    Today's facts about the members and products of an earlier dataset.

    Where the dataset has a programme, tiers of then are known by its rules and nobody asks for today's.

    Attributes:
        tiers: Tier names, low to high.
        tier: Shape (n_members,): row in ``tiers``; the lowest where there is none.
        cost_minor: Shape (n_products,): what a unit costs the retailer; UNKNOWN_MINOR where unknown.
    """

    tiers: tuple[str, ...]
    tier: NDArray[np.int8]
    cost_minor: MoneyMinor

    @classmethod
    def read(cls, workspace: Workspace, dataset: Dataset) -> "AsOfIngest":
        """
        Look up the members and products of *dataset* as the ingest knew them.

        Raises:
            InputError: A table's file is broken.
        """
        with workspace.reading():
            members = workspace.read_table("members", ["member_id", "tier"]).collect()
            products = workspace.read_table("products", ["product_id", "cost_minor"]).collect()
        row_of = {name: row for row, name in enumerate(workspace.tiers)}
        tier = np.zeros(len(dataset.member_ids), dtype=np.int8)
        rows = dataset.member_ids.rows(members["member_id"].to_list())
        codes = np.array([row_of.get(name, 0) for name in members["tier"].to_list()], dtype=np.int8)
        tier[rows[rows >= 0]] = codes[rows >= 0]
        cost = np.full(len(dataset.product_ids), UNKNOWN_MINOR, dtype=np.int64)
        places = dataset.product_ids.rows(products["product_id"].to_list())
        known = products["cost_minor"].cast(pl.Int64).fill_null(UNKNOWN_MINOR).to_numpy()
        cost[places[places >= 0]] = known[places >= 0]
        return cls(workspace.tiers, tier, cost)
