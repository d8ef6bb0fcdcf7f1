"""The one function that gives every feature of every member as of a date; training, serving and reports use it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Norms, Rules, Summary
from features.profile.groups import GROUPS
from recsys.profile import MemberProfile
from recsys.report import SILENT, Progress
from recsys.types import STAGES, EpochSeconds

AllNorms = Mapping[str, Norms]
"""By group."""

_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Profile:
    """
    Every feature of every member, as of an instant.

    Attributes:
        as_of: Epoch seconds.
        specs: What the columns are, in order.
        columns: Shape (n_members,) each.
        names: What codes stand for, by the `names` of a spec.
        summaries: What each group keeps, to be refreshed when facts arrive.
    """

    as_of: EpochSeconds
    specs: tuple[ColumnSpec, ...]
    columns: Mapping[str, NDArray[Any]]
    names: Mapping[str, tuple[str, ...]]
    summaries: Mapping[str, Summary]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def member_profile(self) -> MemberProfile:
        """The features as a bundle keeps them."""
        return MemberProfile(self.specs, self.columns, self.names)

    def frame(self) -> pl.DataFrame:
        """The columns as a data frame, without a copy."""
        return pl.DataFrame({spec.name: self.columns[spec.name] for spec in self.specs})


def fit_norms(facts: MemberFacts, rules: Rules, *, progress: Progress = SILENT) -> AllNorms:
    """What every group learns from all members, from facts before ``facts.as_of`` only; JSON-able."""
    norms: dict[str, Norms] = {}
    for group in GROUPS:
        progress.step(f"learn {group.name}")
        norms[group.name] = group.fit(facts, rules)
    return norms


def build_profile(facts: MemberFacts, norms: AllNorms, rules: Rules, *, progress: Progress = SILENT) -> Profile:
    """
    Every feature as of ``facts.as_of``.

    Members are taken a hundred thousand at a time, so that what is held besides facts and features stays small.

    Args:
        facts: Of all members, or of some.
        norms: As `fit_norms` gave them, then or earlier.
        rules: Programme and settings; those of the norms.
        progress: Told of every step.
    """
    summaries = summarise(facts, norms, rules, progress=progress)
    return view(summaries, norms, facts.as_of, rules, names=names_of(facts, rules))


def summarise(facts: MemberFacts, norms: AllNorms, rules: Rules, *, progress: Progress = SILENT) -> dict[str, Summary]:
    """What each group keeps of each member as of ``facts.as_of``."""
    starts = range(0, max(facts.n_members, 1), _AT_ONCE)
    parts: dict[str, list[Summary]] = {group.name: [] for group in GROUPS}
    for start in starts:
        rows = np.arange(start, min(start + _AT_ONCE, facts.n_members))
        some = facts if len(starts) == 1 else facts.of_members(rows)
        for group in GROUPS:
            progress.step(f"{group.name} of members {start:,} to {start + len(rows):,}")
            parts[group.name].append(group.summarise(some, Fitted(norms[group.name], rules)))
    return {name: _joined(summaries) for name, summaries in parts.items()}


def view(
    summaries: Mapping[str, Summary],
    norms: AllNorms,
    as_of: EpochSeconds,
    rules: Rules,
    *,
    names: Mapping[str, tuple[str, ...]],
) -> Profile:
    """
    The features as of an instant not earlier than the summaries'.

    Raises:
        AssertionError: A group gave a column that is not what it said: a bug.
    """
    specs: list[ColumnSpec] = []
    columns: dict[str, NDArray[Any]] = {}
    for group in GROUPS:
        given, found = group.specs(rules), group.view(summaries[group.name], Fitted(norms[group.name], rules), as_of)
        given = tuple(_named(spec, names) for spec in given)
        assert [spec.name for spec in given] == list(found), f"{group.name} gives {list(found)}"
        for spec in given:
            assert spec.holds(found[spec.name]), f"{group.name}.{spec.name} is not what its declaration says"
            columns[spec.name] = found[spec.name]
        specs += given
    return Profile(as_of, tuple(specs), columns, names, summaries)


def _named(spec: ColumnSpec, names: Mapping[str, tuple[str, ...]]) -> ColumnSpec:
    """A group does not know how many names a code may stand for."""
    return spec if spec.names is None else replace(spec, high=len(names[spec.names]) - 1)


def names_of(facts: MemberFacts, rules: Rules) -> dict[str, tuple[str, ...]]:
    """What the codes of columns stand for."""
    return {
        "category": facts.products.category_names,
        "brand": facts.products.brand_names,
        "channel": facts.terms.channel_names,
        "store": facts.terms.store_names,
        "stage": tuple(stage.value for stage in STAGES),
        "tier": rules.tiers,
    }


def _joined(summaries: list[Summary]) -> Summary:
    if len(summaries) == 1:
        return summaries[0]
    return {key: np.concatenate([one[key] for one in summaries]) for key in summaries[0]}
