"""Public waves of randomly assigned offers as arrays: who got what, what was known of them, what they spent then."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from experiments.benchmarks.sequence_cases import read_columns
from recsys.errors import NotEnoughDataError, SourceError
from training.response.trial import Floats, Numbers

TRANSCRIPT = "transcript.parquet"
_RECEIVED, _VIEWED, _COMPLETED, _BOUGHT = "offer received", "offer viewed", "offer completed", "transaction"
_N_TEST, _LEAST_TRAIN = 2, 3
_CAP_QUANTILE = 0.995
_RECENT_HOURS = 72
NONE = 0
"""The arm of members who get no offer; offer o of the portfolio is arm o + 1."""


@dataclass(frozen=True, slots=True)
class Events:
    """Something that happened to members, shape (n,) each: hour, member, offer (-1 of purchases), money in USD."""

    hour: Numbers
    member: Numbers
    offer: Numbers
    amount: Floats

    def within(self, start: int, stop: int) -> "Events":
        """Those from hour *start* to before hour *stop*."""
        rows = (self.hour >= start) & (self.hour < stop)
        return Events(self.hour[rows], self.member[rows], self.offer[rows], self.amount[rows])

    def sums(self, n_members: int) -> Floats:
        """Shape (n_members,): money of each."""
        return np.bincount(self.member, self.amount, n_members).astype(np.float64)

    def counts(self, n_members: int) -> Floats:
        """Shape (n_members,): events of each."""
        return np.bincount(self.member, minlength=n_members).astype(np.float64)


@dataclass(frozen=True, slots=True)
class OfferWaves:
    """
    A folder.

    Attributes:
        hours: First hour of every wave; the last two are the test.
        arm: Shape (n_waves, n_members): what each was given, `NONE` or offer + 1.
        duration: Shape (n_offers,): hours an offer can be used.
        kind: Shape (n_offers,): what sort of offer it is.
        bought, viewed, completed: Events; a completion's money is the reward that was paid.
        joined: Shape (n_members,): days from when a member joined to the youngest member's day.
        income: Shape (n_members,), USD a year; NaN unknown. Used only where asked for.
        window: Hours of the outcome: from the last wave of training to the first of the test, the longest window that
            is over before the test begins for every wave of training.
        whole_window: Hours that the log holds after the last wave.
        cap: USD: what a purchase counts as at most where outcomes are winsorised, a quantile of those before the test.
    """

    hours: tuple[int, ...]
    arm: Numbers
    duration: Numbers
    kind: tuple[str, ...]
    bought: Events
    viewed: Events
    completed: Events
    joined: Floats
    income: Floats
    window: int
    whole_window: int
    cap: float

    @property
    def n_members(self) -> int:
        """Also those who never got anything."""
        return int(self.arm.shape[1])

    @property
    def n_arms(self) -> int:
        """Offers and none."""
        return len(self.duration) + 1

    @property
    def train(self) -> range:
        """Waves to learn from."""
        return range(len(self.hours) - _N_TEST)

    @property
    def test(self) -> range:
        """Waves that judge."""
        return range(len(self.hours) - _N_TEST, len(self.hours))

    def shares(self, wave: int) -> Floats:
        """Shape (n_arms,): share of the members given each arm, the probability of the random assignment."""
        return np.bincount(self.arm[wave], minlength=self.n_arms) / self.n_members

    def outcome(self, wave: int, *, hours: int, cap: float = np.inf) -> Floats:
        """Shape (n_members,): spend from the wave on, purchases capped, less all rewards paid, USD."""
        start, stop = self.hours[wave], self.hours[wave] + hours
        spent = self.bought.within(start, stop)
        capped = np.bincount(spent.member, np.minimum(spent.amount, cap), self.n_members)
        return np.asarray(capped - self.completed.within(start, stop).sums(self.n_members))

    def responded(self, wave: int) -> Floats:
        """Shape (n_members,): 1 where the offer of the wave was completed within the window."""
        done = self.completed.within(self.hours[wave], self.hours[wave] + self.window)
        own = self.arm[wave][done.member] == done.offer + 1
        return (np.bincount(done.member[own], minlength=self.n_members) > 0).astype(np.float64)


def read_offer_waves(folder: Path) -> OfferWaves:
    """
    Read ``transcript.parquet`` (time in hours, person_idx, event, offer_idx, amount, reward), ``portfolio.parquet``
    (offer_idx, offer_type, duration in days) and ``profile.parquet`` (person_idx, became_member_on, income).

    Age and gender are not read.

    Raises:
        SourceError: A file or column is missing, or a wave gives somebody two offers.
        NotEnoughDataError: Fewer than five waves.
    """
    log = _read(folder / TRANSCRIPT, ("time", "person_idx", "event", "offer_idx", "amount", "reward"))
    log = log.with_columns(pl.col("event").cast(pl.String))
    portfolio = read_columns(folder / "portfolio.parquet", ("offer_idx", "offer_type", "duration")).sort("offer_idx")
    profile = _read(folder / "profile.parquet", ("person_idx", "became_member_on", "income")).sort("person_idx")
    members = profile["person_idx"].to_numpy()
    received = _events(log, _RECEIVED, None, members)
    hours = tuple(int(hour) for hour in np.unique(received.hour))
    if len(hours) < _N_TEST + _LEAST_TRAIN:
        raise NotEnoughDataError(f"{folder} has {len(hours)} waves; {_N_TEST + _LEAST_TRAIN} are needed")
    arm = np.full((len(hours), len(members)), NONE, dtype=np.int64)
    for wave, hour in enumerate(hours):
        given = received.within(hour, hour + 1)
        if len(np.unique(given.member)) < len(given.member):
            raise SourceError(f"the wave of hour {hour} gives a member two offers; one each is needed")
        arm[wave, given.member] = given.offer + 1
    bought = _events(log, _BOUGHT, "amount", members)
    every = np.unique(log["time"].to_numpy())
    step = int(np.diff(every).min())
    days = profile["became_member_on"].cast(pl.Date).to_physical().to_numpy().astype(np.float64)
    return OfferWaves(
        hours,
        arm,
        portfolio["duration"].to_numpy().astype(np.int64) * 24,
        tuple(portfolio["offer_type"].to_list()),
        bought,
        _events(log, _VIEWED, None, members),
        _events(log, _COMPLETED, "reward", members),
        days.max() - days,
        profile["income"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        hours[-_N_TEST] - hours[-_N_TEST - 1],
        int(every.max()) + step - hours[-1],
        float(np.quantile(bought.within(0, hours[-_N_TEST]).amount, _CAP_QUANTILE)),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """Offers of earlier waves that can still be used, shape (n_members, n_offers) each: not completed, and viewed."""

    live: Floats
    viewed: Floats


def held_offers(waves: OfferWaves, wave: int) -> Held:
    """What each member holds at the first hour of a wave, that of the wave itself left out."""
    now, n, m = waves.hours[wave], len(waves.duration), waves.n_members
    live, viewed = np.zeros((m, n)), np.zeros((m, n))
    for earlier in range(wave):
        start = waves.hours[earlier]
        given = waves.arm[earlier] - 1
        holding = np.flatnonzero((given >= 0) & (start + waves.duration[np.maximum(given, 0)] > now))
        seen, done = (_pairs(events.within(start, now), (m, n)) for events in (waves.viewed, waves.completed))
        offer = given[holding]
        still = ~done[holding, offer]
        live[holding[still], offer[still]] = 1.0
        viewed[holding[still], offer[still]] = seen[holding[still], offer[still]]
    return Held(live, viewed)


def wave_features(waves: OfferWaves, wave: int, *, income: bool = False) -> dict[str, Floats]:
    """By name, shape (n_members,): what was known before the wave; NaN where there is nothing to tell."""
    now, n = waves.hours[wave], waves.n_members
    past = waves.bought.within(0, now)
    capped = Events(past.hour, past.member, past.offer, np.minimum(past.amount, waves.cap))
    spent, count = capped.sums(n), capped.counts(n)
    last = np.full(n, -1, dtype=np.int64)
    np.maximum.at(last, past.member, past.hour)
    received = (waves.arm[:wave] != NONE).sum(axis=0).astype(np.float64)
    held = held_offers(waves, wave)
    paid = waves.completed.within(0, now)
    features = {
        "spent_a_day": spent / max(now, 1) * 24,
        "orders_a_day": count / max(now, 1) * 24,
        "ticket": _share(spent, count),
        "spent_lately": capped.within(now - _RECENT_HOURS, now).sums(n),
        "hours_since_order": np.where(last >= 0, now - last, np.nan),
        "days_a_member": waves.joined,
        "received": received,
        "share_viewed": _share(waves.viewed.within(0, now).counts(n), received),
        "share_completed": _share(paid.counts(n), received),
        "rewards": paid.sums(n),
        "held": held.live.sum(axis=1),
        "held_viewed": held.viewed.sum(axis=1),
    }
    for kind in sorted(set(waves.kind)):
        of_kind = np.array([one == kind for one in waves.kind])
        features[f"held_{kind}"] = held.live[:, of_kind].sum(axis=1)
    features |= {f"viewed_{offer}": held.viewed[:, offer] for offer in range(len(waves.duration))}
    return features | ({"income": waves.income} if income else {})


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1.0), np.nan)


def _pairs(events: Events, shape: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    found = np.zeros(shape, dtype=np.bool_)
    found[events.member, events.offer] = True
    return found


def _events(log: pl.DataFrame, event: str, money: str | None, members: Numbers) -> Events:
    rows = log.filter(pl.col("event") == event)
    return Events(
        rows["time"].to_numpy().astype(np.int64),
        np.searchsorted(members, rows["person_idx"].to_numpy()).astype(np.int64),
        rows["offer_idx"].fill_null(-1).to_numpy().astype(np.int64),
        np.zeros(rows.height) if money is None else rows[money].cast(pl.Float64).to_numpy(),
    )


def _read(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """Columns of a Parquet file whose cells may be empty."""
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{path} cannot be read: {error}; the folder needs it as Parquet") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SourceError(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}")
    return frame.select(columns)
