"""What every trained model can do, whatever its family: rank products for members of the bundle."""

from typing import Protocol

from recsys.ragged import Ragged
from recsys.types import KeepMask, Rows, Scores


class Scorer(Protocol):
    """A trained model. Scores are comparable within one member only."""

    def best(self, members: Rows, *, keep: KeepMask, k: int, without: Ragged | None = None) -> tuple[Rows, Scores]:
        """
        The products that each member would like most.

        Args:
            members: Shape (m,): rows of members.
            keep: Shape (n_products,): products that may come into question at all.
            k: Longest list wanted, at least 1.
            without: Ragged (m,): per member, rows of products to leave out.

        Returns:
            Product rows, shape (m, k), best first, equal scores by product row; UNKNOWN_ROW pads the tail.
            Scores of the same shape; NaN where padded. A member of whom the model knows nothing has an empty list.
        """
