"""A member with other traits for one decision: a bundle of that member alone, which an engine decides over."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.knowledge import CandidateList, Knowledge
from recsys.loyalty.birthdays import BirthdayWindow
from recsys.members import Members
from recsys.policy.calendar.birthday import birthday_distance
from recsys.policy.calendar.times import local_day
from recsys.profile import ColumnSpec, MemberProfile
from recsys.ragged import Ragged
from recsys.types import SECONDS_PER_DAY, STAGES, UNKNOWN_ROW, Consent, EpochSeconds, Stage
from recsys.vocabulary import Vocabulary, encode_id

NOBODY = ""
"""The id of a made-up member: nobody in particular, so in no experiment and never drawn to go without discounts."""

EVERYTHING = Consent.PERSONALISATION | Consent.EMAIL | Consent.PUSH | Consent.SMS
_DAYS_TO_BIRTHDAY = "days_to_birthday"
_SHOWN = 20
_EPOCH = date(1970, 1, 1).toordinal()
_T = TypeVar("_T", bound=np.generic)

Trait = bool | int | float | str | None
"""The value of a profile column as people write it: the name of a code, None for what is not known."""


@dataclass(frozen=True, slots=True)
class Traits:
    """
    What is different about a member; what is absent stays as the bundle has it.

    Of a made-up member what is absent is what a stranger has: the lowest tier, stage potential, no points, no
    purchases, an average basket; but that they agreed to everything, or else nothing else would be looked at.

    Attributes:
        tier: By name.
        stage: Of life.
        points: Balance.
        birth_month: 1 to 12; 0 where unknown. The birthday is then taken to be the first of it, or the very day where
            that is in the month.
        birthday: Month and day.
        consent: All that they agreed to.
        bought: Product rows and instants, before the cut-off or after; replaces what the bundle has.
        profile: Columns by name, as of the instant that is decided for.
    """

    tier: str | None = None
    stage: Stage | None = None
    points: int | None = None
    birth_month: int | None = None
    birthday: tuple[int, int] | None = None
    consent: Consent | None = None
    bought: tuple[tuple[int, EpochSeconds], ...] | None = None
    profile: Mapping[str, Trait] = field(default_factory=dict)


def with_traits(
    knowledge: Knowledge,
    member_id: str,
    traits: Traits,
    *,
    at: EpochSeconds,
    zone: str,
    usual_affinity: NDArray[np.float64],
) -> Knowledge:
    """
    What the bundle knows, had it one member only, with these traits; everything else is shared, not copied.

    Decide over it by ``Engine(it, policy, terms=engine.terms)``, where *policy* is that of the whole bundle.

    Args:
        knowledge: Of the whole bundle.
        member_id: One of its members, or `NOBODY` for a made-up one.
        traits: What is different.
        at: The instant that will be decided for.
        zone: The policy's, in which days begin.
        usual_affinity: Shape (n_offers,): of members on average; a made-up member has it.

    Raises:
        InputError: The bundle has no such member, tier or column, or the column cannot have the value.
    """
    row = UNKNOWN_ROW if member_id == NOBODY else knowledge.members.members.row(member_id)
    if row < 0 and member_id != NOBODY:
        raise InputError(f"the bundle does not know the member {member_id!r}; name one of its members, or none")
    width = len(knowledge.offers)
    affinity = knowledge.response.scope_affinity
    return replace(
        knowledge,
        members=_member(knowledge, row, traits, member_id=member_id, at=at, zone=zone),
        sources={
            name: CandidateList(_line(one.products, row, UNKNOWN_ROW), _line(one.scores, row, np.nan))
            for name, one in knowledge.sources.items()
        },
        response=replace(
            knowledge.response,
            scope_affinity=affinity[row : row + 1]
            if row >= 0
            else usual_affinity.astype(np.float16).reshape(1, width)[: len(affinity)],
        ),
    )


def profile_spec(profile: MemberProfile, name: str) -> ColumnSpec:
    """
    The column of a name.

    Raises:
        InputError: There is none; it says which there are.
    """
    for spec in profile.specs:
        if spec.name == name:
            return spec
    known = sorted(spec.name for spec in profile.specs)
    more = f" and {len(known) - _SHOWN} more, which `recsys profile` lists" if len(known) > _SHOWN else ""
    raise InputError(f"the bundle has no profile column {name!r}; it has {', '.join(known[:_SHOWN]) or 'none'}{more}")


def number_of(profile: MemberProfile, name: str, value: Trait) -> NDArray[Any]:
    """
    Shape (1,): a value of a profile column as the column has it.

    Raises:
        InputError: There is no such column, or it cannot have the value; it says which values it can have.
    """
    spec = profile_spec(profile, name)
    if value is None:
        if spec.unknown is None:
            raise InputError(f"{name} is always known; give {_allowed(spec, profile)}")
        return np.array([spec.unknown]).astype(spec.dtype)
    if spec.names is not None:
        names = profile.names[spec.names]
        if not isinstance(value, str) or value not in names:
            raise InputError(f"{name} cannot be {value!r}; it is {_allowed(spec, profile)}")
        return np.array([names.index(value)], dtype=spec.dtype)
    kinds: tuple[type, ...] = (bool,) if spec.dtype == "bool" else (int, float) if spec.dtype == "float32" else (int,)
    if type(value) not in kinds:
        raise InputError(f"{name} cannot be {value!r}; it is {_allowed(spec, profile)}")
    number = float(value)
    if spec.dtype != "bool" and not spec.low <= number <= spec.high:
        raise InputError(f"{name} cannot be {value!r}; it is {_allowed(spec, profile)}")
    return np.array([value]).astype(spec.dtype)


def _allowed(spec: ColumnSpec, profile: MemberProfile) -> str:
    if spec.names is not None:
        names = profile.names[spec.names]
        allowed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    elif spec.dtype == "bool":
        allowed = "true or false"
    else:
        kind = "a number" if spec.dtype == "float32" else "a whole number"
        allowed = f"{kind} from {spec.low:g} to {spec.high:g}"
    return allowed if spec.unknown is None else f"{allowed}, or null where nobody knows"


def _member(knowledge: Knowledge, row: int, traits: Traits, *, member_id: str, at: EpochSeconds, zone: str) -> Members:
    members = knowledge.members
    if traits.tier is not None and traits.tier not in knowledge.tiers:
        raise InputError(f"there is no tier {traits.tier!r}; there are {', '.join(knowledge.tiers)}, low to high")

    def one(column: NDArray[_T], trait: float | None, absent: float = 0) -> NDArray[_T]:
        if trait is not None:
            return np.array([trait], dtype=column.dtype)
        return column[row : row + 1] if row >= 0 else np.array([absent], dtype=column.dtype)

    bought = traits.bought
    if bought is None and row >= 0:
        of_row = slice(int(members.purchased.indptr[row]), int(members.purchased.indptr[row + 1]))
        rows, instants = members.purchased.values[of_row], members.purchased_at[of_row]
    else:
        last: dict[int, int] = {}
        for product, instant in sorted(bought or (), key=lambda each: (-each[1], each[0])):
            last.setdefault(product, instant)
        rows, instants = np.array([*last], dtype=np.int32), np.array([*last.values()], dtype=np.int64)
    month = traits.birth_month if traits.birthday is None else traits.birthday[0]
    return Members(
        members=Vocabulary(np.array([encode_id(member_id)], dtype=np.bytes_)),
        tier=one(members.tier, None if traits.tier is None else knowledge.tiers.index(traits.tier)),
        stage=one(
            members.stage, None if traits.stage is None else STAGES.index(traits.stage), STAGES.index(Stage.POTENTIAL)
        ),
        consent=one(members.consent, None if traits.consent is None else int(traits.consent), int(EVERYTHING)),
        segment=one(members.segment, None, -1),
        birth_month=one(members.birth_month, month),
        points=one(members.points, traits.points),
        orders_per_day=one(members.orders_per_day, None, knowledge.stranger_orders_per_day),
        basket_minor=one(members.basket_minor, None, knowledge.stranger_basket_minor),
        margin_rate=one(members.margin_rate, None, knowledge.stranger_margin_rate),
        purchased=Ragged(np.array([0, len(rows)], dtype=np.int64), rows),
        purchased_at=instants,
        profile=_profile(members.profile, row, traits, at=at, zone=zone),
    )


def _profile(profile: MemberProfile, row: int, traits: Traits, *, at: EpochSeconds, zone: str) -> MemberProfile:
    """Of that member, as of the instant: days since and until are counted from there."""
    days = (at - profile.as_of) // SECONDS_PER_DAY
    columns: dict[str, NDArray[Any]] = {}
    for spec in profile.specs:
        column = profile.columns[spec.name]
        if row < 0:
            columns[spec.name] = np.array([0 if spec.unknown is None else spec.unknown]).astype(spec.dtype)
        elif spec.name == _DAYS_TO_BIRTHDAY:
            found = birthday_distance(column[row : row + 1], as_of=profile.as_of, now=at, zone=zone)
            columns[spec.name] = found.days_to.astype(spec.dtype)
        else:
            columns[spec.name] = spec.aged(column[row : row + 1], days)
    until = _days_to_birthday(traits, local_day(at, zone))
    if until is not None and _DAYS_TO_BIRTHDAY in columns:
        columns[_DAYS_TO_BIRTHDAY] = np.array([until]).astype(columns[_DAYS_TO_BIRTHDAY].dtype)
    columns |= {name: number_of(profile, name, value) for name, value in traits.profile.items()}
    return replace(profile, columns=columns, as_of=at)


def _days_to_birthday(traits: Traits, today: date) -> int | None:
    """Absent where the traits say nothing of it; -1 where they say that nobody knows."""
    if traits.birthday is None and traits.birth_month is None:
        return None
    if traits.birthday is None:
        if not traits.birth_month:
            return -1
        if traits.birth_month == today.month:
            return 0
    month, day = traits.birthday or (traits.birth_month or 0, 1)
    on = today.toordinal() - _EPOCH
    return int(BirthdayWindow().days_until(np.array([month]), np.array([day]), on=on)[0])


def _line(table: NDArray[_T], row: int, absent: float) -> NDArray[_T]:
    """Shape (1, k): a member's line of a table; padding for a made-up one."""
    return table[row : row + 1] if row >= 0 else np.full((1, *table.shape[1:]), absent, dtype=table.dtype)
