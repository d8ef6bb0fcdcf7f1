"""What makes sense of an offer now: for each trigger, when its window is open for a member."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.members import MemberBatch
from recsys.offers.definitions import TRIGGERS, OfferDefinitions, Trigger
from recsys.offers.membership import aged, birthdays, bought_since, known, points_ending, tier_ahead, tier_fall
from recsys.profile import MemberProfile
from recsys.types import SECONDS_PER_DAY, STAGES, UNKNOWN_ROW, EpochSeconds, KeepMask, Stage

DEFAULT_DAYS: Mapping[Trigger, int] = {
    Trigger.WELCOME: 30,
    Trigger.REFERRER: 30,
    Trigger.REFERRED: 30,
    Trigger.BIRTHDAY: 7,
    Trigger.STAGE_CHANGE: 14,
    Trigger.POINTS_EXPIRING: 30,
    Trigger.TIER_NEAR: 30,
    Trigger.TIER_AT_RISK: 30,
}
"""Days of a window where the offer tells none; those of other triggers then have no end."""

READS: Mapping[Trigger, tuple[str, ...]] = {
    Trigger.WELCOME: ("joined_days_ago",),
    Trigger.REFERRER: ("referral_days_ago",),
    Trigger.REFERRED: ("was_referred", "joined_days_ago"),
    Trigger.BIRTHDAY: ("days_to_birthday",),
    Trigger.STAGE_CHANGE: ("became_stage_days_ago", "previous_stage"),
    Trigger.POINTS_EXPIRING: ("next_expiry_at", "next_expiry_points"),
    Trigger.TIER_NEAR: ("tier_by_rules", "next_tier", "to_next_minor", "to_next_orders"),
    Trigger.TIER_AT_RISK: ("tier_by_rules", "tier_falls_at", "tier_falls_to"),
}
"""Columns of the profile without which a trigger's window is never open."""

MOST_ORDERS = 2.0
"""A tier is near where no more than so many usual orders reach it."""

_POTENTIAL, _DORMANT, _CHURNED = (STAGES.index(stage) for stage in (Stage.POTENTIAL, Stage.DORMANT, Stage.CHURNED))


@dataclass(frozen=True, slots=True)
class _Asked:
    batch: MemberBatch
    now: EpochSeconds
    zone: str


@dataclass(frozen=True, slots=True)
class TriggerWindows:
    """
    The triggers of a bundle's offers.

    A window that lasts N days is open on the day it begins and N - 1 days after. Strangers, of whom nothing is known,
    have only the windows of member days and seasons, whose time is the offer's validity and the policy's calendar.

    * welcome: N days from joining. first_purchase: no order yet, and where N is told, within N days from joining.
    * referrer: N days from the day points were booked for bringing somebody. referred: brought by somebody, and N days
      from joining.
    * birthday: from N days before it to N days after.
    * stage_change: N days from a change of the lifecycle stage; joining is none.
    * points_expiring: the next points to end do so within N days.
    * tier_near: what is missing to the next tier is at most what the member usually spends, or orders, in N days, taken
      as one order at least and `MOST_ORDERS` at most. Every measure that the tier asks for must be that near.
    * tier_at_risk: the tier is lost within N days if nothing is bought.
    * win_back: dormant or churned, and where N is told, for fewer than N days.

    What is told of tiers, stages and silence is of the bundle: it is closed for who bought since.

    Attributes:
        offers: Shape (k,): rows of the offers that have a trigger.
        lacking: Triggers of offers whose columns the bundle's profile lacks, in the order of `TRIGGERS`: closed to all.
        zone: Name in the IANA data base; birthdays are its days.
    """

    offers: NDArray[np.intp]
    lacking: tuple[Trigger, ...]
    zone: str
    _kinds: tuple[tuple[Trigger, int], ...]
    _kind_of: NDArray[np.intp]

    @classmethod
    def of(cls, offers: OfferDefinitions, profile: MemberProfile, zone: str) -> "TriggerWindows":
        """Those of a bundle."""
        rows = np.flatnonzero(offers.trigger != TRIGGERS.index(Trigger.NONE))
        told = zip(offers.trigger[rows].tolist(), offers.trigger_days[rows].tolist(), strict=True)
        kinds = [(TRIGGERS[code], days or DEFAULT_DAYS.get(TRIGGERS[code], 0)) for code, days in told]
        distinct = tuple(dict.fromkeys(kinds))
        used = {trigger for trigger, _ in distinct}
        return cls(
            offers=rows,
            lacking=tuple(
                trigger
                for trigger in TRIGGERS
                if trigger in used and not set(READS.get(trigger, ())) <= set(profile.columns)
            ),
            zone=zone,
            _kinds=distinct,
            _kind_of=np.array([distinct.index(kind) for kind in kinds], dtype=np.intp),
        )

    def closed(self, batch: MemberBatch, now: EpochSeconds) -> KeepMask:
        """
        Say for whom the window of each offer is not open.

        Args:
            batch: The members.
            now: Instant of the decision; what the profile says is aged to it.

        Returns:
            Shape (m, k), in the order of ``offers``.
        """
        asked = _Asked(batch, now, self.zone)
        closed = np.ones((len(batch), len(self._kinds)), dtype=np.bool_)
        for column, (trigger, days) in enumerate(self._kinds):
            if trigger not in self.lacking:
                np.logical_not(_OPEN[trigger](asked, days), out=closed[:, column])
        return closed[:, self._kind_of]


