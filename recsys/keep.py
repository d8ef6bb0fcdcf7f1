"""The step that applies the policy to products: what each rule removes, what is boosted, and the order that is left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.batch import build_batch
from recsys.knowledge import Knowledge
from recsys.policy.compile import CompiledPolicy
from recsys.policy.ruling import Ruling
from recsys.policy.shown import SlateCap
from recsys.reasons import CATALOGUE_SOURCE
from recsys.retrieve import Candidates
from recsys.scorers.blend import fuse
from recsys.slate import cap_removals, rank_products
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_FALLBACK_SEARCHED = 2_000
_FALLBACK_KEPT = 100
"""As many as the largest placement holds. Fixed, so that an answer does not depend on who else is in the call."""

_FALLBACK_WEIGHTS = (1e3, 1.0, 1e-3)
"""So far apart that no product of a list comes before one of the list before it."""

KEPT = -1


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    The candidates of each member after policy.

    Attributes:
        candidates: As retrieved; where nothing of that was kept, the fallback's after them.
        removed: Shape (m, c), int16: code of the first rule that removed the candidate; KEPT where none did.
        keep: Shape (m, c): may be shown.
        scores: Shape (m, c): with boosts.
        boosts: Shape (m, c), uint64: which boosts applied.
        order: Shape (m, c): columns, best first.
        fell_back: Shape (m,): nothing retrieved was kept, so the catalogue was searched.
        withheld: Shape (m,), int16: code of the rule that withholds the whole slate; KEPT where none does.
    """

    candidates: Candidates
    removed: NDArray[np.int16]
    keep: KeepMask
    scores: Scores
    boosts: NDArray[np.uint64]
    order: NDArray[np.int64]
    fell_back: KeepMask
    withheld: NDArray[np.int16]


def shelve(
    ruling: Ruling,
    candidates: Candidates,
    policy: CompiledPolicy,
    knowledge: Knowledge,
    *,
    search: bool = True,
) -> Shelf:
    """
    Apply the policy to the candidates.

    Where every candidate of a member is removed, one by one and not the whole slate, the products that the placement
    falls back on, the popular ones and then the catalogue are searched for some that pass the same rules (law 3), if
    *search*. What a cap allows none of is removed in this sense.
    """
    scores = ruling.placement.ranked_by(candidates.scores, candidates.products)
    candidates = replace(candidates, scores=scores)
    removed = ruling.product_removals(candidates.products)
    withheld = ruling.slate_removals()
    keep = (removed < 0) & (candidates.products >= 0)
    alone = len(removed) == 1
    caps = [cap for cap in ruling.caps() if (cap.applies.item(0) if alone else cap.applies.any())]
    none_of = [cap for cap in caps if not cap.limit]
    left = keep & ~_none_allowed(none_of, candidates.products) if none_of else keep
    fell_back: KeepMask = ~left.any(axis=1) & (withheld == KEPT) & search
    if fell_back.any():
        candidates = _search_catalogue(ruling, candidates, fell_back, knowledge, none_of=none_of)
        removed = ruling.product_removals(candidates.products)
        keep = (removed < 0) & (candidates.products >= 0)
    factor, boosts = ruling.product_boost(candidates.products)
    scores = candidates.scores * factor
    order = rank_products(candidates.products, scores, keep)
    if caps:
        removed = removed.copy()
        for cap, over in zip(caps, cap_removals(candidates.products, order, keep, caps), strict=True):
            removed[over] = policy.code_of(cap.rule_id)
            keep = keep & ~over
    return Shelf(candidates, removed, keep, scores, boosts, order, fell_back, withheld)


def _search_catalogue(
    ruling: Ruling,
    candidates: Candidates,
    fell_back: KeepMask,
    knowledge: Knowledge,
    *,
    none_of: Sequence[SlateCap],
) -> Candidates:
    """The candidates and, after those of some members, the first products of the catalogue that pass."""
    who = np.flatnonzero(fell_back)
    batch = ruling.batch
    few = build_batch([batch.subjects[member] for member in who], knowledge, impersonal=~batch.personal[who])
    catalogue = np.arange(min(len(knowledge.catalogue), _FALLBACK_SEARCHED), dtype=np.int32)
    fallback = ruling.placement.fallback[None, :]
    shared: Sequence[NDArray[np.int32]] = (fallback, knowledge.popular.products[:1], catalogue[None, :])
    products, scores, _ = fuse([np.repeat(one, len(who), axis=0) for one in shared], _FALLBACK_WEIGHTS)
    passes = (ruling.narrowed(who, few).product_removals(products) < 0) & (products >= 0)
    passes &= ~_none_allowed([cap._replace(applies=cap.applies[who]) for cap in none_of], products)
    width = min(_FALLBACK_KEPT, int(passes.sum(axis=1).max()))
    first = np.argsort(~passes, axis=1, kind="stable")[:, :width]
    line = np.arange(len(who))[:, None]
    kept = passes[line, first]
    beside = ((0, 0), (0, width))
    rows = np.pad(candidates.products, beside, constant_values=UNKNOWN_ROW)
    gains = np.pad(candidates.scores, beside, constant_values=np.nan)
    source = np.pad(candidates.source, beside, constant_values=-1)
    found = slice(candidates.products.shape[1], None)
    rows[who, found] = np.where(kept, products[line, first], UNKNOWN_ROW)
    gains[who, found] = np.where(kept, scores[line, first], np.nan)
    source[who, found] = np.where(kept, len(candidates.sources), -1)
    return Candidates(rows, gains, source, (*candidates.sources, CATALOGUE_SOURCE))


def _none_allowed(none_of: Sequence[SlateCap], products: Rows) -> KeepMask:
    """Shape of *products*, (m, c): those that a cap of a limit of 0 counts for the member; padding may say anything."""
    barred: KeepMask = np.zeros(products.shape, dtype=np.bool_)
    for cap in none_of:
        barred |= cap.applies[:, None] & (cap.group.take(products) >= 0)
    return barred
