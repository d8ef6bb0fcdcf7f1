"""A made-up bundle of any size, written to disk, where no trained one is given; its contents mean nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import write_bundle
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL, Catalogue
from recsys.errors import InputError
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
from recsys.offers.definitions import UNLIMITED_MINOR, OfferDefinitions, plain_columns
from recsys.policy.reading.load import default_policy_text
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, STAGES, Consent, Rows, Stage
from recsys.vocabulary import Vocabulary

CUT_OFF = 1_750_000_000
NOW = CUT_OFF + SECONDS_PER_DAY
TIERS = ("ordinary", "silver", "gold", "diamond")
N_OFFERS = 20
N_CANDIDATES = 50
N_BOUGHT = 15
N_CATEGORIES = 40
SOURCES = {"als": 1.0, "frequency": 0.8, "popular_segment": 0.3}


@contextmanager
def workspace_for(workspace: Path | None, *, members: int, products: int) -> Iterator[Path]:
    """
    The given workspace, or a made-up one that is deleted afterwards.

    Raises:
        InputError: A benchmark's world needs more products than a candidate list has.
    """
    if workspace is not None:
        yield workspace
        return
    if products <= N_CANDIDATES:
        raise InputError(f"products is {products}; give more than {N_CANDIDATES}, the length of a candidate list")
    with TemporaryDirectory(prefix="recsys-bench-") as folder:
        made = Path(folder)
        knowledge = made_up_knowledge(members, products, np.random.default_rng(0))
        arrays, settings = as_arrays(knowledge)
        (made / "serving").mkdir()
        write_bundle(
            made / "serving" / "bench",
            arrays,
            cut_off=CUT_OFF,
            dataset_digest="0" * 64,
            currency="GBP",
            settings=settings,
        )
        (made / "serving" / "current").write_text("bench\n")
        (made / "policy.yaml").write_text(default_policy_text(TIERS, "GBP"), encoding="utf-8")
        yield made


def made_up_knowledge(
    n_members: int, n_products: int, rng: np.random.Generator, *, n_offers: int = N_OFFERS
) -> Knowledge:
    """Distinct products in every list, every offer valid, everybody has agreed to everything."""
    price = rng.integers(100, 5_000, n_products).astype(np.int64)
    catalogue = Catalogue(
        products=Vocabulary.of(f"p{row:07}" for row in range(n_products)),
        names=np.array([f"Product {row}".encode() for row in range(n_products)]),
        category=rng.integers(0, N_CATEGORIES, n_products).astype(np.int32),
        brand=rng.integers(0, 100, n_products).astype(np.int32),
        price_minor=price,
        cost_minor=price * 7 // 10,
        stock=rng.integers(0, 20, n_products).astype(np.int32),
        sale_from=np.full(n_products, ALWAYS_FROM, dtype=np.int64),
        sale_until=np.full(n_products, ALWAYS_UNTIL, dtype=np.int64),
        repeat_rate=rng.random(n_products).astype(np.float32),
        category_names=tuple(f"category {row}" for row in range(N_CATEGORIES)),
        brand_names=tuple(f"brand {row}" for row in range(100)),
    )
    bought = _distinct(rng, n_members, n_products, N_BOUGHT)
    everything = int(Consent.PERSONALISATION | Consent.EMAIL | Consent.PUSH | Consent.SMS)
    members = Members(
        members=Vocabulary.of(f"m{row:08}" for row in range(n_members)),
        tier=rng.integers(0, len(TIERS), n_members).astype(np.int8),
        stage=np.full(n_members, STAGES.index(Stage.ACTIVE), dtype=np.int8),
        consent=np.full(n_members, everything, dtype=np.uint8),
        segment=rng.integers(0, 4, n_members).astype(np.int16),
        birth_month=rng.integers(1, 13, n_members).astype(np.int8),
        points=rng.integers(0, 5_000, n_members).astype(np.int64),
        orders_per_day=rng.uniform(0.01, 0.3, n_members).astype(np.float32),
        basket_minor=rng.integers(1_000, 9_000, n_members).astype(np.int64),
        margin_rate=np.full(n_members, 0.3, dtype=np.float32),
        purchased=Ragged(np.arange(n_members + 1, dtype=np.int64) * N_BOUGHT, bought.ravel()),
        purchased_at=CUT_OFF - rng.integers(1, 200 * SECONDS_PER_DAY, n_members * N_BOUGHT).astype(np.int64),
    )
    return Knowledge(
        bundle_id="",
        cut_off=CUT_OFF,
        currency="GBP",
        tiers=TIERS,
        catalogue=catalogue,
        members=members,
        offers=_offers(rng, n_offers),
        sources={name: CandidateList(*_ranked(rng, n_members, n_products, N_CANDIDATES)) for name in SOURCES},
        source_weights=SOURCES,
        neighbours=RankedProducts(*_ranked(rng, n_products, n_products, 30)),
        related=RelatedProducts(
            similar=RankedProducts(*_ranked(rng, n_products, n_products, 30)),
            together=RankedProducts(*_ranked(rng, n_products, n_products, 30)),
            popular_in_category=RankedProducts(*_ranked(rng, N_CATEGORIES, n_products, N_CANDIDATES)),
        ),
        popular=RankedProducts(*_ranked(rng, 5, n_products, N_CANDIDATES)),
        response=Response(
            uplift=np.repeat(rng.uniform(0.0, 0.08, (len(STAGES), 1, n_offers)), len(TIERS), axis=1).astype(np.float32),
            uplift_sd=np.full((len(STAGES), len(TIERS), n_offers), 0.01, dtype=np.float32),
            redeem=np.full((len(STAGES), len(TIERS), n_offers), 0.4, dtype=np.float32),
            **no_deviations(n_members, n_offers),
            scope_affinity=np.ones((n_members, n_offers), dtype=np.float16),
            measured=np.ones(n_offers, dtype=np.bool_),
            horizon_days=14.0,
        ),
        stranger_orders_per_day=0.05,
        stranger_basket_minor=4_000,
        stranger_margin_rate=0.3,
    )


def _offers(rng: np.random.Generator, n_offers: int) -> OfferDefinitions:
    kind = (np.arange(n_offers) % 2).astype(np.int8)  # amount off and percent off, in turns
    assert OFFER_KINDS[:2] == ("amount_off", "percent_off")
    zeros = np.zeros(n_offers, dtype=np.int64)
    return OfferDefinitions(
        offers=Vocabulary.of(f"o{row:03}" for row in range(n_offers)),
        names=np.array([f"Offer {row}".encode() for row in range(n_offers)]),
        kind=kind,
        amount_minor=np.where(kind == 0, rng.integers(100, 800, n_offers), 0).astype(np.int64),
        percent_bp=np.where(kind == 1, rng.integers(300, 2_000, n_offers), 0).astype(np.int32),
        multiplier_bp=np.full(n_offers, 10_000, dtype=np.int32),
        min_spend_minor=np.where(kind == 0, 4_000, 0).astype(np.int64),
        buy_quantity=zeros.astype(np.int32),
        get_quantity=zeros.astype(np.int32),
        valid_from=zeros + CUT_OFF - 30 * SECONDS_PER_DAY,
        valid_until=zeros + CUT_OFF + 3_650 * SECONDS_PER_DAY,
        tier_mask=np.full(n_offers, 0b1111, dtype=np.uint16),
        budget_minor=zeros + UNLIMITED_MINOR,
        per_member_limit=np.ones(n_offers, dtype=np.int32),
        contact_cost_minor=zeros + 2,
        scope=Ragged.of([[] for _ in range(n_offers)]),
        **plain_columns(n_offers),
    )


def _ranked(rng: np.random.Generator, n_lists: int, n_products: int, k: int) -> tuple[Rows, NDArray[np.float32]]:
    scores = -np.sort(-rng.random((n_lists, k), dtype=np.float32), axis=1)
    return _distinct(rng, n_lists, n_products, k), scores


def _distinct(rng: np.random.Generator, n_lists: int, n_products: int, k: int) -> Rows:
    """Shape (n_lists, k): distinct products, k equal strides from a random start; quick at any size."""
    start = rng.integers(0, n_products, (n_lists, 1))
    stride = rng.integers(1, max(n_products // k, 2), (n_lists, 1))
    return ((start + stride * np.arange(k)) % n_products).astype(np.int32)
