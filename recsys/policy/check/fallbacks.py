"""Whether what a placement falls back on passes the rules, for strangers and for every tier."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from recsys.policy.check.examined import Examined
from recsys.policy.check.panel import Person, asked_of_the_call, awake, removals
from recsys.policy.check.wording import error, listed, warning
from recsys.policy.reading.problems import Problem
from recsys.traits import EVERYTHING
from recsys.types import CHANNEL_CONSENT, Channel, Consent, ItemKind

_SEARCHED = 2_000


def fallback_can_fail(examined: Examined) -> Iterator[Problem]:
    """
    Placements with products whose fallback is removed, all of it or so much that it does not fill them.

    Asked are those of whom nothing else is known, in each tier, who agreed to the channel, and to nothing else or to
    everything: of a list, whether anything of it is left; of all that is searched after it too, whether it fills the
    placement.
    """
    knowledge, of_call = examined.knowledge, asked_of_the_call(examined)
    popular, catalogue = knowledge.popular.products[:1].ravel(), np.arange(min(len(knowledge.catalogue), _SEARCHED))
    for name, spec in examined.policy.placements.items():
        found, context = examined.compiled.placement(name), awake(examined, name)
        if ItemKind.PRODUCT not in spec.types or found is None or context is None or not len(catalogue):
            continue
        listed_rows = found.fallback
        rows = np.concatenate([listed_rows, popular[popular >= 0], catalogue]).astype(np.int32)
        rows = rows[np.sort(np.unique(rows, return_index=True)[1])]
        asking = _asking(examined, spec.channel)
        codes = removals(examined, context, [one for _, one in asking], kind=ItemKind.PRODUCT, rows=rows)
        failing: dict[bool, list[str]] = defaultdict(list)
        takers: Counter[str] = Counter()
        least = len(rows)
        for (called, _), line in zip(asking, codes, strict=True):
            of_list = line[: len(listed_rows)] if len(listed_rows) else line
            left = int((line < 0).sum())
            if not (of_list < 0).any():
                failing[True].append(called)
                takers.update(examined.compiled.rule_ids[code] for code in of_list.tolist())
            elif left < min(spec.capacity, len(catalogue)):
                failing[False].append(called)
                least = min(least, left)
        path = ("placements", name, *(("fallback",) if spec.fallback else ()))
        if failing[True]:
            rule = takers.most_common(1)[0][0]
            whose = _whose(asking, failing[True])
            message = (
                f"nothing that the placement {name!r} falls back on passes the rules for {whose}: {rule!r} takes most"
            )
            hint = "name products that no rule removes, or let the rule leave some"
            certain = not of_call.intersection(takers)
            yield (error if certain else warning)("fallback_can_fail", message, hint=hint, path=path)
        if failing[False]:
            whose = _whose(asking, failing[False])
            message = (
                f"the placement {name!r} takes {spec.capacity}, and {least} that it falls back on pass for {whose}"
            )
            yield warning("fallback_can_fail", message, hint="let the rules leave more", path=path)


def _asking(examined: Examined, channel: Channel) -> list[tuple[str, Person]]:
    """Who asks, and what they are called; nobody looks at the tier of who did not agree to personalisation."""
    of_channel = CHANNEL_CONSENT[channel]
    consents = (EVERYTHING, of_channel | Consent.PERSONALISATION)
    return [
        ("strangers", Person(consent=of_channel)),
        *(
            (f"{name} members", Person(tier=tier, consent=consent))
            for tier, name in enumerate(examined.policy.tiers)
            for consent in consents
        ),
    ]


def _whose(asking: list[tuple[str, Person]], called: list[str]) -> str:
    return "everybody" if len(called) == len(asking) else listed(dict.fromkeys(called))
