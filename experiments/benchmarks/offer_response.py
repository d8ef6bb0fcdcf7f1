"""Which of several offers, or none, for whom: learnt from waves of random assignment, judged by the last two."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]  # ships no types

from experiments.benchmarks import chosen, data_folder
from experiments.benchmarks.offer_response_cases import NONE, OfferWaves, read_offer_waves, wave_features
from experiments.benchmarks.offer_response_choosers import UPLIFT, Choose, Lessons, Taught, choosers, teach
from experiments.benchmarks.offer_response_judge import Judged, always, judge, sums_of
from experiments.measure import measured
from recsys.report import Report, Table
from training.bootstrap import Interval
from training.memory import peak_rss_mb
from training.response.base import BaseConfig, Kind, fit_base
from training.response.policy_value import Log
from training.response.trial import Floats, Numbers

_DEFAULTS: dict[str, Any] = {"data": None, "seed": 1, "resamples": 1_000, "income": None}
_RESPONSE_TREES = BaseConfig(n_trees=80, n_leaves=6, min_leaf_rows=50, min_leaf_share=0.0)
_EXPECTED_TREES = BaseConfig(n_trees=100, n_leaves=8, min_leaf_rows=100, min_leaf_share=0.0)
OURS, BEST = "ours", "best_single"


@dataclass(frozen=True, slots=True)
class Tried:
    """How a way to choose did on waves of training that it had not seen, USD a member over the best single offer."""

    gain: float
    sd: float
    switched: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    What the waves of training gave.

    Attributes:
        tried: By way.
        way: The one with the highest gain less one standard error.
        best: The best single arm.
        policies: By name, ours first: shape (n_rows, n_arms) over the rows of the test waves, wave by wave.
        expected: Shape (n_rows, n_arms): foretold outcome.
    """

    tried: Mapping[str, Tried]
    way: str
    best: int
    policies: Mapping[str, Floats]
    expected: Floats


def run(options: Mapping[str, Any]) -> Report:
    """
    Choose on the waves of training, judge once on the last two.

    Args:
        options: ``data``, a folder that `read_offer_waves` understands; ``seed``; ``resamples`` of the bootstrap;
            ``income=1`` lets the choice look at income, which it does not otherwise.

    Raises:
        InputError: No folder was given.
        SourceError: It is of another form.
        NotEnoughDataError: Too few waves.
    """
    asked = chosen("offer_response", options, _DEFAULTS)
    folder = data_folder("offer_response", asked, "a folder with waves of random offers, such as starbucks_offers")
    with threadpoolctl.threadpool_limits(limits=1):
        waves = read_offer_waves(folder)
        done = measured(lambda: choose(waves, asked["seed"], income=asked["income"] is not None))
        cost = {"fit_cpu_s": done.cpu_s, "peak_rss_mb": peak_rss_mb()}
        facts = {"benchmark": "offer_response", "set": folder.name, **_wave_facts(waves, asked)}
        facts |= _judged(waves, done.result, asked) | cost
    return Report(facts, _tables(facts), _NOTES)


def choose(waves: OfferWaves, seed: int, *, income: bool = False, learners: Sequence[str] = UPLIFT) -> Chosen:
    """
    Learn on the waves of training and choose for the members of the test waves, blind to what these did after a wave.

    Every way is tried on each wave of training by what the others taught it. Ours is the one whose gain over the best
    single arm less one standard error is highest: an offer that is not better than chance would have it is not taken
    for one (optimiser's curse); where none gains, the best single one.
    """
    lessons = [_lessons(waves, wave, income=income) for wave in waves.train]
    every = _joined(lessons)
    taught = teach(every, seed=seed)
    tried = _tried(lessons, taught, learners)
    way = max(tried, key=lambda name: tried[name].gain - tried[name].sd)
    ours = choosers(taught, learners)[way]
    asked = [wave_features(waves, wave, income=income) for wave in waves.test]
    return Chosen(tried, way, taught.best, _policies(waves, ours, taught, asked), _expected(every, asked, seed))


