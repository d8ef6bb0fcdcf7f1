"""Names in a policy file that nothing has: values that an attribute can never be, and ids that no bundle knows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from recsys.knowledge import Knowledge
from recsys.policy.check.examined import Examined
from recsys.policy.check.expressions import read_all
from recsys.policy.check.wording import listed, meant, warning
from recsys.policy.expressions.atom import Comparison, Operator
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Path, Problem
from recsys.types import OFFER_KINDS, STAGES, Channel, ItemKind, Relation
from recsys.vocabulary import Vocabulary

UNKNOWN_VALUE = "unknown_value"
_UNKNOWN_ID: Mapping[ItemKind, str] = {ItemKind.PRODUCT: "unknown_product", ItemKind.OFFER: "unknown_offer"}
_WHOLE_VALUES = (Operator.EQUAL, Operator.UNEQUAL, Operator.IN, Operator.HOLDS)
_UNKNOWN = ""
"""What an attribute of text is where nothing is known."""
_NEAREST = 20


class Possible(NamedTuple):
    """
    What an attribute of text can be.

    Attributes:
        names: All of it, but for the empty text.
        called: What there is none of, where a name is not among them.
        may_be_empty: Whether it is the empty text where nothing is known.
    """

    names: Sequence[str] | Vocabulary
    called: str
    may_be_empty: bool = False

    def without(self, names: Sequence[str]) -> list[str]:
        """Those that it cannot be."""
        asked = [name for name in dict.fromkeys(names) if name != _UNKNOWN or not self.may_be_empty]
        if isinstance(self.names, Vocabulary):
            return [name for name, row in zip(asked, self.names.rows(asked).tolist(), strict=True) if row < 0]
        known = frozenset(self.names)
        return [name for name in asked if name not in known]

    def hint(self, name: str) -> str:
        """What to do about one that it cannot be."""
        if not isinstance(self.names, Vocabulary):
            return meant(name, self.names)
        near = meant(name, _alike(name, self.names))
        return near if near.startswith("did you") else "correct the id, or remove it"


def unknown_values(examined: Examined) -> Iterator[Problem]:
    """Constants that an attribute is compared with and that it never is, whoever asks for whatever."""
    possible = possible_values(examined.policy, examined.knowledge)
    parts = examined.parts()
    expressions = read_all(examined.policy, examined.knowledge.members.profile)
    for path, formula in expressions.formulas.items():
        text = expressions.texts[path]
        part = parts.get(text.part_id) if path[0] != "segments" else None
        if part is not None and UNKNOWN_VALUE in part.rule.accepts:
            continue
        compared: dict[str, list[str]] = {}
        for atom in formula.atoms:
            if atom.comparison is not None and atom.comparison.attribute in possible:
                compared.setdefault(atom.comparison.attribute, []).extend(_texts(atom.comparison))
        for attribute, constants in compared.items():
            unknown = possible[attribute].without(constants)
            if unknown:
                named = listed(map(repr, unknown))
                message = (
                    f"{text.where}: {attribute} is compared with {named}; there is no such {possible[attribute].called}"
                )
                hint = possible[attribute].hint(unknown[0])
                offset = _offset(formula.text, unknown[0])
                yield warning(UNKNOWN_VALUE, message, hint=hint, path=path, offset=offset)


def possible_values(policy: Policy, knowledge: Knowledge) -> dict[str, Possible]:
    """By attribute, of those that are one of some names; of lists, what they may hold."""
    catalogue, profile = knowledge.catalogue, knowledge.members.profile
    tiers = Possible(knowledge.tiers, "tier")
    of_category = Possible(catalogue.category_names, "category in the bundle", True)
    of_brand = Possible(catalogue.brand_names, "brand in the bundle", True)
    return {
        **{
            f"member.{spec.name}": Possible(profile.names[spec.names], f"member.{spec.name} in the bundle", True)
            for spec in profile.specs
            if spec.names is not None
        },
        "member.tier": tiers,
        "member.stage": Possible([stage.value for stage in STAGES], "stage"),
        "context.placement": Possible(list(policy.placements), "placement in the policy"),
        "context.channel": Possible([channel.value for channel in Channel], "channel"),
        "context.relation": Possible([relation.value for relation in Relation], "relation", True),
        "product.id": Possible(catalogue.products, "product in the bundle"),
        "product.category": of_category,
        "product.brand": of_brand,
        "basket.categories": of_category._replace(may_be_empty=False),
        "basket.brands": of_brand._replace(may_be_empty=False),
        "offer.id": Possible(knowledge.offers.offers, "offer in the bundle"),
        "offer.kind": Possible([kind.value for kind in OFFER_KINDS], "kind of offer"),
        "offer.tiers": tiers,
    }


def unknown_ids(examined: Examined) -> Iterator[Problem]:
    """Products and offers that the file names outside its expressions, and that are not in the bundle."""
    knowledge = examined.knowledge
    known = {
        ItemKind.PRODUCT: Possible(knowledge.catalogue.products, "product"),
        ItemKind.OFFER: Possible(knowledge.offers.offers, "offer"),
    }
    for kind, path, where, ids in _listed_ids(examined):
        unknown = set(known[kind].without(ids))
        for at, one in enumerate(ids):
            if one in unknown:
                of_it = path if path[-1] == "id" else (*path, at)
                message = f"{where} names the {kind} {one!r}, which is not in the bundle"
                yield warning(_UNKNOWN_ID[kind], message, hint=known[kind].hint(one), path=of_it)


def _listed_ids(examined: Examined) -> Iterator[tuple[ItemKind, Path, str, Sequence[str]]]:
    policy = examined.policy
    for name, spec in policy.placements.items():
        yield ItemKind.PRODUCT, ("placements", name, "fallback"), f"the fallback of placement {name!r}", spec.fallback
    for name, campaign in policy.campaigns.items():
        yield ItemKind.OFFER, ("campaigns", name, "offers"), f"campaign {name!r}", campaign.offers
    for row, period in enumerate(policy.calendar):
        yield ItemKind.OFFER, ("calendar", row, "offers"), f"period {period.id!r}", period.offers
    for part in examined.parts().values():
        rule = part.rule
        if rule.pin is not None and _UNKNOWN_ID[rule.applies_to] not in rule.accepts:
            yield rule.applies_to, (*part.path, "pin", "id"), part.called, (rule.pin.id,)


def _texts(comparison: Comparison) -> list[str]:
    if comparison.operator not in _WHOLE_VALUES:
        return []
    return [constant for constant in comparison.constants if isinstance(constant, str)]


def _alike(name: str, known: Vocabulary) -> list[str]:
    """The ids with most letters of a name at their places: few enough to compare in earnest."""
    width = known.encoded.dtype.itemsize
    letters = np.ascontiguousarray(known.encoded).view(np.uint8).reshape(len(known), width)
    asked = np.frombuffer(name.encode(errors="replace")[:width].ljust(width, b"\0"), dtype=np.uint8)
    nearest = np.argsort(-(letters == asked).sum(axis=1), kind="stable")[:_NEAREST]
    return [one.decode(errors="replace") for one in known.encoded[nearest].tolist()]


def _offset(text: str, constant: str) -> tuple[int, int] | None:
    """Line and column of a constant in its expression, where it stands there once."""
    for quoted in (f"'{constant}'", f'"{constant}"'):
        if text.count(quoted) == 1:
            before = text[: text.index(quoted)]
            return before.count("\n") + 1, len(before) - before.rfind("\n")
    return None