def _welcome(asked: _Asked, days: int) -> KeepMask:
    ago = aged(asked.batch, "joined_days_ago", asked.now)
    return np.asarray((ago >= 0) & (ago < days))


def _first_purchase(asked: _Asked, days: int) -> KeepMask:
    batch = asked.batch
    first = (batch.row >= 0) & (batch.stage == _POTENTIAL) & (batch.bought.lengths() == 0)
    return first & _welcome(asked, days) if days else np.asarray(first)


def _referrer(asked: _Asked, days: int) -> KeepMask:
    ago = aged(asked.batch, "referral_days_ago", asked.now)
    return np.asarray((ago >= 0) & (ago < days))


def _referred(asked: _Asked, days: int) -> KeepMask:
    return np.asarray((known(asked.batch, "was_referred") == 1) & _welcome(asked, days))


def _birthday(asked: _Asked, days: int) -> KeepMask:
    distance = birthdays(asked.batch, asked.now, asked.zone)
    ahead, behind = distance.days_to, distance.days_after
    return np.asarray(((ahead >= 0) & (ahead <= days)) | ((behind >= 0) & (behind <= days)))


def _stage_change(asked: _Asked, days: int) -> KeepMask:
    ago = aged(asked.batch, "became_stage_days_ago", asked.now)
    changed = (ago >= 0) & (ago < days) & (known(asked.batch, "previous_stage") >= 0)
    return np.asarray(changed & ~bought_since(asked.batch))


def _points_expiring(asked: _Asked, days: int) -> KeepMask:
    ending = points_ending(asked.batch, asked.now)
    return np.asarray((ending.points > 0) & (ending.at - asked.now <= days * SECONDS_PER_DAY))


def _tier_near(asked: _Asked, days: int) -> KeepMask:
    batch, ahead = asked.batch, tier_ahead(asked.batch)
    orders = np.clip(batch.orders_per_day.astype(np.float64) * days, 1.0, MOST_ORDERS)
    near = (ahead.gap_minor <= orders * batch.basket_minor) & (ahead.gap_orders <= orders)
    missing = (ahead.gap_minor > 0) | (ahead.gap_orders > 0)
    return np.asarray((ahead.tier != UNKNOWN_ROW) & near & missing)


def _tier_at_risk(asked: _Asked, days: int) -> KeepMask:
    fall = tier_fall(asked.batch, asked.now)
    return np.asarray((fall.tier != UNKNOWN_ROW) & (fall.at - asked.now <= days * SECONDS_PER_DAY))


def _win_back(asked: _Asked, days: int) -> KeepMask:
    batch = asked.batch
    away = (batch.row >= 0) & ((batch.stage == _DORMANT) | (batch.stage == _CHURNED)) & ~bought_since(batch)
    if not days:
        return np.asarray(away)
    ago = aged(batch, "became_stage_days_ago", asked.now)
    return np.asarray(away & (ago >= 0) & (ago < days))


def _always(asked: _Asked, days: int) -> KeepMask:  # noqa: ARG001 - every trigger is asked alike
    return np.ones(len(asked.batch), dtype=np.bool_)


_OPEN: Mapping[Trigger, Callable[[_Asked, int], KeepMask]] = {
    Trigger.WELCOME: _welcome,
    Trigger.FIRST_PURCHASE: _first_purchase,
    Trigger.REFERRER: _referrer,
    Trigger.REFERRED: _referred,
    Trigger.BIRTHDAY: _birthday,
    Trigger.STAGE_CHANGE: _stage_change,
    Trigger.POINTS_EXPIRING: _points_expiring,
    Trigger.TIER_NEAR: _tier_near,
    Trigger.TIER_AT_RISK: _tier_at_risk,
    Trigger.WIN_BACK: _win_back,
    Trigger.MEMBER_DAY: _always,
    Trigger.SEASON: _always,
}
