"""Whether a member of a higher tier may be shown all that a lower tier may: no rule takes what it left them before."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from recsys.policy.check.examined import Examined
from recsys.policy.check.panel import Person, awake, path_of, removals, spread
from recsys.policy.check.wording import error, listed, warning
from recsys.policy.native import NativeRule
from recsys.policy.reading.problems import Problem
from recsys.types import UNKNOWN_ROW, ItemKind

CODE = "tier_not_monotone"
_MEMBERS = 48
_OF_THE_MEMBER = frozenset(
    {NativeRule.NOT_TRIGGERED, NativeRule.NOT_ENOUGH_POINTS, NativeRule.SCOPE_NOT_WANTED, NativeRule.NEEDED_ONCE}
)
"""What the member does or has decides, not the tier: a nudge towards silver is nothing for who is gold."""

_HINT = "give the higher tier at least what the lower one has"


def tier_not_monotone(examined: Examined) -> Iterator[Problem]:
    """
    Rules and bands that take offers from a tier which the tier below it keeps, with all else about a member the same.

    What the bundle's own definitions of offers take is warned of once. A rule may accept the finding. Windows of
    triggers and the like are the member's doing and no finding.
    """
    policy, ids, tiers = examined.policy, examined.knowledge.offers.offers, examined.policy.tiers
    seen: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
    for name, spec in policy.placements.items():
        context = awake(examined, name) if spec.max_offers and ItemKind.OFFER in spec.types else None
        if context is None or not len(ids):
            continue
        rows = [*spread(np.arange(len(examined.knowledge.members)), _MEMBERS), UNKNOWN_ROW]
        people = [Person(row, tier=tier) for row in rows for tier in range(len(tiers))]
        offers = np.arange(len(ids), dtype=np.int32)
        codes = removals(examined, context, people, kind=ItemKind.OFFER, rows=offers)
        by_tier = codes.reshape(len(rows), len(tiers), len(ids))
        for member, below, offer in np.argwhere((by_tier[:, :-1] < 0) & (by_tier[:, 1:] >= 0)).tolist():
            rule = examined.compiled.rule_ids[by_tier[member, below + 1, offer]]
            seen[rule].setdefault((below, offer), name)
    banded = dict(_lower_depths(examined))
    for rule, found in seen.items():
        part = examined.parts().get(rule)
        if rule in _OF_THE_MEMBER or (part is not None and CODE in part.rule.accepts):
            continue
        (below, _), placement = next(iter(found.items()))
        offers_taken = listed(dict.fromkeys(ids.id(offer) for at, offer in found if at == below))
        higher, lower = tiers[below + 1], tiers[below]
        if rule == NativeRule.TIER_NOT_ALLOWED:
            message = f"the bundle's own definitions allow {lower} the offers {offers_taken}, and not {higher}"
            yield warning(CODE, message, hint="let the definitions of the offers name the higher tiers too", path=())
            continue
        message = f"{rule!r} takes {offers_taken} from {higher}, which {lower} keeps in the placement {placement!r}"
        hint = f"{_HINT}, or accept it: `accepts: [{CODE}]`" if part is not None else _HINT
        banded.pop(rule, None)
        yield error(CODE, message, hint=hint, path=path_of(examined, rule))
    yield from banded.values()


def _lower_depths(examined: Examined) -> Iterator[tuple[str, Problem]]:
    """Bands that hold a tier to less depth than the tier below it, whether an offer is so deep now or not."""
    policy, bands = examined.policy, examined.policy.guardrails.depth_bands
    for kind, category in dict.fromkeys((band.kind, band.category) for band in bands):
        about = [
            (at, band)
            for at, band in enumerate(bands)
            if band.kind in (None, kind) and band.category in (None, category)
        ]
        most = [
            min([policy.guardrails.max_depth, *(band.max_depth for _, band in about if band.tier in (None, tier))])
            for tier in policy.tiers
        ]
        for lower, tier, low, high in zip(policy.tiers, policy.tiers[1:], most, most[1:], strict=False):
            if high < low:
                at, band = min(((at, one) for at, one in about if one.tier == tier), key=lambda one: one[1].max_depth)
                message = f"{band.id!r} allows {tier} a depth of {high:g}, and {lower} below it may have {low:g}"
                yield band.id, error(CODE, message, hint=_HINT, path=("guardrails", "depth_bands", at, "max_depth"))
