"""Two changes at a time, for what no single one can reach: where rows balance one another, and members are few."""

from dataclasses import dataclass

import numpy as np

from recsys.offers.allocation.moves import Standing
from recsys.offers.allocation.oracle import totals
from recsys.offers.allocation.problem import Values
from recsys.offers.allocation.repair import cheap_relief, worth_more
from recsys.types import Rows

_OF_ROW = 12
_OF_TIER = 24
_MOST_PAIRS = 400
_GAIN = 1e-6


@dataclass(frozen=True, slots=True)
class _Changes:
    """Single changes: of which slot, member and offer, what each gains, and shape (n, n_rows) adds to rows."""

    slot: Rows
    member: Rows
    target: Rows
    gain: Values
    delta: Values


def pair_up(standing: Standing) -> None:
    """
    Take pairs of changes that together break no limit, and bring demands nearer or, these being no worse, gain value.

    Parity holds a tier back until another gets something, too: no single change is then allowed, but two are.
    Candidates are the best few of every tier, and those that relieve a row at the least cost.

    Args:
        standing: Changed in place.
    """
    for _ in range(_MOST_PAIRS):
        found = _candidates(standing)
        pair = _best_pair(standing, found)
        if pair is None:
            return
        for one in pair:
            standing.choice[found.slot[one], found.member[one]] = found.target[one]
        standing.activity = totals(standing.columns, standing.limits, standing.choice)[1]


def _candidates(standing: Standing) -> _Changes:
    free = np.zeros(len(standing.limits), dtype=np.bool_)
    only_used_up = np.array([bool(np.all(one >= 0)) for one in standing.limits.weights], dtype=np.bool_)
    nobody = np.empty(0, dtype=np.int32)
    parts: list[tuple[int, Rows, Rows]] = [(0, nobody, nobody)]
    for slot in range(standing.columns.n_slots):
        for guarded in (free, only_used_up):
            member, target = standing.wished(worth_more, slot, guarded=guarded)
            tier = standing.columns.tier[member]
            for one in np.unique(tier):
                best = np.flatnonzero(tier == one)[:_OF_TIER]
                parts.append((slot, member[best], target[best]))
        for row in range(len(free)):
            member, target = standing.wished(cheap_relief, slot, guarded=free, row=row)
            parts.append((slot, member[:_OF_ROW], target[:_OF_ROW]))
    slots = [np.full(len(member), slot, dtype=np.int32) for slot, member, _ in parts]
    keys = np.column_stack([np.concatenate(one) for one in (slots, [p[1] for p in parts], [p[2] for p in parts])])
    slot_, member, target = np.unique(keys, axis=0).astype(np.int32).T
    now = standing.choice[slot_, member]
    gain = _value(standing, member, target) - _value(standing, member, now)
    return _Changes(slot_, member, target, gain, standing.uses(member, target) - standing.uses(member, now))


def _value(standing: Standing, member: Rows, offer: Rows) -> Values:
    value: Values = np.where(offer >= 0, standing.columns.values[np.maximum(offer, 0), member], 0.0)
    return value


def _best_pair(standing: Standing, found: _Changes) -> tuple[int, int] | None:
    demands, slack = standing.limits.demands, standing.slack
    before = np.minimum(slack, 0.0)
    nearer = np.zeros((len(found.gain),) * 2)
    allowed = found.member[:, None] != found.member
    for row in range(len(slack)):
        after = slack[row] - (found.delta[:, None, row] + found.delta[:, row])
        if demands[row]:
            better = np.minimum(after, 0.0) - before[row]
            allowed &= better >= 0
            nearer += better
        else:
            allowed &= after >= 0
    gain = found.gain[:, None] + found.gain
    wanted = allowed & ((nearer > 1e-9) | (gain > _GAIN))
    if not wanted.any():
        return None
    # Demands come before value, and among pairs that do the same for them, the best one is taken.
    first = np.where(wanted, nearer.round(9), -np.inf)
    place = int(np.argmax(np.where(first == first.max(), gain, -np.inf)))
    return place // len(found.gain), place % len(found.gain)
