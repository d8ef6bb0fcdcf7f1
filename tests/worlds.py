"""Small worlds with known contents, asymmetric on purpose, for the tests of every room."""

import numpy as np

from recsys.bundle import Manifest, write_bundle
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL, Catalogue
from recsys.knowledge import (
    CandidateList,
    Knowledge,
    RankedProducts,
    RelatedProducts,
    Response,
    as_arrays,
    no_deviations,
)
from recsys.members import Members
from recsys.offers.definitions import OfferDefinitions, plain_columns
from recsys.offers.economics import OfferValues
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, STAGES, Consent, OfferKind, Stage
from recsys.vocabulary import Vocabulary

DAY = 86_400
CUT_OFF = 1_700_000_000
NOW = CUT_OFF + 2 * DAY
TIERS = ("ordinary", "silver", "gold", "diamond")
ALL = int(Consent.PERSONALISATION | Consent.EMAIL | Consent.PUSH | Consent.SMS)


def small_knowledge(n_members: int = 7, n_products: int = 30, n_offers: int = 6, seed: int = 3) -> Knowledge:
    """
    Members m000.., products p000.., offers o000..

    Product p001 is out of stock, p002 is no longer sold, p003 is not yet sold. Member m000 (gold) bought p005 a day
    before the cut-off and p006 forty days before. The last member has agreed to nothing. Offer o000 is for gold and
    diamond only, o001 has ended, o002 is valid for p004 and p005 only, the others for all.
    """
    rng, apart = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    products = Vocabulary.of(f"p{row:03}" for row in range(n_products))
    stock = np.full(n_products, 50, dtype=np.int32)
    stock[1] = 0
    stock[7] = -1
    sale_from = np.full(n_products, ALWAYS_FROM, dtype=np.int64)
    sale_until = np.full(n_products, ALWAYS_UNTIL, dtype=np.int64)
    sale_until[2] = CUT_OFF
    sale_from[3] = NOW + 30 * DAY
    price = rng.integers(200, 5_000, n_products).astype(np.int64)
    catalogue = Catalogue(
        products=products,
        names=np.array([f"Product {row}".encode() for row in range(n_products)]),
        category=(np.arange(n_products) % 4 - (np.arange(n_products) == 9) * 10).clip(-1).astype(np.int32),
        brand=(np.arange(n_products) % 3).astype(np.int32),
        price_minor=price,
        cost_minor=(price * 7 // 10).astype(np.int64),
        stock=stock,
        sale_from=sale_from,
        sale_until=sale_until,
        repeat_rate=np.linspace(0, 0.6, n_products).astype(np.float32),
        category_names=("dairy", "bakery", "wine", "home"),
        brand_names=("alpha", "beta", "gamma"),
    )
    consent = np.full(n_members, ALL, dtype=np.uint8)
    consent[-1] = 0
    bought: list[list[int]] = [[5, 6]] + [[(3 * row + 4) % n_products] for row in range(1, n_members)]
    purchased = Ragged.of(bought)
    purchased_at = np.full(len(purchased.values), CUT_OFF - 5 * DAY, dtype=np.int64)
    purchased_at[0], purchased_at[1] = CUT_OFF - DAY, CUT_OFF - 40 * DAY
    tier = (np.arange(n_members) % 4).astype(np.int8)
    tier[0] = 2
    members = Members(
        members=Vocabulary.of(f"m{row:03}" for row in range(n_members)),
        tier=tier,
        stage=np.full(n_members, STAGES.index(Stage.ACTIVE), dtype=np.int8),
        consent=consent,
        segment=(np.arange(n_members) % 2).astype(np.int16),
        birth_month=np.full(n_members, 5, dtype=np.int8),
        points=np.arange(n_members, dtype=np.int64) * 100,
        orders_per_day=np.linspace(0.01, 0.2, n_members).astype(np.float32),
        basket_minor=np.linspace(2_000, 9_000, n_members).astype(np.int64),
        margin_rate=np.full(n_members, 0.3, dtype=np.float32),
        purchased=purchased,
        purchased_at=purchased_at,
        profile=small_profile(n_members),
    )
    kinds = [OfferKind.AMOUNT_OFF, OfferKind.PERCENT_OFF, OfferKind.PERCENT_OFF, OfferKind.POINTS_MULTIPLIER]
    kind = np.array([OFFER_KINDS.index(kinds[row % 4]) for row in range(n_offers)], dtype=np.int8)
    amount_off, percent_off = kind == 0, kind == 1
    valid_until = np.full(n_offers, NOW + 20 * DAY, dtype=np.int64)
    valid_until[1] = CUT_OFF
    tier_mask = np.full(n_offers, 0b1111, dtype=np.uint16)
    tier_mask[0] = 0b1100
    offers = OfferDefinitions(
        offers=Vocabulary.of(f"o{row:03}" for row in range(n_offers)),
        names=np.array([f"Offer {row}".encode() for row in range(n_offers)]),
        kind=kind,
        amount_minor=np.where(amount_off, 500, 0).astype(np.int64),
        percent_bp=np.where(percent_off, 1_000, 0).astype(np.int32),
        multiplier_bp=np.where(amount_off | percent_off, 10_000, 20_000).astype(np.int32),
        min_spend_minor=np.where(amount_off, 3_000, 0).astype(np.int64),
        buy_quantity=np.zeros(n_offers, dtype=np.int32),
        get_quantity=np.zeros(n_offers, dtype=np.int32),
        valid_from=np.full(n_offers, CUT_OFF - 30 * DAY, dtype=np.int64),
        valid_until=valid_until,
        tier_mask=tier_mask,
        budget_minor=np.full(n_offers, -1, dtype=np.int64),
        per_member_limit=np.ones(n_offers, dtype=np.int32),
        contact_cost_minor=np.full(n_offers, 2, dtype=np.int64),
        scope=Ragged.of([[4, 5] if row == 2 else [] for row in range(n_offers)]),
        **plain_columns(n_offers),
    )
    return Knowledge(
        bundle_id="",
        cut_off=CUT_OFF,
        currency="GBP",
        tiers=TIERS,
        catalogue=catalogue,
        members=members,
        offers=offers,
        sources={name: _lists(rng, n_members, n_products, 12) for name in ("als", "frequency")},
        source_weights={"als": 1.0, "frequency": 0.5},
        neighbours=_ranked(rng, n_products, n_products, 6),
        related=RelatedProducts(
            similar=_ranked(apart, n_products, n_products, 6),
            together=_ranked(apart, n_products, n_products, 5),
            popular_in_category=_ranked(apart, 4, n_products, 7),
        ),
        popular=_ranked(rng, 3, n_products, 20),
        response=Response(
            uplift=per_tier(rng.uniform(0.0, 0.08, (len(STAGES), n_offers)).astype(np.float32)),
            uplift_sd=per_tier(np.full((len(STAGES), n_offers), 0.01, dtype=np.float32)),
            redeem=per_tier(np.full((len(STAGES), n_offers), 0.4, dtype=np.float32)),
            **idle_deviations(n_members, n_offers),
            scope_affinity=np.ones((n_members, n_offers), dtype=np.float16),
            measured=np.arange(n_offers) % 2 == 0,
            horizon_days=14.0,
        ),
        stranger_orders_per_day=0.05,
        stranger_basket_minor=4_000,
        stranger_margin_rate=0.3,
    )


def small_bundle(path, knowledge: Knowledge | None = None) -> Manifest:
    """Write the small world as a bundle at *path*, a directory that does not exist yet."""
    arrays, settings = as_arrays(knowledge or small_knowledge())
    return write_bundle(path, arrays, cut_off=CUT_OFF, dataset_digest="d" * 64, currency="GBP", settings=settings)


def per_tier(of_stage: np.ndarray) -> np.ndarray:
    """Shape (n_stages, n_tiers, n_offers) from (n_stages, n_offers): the same in every tier."""
    return np.repeat(of_stage[:, None, :], len(TIERS), axis=1)


def idle_deviations(n_members: int, n_offers: int) -> dict[str, np.ndarray]:
    """Every second offer is of the one group, in which all members are like their cells."""
    return no_deviations(n_members, n_offers) | {
        "group": (np.arange(n_offers) % 2 - 1).astype(np.int16),
        "member_uplift": np.zeros((n_members, 1), dtype=np.float16),
        "member_uplift_sd": np.zeros((n_members, 1), dtype=np.float16),
        "member_redeem": np.ones((n_members, 1), dtype=np.float16),
    }


def bare_values(
    mean: np.ndarray,
    sd: np.ndarray,
    discount: np.ndarray,
    deadweight: np.ndarray,
    *,
    revenue: np.ndarray,
    redemption: np.ndarray,
) -> OfferValues:
    """Values whose response is of no interest: nobody orders without an offer, and everybody with it."""
    still = np.zeros(len(mean))
    ones, none = np.ones_like(mean, dtype=np.float64), np.zeros_like(mean, dtype=np.float64)
    return OfferValues(
        mean, sd, discount, deadweight, revenue, redemption, p_without=still, uplift=ones, uplift_sd=none, p_redeem=ones
    )


def small_profile(n_members: int) -> MemberProfile:
    """A column of each kind; member 1 is the one of whom nothing is known."""
    share = np.linspace(0, 1, n_members).astype(np.float32)
    families = np.arange(n_members, dtype=np.int32) % 3
    channel = (np.arange(n_members) % 2).astype(np.int8)
    if n_members > 1:
        share[1], families[1], channel[1] = np.nan, -1, -1
    return MemberProfile(
        (
            ColumnSpec("coupon_share", "float32", Unit.SHARE, "Orders with a coupon", 0, 1, unknown=float("nan")),
            ColumnSpec("due_families", "int32", Unit.COUNT, "Families due", 0, 100, unknown=-1),
            ColumnSpec("main_channel", "int8", Unit.CODE, "Where most is bought", 0, 1, unknown=-1, names="channel"),
            ColumnSpec("at_risk", "bool", Unit.YES_NO, "May lose the tier", 0, 1),
            ColumnSpec("silent_days", "int32", Unit.DAYS, "Days since", 0, 9_999, unknown=-1, ages=1),
        ),
        {
            "coupon_share": share,
            "due_families": families,
            "main_channel": channel,
            "at_risk": families == 2,
            "silent_days": np.where(families < 0, -1, 10).astype(np.int32),
        },
        {"channel": ("store", "web")},
        CUT_OFF,
    )


def _lists(rng: np.random.Generator, n_lists: int, n_products: int, k: int) -> CandidateList:
    ranked = _ranked(rng, n_lists, n_products, k)
    return CandidateList(ranked.products, ranked.scores)


def _ranked(rng: np.random.Generator, n_lists: int, n_products: int, k: int) -> RankedProducts:
    products = np.array([rng.permutation(n_products)[:k] for _ in range(n_lists)], dtype=np.int32)
    scores = -np.sort(-rng.random((n_lists, k)).astype(np.float32), axis=1)
    products[1, k - 2 :] = -1
    scores[1, k - 2 :] = np.nan
    return RankedProducts(products, scores)
