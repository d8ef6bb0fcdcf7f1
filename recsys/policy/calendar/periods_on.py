"""Which periods of the calendar are on where a call happens; worked out when one starts or ends, not every call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys.policy.calendar.rules import holds_in
from recsys.policy.calendar.times import stretch
from recsys.policy.file.calendar import Period
from recsys.types import Channel, EpochSeconds

_MOST_PLACES = 4_096


@dataclass(frozen=True, slots=True)
class PeriodsOn:
    """
    The periods of a policy; safe to ask from several threads.

    Attributes:
        periods: In the order of the file.
        zone: Name of the policy's time zone.
    """

    periods: tuple[Period, ...]
    zone: str
    _last: list[tuple[EpochSeconds, EpochSeconds | None, frozenset[str]]] = field(default_factory=list, repr=False)
    _places: dict[tuple[frozenset[str], Channel, str], dict[str, bool]] = field(default_factory=dict, repr=False)

    def at(self, now: EpochSeconds, channel: Channel, store: str) -> Mapping[str, bool]:
        """Whether each period is on at this instant, in this channel and store, by ``calendar.<id>``."""
        if not self.periods:
            return {}
        active = self._active(now)
        key = (active, channel, store)
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            found = self._places[key] = {
                f"calendar.{one.id}": one.id in active
                and holds_in(one, channel)
                and (one.stores is None or store in one.stores)
                for one in self.periods
            }
        return found

    def _active(self, now: EpochSeconds) -> frozenset[str]:
        for since, until, active in self._last:
            if since <= now and (until is None or now < until):
                return active
        found = stretch(self.periods, now, zone=self.zone)
        active = frozenset(found.active)
        # A list is replaced as a whole, so that no thread reads half of it.
        self._last[:] = [(now, found.until, active)]
        return active
