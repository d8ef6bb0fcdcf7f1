"""Every name in a case that the bundle or the policy does not know, with the nearest that they do."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from recsys.errors import InputError
from recsys.explain import NO_OFFER_IS_BEST, NOT_ENOUGH_CANDIDATES
from recsys.knowledge import Knowledge
from recsys.policy.attributes import MEMBER_ATTRIBUTES
from recsys.policy.cases.load import PlacedCase
from recsys.policy.cases.schema import ANY, Expectation
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.reading.problems import Path, Problem
from recsys.traits import number_of
from recsys.types import NO_OFFER
from recsys.vocabulary import Vocabulary, encode_id

_NEIGHBOURS = 50
_SHOWN = 12
_STORE = "store"
_BESIDE = "write it beside `profile`, as tier, stage, points, birth_month, consent or bought"
_SHORTFALLS = (NOT_ENOUGH_CANDIDATES, NO_OFFER_IS_BEST)
"""Why a slate is empty that no single rule keeps empty."""

_TYPES: dict[AttributeType, tuple[tuple[type, ...], str]] = {
    AttributeType.STRING: ((str,), "a text"),
    AttributeType.INT: ((int,), "a whole number"),
    AttributeType.DOUBLE: ((float, int), "a number"),
    AttributeType.BOOL: ((bool,), "true or false"),
}


def unknown_names(placed: PlacedCase, policy: CompiledPolicy, knowledge: Knowledge) -> Iterator[Problem]:
    """An error for each name that means nothing, where it stands; a case that has one is not asked."""
    yield from _of_member(placed, knowledge)
    yield from _of_context(placed, policy, knowledge)
    yield from _of_expectation(placed, policy, knowledge)


def _of_member(placed: PlacedCase, knowledge: Knowledge) -> Iterator[Problem]:
    member = placed.case.member
    members, products, offers = knowledge.members.members, knowledge.catalogue.products, knowledge.offers.offers
    if member.id is not None and members.row(member.id) < 0:
        hint = "name one of its members, or none for a made-up one" + _meant(_near(member.id, members))
        message = f"the bundle does not know the member {member.id!r}"
        yield placed.problem("unknown_member", message, hint, path=("member", "id"))
    if member.tier is not None and member.tier not in knowledge.tiers:
        yield _no_such(placed, "tier", member.tier, knowledge.tiers, path=("member", "tier"))
    for name, value in member.profile.items():
        if f"member.{name}" in MEMBER_ATTRIBUTES and name != "days_to_birthday":
            message = f"{name} of the profile is not what rules read as member.{name}"
            yield placed.problem("unknown_trait", message, _BESIDE, path=("member", "profile", name), of_key=True)
            continue
        try:
            number_of(knowledge.members.profile, name, value)
        except InputError as error:
            message, _, hint = str(error).partition("; ")
            known = [spec.name for spec in knowledge.members.profile.specs]
            lacks = name not in known
            hint += _meant(difflib.get_close_matches(name, known, n=1) if lacks else ())
            yield placed.problem("unknown_trait", message, hint, path=("member", "profile", name), of_key=lacks)
    for row, one in enumerate(member.bought or ()):
        yield from _ids(placed, [one.product], products, "product", path=("member", "bought", row, "product"))
    yield from _ids(placed, member.held_offers, offers, "offer", path=("member", "held_offers"), listed=True)
    for row, message_sent in enumerate(member.contacts):
        at: Path = ("member", "contacts", row)
        if message_sent.offer is not None:
            yield from _ids(placed, [message_sent.offer], offers, "offer", path=(*at, "offer"))
        yield from _ids(placed, message_sent.more_offers, offers, "offer", path=(*at, "more_offers"), listed=True)
    for row, response in enumerate(member.responses):
        yield from _ids(placed, [response.offer], offers, "offer", path=("member", "responses", row, "offer"))


def _of_context(placed: PlacedCase, policy: CompiledPolicy, knowledge: Knowledge) -> Iterator[Problem]:
    context, source = placed.case.context, policy.source
    if context.placement is not None and context.placement not in source.placements:
        path: Path = ("context", "placement")
        yield _no_such(placed, "placement", context.placement, tuple(source.placements), path=path)
    products = knowledge.catalogue.products
    yield from _ids(placed, context.basket, products, "product", path=("context", "basket"), listed=True)
    yield from _either(placed, context.exclude_ids, knowledge, path=("context", "exclude_ids"))
    declared = {_STORE: AttributeType.STRING, **source.context_attributes}
    for name, value in context.attributes.items():
        path = ("context", "attributes", name)
        if name not in declared:
            yield _no_such(placed, "attribute", name, tuple(declared), path=path, of_key=True)
            continue
        types, words = _TYPES[declared[name]]
        if type(value) not in types:
            yield placed.problem("wrong_type", f"{name} is {value!r}; it is {words}", path=path)


def _of_expectation(placed: PlacedCase, policy: CompiledPolicy, knowledge: Knowledge) -> Iterator[Problem]:
    expect = placed.case.expect
    products, offers = knowledge.catalogue.products, knowledge.offers.offers
    yield from _ids(placed, expect.offers_allowed, offers, "offer", path=("expect", "offers_allowed"), listed=True)
    yield from _ids(
        placed, expect.products_allowed, products, "product", path=("expect", "products_allowed"), listed=True
    )
    for key, removed, ids, kind in (
        ("offers_removed", expect.offers_removed, offers, "offer"),
        ("products_removed", expect.products_removed, products, "product"),
    ):
        for one, rule in removed.items():
            yield from _ids(placed, [one], ids, kind, path=("expect", key, one), of_key=True)
            if rule != ANY and rule not in policy.rule_ids:
                yield _no_rule(placed, rule, policy.rule_ids, path=("expect", key, one))
    for one, levers in expect.levers.items():
        yield from _either(placed, [one], knowledge, path=("expect", "levers", one), listed=False)
        for row, lever in enumerate(levers):
            if lever not in policy.boost_ids:
                path: Path = ("expect", "levers", one, row)
                yield _no_such(placed, "lever", lever, policy.boost_ids, path=path)
    for key in ("shows", "never_shows"):
        yield from _either(placed, getattr(expect, key), knowledge, path=("expect", key))
    yield from _of_outcome(placed, expect, policy, offers)


def _of_outcome(
    placed: PlacedCase, expect: Expectation, policy: CompiledPolicy, offers: Vocabulary
) -> Iterator[Problem]:
    because, chosen = expect.nothing_because, expect.offer_choice
    if because is not None and because not in (ANY, *policy.rule_ids, *_SHORTFALLS):
        yield _no_rule(placed, because, (*policy.rule_ids, *_SHORTFALLS), path=("expect", "nothing_because"))
    if chosen not in (None, NO_OFFER):
        yield from _ids(placed, [str(chosen)], offers, "offer", path=("expect", "offer_choice"))


def _ids(
    placed: PlacedCase,
    ids: Sequence[str],
    known: Vocabulary,
    kind: str,
    *,
    path: Path,
    listed: bool = False,
    of_key: bool = False,
) -> Iterator[Problem]:
    """Those that a vocabulary lacks."""
    for row, (one, found) in enumerate(zip(ids, known.rows(ids).tolist(), strict=True)):
        if found < 0:
            message = f"the bundle does not know the {kind} {one!r}"
            hint = f"name one of its {len(known)} {kind}s" + _meant(_near(one, known))
            where = (*path, row) if listed else path
            yield placed.problem(f"unknown_{kind}", message, hint, path=where, of_key=of_key)


def _either(
    placed: PlacedCase, ids: Sequence[str], knowledge: Knowledge, *, path: Path, listed: bool = True
) -> Iterator[Problem]:
    products, offers = knowledge.catalogue.products, knowledge.offers.offers
    for row, one in enumerate(ids):
        if products.row(one) < 0 and offers.row(one) < 0:
            near = difflib.get_close_matches(one, [*_near(one, products), *_near(one, offers)], n=1)
            message = f"the bundle knows neither a product nor an offer {one!r}"
            hint = "name one of them" + _meant(near)
            where = (*path, row) if listed else path
            yield placed.problem("unknown_product", message, hint, path=where, of_key=not listed)


def _no_such(
    placed: PlacedCase, kind: str, name: str, known: Sequence[str], *, path: Path, of_key: bool = False
) -> Problem:
    listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"there are {listed or 'none'}" + _meant(near)
    return placed.problem(f"unknown_{kind}", f"there is no {kind} {name!r}", hint, path=path, of_key=of_key)


def _no_rule(placed: PlacedCase, rule: str, known: Sequence[str], *, path: Path) -> Problem:
    near = difflib.get_close_matches(rule, known, n=1)
    hint = f"write the id of a rule that removes, or {ANY} where it does not matter which" + _meant(near)
    return placed.problem("unknown_rule", f"the policy has no rule {rule!r} that removes anything", hint, path=path)


def _near(one: str, known: Vocabulary) -> list[str]:
    """The nearest of the ids that are around it in the order of ids: all of a large catalogue takes too long."""
    at = int(np.searchsorted(known.encoded, np.array(encode_id(one)))) if len(known) else 0
    around = np.arange(max(at - _NEIGHBOURS, 0), min(at + _NEIGHBOURS, len(known)), dtype=np.int32)
    return difflib.get_close_matches(one, known.ids(around), n=1)


def _meant(near: Iterable[str]) -> str:
    found = next(iter(near), None)
    return f" (did you mean {found!r}?)" if found else ""