def _lessons(waves: OfferWaves, wave: int, *, income: bool) -> Lessons:
    n = waves.n_members
    return Lessons(
        wave_features(waves, wave, income=income),
        waves.arm[wave],
        np.tile(waves.shares(wave), (n, 1)),
        waves.outcome(wave, hours=waves.window, cap=waves.cap),
        np.arange(n, dtype=np.int64),
    )


def _joined(lessons: Sequence[Lessons]) -> Lessons:
    names = lessons[0].features
    return Lessons(
        {name: np.concatenate([one.features[name] for one in lessons]) for name in names},
        np.concatenate([one.arm for one in lessons]),
        np.concatenate([one.probability for one in lessons]),
        np.concatenate([one.outcome for one in lessons]),
        np.concatenate([one.member for one in lessons]),
    )


def _tried(lessons: Sequence[Lessons], taught: Taught, learners: Sequence[str]) -> Mapping[str, Tried]:
    n = len(lessons[0].arm)
    found: dict[str, list[tuple[Floats, float]]] = {}
    for wave, left_out in enumerate(lessons):
        others = teach(_joined([one for at, one in enumerate(lessons) if at != wave]), seed=taught.seed)
        gain = taught.gain[wave * n : (wave + 1) * n]
        for name, way in choosers(others, learners).items():
            arm = way(left_out.features)
            found.setdefault(name, []).append((gain[np.arange(n), arm], float((arm != taught.best).mean())))
    tried = {}
    for name, of_waves in found.items():
        each = np.mean([gain for gain, _ in of_waves], axis=0)
        switched = float(np.mean([share for _, share in of_waves]))
        tried[name] = Tried(float(each.mean()), float(each.std(ddof=1) / np.sqrt(n)), switched)
    return tried


def _policies(
    waves: OfferWaves, ours: Choose, taught: Taught, asked: Sequence[Mapping[str, Floats]]
) -> dict[str, Floats]:
    n, n_arms = waves.n_members * len(asked), waves.n_arms
    random = np.full((n, n_arms), 1.0 / (n_arms - 1))
    random[:, NONE] = 0.0
    return {
        OURS: always(np.concatenate([ours(one) for one in asked]), n_arms),
        BEST: always(np.full(n, taught.best), n_arms),
        "propensity": always(_most_likely(waves, taught.lessons, asked, taught.seed), n_arms),
        "random": random,
        "none": always(np.full(n, NONE), n_arms),
    }


def _most_likely(waves: OfferWaves, lessons: Lessons, asked: Sequence[Mapping[str, Floats]], seed: int) -> Numbers:
    """The offer that a member completes with the highest chance, learnt from those who were given it."""
    responded = np.concatenate([waves.responded(wave) for wave in waves.train])
    x = lessons.matrix()
    judged = np.concatenate([np.stack(list(one.values()), axis=1) for one in asked])
    chance = np.zeros((len(judged), waves.n_arms))
    for arm in range(1, waves.n_arms):
        rows = lessons.arm == arm
        model = fit_base(
            x[rows],
            responded[rows],
            weight=np.ones(int(rows.sum())),
            config=_RESPONSE_TREES,
            seed=seed,
            kind=Kind.CHANCE,
        )
        chance[:, arm] = model.predict(judged)
    return np.asarray(chance[:, 1:].argmax(axis=1) + 1)


def _expected(lessons: Lessons, asked: Sequence[Mapping[str, Floats]], seed: int) -> Floats:
    """History's forecast and the mean effect of each arm: only to take noise out of the judgement."""
    model = fit_base(
        lessons.matrix(),
        lessons.outcome,
        weight=np.ones(len(lessons.arm)),
        config=_EXPECTED_TREES,
        seed=seed,
        kind=Kind.AMOUNT,
    )
    mean = np.array([lessons.outcome[lessons.arm == arm].mean() for arm in range(lessons.probability.shape[1])])
    judged = np.concatenate([np.stack(list(one.values()), axis=1) for one in asked])
    return np.asarray(model.predict(judged)[:, None] + (mean - lessons.outcome.mean()))


