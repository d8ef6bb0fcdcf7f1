"""What solving the Lagrangian dual gives: prices of the rows, an upper bound, and how it was reached."""

from dataclasses import dataclass, field

import numpy as np

from recsys.offers.allocation.problem import Values


@dataclass(frozen=True, slots=True)
class Dual:
    """
    Prices, and what they prove.

    Attributes:
        price: Shape (n_rows,), 0 or more, scaled as in `Limits`.
        value: Value of the dual at them: nothing that keeps the rows is worth more.
        steps: Times that the best choices of all members were looked for.
        meets: Whether fractions of offers can meet all rows together; where not, *value* bounds nothing.
        mixed: Prices of the choices whose mixture is the best fractional answer, shape (n_mixed, n_rows).
        share: Shape (n_mixed,): how much of each, summing to 1.
    """

    price: Values
    value: float
    steps: int
    meets: bool
    mixed: Values = field(default_factory=lambda: np.empty((0, 0)))
    share: Values = field(default_factory=lambda: np.empty(0))
