"""What a member likes: categories, brands, prices, places and days, and how open the member is to new products."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.profile.affinities import candidates, favourites, fit_affinities
from features.profile.columns import ColumnSpec, Unit
from features.profile.evidence import Dimension, Faded, evidence_of, faded_since, names_of
from features.profile.facts import MemberFacts
from features.profile.group import NEVER, NEXT_CHANGE_AT, Columns, Fitted, Norms, Rules, Summary
from features.profile.openness import fit_openness, next_share, summarise_openness
from features.profile.price_bands import fit_bands, summarise_bands
from features.profile.segment_norms import posterior, prior_of, sample_of
from features.profile.segment_shares import SegmentShares
from recsys.types import EpochSeconds

_UNKNOWN = float("nan")
_OWN = {Dimension.CATEGORY: 3}
_N_SHOWN = {Dimension.CATEGORY: 2}
_MOST_LIFT = 1e9


class Preferences:
    """
    Shares of what the member buys, recent purchases first, shrunken to the segment's shares.

    A purchase counts half after a half-life, and the segment's shares count as so many recent purchases as foretell
    members' last orders best (`fit_prior_weight`): the mean of a Dirichlet posterior. So a member without purchases has
    the segment's favourites, and one who stays away drifts back to them. Weights are kept relative to the member's last
    order, and `view` only fades them: a summary stays true to the byte until the member orders again.

    At later instants favourites are sought among the codes that were strongest at the last order (three categories, two
    of the others) and the segment's leaders.
    """

    name = "preferences"

    def specs(self, rules: Rules) -> tuple[ColumnSpec, ...]:
        """Favourites with their shares, the band of prices, openness to new products."""
        specs: list[ColumnSpec] = []
        for dimension in Dimension:
            specs += _favourite_specs(dimension)
        return (
            *specs,
            ColumnSpec(
                "price_band",
                "float32",
                Unit.SHARE,
                f"Mean band of the regular prices paid within categories, {rules.config.preferences.n_price_bands} "
                "bands from 0 (cheapest) to 1 (dearest)",
                0,
                1,
                unknown=_UNKNOWN,
            ),
            ColumnSpec(
                "new_product_openness",
                "float32",
                Unit.NONE,
                "First-time products after the first order over what is usual after as many orders; 1 is usual",
                0,
                _MOST_LIFT,
                unknown=_UNKNOWN,
            ),
            ColumnSpec(
                "new_product_share",
                "float32",
                Unit.SHARE,
                "First-time products expected among the products of the next order",
                0,
                1,
                unknown=_UNKNOWN,
            ),
        )

    def fit(self, facts: MemberFacts, rules: Rules) -> Norms:
        """Shares, price bands and what is usual for new products, by segment."""
        settings, some = rules.config.preferences, sample_of(facts)
        return {
            **fit_affinities(some, rules),
            "bands": fit_bands(some, settings.half_life_days, settings.n_price_bands),
            "openness": fit_openness(some, settings.half_life_days),
        }

    def summarise(self, facts: MemberFacts, fitted: Fitted) -> Summary:
        """Weights as of each member's last order."""
        settings, norms = fitted.rules.config.preferences, fitted.norms
        faded = Faded.of(facts, settings.half_life_days)
        summary: dict[str, NDArray[Any]] = {
            "segment": facts.segment,
            "last_at": faded.last_at,
            NEXT_CHANGE_AT: np.full(facts.n_members, NEVER, dtype=np.int64),
        }
        for dimension in Dimension:
            shares = SegmentShares.read(norms[dimension], names_of(facts, dimension), _N_SHOWN.get(dimension, 1))
            evidence = evidence_of(facts, dimension, faded)
            found = candidates(facts, evidence, shares, norms[dimension]["prior_weight"], _OWN.get(dimension, 2))
            summary |= {f"{dimension}_{key}": values for key, values in found.items()}
        bands = summarise_bands(facts, norms["bands"], faded)
        openness = summarise_openness(facts, norms["openness"], faded)
        return (
            summary
            | {f"bands_{key}": values for key, values in bands.items()}
            | {f"openness_{key}": values for key, values in openness.items()}
        )

    def view(self, summary: Summary, fitted: Fitted, as_of: EpochSeconds) -> Columns:
        """Shares with weights faded to the instant."""
        settings, norms, segment = fitted.rules.config.preferences, fitted.norms, summary["segment"]
        faded = faded_since(summary["last_at"], as_of, settings.half_life_days)
        columns: dict[str, NDArray[Any]] = {}
        for dimension in Dimension:
            kept = {key: summary[f"{dimension}_{key}"] for key in ("codes", "weights", "priors", "total")}
            found = favourites(kept, faded, norms[dimension]["prior_weight"], _N_SHOWN.get(dimension, 1))
            for place, (code, share, lift) in zip(("top", "second"), found, strict=False):
                columns[f"{place}_{dimension}"] = code
                columns[f"{place}_{dimension}_share"] = share.astype(np.float32)
                columns[f"{place}_{dimension}_lift"] = np.minimum(lift, _MOST_LIFT).astype(np.float32)
        prior = prior_of(norms["bands"]["band"], segment)
        band = posterior(summary["bands_band"] * faded, summary["bands_total"] * faded, prior, settings.prior_weight)
        prior = prior_of(norms["openness"]["openness"], segment)
        new, usual = summary["openness_new"] * faded, summary["openness_usual"] * faded
        openness = posterior(new, usual, prior, settings.prior_weight)
        return columns | {
            "price_band": np.minimum(band, 1.0).astype(np.float32),
            "new_product_openness": np.minimum(openness, _MOST_LIFT).astype(np.float32),
            "new_product_share": next_share(norms["openness"], summary["openness_orders"], openness).astype(np.float32),
        }


def _favourite_specs(dimension: Dimension) -> list[ColumnSpec]:
    """Code, share and lift of the favourites that are shown."""
    noun = "local weekday, 0 is Monday" if dimension is Dimension.WEEKDAY else str(dimension)
    names = None if dimension is Dimension.WEEKDAY else str(dimension)
    bought = "order lines" if dimension in {Dimension.CATEGORY, Dimension.BRAND} else "orders"
    specs: list[ColumnSpec] = []
    for place, rank in (("top", "largest"), ("second", "second largest"))[: _N_SHOWN.get(dimension, 1)]:
        column, what = f"{place}_{dimension}", f"of the {rank} share of the member's {bought}"
        specs += [
            ColumnSpec(column, "int32", Unit.CODE, f"The {noun}, {what}", 0, 2**31 - 1, unknown=-1, names=names),
            ColumnSpec(f"{column}_share", "float32", Unit.SHARE, f"Share of {bought} there", 0, 1, unknown=_UNKNOWN),
            ColumnSpec(
                f"{column}_lift",
                "float32",
                Unit.NONE,
                "That share over the segment's; 1 is usual",
                0,
                _MOST_LIFT,
                unknown=_UNKNOWN,
            ),
        ]
    return specs
