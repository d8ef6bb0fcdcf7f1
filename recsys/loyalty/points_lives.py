"""Merged members: a life is a member between two merges, so that inside a life nothing is shared with anybody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.loyalty.points_facts import NEVER, NONE, Merges
from recsys.types import Instants, KeepMask, Rows


@dataclass(frozen=True, slots=True)
class Lives:
    """
    The lives of everybody who takes part in a merge; a merge ends two lives and begins one.

    Attributes:
        involved: Shape (n_members,), bool: takes part in a merge.
        merged_into: Shape (n_members,), int32: by whom a member was taken over, also earlier; NONE for who was not.
        member: Shape (n_lives,), int32: whose accounts.
        starts, ends: Shape (n_lives,): the instants of the merges; NEVER where none ends it.
        depth: Shape (n_lives,): merges that came before, the longest way.
        next: Shape (n_lives,): the life that takes over the lots; NONE where none does.
        leaves: Shape (n_lives,), bool: at its end the lots go to another member.
    """

    involved: KeepMask
    merged_into: Rows
    member: Rows
    starts: Instants
    ends: Instants
    depth: NDArray[np.int64]
    next: NDArray[np.int64]
    leaves: KeepMask

    def of(self, members: Rows, at: Instants) -> NDArray[np.int64]:
        """Shape (n,): in which life a fact of an involved member falls; one at the instant of a merge follows it."""
        merged_at = np.full(len(self.involved), NEVER, dtype=np.int64)
        left = np.flatnonzero(self.leaves)
        merged_at[self.member[left]] = self.ends[left]
        holder = members
        while True:
            gone = at >= merged_at[holder]
            if not gone.any():
                break
            holder = np.where(gone, self.merged_into[holder], holder)
        order = np.lexsort((self.depth, self.starts, self.member))
        rank = np.searchsorted(distinct_starts := np.sort(self.starts), at, side="right")
        starts = np.searchsorted(distinct_starts, self.starts[order], side="right")
        span = len(distinct_starts) + 1
        key = self.member[order].astype(np.int64) * span + starts
        found: NDArray[np.int64] = order[np.searchsorted(key, holder.astype(np.int64) * span + rank, side="right") - 1]
        return found


def build_lives(merges: Merges, merged_into: Rows, begin: int) -> Lives:
    """
    Lives of the members in *merges*.

    A merge into a member who was merged before is one into whoever took that member over.

    Args:
        merges: In any order; merges of one instant are taken by source row.
        merged_into: Shape (n_members,): what earlier merges did.
        begin: When first lives start.

    Raises:
        InputError: A member is merged twice, or into themselves, directly or round a circle.
    """
    into = merged_into.copy()
    order = np.lexsort((merges.source, merges.at))
    ends_at = [survivor(into, int(row)) for row in merges.target]
    people = sorted({*merges.source.tolist(), *ends_at})
    current = {person: life for life, person in enumerate(people)}
    member, starts, depth = list(people), [begin] * len(people), [0] * len(people)
    ends, following, leaves = [NEVER] * len(people), [NONE] * len(people), [False] * len(people)
    for row in order.tolist():
        source, target, at = int(merges.source[row]), survivor(into, int(merges.target[row])), int(merges.at[row])
        if into[source] != NONE:
            raise InputError(
                f"member row {source} is merged into row {merges.target[row]} at {at} and was merged into row "
                f"{into[source]} before; a member is merged once, remove one of the two"
            )
        if source == target:
            raise InputError(
                f"merging member row {source} into row {merges.target[row]} at {at} closes a circle; remove the merge "
                "that points the wrong way"
            )
        into[source] = target
        old = current[source], current[target]
        for life in old:
            ends[life], following[life] = at, len(member)
        leaves[old[0]] = True
        current[target] = len(member)
        member.append(target)
        starts.append(at)
        depth.append(1 + max(depth[life] for life in old))
        ends.append(NEVER)
        following.append(NONE)
        leaves.append(False)
    involved = np.zeros(len(merged_into), dtype=np.bool_)
    involved[people] = True
    return Lives(
        involved=involved,
        merged_into=into,
        member=np.array(member, dtype=np.int32),
        starts=np.array(starts, dtype=np.int64),
        ends=np.array(ends, dtype=np.int64),
        depth=np.array(depth, dtype=np.int64),
        next=np.array(following, dtype=np.int64),
        leaves=np.array(leaves, dtype=np.bool_),
    )


def survivor(merged_into: Rows, member: int) -> int:
    """Who holds what a member had."""
    while merged_into[member] != NONE:
        member = int(merged_into[member])
    return member


def survivors(merged_into: Rows, members: Rows) -> Rows:
    """Shape (n,): who holds what each member had."""
    holder = members
    while (gone := merged_into[holder] != NONE).any():
        holder = np.where(gone, merged_into[holder], holder)
    return holder
