"""Where, how and when a call happens, as rules and expressions see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from recsys.decision import Attribute, Context
from recsys.policy.calendar.periods_on import PeriodsOn
from recsys.policy.expressions.cel import Value, is_plain_text
from recsys.policy.file.attribute_types import AttributeType
from recsys.types import Channel, EpochSeconds

_ACCEPTED: Mapping[AttributeType, tuple[type, ...]] = {
    AttributeType.STRING: (str,),
    AttributeType.INT: (int,),
    AttributeType.DOUBLE: (float, int),
    AttributeType.BOOL: (bool,),
}
_LARGEST = 2**63
_FIRST, _LAST = -62_000_000_000, 220_000_000_000
"""The years 5 and 8941: beyond, Python cannot tell the date."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What the members of a call share.

    Attributes:
        placement: As decided.
        channel: Of the placement, or as asked.
        now: The instant of the decision.
        zone: The policy's.
        local: The same instant by its clock.
        values: The ``context.`` attributes by dotted name, without those that are missing; and of each period of the
            calendar whether it is on, as ``calendar.<id>``.
        kept: What tables and standings know of exactly these circumstances, by themselves.
    """

    placement: str
    channel: Channel
    now: EpochSeconds
    zone: ZoneInfo
    local: datetime
    values: Mapping[str, Value]
    kept: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)


def circumstances(
    context: Context,
    *,
    placement: str,
    channel: Channel,
    zone: ZoneInfo,
    declared: Mapping[str, AttributeType],
    periods: PeriodsOn,
) -> Circumstances:
    """
    What a call comes down to.

    An attribute that the request did not send, or sent as something else than *declared* (name without the scope to
    type), is left out, so that expressions that need it fail; only the store is then empty.
    """
    store = _accepted(context.attributes.get("store"), AttributeType.STRING)
    where = store if isinstance(store, str) else ""
    local = datetime.fromtimestamp(min(max(context.now, _FIRST), _LAST), zone)
    values: dict[str, Value] = dict(periods.at(context.now, channel, where))
    for name, kind in declared.items():
        sent = _accepted(context.attributes.get(name), kind)
        if sent is not None:
            values[f"context.{name}"] = sent
    values |= {
        "context.placement": placement,
        "context.channel": channel.value,
        "context.relation": context.relation.value if context.relation else "",
        "context.store": where,
        "context.month": local.month,
        "context.weekday": local.isoweekday(),
        "context.hour": local.hour,
    }
    return Circumstances(placement, channel, context.now, zone, local, values)


def accepted(context: Context, declared: Mapping[str, AttributeType]) -> tuple[Attribute | None, ...]:
    """What a request sent that expressions see: the store, then the declared ones in their order."""
    if not context.attributes:
        return ()
    sent = [_accepted(context.attributes.get(name), kind) for name, kind in declared.items()]
    return (_accepted(context.attributes.get("store"), AttributeType.STRING), *sent)


def _accepted(sent: Attribute | None, kind: AttributeType) -> Attribute | None:
    if type(sent) not in _ACCEPTED[kind] or sent is None:
        return None
    if isinstance(sent, str):
        return sent if is_plain_text(sent) else None
    if type(sent) is int and not -_LARGEST <= sent < _LARGEST:
        return None
    return float(sent) + 0.0 if kind is AttributeType.DOUBLE else sent  # so that there is one zero