def _judged(waves: OfferWaves, found: Chosen, asked: Mapping[str, Any]) -> dict[str, Any]:
    draw = {"n_resamples": asked["resamples"], "seed": asked["seed"]}
    plain = _judge(waves, found, hours=waves.window, **draw)
    others = {
        "winsorised": _judge(waves, found, hours=waves.window, cap=waves.cap, **draw),
        "self_normalised": _judge(waves, found, hours=waves.window, robust=False, **draw),
        "whole_window": _judge(waves, found, hours=waves.whole_window, **draw),
    }
    best = max(plain.gains, key=lambda name: plain.values[name].mean)
    arms = found.policies[OURS].argmax(axis=1)
    return {
        "value": _all_bounds(plain.values),
        "gain": {"over": best, **asdict(plain.gains[best])},
        "gain_over": _all_bounds(plain.gains),
        "shown": {_arm_name(waves, arm): float((arms == arm).mean()) for arm in np.unique(arms)},
        "best_single": _arm_name(waves, found.best),
        "way": found.way,
        "tried": {name: asdict(one) for name, one in found.tried.items()},
        "otherwise": {
            name: {"value": _all_bounds(one.values), "gain_over": _all_bounds(one.gains)}
            for name, one in others.items()
        },
    }


def _judge(
    waves: OfferWaves, found: Chosen, *, hours: int, cap: float = np.inf, robust: bool = True, **draw: int
) -> Judged:
    shown = np.concatenate([waves.arm[wave] for wave in waves.test])
    probability = np.concatenate([waves.shares(wave)[waves.arm[wave]] for wave in waves.test])
    reward = np.concatenate([waves.outcome(wave, hours=hours, cap=cap) for wave in waves.test])
    member = np.tile(np.arange(waves.n_members, dtype=np.int64), len(waves.test))
    log = Log(shown, probability, reward)
    sums = {name: sums_of(log, policy, found.expected, member=member) for name, policy in found.policies.items()}
    return judge(sums, robust=robust, n_resamples=draw["n_resamples"], seed=draw["seed"])


def _all_bounds(found: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: asdict(one) for name, one in found.items()}


def _arm_name(waves: OfferWaves, arm: int) -> str:
    return "none" if arm == NONE else f"offer {arm - 1} ({waves.kind[arm - 1]})"


def _wave_facts(waves: OfferWaves, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seed": asked["seed"],
        "resamples": asked["resamples"],
        "income": asked["income"] is not None,
        "train_hours": [waves.hours[wave] for wave in waves.train],
        "test_hours": [waves.hours[wave] for wave in waves.test],
        "window_hours": waves.window,
        "whole_window_hours": waves.whole_window,
        "purchase_cap": waves.cap,
        "n_members": waves.n_members,
    }


def _tables(facts: Mapping[str, Any]) -> tuple[Table, ...]:
    rows = tuple(
        (name, *one.values(), *(facts["gain_over"][name].values() if name in facts["gain_over"] else ("", "", "")))
        for name, one in facts["value"].items()
    )
    columns = ("choice", "value", "low", "high", "gain of ours", "gain low", "gain high")
    title = f"{facts['set']}: spend less rewards in {facts['window_hours']} hours, USD a member and wave"
    tried = tuple((name, *one.values()) for name, one in facts["tried"].items())
    other = tuple(
        (name, choice, *one.values())
        for name, found in facts["otherwise"].items()
        for choice, one in found["gain_over"].items()
    )
    return (
        Table(f"{title}, waves of hours {', '.join(map(str, facts['test_hours']))}", columns, rows),
        Table(
            f"gain over {facts['best_single']} for all on waves of training left out, purchases capped; ours is "
            f"{facts['way']}",
            ("way to choose", "gain", "sd", "switched"),
            tried,
        ),
        Table("gain of ours told otherwise", ("how", "over", "gain", "low", "high"), other),
    )


_NOTES = (
    "value: doubly robust with the shares of the random assignment as probabilities, members drawn anew. The window "
    "is the longest that is over before the test begins for every wave of training; whole_window is what the log holds "
    "after the last wave. Learning caps purchases at purchase_cap, judging does not but in the row winsorised. ours is "
    "the way with the highest gain less one standard error on waves of training left out. Where it treats all alike it "
    "is the best single offer, and the gain over it is 0. Age and gender are never read, income only with "
    "--option income=1.",
)
