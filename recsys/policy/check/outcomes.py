"""Whether members of some tier, stage or segment are left nothing to be shown."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Context
from recsys.policy.check.examined import Examined
from recsys.policy.check.panel import Person, asked_of_the_call, awake, batch_of, path_of, removals, spread
from recsys.policy.check.wording import error, listed, warning
from recsys.policy.reading.problems import Problem
from recsys.types import STAGES, UNKNOWN_ROW, ItemKind

_OF_EACH = 12
_MORE_OF_EACH = 400
_SOME = 200
_SCANNED = 2_048


class Group(NamedTuple):
    """
    Members who are alike.

    Attributes:
        called: In messages.
        people: Some of them.
        more: Others, who are asked about a part of the bundle: where a little is left to one, much is left to many.
    """

    called: str
    people: list[Person]
    more: list[Person]


def nothing_left(examined: Examined) -> Iterator[Problem]:
    """
    Tiers by stages, and segments, for all of whose members every product or every offer of a placement is removed.

    A rule that reads the basket, the clock or what a request sends may let something through at another time, so
    that it is only warned of.
    """
    everybody, of_call = _tiers_and_stages(examined), asked_of_the_call(examined)
    n = {ItemKind.PRODUCT: len(examined.knowledge.catalogue), ItemKind.OFFER: len(examined.knowledge.offers)}
    for name, spec in examined.policy.placements.items():
        context = awake(examined, name)
        if context is None:
            continue
        groups = [*everybody, *_segments(examined, context)]
        for kind in spec.types:
            if not n[kind] or (kind is ItemKind.OFFER and not spec.max_offers):
                continue
            rows = np.arange(n[kind], dtype=np.int32)
            by_rule: dict[str, list[str]] = defaultdict(list)
            takers: dict[str, Counter[str]] = defaultdict(Counter)
            for group, taken in _left_nothing(examined, context, groups, kind=kind, rows=rows):
                most = taken.most_common(1)[0][0]
                by_rule[most].append(group.called)
                takers[most].update(taken)
            for rule, called in by_rule.items():
                whose = _whose(examined, called)
                share = takers[rule][rule] / takers[rule].total()
                message = f"in the placement {name!r} no {kind} is left for {whose}: {rule!r} takes {share:.0%} of them"
                hint = "let the rule, or the others that take the rest, remove less"
                path = path_of(examined, rule) or ("placements", name)
                certain = kind is ItemKind.PRODUCT and not of_call.intersection(takers[rule])
                yield (error if certain else warning)("nothing_left", message, hint=hint, path=path)


def _left_nothing(
    examined: Examined, context: Context, groups: list[Group], *, kind: ItemKind, rows: NDArray[np.int32]
) -> Iterator[tuple[Group, Counter[str]]]:
    """The groups none of whom anything is left for, and how much each rule takes from those looked at."""
    firsts = removals(examined, context, [group.people[0] for group in groups], kind=kind, rows=rows)
    for group, first in zip(groups, firsts, strict=True):
        if (first < 0).any():
            continue
        some = rows[spread(rows.astype(np.intp), _SOME)]
        if (removals(examined, context, group.more, kind=kind, rows=some) < 0).any():
            continue
        others = removals(examined, context, group.people[1:], kind=kind, rows=rows)
        if (others < 0).any():
            continue
        codes, counts = np.unique(np.vstack([first[None], others]), return_counts=True)
        yield group, Counter({examined.compiled.rule_ids[code]: int(n) for code, n in zip(codes, counts, strict=True)})


def _tiers_and_stages(examined: Examined) -> list[Group]:
    """Each tier in each stage; where the bundle has no such member, others with that tier and stage."""
    members, groups = examined.knowledge.members, []
    for tier, name in enumerate(examined.policy.tiers):
        for stage, stage_name in enumerate(STAGES):
            found = np.flatnonzero((members.tier == tier) & (members.stage == stage))
            rows, made_up = (found, []) if len(found) else (np.arange(len(members)), [UNKNOWN_ROW])
            few, more = ([*spread(rows, most), *made_up] for most in (_OF_EACH, _MORE_OF_EACH))
            as_they_are = ([Person(row, tier, stage) for row in those] for those in (few, more))
            groups.append(Group(f"{name} {stage_name}", *as_they_are))
    return groups


def _whose(examined: Examined, called: list[str]) -> str:
    """Tiers and stages of which no member is left anything by one name each."""
    tiers, left = examined.policy.tiers, list(called)
    whole = []
    for name, parts in (
        *((f"{tier} members", [f"{tier} {stage}" for stage in STAGES]) for tier in tiers),
        *((f"{stage} members", [f"{tier} {stage}" for tier in tiers]) for stage in STAGES),
    ):
        if set(parts) <= set(called):
            whole.append(name)
            left = [one for one in left if one not in parts]
    return "every member" if len(whole) == len(tiers) + len(STAGES) else listed([*whole, *left])


def _segments(examined: Examined, context: Context) -> list[Group]:
    """Each segment that members of the bundle are in."""
    if not examined.policy.segments:
        return []
    people = [Person(row) for row in spread(np.arange(len(examined.knowledge.members)), _SCANNED)]
    inside = examined.compiled.ruling(batch_of(people, examined.knowledge), context).audience.segments
    found = {name: np.flatnonzero(held == 1) for name, held in inside.items() if (held == 1).any()}
    return [
        Group(f"segment {name}", *([people[at] for at in spread(those, most)] for most in (_OF_EACH, _MORE_OF_EACH)))
        for name, those in found.items()
    ]
