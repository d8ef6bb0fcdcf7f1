"""A bundle's arrays as the nouns of the engine; the one list of what a bundle must hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import Bundle
from recsys.bundle_layout import check_arrays, read_settings
from recsys.catalogue import Catalogue
from recsys.loyalty.worth import NO_TIER_WORTH, TierWorth
from recsys.members import Members
from recsys.offers.definitions import OfferDefinitions
from recsys.profile import ColumnSpec, MemberProfile
from recsys.ragged import Ragged
from recsys.types import UNKNOWN_ROW, Rows, Scores
from recsys.vocabulary import Vocabulary

_CATALOGUE = (
    "names",
    "category",
    "brand",
    "price_minor",
    "cost_minor",
    "stock",
    "sale_from",
    "sale_until",
    "repeat_rate",
)
_OFFERS = (
    "names", "kind", "amount_minor", "percent_bp", "multiplier_bp", "min_spend_minor", "buy_quantity", "get_quantity",
    "valid_from", "valid_until", "tier_mask", "budget_minor", "per_member_limit", "contact_cost_minor",
    "scope_empty", "max_discount_minor", "total_limit", "channel_mask", "stacking", "stacking_group",
    "stacking_priority", "base", "points_cost", "ladder", "trigger", "trigger_days",
)  # fmt: skip
_MEMBERS = (
    "tier", "stage", "consent", "segment", "birth_month", "points", "orders_per_day", "basket_minor", "margin_rate",
    "purchased_at",
)  # fmt: skip
_RESPONSE = (
    "uplift", "uplift_sd", "redeem", "group", "member_uplift", "member_uplift_sd", "member_redeem", "p_order",
    "borrowed", "scope_affinity", "measured",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CandidateList:
    """
    One source's nightly list a member.

    Attributes:
        products: Shape (n_members, k), int32, best first; UNKNOWN_ROW pads the tail.
        scores: Shape (n_members, k), float32; NaN where padded.
    """

    products: Rows
    scores: Scores


@dataclass(frozen=True, slots=True)
class RankedProducts:
    """Lists shared by many: shape (n_lists, k), best first, UNKNOWN_ROW pads the tail, NaN where padded."""

    products: Rows
    scores: Scores


@dataclass(frozen=True, slots=True)
class RelatedProducts:
    """
    What products have to do with each other; nothing in it is about a member.

    Attributes:
        similar: Row p: what may be bought in place of product p.
        together: Row p: what is bought in the same order as p, without what is bought in its place.
        popular_in_category: Row c: what sells now in category c.
    """

    similar: RankedProducts
    together: RankedProducts
    popular_in_category: RankedProducts


_RELATED = tuple(RelatedProducts.__slots__)


@dataclass(frozen=True, slots=True)
class Response:
    """
    What training learnt of how offers work, and how sure it is.

    What an offer adds is that of the member's cell (stage and tier) plus the member's own deviation from it. Strangers
    have no deviation.

    Attributes:
        uplift: Shape (n_stages, n_tiers, n_offers), float32: added probability that a member of the cell orders within
            ``horizon_days`` when shown the offer, against no offer.
        uplift_sd: Same shape: standard deviation of that estimate.
        redeem: Same shape: probability that a shown offer is redeemed, given an order within the horizon.
        group: Shape (n_offers,), int16: column of the members' own deviations; -1 where there are none for the offer.
        member_uplift: Shape (n_members, n_groups), float16: added to the cell's uplift.
        member_uplift_sd: Same shape: standard deviation of that.
        member_redeem: Same shape: factor on the cell's redemption, at least 0; 1 where nothing is known.
        p_order: Shape (n_members,), float32: calibrated probability of an order within the horizon without any offer;
            NaN where only the member's rate is known.
        borrowed: Shape (n_offers,), float32: share of the added margin that is missing afterwards, because purchases
            were only moved or others displaced.
        scope_affinity: Shape (n_members, n_offers), float16: share of the member's orders that hold a product in the
            offer's scope; 1 for offers on the whole basket.
        measured: Shape (n_offers,), bool: estimated against a randomised no-offer arm; otherwise the prior.
        horizon_days: Days that the probabilities are about.
        learner: How the members' own deviations were learnt, ``cells`` where there are none.
    """

    uplift: NDArray[np.float32]
    uplift_sd: NDArray[np.float32]
    redeem: NDArray[np.float32]
    group: NDArray[np.int16]
    member_uplift: NDArray[np.float16]
    member_uplift_sd: NDArray[np.float16]
    member_redeem: NDArray[np.float16]
    p_order: NDArray[np.float32]
    borrowed: NDArray[np.float32]
    scope_affinity: NDArray[np.float16]
    measured: NDArray[np.bool_]
    horizon_days: float
    learner: str = "cells"


def no_deviations(n_members: int, n_offers: int) -> dict[str, Any]:
    """The columns of a `Response` that knows cells only: nobody deviates, nothing is borrowed, rates tell of orders."""
    return {
        "group": np.full(n_offers, UNKNOWN_ROW, dtype=np.int16),
        "member_uplift": np.empty((n_members, 0), dtype=np.float16),
        "member_uplift_sd": np.empty((n_members, 0), dtype=np.float16),
        "member_redeem": np.empty((n_members, 0), dtype=np.float16),
        "p_order": np.full(n_members, np.nan, dtype=np.float32),
        "borrowed": np.zeros(n_offers, dtype=np.float32),
    }


@dataclass(frozen=True, slots=True)
class Knowledge:
    """
    All that a decision may use of the past.

    Attributes:
        bundle_id, cut_off, currency: From the manifest.
        tiers: Tier names, low to high.
        catalogue, members, offers: The nouns.
        sources: Nightly lists by source name, in the order of ``source_weights``.
        source_weights: Weight of each source in the blend, at least 0.
        neighbours: Row p lists the products most bought with or after product p.
        related: What products have to do with each other; answers questions about products.
        popular: Row 0: what sells now, overall. Row 1 + s: in segment s.
        response: How offers work.
        stranger_orders_per_day, stranger_basket_minor, stranger_margin_rate: The population's means.
        point_worth_minor: What the programme owes for one point, in minor units; 0 where it has no points.
        tier_worth: What each tier costs for as long as it is held.
    """

    bundle_id: str
    cut_off: int
    currency: str
    tiers: tuple[str, ...]
    catalogue: Catalogue
    members: Members
    offers: OfferDefinitions
    sources: Mapping[str, CandidateList]
    source_weights: Mapping[str, float]
    neighbours: RankedProducts
    related: RelatedProducts
    popular: RankedProducts
    response: Response
    stranger_orders_per_day: float
    stranger_basket_minor: int
    stranger_margin_rate: float
    point_worth_minor: float = 0.0
    tier_worth: TierWorth = NO_TIER_WORTH

    @classmethod
    def of(cls, bundle: Bundle) -> "Knowledge":
        """
        Read the nouns out of a bundle; the arrays stay mapped.

        Raises:
            BundleError: An array or a setting is missing or not what `recsys.bundle_layout` says.
        """
        where = str(bundle.path)
        settings = read_settings(bundle.manifest.settings, where)
        check_arrays(bundle.arrays, settings, where)
        return cls(
            bundle_id=bundle.manifest.bundle_id,
            cut_off=bundle.manifest.cut_off,
            currency=bundle.manifest.currency,
            tiers=settings.tiers,
            catalogue=Catalogue(
                Vocabulary(bundle["products.ids"]),
                **{name: bundle[f"products.{name}"] for name in _CATALOGUE},
                category_names=settings.categories,
                brand_names=settings.brands,
            ),
            members=Members(
                Vocabulary(bundle["members.ids"]),
                **{name: bundle[f"members.{name}"] for name in _MEMBERS},
                purchased=Ragged(bundle["members.purchased.indptr"], bundle["members.purchased.values"]),
                profile=MemberProfile(
                    settings.profile.columns,
                    {spec.name: bundle[f"profile.{spec.name}"] for spec in settings.profile.columns},
                    settings.profile.names,
                    bundle.manifest.cut_off,
                ),
            ),
            offers=OfferDefinitions(
                Vocabulary(bundle["offers.ids"]),
                **{name: bundle[f"offers.{name}"] for name in _OFFERS},
                scope=Ragged(bundle["offers.scope.indptr"], bundle["offers.scope.values"]),
            ),
            sources={
                name: CandidateList(bundle[f"candidates.{name}.products"], bundle[f"candidates.{name}.scores"])
                for name in settings.source_weights
            },
            source_weights=settings.source_weights,
            neighbours=RankedProducts(bundle["neighbours.products"], bundle["neighbours.scores"]),
            related=RelatedProducts(
                **{name: RankedProducts(bundle[f"{name}.products"], bundle[f"{name}.scores"]) for name in _RELATED}
            ),
            popular=RankedProducts(bundle["popular.products"], bundle["popular.scores"]),
            response=Response(
                **{name: bundle[f"response.{name}"] for name in _RESPONSE},
                horizon_days=settings.horizon_days,
                learner=settings.learner,
            ),
            stranger_orders_per_day=settings.stranger.orders_per_day,
            stranger_basket_minor=settings.stranger.basket_minor,
            stranger_margin_rate=settings.stranger.margin_rate,
            point_worth_minor=settings.point_worth_minor,
            tier_worth=settings.tier_worth,
        )


def as_arrays(knowledge: Knowledge) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """
    The arrays and settings that `write_bundle` takes and `Knowledge.of` reads back.

    ``bundle_id``, ``cut_off`` and ``currency`` are the manifest's own and not among them.
    """
    catalogue, members, offers = knowledge.catalogue, knowledge.members, knowledge.offers
    arrays: dict[str, NDArray[Any]] = {
        "products.ids": catalogue.products.encoded,
        "members.ids": members.members.encoded,
        "members.purchased.indptr": members.purchased.indptr,
        "members.purchased.values": members.purchased.values,
        "offers.ids": offers.offers.encoded,
        "offers.scope.indptr": offers.scope.indptr,
        "offers.scope.values": offers.scope.values,
        "neighbours.products": knowledge.neighbours.products,
        "neighbours.scores": knowledge.neighbours.scores,
        "popular.products": knowledge.popular.products,
        "popular.scores": knowledge.popular.scores,
    }
    arrays |= {f"products.{name}": getattr(catalogue, name) for name in _CATALOGUE}
    arrays |= {f"members.{name}": getattr(members, name) for name in _MEMBERS}
    arrays |= {f"profile.{name}": column for name, column in members.profile.columns.items()}
    arrays |= {f"offers.{name}": getattr(offers, name) for name in _OFFERS}
    arrays |= {f"response.{name}": getattr(knowledge.response, name) for name in _RESPONSE}
    for name in _RELATED:
        lists: RankedProducts = getattr(knowledge.related, name)
        arrays |= {f"{name}.products": lists.products, f"{name}.scores": lists.scores}
    for name, source in knowledge.sources.items():
        arrays[f"candidates.{name}.products"] = source.products
        arrays[f"candidates.{name}.scores"] = source.scores
    settings = {
        "tiers": list(knowledge.tiers),
        "categories": list(catalogue.category_names),
        "brands": list(catalogue.brand_names),
        "source_weights": dict(knowledge.source_weights),
        "horizon_days": knowledge.response.horizon_days,
        "learner": knowledge.response.learner,
        "point_worth_minor": knowledge.point_worth_minor,
        "tier_worth": asdict(knowledge.tier_worth),
        "stranger": {
            "orders_per_day": knowledge.stranger_orders_per_day,
            "basket_minor": knowledge.stranger_basket_minor,
            "margin_rate": knowledge.stranger_margin_rate,
        },
        "profile": {
            "columns": [_spoken(spec) for spec in members.profile.specs],
            "names": {name: list(known) for name, known in members.profile.names.items()},
        },
    }
    return arrays, settings


def _spoken(spec: ColumnSpec) -> dict[str, Any]:
    """JSON has no NaN, so it is written as a text."""
    return {name: "NaN" if value != value else value for name, value in asdict(spec).items()}
