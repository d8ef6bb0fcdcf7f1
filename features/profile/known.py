"""From a dataset to what is known of its members: facts, what is learnt of all of them, and every feature."""

from collections.abc import Sequence
from dataclasses import dataclass

from features.dataset import Dataset
from features.profile.build import AllNorms, Profile, build_profile, fit_norms
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Columns, Fitted, Group, Rules
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.report import SILENT, Progress


@dataclass(frozen=True, slots=True)
class KnownMembers:
    """
    All there is to know of the members of a dataset, as of its cut-off; row i is row i of its ids.

    Attributes:
        facts: What they did.
        rules: Programme and settings.
        norms: What was learnt of all of them together.
        profile: Every feature.
    """

    facts: MemberFacts
    rules: Rules
    norms: AllNorms
    profile: Profile


def know_members(
    dataset: Dataset,
    config: ProfileConfig,
    *,
    norms: AllNorms | None = None,
    progress: Progress = SILENT,
) -> KnownMembers:
    """
    Every feature of every member of the dataset.

    Args:
        dataset: Whose cut-off is the as-of instant.
        config: Settings.
        norms: Learnt earlier, as of a training cut-off, from members of the same segments: segments are told apart by
            their place among the names. Absent means from this dataset.
        progress: Told of every step.
    """
    facts, rules = facts_of(dataset), rules_of(dataset, config)
    learnt = fit_norms(facts, rules, progress=progress) if norms is None else norms
    return KnownMembers(facts, rules, learnt, build_profile(facts, learnt, rules, progress=progress))


def know_groups(dataset: Dataset, config: ProfileConfig, groups: Sequence[Group]) -> Columns:
    """The columns of some groups only, at their cost: the same values that `know_members` gives."""
    facts, rules = facts_of(dataset), rules_of(dataset, config)
    columns: Columns = {}
    for group in groups:
        fitted = Fitted(group.fit(facts, rules), rules)
        columns = {**columns, **group.view(group.summarise(facts, fitted), fitted, facts.as_of)}
    return columns


def facts_of(dataset: Dataset) -> MemberFacts:
    """The facts of the dataset, in the days of its programme's time zone; UTC where it has none."""
    return MemberFacts.of(
        dataset, ProgrammeCalendar("UTC") if dataset.programme is None else dataset.programme.calendar
    )


def rules_of(dataset: Dataset, config: ProfileConfig) -> Rules:
    """What the features of the dataset follow."""
    return Rules(dataset.programme, dataset.tiers, config)
