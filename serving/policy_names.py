"""The command `recsys policy names`: every name that a rule may use, as the bundle that is served has it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import Bundle
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.knowledge import Knowledge
from recsys.policy.attributes import OFFER_ATTRIBUTES, PRODUCT_ATTRIBUTES, who_attributes
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle.registry import live_policy
from recsys.policy.reading.load import load_policy
from recsys.report import Report, Table
from recsys.types import OFFER_KINDS, STAGES, Channel, EpochSeconds
from serving.clock import clock_of
from serving.export.plan import iso
from serving.live import read_pointer
from serving.settings import read_settings

_DATE = 10
"""Letters of a date."""


def names(workspace: Path) -> Report:
    """
    What whoever writes rules may name: values and ids of the bundle, placements of the draft, and attributes.

    Args:
        workspace: With a published bundle, and the draft ``policy.yaml``; without a draft, of the policy in force.

    Raises:
        InputError: The workspace is not one.
        BundleError: Nothing was published yet, or the bundle is broken.
        PolicyError: The draft is broken.
    """
    settings = read_settings(workspace)
    knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
    if settings.policy_path.exists():
        policy = load_policy(settings.policy_path)
    else:
        clock, _ = clock_of(settings.clock, workspace)
        policy = live_policy(settings.policy_path, clock()).policy
    return names_report(policy, knowledge)


def names_report(policy: Policy, knowledge: Knowledge) -> Report:
    """The same of a policy and a bundle; facts hold all, tables fit 100 columns."""
    placements = [
        {"name": name, "channel": one.channel.value, "capacity": one.capacity}
        for name, one in policy.placements.items()
    ]
    catalogue = knowledge.catalogue
    categories = _counted(catalogue.category_names, catalogue.category)
    brands = _counted(catalogue.brand_names, catalogue.brand)
    offers = _offers(knowledge)
    attributes = {
        **who_attributes(policy, knowledge.members.profile), **PRODUCT_ATTRIBUTES, **OFFER_ATTRIBUTES,
    }  # fmt: skip
    listed = [
        {"name": name, "type": kind.value, "of": name.partition(".")[0]} for name, kind in sorted(attributes.items())
    ]
    facts: dict[str, Any] = {
        "bundle_id": knowledge.bundle_id,
        "tiers": list(knowledge.tiers),
        "stages": [stage.value for stage in STAGES],
        "channels": [channel.value for channel in Channel],
        "placements": placements,
        "offers": offers,
        "categories": categories,
        "brands": brands,
        "attributes": listed,
    }
    values = tuple((name, ", ".join(facts[name])) for name in ("tiers", "stages", "channels"))
    tables = (
        Table("Tiers, the lowest first; stages; channels", ("of", "names"), values),
        Table("Placements", ("name", "channel", "capacity"), tuple(tuple(one.values()) for one in placements)),
        Table(
            "Offers",
            ("id", "kind", "name", "tiers", "from", "until"),
            tuple(
                (
                    one["id"], one["kind"], one["name"], _tiers(one["tiers"], knowledge), _date(one["valid_from"]),
                    _date(one["valid_until"]),
                )
                for one in offers
            ),
            spare=("name", "from"),
        ),
        Table("Categories", ("name", "products"), tuple((one["name"], one["products"]) for one in categories)),
        Table("Brands", ("name", "products"), tuple((one["name"], one["products"]) for one in brands)),
        Table("Attributes", ("name", "type"), tuple((one["name"], one["type"]) for one in listed)),
    )  # fmt: skip
    notes = ("`what` reads product. or offer., `who` the others; segments read all that `who` does but segment.",)
    return Report(facts=facts, tables=tables, notes=notes)


def _offers(knowledge: Knowledge) -> list[dict[str, Any]]:
    offers = knowledge.offers
    return [
        {
            "id": offers.offers.encoded[row].decode(),
            "kind": OFFER_KINDS[int(offers.kind[row])].value,
            "name": offers.names[row].decode(),
            "tiers": [tier for at, tier in enumerate(knowledge.tiers) if int(offers.tier_mask[row]) >> at & 1],
            "valid_from": _instant(int(offers.valid_from[row])),
            "valid_until": _instant(int(offers.valid_until[row])),
        }
        for row in range(len(offers))
    ]


def _tiers(tiers: list[str], knowledge: Knowledge) -> str:
    return "all" if len(tiers) == len(knowledge.tiers) else ", ".join(tiers)


def _counted(known: tuple[str, ...], rows: NDArray[np.integer]) -> list[dict[str, Any]]:
    counts = np.bincount(rows[rows >= 0], minlength=len(known)).tolist()
    return [{"name": name, "products": count} for name, count in sorted(zip(known, counts, strict=True))]


def _instant(value: EpochSeconds) -> str | None:
    """As people read it; absent for always."""
    return None if value in (ALWAYS_FROM, ALWAYS_UNTIL) else iso(value)


def _date(value: str | None) -> str | None:
    return None if value is None else value[:_DATE]
