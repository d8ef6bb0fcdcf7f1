"""What an evaluation says in plain words: warnings first, then the answers, and what was not measured and why."""

from collections.abc import Iterator
from math import isfinite

from training.evaluate import BLEND
from training.response.added_report import effect_warnings
from training.sections import CASES, Facts, metric_name, ranker_name
from training.slices import MIN_MEMBERS
from training.summary import CASE_TITLES, new_products_warning

_FLOORS = {
    "popular_7_days": "the best sellers of the last 7 days",
    "popular_28_days": "the best sellers of the last 28 days",
    "own_frequency_then_popular": "what the member bought most often, then the best sellers",
}


def warnings_of(facts: Facts) -> tuple[str, ...]:
    """What must be known before any figure is believed or used."""
    found: list[str] = []
    for name, case in facts["cases"].items():
        gain = case["rows"][BLEND]["gain"]
        if name == "explore":
            found += new_products_warning(gain["high"], case["best_floor"])
        elif gain["high"] < 0:
            found.append(
                f"WARNING: with {CASES.get(name, name)} our list is worse than the best floor, {case['best_floor']}, "
                f"beyond luck (its gain's interval ends at {gain['high']:.4f}): that floor serves better for nothing."
            )
        least = facts["gate"]["min_members"]
        if case["n_members"] < least:
            found.append(
                f"WARNING: {CASES.get(name, name)}: {case['n_members']:,} members could be judged, and fewer than "
                f"{least:,} prove nothing. Ingest a longer history or judge a longer window."
            )
    if not facts["cases"]:
        found.append("WARNING: no member bought anything on sale in the test window: nothing was judged.")
    return (*found, *effect_warnings(facts.get("response", {})))


def verdicts_of(facts: Facts) -> tuple[tuple[str, str], ...]:
    """
    Is our list better than the best floor, by how much, how surely; among new products too; is there a re-ranker.

    Returns:
        Each an answer and the figures behind it.
    """
    lines = [_verdict(facts, name) for name in facts["cases"]]
    missing = [title for name, title in CASE_TITLES.items() if name not in facts["cases"]]
    lines += [(f"Not judged: {title}.", "No member of the test window has the case.") for title in missing]
    stage = facts.get("reranker")
    if stage:
        lines.append(
            (
                f"A re-ranker is {'' if stage['shipped'] else 'not '}served.",
                f"On the validation window: {stage['reason']}.",
            )
        )
    else:
        lines.append(("No re-ranker was judged.", "Our list is a weighted blend of the sources."))
    return tuple(lines)


def not_measured(facts: Facts) -> tuple[str, ...]:
    """What this evaluation is silent about, and why."""
    return tuple(_not_measured(facts))


def _verdict(facts: Facts, name: str) -> tuple[str, str]:
    case, metric = facts["cases"][name], facts["metric"]
    ours, floor = case["rows"][BLEND], case["rows"][case["best_floor"]]
    gain, base = ours["gain"], floor["metrics"][metric]
    rule = f"the best simple rule ({_FLOORS.get(case['best_floor'], ranker_name(case['best_floor']))})"
    if gain["low"] > 0:
        verdict = f"our list is better than {rule}{_by(gain['mean'], base)}, beyond luck"
    elif gain["high"] < 0:
        verdict = f"our list is worse than {rule}{_by(gain['mean'], base)}, beyond luck"
    else:
        verdict = f"our list is neither surely better nor surely worse than {rule}"
    figures = (
        f"{metric_name(metric)} {ours['metrics'][metric]:.4f} against {base:.4f}, a gain of {gain['mean']:+.4f} "
        f"({facts['confidence']:.0%} interval {gain['low']:+.4f} to {gain['high']:+.4f}, {case['n_members']:,} members)"
    )
    figures += "."
    hits = [row["metrics"].get("hit_rate_at_10") for row in (ours, floor)]
    if None not in hits:
        mine, theirs = (100 * float(hit) for hit in hits)
        figures += (
            f" Of 100 such members {mine:.0f} bought at least one of the first ten products of our list, and "
            f"{theirs:.0f} one of that rule's."
        )
    return f"{CASES.get(name, name).capitalize()}: {verdict}.", figures


def _by(gain: float, base: float) -> str:
    return f" by {abs(gain) / base:.1%}" if base > 0 and isfinite(gain) else ""


def _not_measured(facts: Facts) -> Iterator[str]:
    cases, folds = facts["cases"], facts.get("folds") or ()
    yield (
        "What showing the list causes. Members bought what they bought without it, so these figures say how well "
        "purchases are foretold; whether more is bought is for an experiment with a control group."
    )
    if "n_offers" in facts:
        rest = facts["n_offers"] - facts["n_offers_measured"]
        yield (
            f"What offers cause is measured for {facts['n_offers_measured']:,} of {facts['n_offers']:,} offers"
            + (f"; for {rest:,} it is assumed, because no random members went without them." if rest else ".")
        )
    else:
        yield "Offers: only the ranking of products is judged here."
    if len(folds) < 2:
        yield "Other windows: one test window says little of the weeks before and after it."
    if not facts.get("programme_id"):
        yield (
            "Tiers in the models judged: earlier days know no tiers without a programme file, so these models had "
            "none; slices use today's tier."
        )
    for name, case in cases.items():
        if case["n_members"] < case["n_eligible"]:
            yield (
                f"{CASES.get(name, name).capitalize()}: {case['n_eligible'] - case['n_members']:,} of "
                f"{case['n_eligible']:,} members, because a random sample was judged (evaluation.max_members)."
            )
    shares = [case["share_reachable"] for case in cases.values()]
    if shares and shares[0] < 1:
        yield f"{1 - shares[0]:.1%} of what was bought: not yet on sale at the cut-off, so no list could hold it."
    n_small = sum(case["n_small_slices"] for case in cases.values())
    if n_small:
        yield f"{n_small:,} slices: fewer than {MIN_MEMBERS} members are in each; an interval of so few means little."
    for figure, why in (
        ("price", "nothing that was shown had been sold for money before the cut-off"),
        ("margin", "the costs of what was shown are not known"),
    ):
        shown = [row["shown"].get(f"{figure}_minor_at_10") for case in cases.values() for row in case["rows"].values()]
        if shown and all(value is None for value in shown):
            yield f"{figure.capitalize()} of what is shown: {why}."
    if not facts.get("calibration"):
        yield "Reliability of predicted chances: this evaluation holds none against what happened."
    if facts["n_left_out"]:
        yield f"{facts['n_left_out']:,} members: they withdrew or were erased since the ingest."
    if facts.get("n_members_without_personalisation"):
        n = facts["n_members_without_personalisation"]
        yield f"{n:,} members: they did not agree to personalisation, so no model learns from them."
    yield "Training time of floors: they are plain counts."
