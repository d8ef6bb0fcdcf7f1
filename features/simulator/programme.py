"""The programme that the simulated retailer follows, as a programme file, so that tiers can be computed again."""

from features.simulator.parameters import TIERS, Parameters

_TIER = (
    "      - {{name: {name}, entry: {{spend_minor: {spend}}}, keep: {{spend_minor: {spend}}}, benefits: {benefits}}}"
)


def programme_text(parameters: Parameters, *, currency: str) -> str:
    """
    The rules of `features.simulator.history.tiers`, and those of its points, as YAML.

    A tier is what was paid in the last 365 days; a point is worth one minor unit and ends after two years, which is
    longer than a history usually is: the retailer itself lets none end.
    """
    tiers = [f"      - {{name: {TIERS[0]}}}"]
    for name, spend, multiplier in zip(
        TIERS[1:], parameters.tier_spend_minor, parameters.tier_points_bp[1:], strict=True
    ):
        benefits = f"{{points_multiplier_bp: {multiplier}}}"
        tiers.append(_TIER.format(name=name, spend=spend, benefits=benefits))
    multipliers = ", ".join(
        f"{name}: {multiplier}" for name, multiplier in zip(TIERS, parameters.tier_points_bp, strict=True)
    )
    return "\n".join(
        [
            "# What the simulated retailer does. Change it, and `recsys profile` shows who moves where.",
            "format: 1",
            "name: simulated",
            f"currency: {currency}",
            "timezone: UTC",
            "ladders:",
            "  - from: 2000-01-01",
            "    window: {rolling_days: 365}",
            "    downgrade: {review: continuous}",
            "    tiers:",
            *tiers,
            "points:",
            "  - from: 2000-01-01",
            "    earning:",
            f"      per_minor: {parameters.points_spend_minor}",
            f"      tiers: {{{multipliers}}}",
            "    redemption: {points: 1, worth_minor: 1}",
            "    expiry: {rolling_months: 24}",
            "",
        ]
    )
