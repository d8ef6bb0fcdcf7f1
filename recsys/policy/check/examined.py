"""What the findings that need a bundle look at: the document, what it was compiled to, and the bundle."""

from dataclasses import dataclass

from recsys.knowledge import Knowledge
from recsys.policy.check.parts import RulePart, rule_parts
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.file.schema import Policy
from recsys.policy.reading.document import PolicyDocument
from recsys.types import EpochSeconds


@dataclass(frozen=True, slots=True)
class Examined:
    """
    A policy over a bundle, as of an instant.

    Attributes:
        document: What was read, with its places.
        compiled: The policy over the bundle.
        knowledge: The bundle.
        now: As of when it is looked at.
    """

    document: PolicyDocument
    compiled: CompiledPolicy
    knowledge: Knowledge
    now: EpochSeconds

    @property
    def policy(self) -> Policy:
        """The checked file."""
        return self.document.policy

    def parts(self) -> dict[str, RulePart]:
        """Every rule of the file by its id, with its path."""
        return rule_parts(self.policy)
