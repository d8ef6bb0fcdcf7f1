"""What a policy has to pass over the published bundle before it is proposed or let into force."""

from pathlib import Path

from recsys.bundle import Bundle
from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.cases.load import cases_beside
from recsys.policy.check.whole import check_whole
from recsys.policy.commands import check
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle.registry import InForce, LivePolicy
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.load import load_document
from recsys.policy.reading.problems import Problem
from recsys.report import Report
from recsys.types import EpochSeconds
from recsys.yaml_nodes import compose
from recsys.yaml_places import Places
from serving.clock import clock_of
from serving.live import POINTER, Served, load_served, read_pointer
from serving.settings import Settings, read_settings

_SHORT_ID = 12


def check_in_workspace(
    workspace: Path,
    path: Path | None,
    *,
    bundle: Path | None = None,
    cases: Path | None = None,
    now: EpochSeconds | None = None,
    strict: bool = False,
) -> Report:
    """
    As `recsys.policy.commands.check`, over the bundle that is served.

    Args:
        workspace: Whose; as of its clock.
        path: The file; absent means the draft, ``policy.yaml``.
        bundle: In place of the one that is served; where none is, what needs none is checked.
        cases, now, strict: As of `recsys.policy.commands.check`.

    Raises:
        InputError: The workspace is not one.
        BundleError: The bundle cannot be opened.
    """
    settings = read_settings(workspace)
    clock, _ = clock_of(settings.clock, workspace)
    is_published = (settings.serving_folder / POINTER).exists()
    served = read_pointer(settings.serving_folder) if bundle is None and is_published else bundle
    at = clock() if now is None else now
    return check(path or settings.policy_path, now=at, bundle=served, cases=cases, strict=strict)


def published(settings: Settings, live: LivePolicy, *, now: EpochSeconds) -> Served | None:
    """
    The published bundle under a policy, tried on golden members; absent where none is published.

    Raises:
        BundleError: It cannot be opened, or answers nonsense.
        PolicyError: The policy does not fit it.
    """
    if not (settings.serving_folder / POINTER).exists():
        return None
    return load_served(read_pointer(settings.serving_folder), settings.policy_path, now=now, live=live)


def found_over_bundle(
    document: PolicyDocument, settings: Settings, *, source: Path, now: EpochSeconds
) -> tuple[tuple[Problem, ...], Served | None]:
    """
    What the check finds in a policy over the bundle that is published now, its golden cases among it.

    Args:
        document: The policy.
        settings: Of the workspace; without a published bundle, what is written is checked alone.
        source: The file that it was read from.
        now: When.

    Returns:
        The problems, and what would be served; absent without a bundle, and where the errors keep it from being tried.

    Raises:
        BundleError: The bundle cannot be opened, or answers nonsense under the policy.
    """
    cases = cases_beside(settings.policy_path)
    try:
        served = published(settings, LivePolicy(document.policy, source, InForce(), document), now=now)
    except PolicyError:
        knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
        checked = check_whole(document, knowledge, now=now, cases=cases)
        if not checked.errors:
            raise
        return checked.problems, None
    if served is None:
        problems = check_whole(document, None, now=now).problems
        return tuple(one for one in problems if not _needs_bundle(one)), None
    engine = served.engine
    checked = check_whole(document, engine.knowledge, now=now, cases=cases, compiled=engine.policy)
    return checked.problems, served


def document_of(version: str, policy: Policy, draft: Path) -> PolicyDocument:
    """A version with the places of the draft, if the draft still is that version; else it has none but its name."""
    try:
        document = load_document(draft)
    except PolicyError:
        document = None
    if document is not None and document.policy.policy_id == version:
        return document
    return PolicyDocument(policy, Places(compose("{}", file=f"version {version[:_SHORT_ID]}")), ())


def _needs_bundle(problem: Problem) -> bool:
    """An attribute of members that a bundle may know."""
    return problem.code == "attribute_unknown" and "reads 'member." in problem.message
