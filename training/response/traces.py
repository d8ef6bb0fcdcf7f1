"""How each member reacted to earlier contacts, which is all that shows of hidden traits."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_USES = 1.2
"""Redemptions that a member is taken to have made and to have been expected to make, before any."""
_SDS = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3)


@dataclass(slots=True)
class Traces:
    """
    How each member reacted to earlier contacts: what hidden traits leave behind.

    A member's own shifts of the log odds, by contact and by deal, are normal about zero; the sums hold what the
    member's contacts say of them.
    """

    n_members: int
    sd: tuple[float, float] = (0.15, 0.4)
    sums: Floats = field(init=False)
    redeemed: Floats = field(init=False)
    expected: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((5, self.n_members))
        self.redeemed, self.expected = np.zeros(self.n_members), np.zeros(self.n_members)

    def of(self, rows: Numbers) -> Floats:
        """Shape (k, 3): posterior means of the two shifts; log of redemptions over expected ones."""
        least, most = 1 / self.sd[0] ** 2, 1 / self.sd[1] ** 2
        one, both, other, left, left_deal = self.sums[:, rows]
        det = (one + least) * (other + most) - both**2
        contact = ((other + most) * left - both * left_deal) / det
        deal = ((one + least) * left_deal - both * left) / det
        use = np.log((_USES + self.redeemed[rows]) / (_USES + self.expected[rows]))
        return np.stack((contact, deal, use), axis=1)

    def add(
        self,
        rows: Numbers,
        spread: Floats,
        felt: Floats,
        left: Floats,
        *,
        redeemed: NDArray[np.bool_],
        expected: Floats,
    ) -> None:
        """
        Take in contacts.

        Args:
            rows: Shape (k,): whose, each member once.
            spread: Shape (k,): variance p (1 - p) of the order, and what one step of log odds adds to its chance.
            felt: Shape (k,), in [0, 1]: how deep the deal felt.
            left: Shape (k,): the order, 0 or 1, less what was foretold of it for the offer shown.
            redeemed: Shape (k,).
            expected: Shape (k,): chance that it was to be redeemed.
        """
        self.sums[0, rows] += spread
        self.sums[1, rows] += spread * felt
        self.sums[2, rows] += spread * felt**2
        self.sums[3, rows] += left
        self.sums[4, rows] += left * felt
        self.redeemed[rows] += redeemed
        self.expected[rows] += expected

    def tuned(self) -> tuple[float, float]:
        """The two standard deviations under which the sums are most probable, on a grid (empirical Bayes)."""
        one, both, other, left, left_deal = self.sums
        best, found = -np.inf, self.sd
        for contact in _SDS:
            for deal in _SDS:
                least, most = 1 / contact**2, 1 / deal**2
                det = (one + least) * (other + most) - both**2
                fit = ((other + most) * left**2 - 2 * both * left * left_deal + (one + least) * left_deal**2) / det
                score = float((fit - np.log(det / (least * most))).sum())
                if score > best:
                    best, found = score, (contact, deal)
        return found
