"""What a file may ask of an allocation beside the budgets of offers and policy: parity, floors, contacts, volume."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.checked_yaml import check_nodes, read_file, read_nodes
from recsys.errors import InputError
from recsys.policy.file.fields import MinorUnits, Part, Share, Slug, Text, refuse_repeats

KIND = "file of an allocation"
_MOST = 100

Volume = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Contacts = Annotated[int, Field(strict=True, ge=0)]


class ParityRow(Part):
    """
    Two tiers' mean expected discounts differ by at most so much.

    Attributes:
        id: Names it in tables.
        tiers: Two of the policy's.
        delta_minor: Minor units a member.
    """

    id: Slug
    tiers: tuple[Text, Text]
    delta_minor: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _two_of_them(self) -> Self:
        if self.tiers[0] == self.tiers[1]:
            raise ValueError(f"parity of {self.tiers[0]!r} with itself; name two tiers")
        return self


class FloorRow(Part):
    """
    A tier gets at least a share of all expected discount, or an amount of it.

    Attributes:
        id: Names it in tables.
        tier: One of the policy's.
        share, least_minor: One of the two.
    """

    id: Slug
    tier: Text
    share: Share | None = None
    least_minor: MinorUnits | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.share is None) == (self.least_minor is None):
            raise ValueError("a floor needs `share` or `least_minor`, one of the two")
        return self


class AllocationSection(Part):
    """
    The section ``allocation``.

    Attributes:
        contacts: Messages with an offer that the placement's channel carries this time; absent means no bound.
        parity, floors: Of tiers.
        weekly_volume: What a day is expected to bring, from Monday, in any unit; days share budgets by it.
    """

    contacts: Contacts | None = None
    parity: Annotated[tuple[ParityRow, ...], Field(max_length=_MOST)] = ()
    floors: Annotated[tuple[FloorRow, ...], Field(max_length=_MOST)] = ()
    weekly_volume: Annotated[tuple[Volume, ...], Field(min_length=7, max_length=7)] = (1.0,) * 7

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_repeats("row", [*(row.id for row in self.parity), *(row.id for row in self.floors)])
        return self


class _AllocationFile(Part):
    """The file."""

    allocation: AllocationSection


def read_section(path: Path | None, tiers: tuple[str, ...]) -> AllocationSection:
    """
    Read the file; without one, nothing but budgets and limits is asked.

    Args:
        path: YAML with the key ``allocation``.
        tiers: Of the policy.

    Raises:
        InputError: The file breaks its schema, or names a tier that the policy does not have.
    """
    if path is None:
        return AllocationSection()
    text = read_file(path, kind=KIND, error=InputError).text
    section = check_nodes(
        read_nodes(text, source=str(path), kind=KIND, error=InputError), _AllocationFile, kind=KIND, error=InputError
    ).allocation
    of_parity = [(tier, row.id) for row in section.parity for tier in row.tiers]
    for tier, row_id in (*of_parity, *((row.tier, row.id) for row in section.floors)):
        if tier not in tiers:
            raise InputError(f"{path}, {row_id!r}: the policy has no tier {tier!r}; it has {', '.join(tiers)}")
    return section
