"""Sums over members of one placement under both policies; nothing in it is as long as the members."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from experiments.policy_diff.budgets import Budgets
from experiments.policy_diff.money import Values
from experiments.policy_diff.rule_counts import Reasons, RuleCounts
from experiments.policy_diff.shown import COLUMNS, FIGURES, Shown, changes_of
from recsys.decisions import Decisions
from recsys.knowledge import Knowledge
from recsys.types import Rows

_EMPTY = FIGURES.index("empty")

Choices = tuple[Rows, Values]
"""Offer choice and propensity of a block, shape (m,) each."""


@dataclass(slots=True)
class Moves:
    """
    How often each of some things is shown.

    Attributes:
        a: Shape (n,): slates that hold it under A.
        gained, lost: Same shape: slates that hold it under B alone, and under A alone.
    """

    a: NDArray[np.int64]
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]

    @classmethod
    def of(cls, n: int) -> "Moves":
        """Of n things, none shown yet."""
        return cls(*(np.zeros(n, dtype=np.int64) for _ in range(3)))

    @property
    def b(self) -> NDArray[np.int64]:
        """Shape (n,): slates that hold it under B."""
        return self.a + self.gained - self.lost


@dataclass(slots=True)
class Sums:
    """
    Sums over members of figures that each has several of, such as spend by offer.

    Attributes:
        a, d, d2: Shape (n,): under A, of differences, of their squares.
    """

    a: Values
    d: Values
    d2: Values

    @classmethod
    def of(cls, n: int) -> "Sums":
        """Of n figures."""
        return cls(*(np.zeros(n) for _ in range(3)))

    def add(self, a: Values, b: Values) -> None:
        """Figures of a block under both, shape (m, n)."""
        difference = b - a
        self.a += a.sum(axis=0)
        self.d += difference.sum(axis=0)
        self.d2 += (difference * difference).sum(axis=0)


@dataclass(slots=True)
class Emptied:
    """
    Members who have something under one policy and nothing under the other.

    Attributes:
        members: How many.
        reasons: Why they have nothing.
        examples: A few of their ids, where they were asked for.
    """

    members: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    examples: list[str] = field(default_factory=list)

    def add(self, decisions: Decisions, otherwise: Decisions, who: NDArray[np.bool_], *, most_examples: int) -> None:
        """Those members of a block, by the decisions that leave them with nothing, and those that do not."""
        self.members += int(who.sum())
        self.reasons.add(decisions, otherwise, who)
        for member in np.flatnonzero(who)[: max(most_examples - len(self.examples), 0)].tolist():
            self.examples.append(decisions.batch.subjects[member].member_id)


class Tally:
    """
    One placement.

    Attributes:
        moments: Shape (n_groups, k, k), k = 1 + 2 len(COLUMNS): products of (1, figures under A, differences) summed
            over the members of each group.
        products, offers: How often each is shown.
        spend: Expected discount by offer, then by budget of the policies.
        in_category: Positions by category.
        rules_a, rules_b: What rules did.
        lost, gained: Who is left with nothing under B, and who was under A.
        neither_a, neither_b: Who has nothing under both, by the reasons of A, and by those of B.
        choices: By block: offer choice and its propensity under A, and under B; where an estimator wants them.
    """

    def __init__(self, knowledge: Knowledge, n_groups: int, *, budgets: Budgets, most_examples: int) -> None:
        k = 1 + 2 * len(COLUMNS)
        self._category = knowledge.catalogue.category
        self._n_products = len(knowledge.catalogue)
        self._n_categories = len(knowledge.catalogue.category_names)
        self._cover_a, self._cover_b = (cover.astype(np.float64) for cover in (budgets.cover_a, budgets.cover_b))
        self._most_examples = most_examples
        self.moments = np.zeros((n_groups, k, k))
        self.products = Moves.of(self._n_products)
        self.offers = Moves.of(len(knowledge.offers))
        self.spend = Sums.of(len(knowledge.offers) + len(budgets.budgets))
        self.in_category = Sums.of(self._n_categories)
        self.rules_a, self.rules_b = RuleCounts(), RuleCounts()
        self.lost, self.gained = Emptied(), Emptied()
        self.neither_a, self.neither_b = Emptied(), Emptied()
        self.choices: list[tuple[Choices, Choices]] = []

    def add(
        self, a: Decisions, b: Decisions, shown_a: Shown, shown_b: Shown, *, group: NDArray[np.int64], keep: bool
    ) -> None:
        """
        Count a block.

        Args:
            a, b: Decisions for the same members, explained.
            shown_a, shown_b: What they show.
            group: Shape (m,): of each member.
            keep: Keep offer choices.
        """
        self._add_figures(shown_a, shown_b, group)
        gained, lost = (
            np.setdiff1d(one.products, other.products, assume_unique=True)
            for one, other in ((shown_b, shown_a), (shown_a, shown_b))
        )
        rows = (keys % max(self._n_products, 1) for keys in (shown_a.products, gained, lost))
        _count(self.products, *(np.bincount(some, minlength=self._n_products) for some in rows))
        only_b, only_a = shown_b.offers & ~shown_a.offers, shown_a.offers & ~shown_b.offers
        _count(self.offers, *(some.sum(axis=0) for some in (shown_a.offers, only_b, only_a)))
        self.spend.add(
            np.hstack([shown_a.spend, shown_a.spend @ self._cover_a]),
            np.hstack([shown_b.spend, shown_b.spend @ self._cover_b]),
        )
        self.in_category.add(*(self._categories(one, len(group)) for one in (shown_a, shown_b)))
        self.rules_a.add(a)
        self.rules_b.add(b)
        empty_a, empty_b = (one.figures[:, _EMPTY] > 0 for one in (shown_a, shown_b))
        self.lost.add(b, a, empty_b & ~empty_a, most_examples=self._most_examples)
        self.gained.add(a, b, empty_a & ~empty_b, most_examples=self._most_examples)
        self.neither_a.add(a, b, empty_a & empty_b, most_examples=0)
        self.neither_b.add(b, a, empty_a & empty_b, most_examples=0)
        if keep:
            self.choices.append(((a.offer_choice, a.propensity), (b.offer_choice, b.propensity)))

    def _add_figures(self, a: Shown, b: Shown, group: NDArray[np.int64]) -> None:
        none = np.zeros((len(group), len(COLUMNS) - len(FIGURES)))
        differences = np.hstack([b.figures - a.figures, changes_of(a, b)])
        line = np.hstack([np.ones((len(group), 1)), a.figures, none, differences])
        for one in np.unique(group).tolist():
            some = line[group == one]
            self.moments[one] += some.T @ some

    def _categories(self, shown: Shown, n: int) -> Values:
        member, row = np.divmod(shown.products, max(self._n_products, 1))
        category = self._category[row]
        known = category >= 0
        cells = member[known] * self._n_categories + category[known]
        counted = np.bincount(cells, minlength=n * self._n_categories)
        return counted.reshape(n, self._n_categories).astype(np.float64)


def _count(moves: Moves, a: NDArray[np.int64], gained: NDArray[np.int64], lost: NDArray[np.int64]) -> None:
    moves.a += a
    moves.gained += gained
    moves.lost += lost
