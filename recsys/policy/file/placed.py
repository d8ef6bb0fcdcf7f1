"""Where a rule stands in a policy file: its section, and the period of the calendar that it belongs to."""

from dataclasses import dataclass
from enum import StrEnum

from recsys.policy.file.rule import Rule


class Section(StrEnum):
    """
    Where a rule stands; the order is the order of removal.

    Eligibility: may have it at all. Applicability: makes sense now. Suitability: is in both sides' interest. Calendar:
    rules of periods. The others remove nothing, but for diversity and rules.
    """

    ELIGIBILITY = "eligibility"
    APPLICABILITY = "applicability"
    SUITABILITY = "suitability"
    CALENDAR = "calendar"
    RULES = "rules"
    LEVERS = "levers"
    DIVERSITY = "diversity"


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """
    A rule where it stands.

    Attributes:
        rule: As the file has it.
        section: Where it stands.
        period: Id of the period of the calendar that it belongs to; empty where it belongs to none.
    """

    rule: Rule
    section: Section
    period: str = ""
