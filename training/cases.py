"""What members bought in a window, and the two questions that every model is asked about it."""

from dataclasses import dataclass

import numpy as np

from features.dataset import Dataset, read_truth
from features.purchases import instant
from features.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import NotEnoughDataError
from recsys.members import Members
from recsys.ragged import Ragged
from recsys.types import EpochSeconds, KeepMask, Rows
from training.pairs import distinct


@dataclass(frozen=True, slots=True)
class Case:
    """
    One question: rank the products on sale for members who then bought at least one of them.

    Attributes:
        name: ``all`` - anything may be ranked, repeats too; ``explore`` - only products the member never bought.
        members: Shape (m,): rows of members, ascending.
        truth: Ragged (m,): distinct products that the member bought in the window, all of them on sale at its start.
        keep: Shape (n_products,): on sale at the window's start.
        without: Ragged (m,): products that the member goes without; empty lists in the case ``all``.
        share_reachable: Share of the window's distinct purchases that were on sale at its start.
        n_eligible: Members who could be asked about; more than are, where they were sampled.
    """

    name: str
    members: Rows
    truth: Ragged
    keep: KeepMask
    without: Ragged
    share_reachable: float
    n_eligible: int


def build_cases(
    workspace: Workspace,
    dataset: Dataset,
    members: Members,
    catalogue: Catalogue,
    *,
    stop: EpochSeconds,
    max_members: int,
    rng: np.random.Generator,
) -> tuple[Case, Case]:
    """
    The cases ``all`` and ``explore`` of the window from the dataset's cut-off to *stop*.

    Raises:
        NotEnoughDataError: No member of the dataset bought anything on sale in the window.
    """
    bought = read_truth(workspace, dataset.member_ids, dataset.product_ids, dataset.cut_off, stop)
    return cases_of(
        bought.member, bought.product, dataset.cut_off, members, catalogue, max_members=max_members, rng=rng
    )


def cases_of(
    member: Rows,
    product: Rows,
    cut_off: EpochSeconds,
    members: Members,
    catalogue: Catalogue,
    *,
    max_members: int,
    rng: np.random.Generator,
) -> tuple[Case, Case]:
    """
    The cases ``all`` and ``explore`` of what was bought after the cut-off.

    Args:
        member, product: Shape (n,): rows of what was bought, in any order, repeats allowed.
        cut_off: When the window begins.
        members, catalogue: As of the cut-off.
        max_members: More members are sampled.
        rng: Of the sample.

    Raises:
        NotEnoughDataError: Nobody bought anything that was on sale at the cut-off.
    """
    n_products = len(catalogue)
    pairs = distinct(member.astype(np.int64) * n_products + product)
    keep = catalogue.on_sale(cut_off)
    reachable = pairs[keep[pairs % n_products]]
    if not len(reachable):
        raise NotEnoughDataError(
            f"no member with consent bought a product on sale in the window after {instant(cut_off):%Y-%m-%d}; "
            "a longer evaluation.holdout_days or more history is needed"
        )
    before = distinct(members.purchased.owners() * n_products + members.purchased.values)
    share = len(reachable) / len(pairs)
    chosen = _sample(np.unique(reachable // n_products), max_members, rng)
    everything = _case("all", reachable, chosen, n_products, keep, None, share)
    new = np.setdiff1d(reachable, before, assume_unique=True)
    explore = _case("explore", new, chosen, n_products, keep, members.purchased, share)
    return everything, explore


def _case(
    name: str,
    pairs: np.ndarray[tuple[int], np.dtype[np.int64]],
    chosen: Rows,
    n_products: int,
    keep: KeepMask,
    purchased: Ragged | None,
    share: float,
) -> Case:
    mine = pairs[np.isin(pairs // n_products, chosen)]
    owner = mine // n_products
    n_eligible = len(np.unique(pairs // n_products))
    members, lengths = np.unique(owner, return_counts=True)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    truth = Ragged(indptr, (mine % n_products).astype(np.int32))
    nothing = Ragged(np.zeros(len(members) + 1, dtype=np.int64), np.empty(0, dtype=np.int32))
    without = nothing if purchased is None else purchased.take(members)
    return Case(name, members.astype(np.int32), truth, keep, without, share, n_eligible)


def _sample(members: np.ndarray[tuple[int], np.dtype[np.int64]], most: int, rng: np.random.Generator) -> Rows:
    if len(members) > most:
        members = np.sort(rng.choice(members, most, replace=False))
    return members.astype(np.int32)
