"""What the endpoint of the policy gives."""

from serving.wire import Wire
from serving.wire_records import RefusalAnswer


class PolicyChange(Wire):
    """Another version comes into force at an instant, if nobody does anything until then."""

    at: int
    policy_id: str


class PolicyFailures(Wire):
    """How often a part of a rule could not be evaluated since the policy was taken in."""

    rule: str
    part: str
    n: int


class PolicyAnswer(Wire):
    """
    The policy that is served now.

    Attributes:
        policy_id: What answers name.
        version: Its id in the registry; empty for a draft. The same as ``policy_id``, unless a newer release of the
            program added settings since it was submitted.
        state: ``live``; or ``draft``: no version was ever approved, and the file itself is served.
        reviewed: Somebody other than its author and submitter approved it.
        since, until: When it came into force and when it ends by itself, epoch seconds; null where it has no such date.
        author, submitter, approver: Who; empty where nobody.
        next_change: What comes next; null where nothing does.
        warnings: What in it does nothing with the served bundle.
        failures: Rules whose expressions could not be evaluated.
        refused: A newer bundle or version was not taken in, and why.
    """

    policy_id: str
    version: str
    name: str
    state: str
    reviewed: bool
    since: int | None
    until: int | None
    author: str
    submitter: str
    approver: str
    next_change: PolicyChange | None
    warnings: tuple[str, ...]
    failures: tuple[PolicyFailures, ...]
    refused: RefusalAnswer | None
