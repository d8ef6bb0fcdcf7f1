"""What `recsys policy diff` does: reads both policies and the members, compares, answers and writes the page."""

from collections.abc import Sequence
from pathlib import Path

from experiments.policy_diff.build import policy_diff
from experiments.policy_diff.compare import Question, compare
from experiments.policy_diff.estimate import NO_ESTIMATE, OffPolicyEstimator
from experiments.policy_diff.facts import diff_facts
from experiments.policy_diff.page import check_page_target, write_page
from experiments.policy_diff.result import PolicyDiff
from experiments.policy_diff.sides import open_side, placements_of
from experiments.policy_diff.tables import MOST_GROUPS, MOST_MOVERS
from experiments.policy_diff.terminal import diff_tables, idle_rules, left_out
from experiments.policy_diff.whom import EVERYBODY, LiveSubjects, choose, open_store
from recsys.bundle import Bundle
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.report import SILENT, Progress, Report
from recsys.types import EpochSeconds
from serving.clock import clock_of
from serving.export.audience import everybody
from serving.export.plan import iso
from serving.live import read_pointer
from serving.settings import read_settings
from serving.stated_consents import read_stated_consents

MOST_EXAMPLES = 100


def diff(
    a: str,
    b: str,
    *,
    workspace: Path,
    members: str = EVERYBODY,
    placements: Sequence[str] = (),
    now: EpochSeconds | None = None,
    seed: int = 0,
    examples: int = 0,
    report: Path | None = None,
    store_url: str | None = None,
    progress: Progress = SILENT,
    estimator: OffPolicyEstimator | None = None,
) -> Report:
    """
    Say what policy B would change for real members who are now decided for under policy A; nothing is logged.

    Args:
        a, b: Each a policy file, ``live``, ``draft`` or the id of a version.
        workspace: With a published bundle; its store is read.
        members: ``all``, a number to draw, or a file of ids as `recsys export` takes it.
        placements: Absent means all that both policies have.
        now: The instant to decide for; absent means the workspace's clock.
        seed: Of the draw of members and of exploration.
        examples: So many ids of members who are left with nothing, each way and placement, in the facts alone.
        report: Where the page is written, one HTML file.
        store_url: Absent means ``RECSYS_STORE_URL``, else the workspace's own file.
        progress: Told of every member.
        estimator: What stands beside expected figures; absent leaves that column empty.

    Raises:
        InputError: An argument is wrong, or a policy lacks a placement.
        PolicyError: A policy is broken or does not fit the bundle; the message says which of the two.
        BundleError: Nothing was published yet, or the bundle is broken.
        StoreError: There is a store, and it does not answer.
    """
    if not 0 <= examples <= MOST_EXAMPLES:
        raise InputError(f"--examples is {examples}; it may be 0 to {MOST_EXAMPLES}")
    check_page_target(report, "diff.html")
    settings = read_settings(workspace)
    clock, _ = clock_of(settings.clock, workspace)
    instant = clock() if now is None else now
    side_a, side_b = (
        open_side(letter, given, policy_path=settings.policy_path, now=instant)
        for letter, given in (("A", a), ("B", b))
    )
    where = placements_of(side_a, side_b, placements)
    progress.step("open")
    knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
    stated = read_stated_consents(settings.consents_folder)
    whom = choose(members, everybody(knowledge.members.members, stated.members), seed=seed)
    question = Question(side_a, side_b, where, instant, seed, whom, examples)
    with open_store(settings, store_url) as store:
        subjects = LiveSubjects(store, stated, cut_off=knowledge.cut_off, now=instant)
        compared = compare(question, knowledge, subjects.blocks(whom), progress=progress, estimator=estimator)
    found = policy_diff(compared)
    facts = diff_facts(found) | {"report_path": None if report is None else str(report)}
    notes = list(_notes(found, has_estimates=estimator is not None))
    if report is not None:
        progress.step("write the page")
        write_page(found, report)
        notes.append(f"The page: {report}")
    return Report(facts, diff_tables(found), tuple(notes))


def _notes(found: PolicyDiff, *, has_estimates: bool) -> list[str]:
    notes = [
        f"A is {found.a.given} ({found.a.policy_id[:12]}), B is {found.b.given} ({found.b.policy_id[:12]}); "
        f"{found.members}, decided for at {iso(found.now)} with seed {found.seed}.",
        "Differences are B less A, of money that is expected, not measured.",
    ]
    if found.sample.is_all:
        notes.append("All members were read: differences are exact and have no interval.")
    notes += [line for line in (left_out(found), idle_rules(found)) if line]
    if not found.parts:
        notes.append("The two policies say the same.")
    hidden = any(
        len(one.movers) > MOST_MOVERS for place in found.placements for one in (place.products, place.offers)
    ) or any(len(place.groups) > MOST_GROUPS for place in found.placements)
    if hidden:
        notes.append(f"At most {MOST_GROUPS} groups that changed and {MOST_MOVERS} movers are shown; --json has more.")
    if not has_estimates:
        notes.append(f"{NO_ESTIMATE[0].upper()}{NO_ESTIMATE[1:]}.")
    return [*(f"Warning: {warning}" for warning in found.warnings), *notes]
