"""The one function that gives every feature of every member as of a date; training, serving and reports use it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.columns import ColumnSpec
from features.profile.facts import MemberFacts
from features.profile.group import Columns, Fitted, Norms, Rules, Summary
from features.profile.groups import GROUPS
from recsys.profile import MemberProfile
from recsys.report import SILENT, Progress
from recsys.types import STAGES, EpochSeconds

AllNorms = Mapping[str, Norms]
"""By group."""

_AT_ONCE = 50_000
_THREADS = 2
_Part = TypeVar("_Part")


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
        return MemberProfile(self.specs, self.columns, self.names, self.as_of)

    def frame(self) -> pl.DataFrame:
        """The columns as a data frame, without a copy."""
        return pl.DataFrame({spec.name: self.columns[spec.name] for spec in self.specs})


def fit_norms(facts: MemberFacts, rules: Rules, *, progress: Progress = SILENT) -> AllNorms:
    """What every group learns from all members, from facts before ``facts.as_of`` only; JSON-able."""
    progress.step("learn what is usual", total=len(GROUPS))
    norms: dict[str, Norms] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for group, learnt in zip(GROUPS, pool.map(lambda group: group.fit(facts, rules), GROUPS), strict=True):
            norms[group.name] = learnt
            progress.advance()
    return norms


def build_profile(facts: MemberFacts, norms: AllNorms, rules: Rules, *, progress: Progress = SILENT) -> Profile:
    """
    Every feature as of ``facts.as_of``.

    Members are taken some tens of thousands at a time, so that what is held besides facts and features stays small.

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

    def of_some(rows: range) -> dict[str, Summary]:
        some = facts if len(rows) == facts.n_members else facts.of_members(np.arange(rows.start, rows.stop))
        return {group.name: group.summarise(some, Fitted(norms[group.name], rules)) for group in GROUPS}

    progress.step("look at every member", total=facts.n_members)
    parts = _some_at_a_time(of_some, facts.n_members, progress)
    return {group.name: _joined([part[group.name] for part in parts]) for group in GROUPS}


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
    specs = {group.name: tuple(_named(spec, names) for spec in group.specs(rules)) for group in GROUPS}

    def of_some(rows: range) -> Columns:
        columns: dict[str, NDArray[Any]] = {}
        for group in GROUPS:
            kept = {key: values[rows.start : rows.stop] for key, values in summaries[group.name].items()}
            found = group.view(kept, Fitted(norms[group.name], rules), as_of)
            assert [spec.name for spec in specs[group.name]] == list(found), f"{group.name} gives {list(found)}"
            for spec in specs[group.name]:
                assert spec.holds(found[spec.name]), f"{group.name}.{spec.name} is not what its declaration says"
            columns |= found
        return columns

    n_members = next(len(values) for summary in summaries.values() for values in summary.values())
    columns = _joined(_some_at_a_time(of_some, n_members, SILENT))
    return Profile(as_of, tuple(spec for group in GROUPS for spec in specs[group.name]), columns, names, summaries)


def _some_at_a_time(work: Callable[[range], _Part], n_members: int, progress: Progress) -> list[_Part]:
    """The work of every block of members, in order; threads share it, and the numbers are the same with any of them."""
    blocks = [range(start, min(start + _AT_ONCE, n_members)) for start in range(0, max(n_members, 1), _AT_ONCE)]
    parts = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for block, part in zip(blocks, pool.map(work, blocks), strict=True):
            parts.append(part)
            progress.advance(len(block))
    return parts


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
