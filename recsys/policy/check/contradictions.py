"""Rules of a policy that undo each other whenever both hold."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from recsys.policy.check.examined import Examined
from recsys.policy.check.parts import RulePart
from recsys.policy.check.wording import error, warning
from recsys.policy.file.rule import REMOVALS, Effect
from recsys.policy.reading.problems import Problem
from recsys.policy.rules import CompiledRule
from recsys.policy.shown import Placement
from recsys.types import ItemKind

CODE = "contradiction"


class _Placed(NamedTuple):
    """A rule of the file that has not ended, over the bundle."""

    part: RulePart
    rule: CompiledRule


def contradictions(examined: Examined) -> Iterator[Problem]:
    """Pins of what is always removed, pins of one position, requirements without anything in common, levers at odds."""
    parts = examined.parts()
    rules = [
        _Placed(parts[rule.rule.id], rule)
        for rule in examined.compiled.rules
        if rule.rule.id in parts and rule.ends > examined.now
    ]
    yield from _pins_of_what_is_removed(examined, rules)
    yield from _pins_of_one_position(examined, rules)
    yield from _requirements(examined, rules)
    yield from _levers(examined, rules)


def _pins_of_what_is_removed(examined: Examined, rules: list[_Placed]) -> Iterator[Problem]:
    rows = {
        ItemKind.PRODUCT: examined.knowledge.catalogue.products,
        ItemKind.OFFER: examined.knowledge.offers.offers,
    }
    for part, pin in rules:
        target, kind = pin.rule.pin, pin.rule.applies_to
        row = -1 if target is None else rows[kind].row(target.id)
        if target is None or row < 0:
            continue
        for other, removal in rules:
            if removal.rule.effect not in REMOVALS or removal.rule.applies_to is not kind:
                continue
            if removal.removed()[row] and _holds_whenever(other, removal, part, pin):
                message = f"{part.called} pins {target.id}, which {other.called} removes whenever the pin holds"
                hint = f"remove one of them, or let {other.called} not name it"
                yield error(CODE, message, hint=hint, path=(*part.path, "pin"))
                break


def _pins_of_one_position(examined: Examined, rules: list[_Placed]) -> Iterator[Problem]:
    pins = [one for one in rules if one.rule.rule.effect is Effect.PIN]
    for first, second in combinations(pins, 2):
        one, other = first.rule.rule.pin, second.rule.rule.pin
        if one is None or other is None or one.position != other.position or not _together(examined, first, second):
            continue
        message = f"{second.part.called} pins position {other.position}, which {first.part.called} has already"
        yield warning(CODE, message, hint="give it another position", path=(*second.part.path, "pin", "position"))


def _requirements(examined: Examined, rules: list[_Placed]) -> Iterator[Problem]:
    required = [one for one in rules if one.rule.rule.effect is Effect.REQUIRE]
    for first, second in combinations(required, 2):
        kind, what, other = first.rule.rule.applies_to, first.rule.what, second.rule.what
        if second.rule.rule.applies_to is not kind or not what.any() or not other.any() or (what & other).any():
            continue
        if _together(examined, first, second):
            message = f"{second.part.called} requires what {first.part.called} removes: no {kind} is left by both"
            hint = "let them have something in common, or hold for different members or placements"
            yield error(CODE, message, hint=hint, path=(*second.part.path, "what"))


def _levers(examined: Examined, rules: list[_Placed]) -> Iterator[Problem]:
    boosts = [one for one in rules if one.rule.rule.effect is Effect.BOOST]
    buries = [one for one in rules if one.rule.rule.effect is Effect.BURY]
    for boost in boosts:
        for bury in buries:
            kind, what = boost.rule.rule.applies_to, boost.rule.what
            if bury.rule.rule.applies_to is not kind or not what.any() or not np.array_equal(what, bury.rule.what):
                continue
            if boost.rule.rule.who == bury.rule.rule.who and _together(examined, boost, bury):
                message = f"{bury.part.called} buries the very {kind}s that {boost.part.called} boosts"
                yield warning(CODE, message, hint="keep one of them", path=bury.part.path)


def _holds_whenever(other: RulePart, removal: CompiledRule, part: RulePart, pin: CompiledRule) -> bool:
    """Does the removal hold at each instant and place, and for each member, for which the pin holds?"""
    place, of_pin = removal.rule, pin.rule
    return (
        (place.who is None or place.who == of_pin.who)
        and other.period in ("", part.period)
        and removal.starts <= pin.starts
        and removal.ends >= pin.ends
        and (place.placements is None or set(of_pin.placements or ("",)) <= set(place.placements))
        and (place.channels is None or set(of_pin.channels or ("",)) <= set(place.channels))
    )


def _together(examined: Examined, first: _Placed, second: _Placed) -> bool:
    """Do two rules hold for the same member at some instant and place, as far as their texts tell?"""
    one, other = first.rule.rule, second.rule.rule
    if one.who is not None and other.who is not None and one.who != other.who:
        return False
    if first.part.period != second.part.period and first.part.period and second.part.period:
        return False
    if max(first.rule.starts, second.rule.starts) >= min(first.rule.ends, second.rule.ends):
        return False
    places = set(one.placements or examined.policy.placements) & set(other.placements or examined.policy.placements)
    places = {name for name in places if _fills(examined.compiled.placement(name), one.applies_to)}
    channels = one.channels is None or other.channels is None or set(one.channels) & set(other.channels)
    return bool(places) and bool(channels)


def _fills(placement: Placement | None, kind: ItemKind) -> bool:
    return placement is not None and kind in placement.types and (kind is ItemKind.PRODUCT or placement.max_offers > 0)
