"""When families of products became due again, by the member's own mean gap: cheap for any instant of the past."""

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import text_codes
from recsys.types import SECONDS_PER_DAY
from training.timeline import Timeline

_FROM, _UNTIL = 0.75, 1.5
_DAY_BITS, _NO_END = 17, (1 << 17) - 1


def due_families(dataset: Dataset) -> tuple[Timeline, Timeline]:
    """
    The instants at which families (categories) became due, and those at which they were no longer.

    From the second day with a purchase of a family on, it is due from 0.75 to 1.5 of the mean gap so far after the
    last one, or until the day after it was bought again. At any instant the families due are those that began less
    those that ended, and both are known by then. `features.profile.replenishment` knows better, at one instant.
    """
    lines, n_members = dataset.purchases, len(dataset.member_ids)
    category, names = text_codes(dataset.products["category"])
    of_line = category[lines.product].astype(np.int64)
    known = of_line >= 0
    day = lines.at[known] // SECONDS_PER_DAY
    family = lines.member[known].astype(np.int64) * max(len(names), 1) + of_line[known]
    pairs = np.unique((family << _DAY_BITS) + np.clip(day, 0, _NO_END - 1))
    family, day = pairs >> _DAY_BITS, pairs & _NO_END
    starts = np.flatnonzero(np.diff(family, prepend=-1))
    begin = np.repeat(starts, np.diff(np.append(starts, len(family))))
    number = np.arange(len(family)) - begin
    repeated = number > 0
    gap = (day - day[begin])[repeated] / number[repeated]
    again = np.append(np.where(family[1:] == family[:-1], day[1:], _NO_END), _NO_END)[: len(day)][repeated]
    first = np.maximum(np.ceil(day[repeated] + _FROM * gap), day[repeated] + 1).astype(np.int64)
    last = np.minimum(np.maximum(np.ceil(day[repeated] + _UNTIL * gap).astype(np.int64), first + 1), again + 1)
    # Bought again before it was due: never due.
    kept = last > first
    member = family[repeated][kept] // max(len(names), 1)
    return _timeline(member, first[kept], n_members), _timeline(member, last[kept], n_members)


def _timeline(member: NDArray[np.int64], day: NDArray[np.int64], n_members: int) -> Timeline:
    # An instant at the very beginning of the day counts as in it.
    return Timeline.of(member, day * SECONDS_PER_DAY - 1, n_members=n_members)
