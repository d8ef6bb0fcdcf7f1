"""What a file of sends may say: which mailings go out when, to which placement, and for which campaign."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.checked_yaml import check_nodes, read_file, read_nodes
from recsys.errors import InputError
from recsys.policy.contact.plan import MAX_SENDS
from recsys.policy.file.fields import TIME_ZONE, Instant, Part, Slug, iso, refuse_repeats
from recsys.policy.file.schema import Policy
from recsys.time_zones import read_zone
from recsys.types import Channel, EpochSeconds

KIND = "file of sends"


class PlannedSend(Part):
    """
    One mailing.

    Attributes:
        id: Names its files.
        at: When it goes out; without an offset, on the clock of the policy's time zone.
        placement: Of the policy; its channel is the send's.
        campaign: Only offers of this campaign may be in it, and who gets none of them is not written to; absent means
            any offer, or none.
        products: Of a campaign: members who get none of its offers are written to all the same, of products alone.
    """

    id: Slug
    at: Instant
    placement: Slug
    campaign: Slug | None = None
    products: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.products and self.campaign is None:
            raise ValueError(
                "`products: true` belongs to a send with a `campaign`; all others go out without offers too"
            )
        return self


class PlannedSends(Part):
    """The mailings of a period, in any order."""

    sends: Annotated[tuple[PlannedSend, ...], Field(min_length=1, max_length=MAX_SENDS)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_repeats("send", [send.id for send in self.sends])
        return self


def read_sends(path: Path, policy: Policy, *, now: EpochSeconds) -> tuple[PlannedSend, ...]:
    """
    Read a file of sends and check it against a policy.

    Args:
        path: YAML with the key ``sends``.
        policy: Whose placements, campaigns and time zone it speaks of.
        now: No send may be before it.

    Raises:
        InputError: The file breaks its schema, or speaks of what the policy does not have.
    """
    text = read_file(path, kind=KIND, error=InputError).text
    root = read_nodes(text, source=str(path), kind=KIND, error=InputError)
    context = {TIME_ZONE: read_zone(policy.time_zone)}
    sends = check_nodes(root, PlannedSends, kind=KIND, error=InputError, context=context).sends
    for send in sends:
        _check(send, policy, now=now, where=f"{path}, send {send.id!r}")
    return sends


def _check(send: PlannedSend, policy: Policy, *, now: EpochSeconds, where: str) -> None:
    placement = policy.placements.get(send.placement)
    if placement is None:
        raise InputError(
            f"{where}: the policy has no placement {send.placement!r}; it has {_listed(list(policy.placements))}"
        )
    if placement.channel is Channel.WEB:
        through = [name for name, one in policy.placements.items() if one.channel is not Channel.WEB]
        raise InputError(
            f"{where}: the placement {send.placement!r} is on the web, where nothing is sent; "
            f"it may be {_listed(through)}"
        )
    if send.campaign is not None and send.campaign not in policy.campaigns:
        raise InputError(
            f"{where}: the policy has no campaign {send.campaign!r}; it has {_listed(list(policy.campaigns))}"
        )
    if send.at < now:
        raise InputError(
            f"{where}: {iso(send.at)} is over, it is {iso(now)}; leave the send out, or give another --now"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
