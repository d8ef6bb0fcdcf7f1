"""Rules of removal that remove nothing that an earlier rule does not remove already, whoever asks for whatever."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.policy.check.examined import Examined
from recsys.policy.check.population import Population, Slot
from recsys.policy.check.wording import listed, warning
from recsys.policy.file.rule import REMOVALS
from recsys.policy.reading.problems import Problem
from recsys.policy.rules import CompiledRule
from recsys.types import KeepMask

_FEW = 64
_LEAST = 8


class _Removal(NamedTuple):
    """
    A rule of removal of the population.

    Attributes:
        number: Its bit in the population's answers.
        rule: It.
        period: Of the calendar that it belongs to; empty where it belongs to none.
        removed: Shape (n_products,) or (n_offers,): what it takes away.
    """

    number: int
    rule: CompiledRule
    period: str
    removed: KeepMask


def shadowed(examined: Examined, population: Population) -> Iterator[Problem]:
    """
    Each rule that removes something, all of which earlier ones remove already wherever and whenever it is in force.

    What a rule removes in a slot is a rectangle, the people it is about by what it takes away; it is compared with
    those of the others exactly, over distinct people and distinct things.
    """
    parts, now = examined.parts(), examined.now
    earlier: list[_Removal] = []
    for number, rule in enumerate(population.rules):
        if rule.rule.effect not in REMOVALS or not population.is_known(rule.who) or rule.ends <= now:
            continue
        part = parts[rule.rule.id]
        found = _Removal(number, rule, part.period, rule.removed())
        if "shadowed" not in rule.rule.accepts and found.removed.any():
            wider = [one for one in earlier if _lasts(one, found, now)]
            by = _takers(found, wider, population)
            if by:
                names = listed([parts[one.rule.rule.id].called for one in by], shown=1)
                do = "does" if len(by) == 1 else "do"
                message = (
                    f"{part.called} removes nothing that {names} {do} not remove already from the "
                    f"{population.called()} and from strangers"
                )
                yield warning("shadowed", message, hint="remove it, or correct one of them", path=part.path)
        earlier.append(found)


def _lasts(one: _Removal, other: _Removal, now: int) -> bool:
    """Is it on whenever the other is, from now on, and about the same kind of thing?"""
    return (
        one.rule.rule.applies_to is other.rule.rule.applies_to
        and one.rule.starts <= max(other.rule.starts, now)
        and one.rule.ends >= other.rule.ends
        and one.period in ("", other.period)
    )


def _takers(found: _Removal, earlier: Sequence[_Removal], population: Population) -> list[_Removal]:
    """The earlier rules that together remove all that it removes, who takes most first; none where they do not."""
    taking = [(one, one.removed[found.removed]) for one in earlier]
    taking = [(one, things) for one, things in taking if things.any()]
    taken = dict.fromkeys((one.number for one, _ in taking), 0)
    total = 0
    for slot in _unlike_slots(found, [one for one, _ in taking], population):
        told = population.told[population.slots[slot]]
        people = told.holds_for(found.number)
        if not people.any():
            continue
        here = [(one, things) for one, things in taking if slot in population.slots_of(one.rule.rule)]
        holds = [told.holds_for(one.number)[people] for one, _ in here]
        if not _covered(holds, [things for _, things in here]):
            return []
        total += int(people.sum()) * int(found.removed.sum())
        for (one, things), whom in zip(here, holds, strict=True):
            taken[one.number] += int(whom.sum()) * int(things.sum())
    by = sorted((one for one, _ in taking if taken[one.number]), key=lambda one: -taken[one.number])
    return by[:1] if by and taken[by[0].number] == total else by


def _unlike_slots(found: _Removal, earlier: Sequence[_Removal], population: Population) -> list[Slot]:
    """One of the slots in which it is in force for each that differ in what is told or in who else is in force."""
    inside = [frozenset(population.slots_of(one.rule.rule)) for one in earlier]
    kinds: dict[tuple[int, ...], Slot] = {}
    for slot in population.slots_of(found.rule.rule):
        kinds.setdefault((population.slots[slot], *(slot in one for one in inside)), slot)
    return list(kinds.values())


def _covered(holds: Sequence[KeepMask], things: Sequence[KeepMask]) -> bool:
    """
    Is each person and each thing taken by a rule that holds for the one and takes the other?

    Args:
        holds: Shape (m,) each: for whom each rule holds.
        things: Shape (n,) each, in the same order: what it takes.
    """
    if not holds:
        return False
    people, taken = np.stack(holds, axis=1), np.stack(things, axis=1)
    people = people[~people[:, taken.all(axis=0)].any(axis=1)]
    if not len(people):
        return True
    taken = taken[~taken[:, people.all(axis=0)].any(axis=1)]
    if not len(taken):
        return True
    for person in np.argsort(people.sum(axis=1), kind="stable")[:_LEAST]:  # nearly always one of them tells
        if not taken[:, people[person]].any(axis=1).all():
            return False
    of_people, of_things = _distinct(people), _distinct(taken).astype(np.float32).T
    of_people = of_people[np.argsort(of_people.sum(axis=1), kind="stable")]
    for first in range(0, len(of_people), _FEW):
        if not (of_people[first : first + _FEW].astype(np.float32) @ of_things > 0).all():
            return False
    return True


def _distinct(rows: KeepMask) -> NDArray[np.bool_]:
    """Those that differ, by their bits."""
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    _, first = np.unique(packed.view(np.dtype((np.void, packed.shape[1]))).reshape(-1), return_index=True)
    return rows[first]
