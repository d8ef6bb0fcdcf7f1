"""Why nobody is sent anything: the rule that keeps most members out, in words, and when quiet hours are over."""

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.policy.contact.hours import is_quiet, local_minute, open_again
from recsys.policy.file.fields import iso
from recsys.policy.file.schema import Policy
from recsys.time_zones import read_zone
from recsys.types import Channel, EpochSeconds
from recsys.why_not import removers

_NEARLY_NOBODY = 0.01
"""Share of members below whom a list is taken for a mistake."""

_REASONS = 3
"""So many are told, the most frequent first; quiet hours come after consent, so that they are seldom the first."""


@dataclass(frozen=True, slots=True)
class QuietNow:
    """
    A rule of quiet hours that holds at an instant.

    Attributes:
        rule: Its id.
        channels: In the order of the file.
        until: On the clock of the policy's time zone, ``"08:00"``.
    """

    rule: str
    channels: tuple[Channel, ...]
    until: str

    def told(self) -> str:
        """
        One line.

        >>> QuietNow("nights", (Channel.PUSH, Channel.SMS), "08:00").told()
        'push, sms until 08:00 (nights)'
        """
        return f"{', '.join(self.channels)} until {self.until} ({self.rule})"


def quiet_now(policy: Policy, now: EpochSeconds) -> tuple[QuietNow, ...]:
    """Every rule of quiet hours that holds at an instant, in the order of the file."""
    minute = local_minute(now, read_zone(policy.time_zone))
    return tuple(
        QuietNow(one.id, tuple(map(Channel, one.channels)), one.until_time)
        for one in policy.contact.quiet_hours
        if is_quiet(one, one.channels[0], minute)
    )


def reason_told(policy: Policy, reason: str, *, language: str = "en") -> str:
    """
    Why, as a sentence with the rule's name, where the policy has such a rule; the code as it is otherwise.

    >>> from recsys.policy.reading.load import default_policy_text, parse_policy
    >>> print(reason_told(parse_policy(default_policy_text()), "quiet_nights"))
    quiet_nights: Quiet hours: nothing is sent from 21:00 to 08:00
    """
    remover = removers(policy).get(reason)
    return reason if remover is None else f"{reason}: {remover.text(language)}"


def nobody_told(
    policy: Policy,
    placement: str,
    *,
    sent: int,
    nothing_by_reason: Mapping[str, int],
    now: EpochSeconds,
    instant: str = "--now",
) -> tuple[str, ...]:
    """
    What to say of a list on which there is nobody, or fewer than one member in a hundred; nothing of any other.

    Args:
        policy: Of the list.
        placement: One of the policy's.
        sent: Members who get a message.
        nothing_by_reason: All others, by the id of the rule or by another reason.
        now: The instant of sending.
        instant: What the reader calls it.
    """
    total = sent + sum(nothing_by_reason.values())
    if not nothing_by_reason or sent > total * _NEARLY_NOBODY:
        return ()
    ordered = sorted(nothing_by_reason.items(), key=lambda pair: (-pair[1], pair[0]))
    who = "Nobody is" if sent == 0 else f"Only {sent:,} of {total:,} members are"
    told = "; ".join(f"{count:,} by {reason_told(policy, reason)}" for reason, count in ordered[:_REASONS])
    notes = [f"{who} sent anything. Of {total:,}: {told}."]
    hours = policy.contact.quiet_hours
    if any(one.id in nothing_by_reason for one in hours):
        again = open_again(hours, policy.placements[placement].channel, now, read_zone(policy.time_zone))
        use = (
            f"the next outside quiet hours is {iso(again)}" if again > now else "quiet hours leave no instant of a day"
        )
        notes.append(f"{instant} is the instant of sending, here {iso(now)}; {use}.")
    return tuple(notes)
