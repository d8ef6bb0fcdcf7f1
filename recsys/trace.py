"""What a call considered, and what became of each candidate: columns first, records when somebody reads them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice
from recsys.arms import Arms, arms_of
from recsys.decision import Candidate, Multiplier, Reason, WhyNot
from recsys.exploration import Exploring
from recsys.keep import KEPT, Shelf
from recsys.knowledge import Knowledge
from recsys.offers.economics import OfferValues
from recsys.policy.compile import CompiledPolicy
from recsys.reasons import OFFER_SOURCE
from recsys.slate import OFFER, PRODUCT, Slates
from recsys.types import ItemKind, KeepMask, Rows, Scores
from recsys.why_not import UNTOLD, NotShown, Remover, removers

SHOWN = -1
"""The fate of a candidate that has a position."""

_NOT_SHOWN = tuple(NotShown)
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Trace:
    """
    The candidates of one call as parallel arrays, by member; a member's products as retrieved, then offers by row.

    Attributes:
        member, kind, row: Whose candidate, PRODUCT or OFFER, and which; members ascend.
        position: From 1; 0 where it is not shown.
        source: Position in the lists' names; -1 for offers.
        before, score: Without and with multipliers.
        boosts: Bit b is set where boost b multiplied it.
        value, value_sd: Minor units; 0 for products.
        propensity: That it is the first offer; NaN where it cannot be.
        fate: Position in ``fates``; SHOWN where it has a position.
        fates: Ids of rules, then codes of `NotShown`.
        n_rules: How many of ``fates`` are rules.
        factors: Of each boost, by bit.
        told: What each of ``fates`` stands for.
    """

    member: Rows
    kind: NDArray[np.int8]
    row: Rows
    position: NDArray[np.int16]
    source: NDArray[np.int8]
    before: Scores
    score: Scores
    boosts: NDArray[np.uint64]
    value: NDArray[np.int64]
    value_sd: NDArray[np.int64]
    propensity: NDArray[np.float64]
    fate: NDArray[np.int32]
    fates: tuple[str, ...]
    n_rules: int
    factors: tuple[float, ...]
    told: Mapping[str, Remover]

    def why_not(self, member: int, knowledge: Knowledge) -> tuple[WhyNot, ...]:
        """What rules removed of one member's candidates, as they were considered."""
        mine = self._of(member)
        fates = self.fate[mine]
        removed = mine.start + np.flatnonzero((fates >= 0) & (fates < self.n_rules))
        products, offers = knowledge.catalogue.products, knowledge.offers.offers
        return tuple(
            WhyNot(ItemKind.OFFER, offers.id(row), self.fates[fate])
            if kind == OFFER
            else WhyNot(ItemKind.PRODUCT, products.id(row), self.fates[fate])
            for kind, row, fate in zip(
                self.kind[removed].tolist(), self.row[removed].tolist(), self.fate[removed].tolist(), strict=True
            )
        )

    def candidates(
        self, member: int, knowledge: Knowledge, *, sources: Sequence[str], boost_ids: Sequence[str], language: str
    ) -> tuple[Candidate, ...]:
        """One member's candidates in the order of `Decision.candidates`."""
        mine = self._of(member)
        order = mine.start + self._order(mine)
        return tuple(self._records(order, knowledge, sources=sources, boost_ids=boost_ids, language=language))

    def _of(self, member: int) -> slice:
        first, after = np.searchsorted(self.member, [member, member + 1]).tolist()
        return slice(first, after)

    def _order(self, mine: slice) -> NDArray[np.intp]:
        fate = self.fate[mine]
        shown, by_rule = fate == SHOWN, (fate >= 0) & (fate < self.n_rules)
        rank = np.where(shown, self.position[mine], np.where(by_rule, fate, -self.score[mine].astype(np.float64)))
        return np.lexsort((self.row[mine], self.kind[mine], rank, np.where(shown, 0, np.where(by_rule, 2, 1))))

    def _records(
        self,
        order: NDArray[np.intp],
        knowledge: Knowledge,
        *,
        sources: Sequence[str],
        boost_ids: Sequence[str],
        language: str,
    ) -> Iterator[Candidate]:
        catalogue, offers = knowledge.catalogue, knowledge.offers
        told: dict[int, tuple[str, Reason]] = {}
        columns = (
            self.kind, self.row, self.position, self.source, self.before, self.score, self.boosts, self.value,
            self.value_sd, self.propensity, self.fate,
        )  # fmt: skip
        for kind, row, position, source, before, score, boosts, value, sd, propensity, fate in zip(
            *(column[order].tolist() for column in columns), strict=True
        ):
            is_offer = kind == OFFER
            ids, names = (offers.offers, offers.names) if is_offer else (catalogue.products, catalogue.names)
            if fate != SHOWN and fate not in told:
                remover = self.told[self.fates[fate]]
                told[fate] = remover.section.value, Reason(remover.code, remover.text(language))
            section, reason = told[fate] if fate != SHOWN else (None, None)
            yield Candidate(
                kind=ItemKind.OFFER if is_offer else ItemKind.PRODUCT,
                id=ids.id(row),
                name=bytes(names[row]).decode(),
                position=position or None,
                source=OFFER_SOURCE if is_offer else sources[source],
                score_before=before,
                multipliers=self._multipliers(boosts, boost_ids) if boosts else (),
                score=score,
                value_minor=value if is_offer else None,
                value_sd_minor=sd if is_offer else None,
                logging_propensity=propensity if propensity == propensity else None,
                removed_by=self.fates[fate] if 0 <= fate < self.n_rules else None,
                section=section,
                reason=reason,
            )

    def _multipliers(self, boosts: int, boost_ids: Sequence[str]) -> tuple[Multiplier, ...]:
        return tuple(
            Multiplier(rule, factor)
            for bit, (rule, factor) in enumerate(zip(boost_ids, self.factors, strict=True))
            if boosts >> bit & 1
        )


def trace(
    shelf: Shelf,
    slates: Slates,
    policy: CompiledPolicy,
    *,
    values: OfferValues,
    removed: NDArray[np.int16],
    boosts: NDArray[np.uint64],
    choice: OfferChoice,
) -> Trace:
    """
    Put what every step found about its candidates side by side.

    Args:
        shelf: The products.
        slates: What is shown.
        policy: That held.
        values, removed, boosts, choice: Of the offers, shape (m, n_offers); of no offers where none were asked for.
    """
    n_rules, factors = len(policy.rule_ids), _factors(policy)
    rows = shelf.candidates.products
    product_at = _positions(slates, PRODUCT, slates.column, rows.shape)
    product_fate = np.where(shelf.removed != KEPT, shelf.removed.astype(np.int32), _fate(NotShown.OUTRANKED, n_rules))
    if not slates.kind.shape[1]:
        product_fate[shelf.removed == KEPT] = _fate(NotShown.NO_PLACES, n_rules)
    product_fate[product_at > 0] = SHOWN

    offer_at = _positions(slates, OFFER, slates.row, removed.shape)
    arms = arms_of(values, removed == KEPT, choice, exploring=Exploring.of(policy.source.exploration))
    # Its cautious worth is above zero, and what its budget costs takes it.
    short = (values.mean - policy.risk_aversion * values.sd > 0) & (choice.arbitrated <= 0)
    multiplied = np.where(choice.arbitrated > 0, boosts, 0).astype(np.uint64)
    before = _without_levers(choice.arbitrated, multiplied, factors)
    # In each member's line products stand before offers; what is no padding is told.
    width = rows.shape[1] + removed.shape[1]
    told = np.flatnonzero(np.concatenate([rows >= 0, np.ones(removed.shape, dtype=np.bool_)], axis=1))

    def joined(of_products: NDArray[_T], of_offers: NDArray[_T]) -> NDArray[_T]:
        return np.concatenate([of_products, of_offers], axis=1).take(told)

    def of_offers_only(table: NDArray[_T], absent: float) -> NDArray[_T]:
        return joined(np.full(rows.shape, absent, dtype=table.dtype), table)

    return Trace(
        member=(told // max(width, 1)).astype(np.int32),
        kind=joined(np.full(rows.shape, PRODUCT, np.int8), np.full(removed.shape, OFFER, np.int8)),
        row=joined(rows, np.broadcast_to(np.arange(removed.shape[1], dtype=np.int32), removed.shape)),
        position=joined(product_at, offer_at),
        source=joined(shelf.candidates.source, np.full(removed.shape, -1, np.int8)),
        before=joined(shelf.candidates.scores, before.astype(np.float32)),
        score=joined(shelf.scores, choice.arbitrated.astype(np.float32)),
        boosts=joined(shelf.boosts.astype(np.uint64), multiplied),
        value=of_offers_only(np.rint(values.mean).astype(np.int64), 0),
        value_sd=of_offers_only(np.rint(values.sd).astype(np.int64), 0),
        propensity=of_offers_only(arms.propensity, np.nan),
        fate=joined(
            product_fate, _offer_fates(arms, removed, offer_at, n_rules, too_deep=choice.too_deep, short=short)
        ),
        fates=(*policy.rule_ids, *_NOT_SHOWN),
        n_rules=n_rules,
        factors=factors,
        told={**dict.fromkeys(policy.rule_ids, UNTOLD), **removers(policy.source)},
    )


def _fate(code: NotShown, n_rules: int) -> int:
    return n_rules + _NOT_SHOWN.index(code)


def _factors(policy: CompiledPolicy) -> tuple[float, ...]:
    """Of each boost, in the order of ``boost_ids``."""
    factor = {placed.rule.id: placed.rule.factor for placed in policy.source.placed_rules()}
    return tuple(factor[rule_id] or 1.0 for rule_id in policy.boost_ids)


def _without_levers(
    arbitrated: NDArray[np.float64], multiplied: NDArray[np.uint64], factors: tuple[float, ...]
) -> NDArray[np.float64]:
    """Shape (m, n_offers): what offers would be compared by, had no lever multiplied them."""
    before = arbitrated.copy()
    touched = np.nonzero(multiplied)
    bits, lever = multiplied[touched], np.ones(len(touched[0]))
    for bit, factor in enumerate(factors):
        lever[(bits >> np.uint64(bit)) & 1 == 1] *= factor
    before[touched] /= lever
    return before


def _positions(slates: Slates, kind: int, place: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Shape (m, ...): the position at which each candidate stands, from 1; 0 where it does not."""
    positions = np.zeros(shape, dtype=np.int16)
    member, slot = np.nonzero(slates.kind == kind)
    positions[member, place[member, slot]] = slot + 1
    return positions


def _offer_fates(
    arms: Arms,
    removed: NDArray[np.int16],
    position: NDArray[np.int16],
    n_rules: int,
    *,
    too_deep: KeepMask,
    short: KeepMask,
) -> NDArray[np.int32]:
    fates = np.full(removed.shape, _fate(NotShown.NO_GAIN, n_rules), dtype=np.int32)
    fates[short] = _fate(NotShown.BUDGET_IS_SHORT, n_rules)
    fates[too_deep] = _fate(NotShown.SMALLER_DEPTH, n_rules)
    fates[arms.worth] = _fate(NotShown.OFFER_PLACES_FULL, n_rules)
    fates[arms.passed_over] = _fate(NotShown.NOT_DRAWN, n_rules)
    fates[removed != KEPT] = removed[removed != KEPT]
    fates[position > 0] = SHOWN
    return fates
