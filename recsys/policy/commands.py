"""`recsys policy check`: is this file a policy, and what does it do to a bundle."""

from pathlib import Path

from recsys.bundle import Bundle
from recsys.decision import Context
from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.cases.load import cases_beside
from recsys.policy.cases.run import run_cases
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.load import load_policy
from recsys.policy.problems import Severity, problem_list
from recsys.policy.rules import check_expressions
from recsys.policy.schema import Policy
from recsys.profile import NO_PROFILE
from recsys.report import Report, Table
from recsys.types import ItemKind


def check(path: Path, bundle: Path | None, cases: Path | None = None) -> Report:
    """
    Check a policy file.

    Args:
        path: The file.
        bundle: Directory of a bundle to compile it against; without one, schema and expressions are checked.
        cases: Folder of golden cases to ask it over the bundle; absent means the one beside the file, if there is one.

    Returns:
        What the file is and, with a bundle, what each rule names and what nobody gets to see at the bundle's cut-off.

    Raises:
        PolicyError: The file is not a policy, does not fit the bundle, or fails a case.
        BundleError: The bundle cannot be opened.
    """
    policy = load_policy(path)
    knowledge = None if bundle is None else Knowledge.of(Bundle.open(bundle))
    check_expressions(policy, NO_PROFILE if knowledge is None else knowledge.members.profile)
    facts = {
        "ok": True,
        "name": policy.name,
        "policy_id": policy.policy_id,
        "placements": list(policy.placements),
        "n_rules": len(policy.rules),
        "approved": bool(policy.approved_by),
    }
    summary = Table(
        "Policy",
        ("property", "value"),
        tuple((name.removeprefix("n_").replace("_", " "), _text(value)) for name, value in facts.items()),
    )
    approval = () if policy.approved_by else ("Nobody has approved this policy: `approved_by` is empty.",)
    folder = cases if cases is not None else cases_beside(path)
    if knowledge is None:
        left = f"Nothing was checked against a bundle: --bundle {_bundle_beside(path)} shows what each rule does to it."
        unasked = (f"The cases in {folder} were not asked: they need a bundle.",) if folder is not None else ()
        return Report(facts, (summary, _rules(policy)), (*approval, left, *unasked))
    compiled = compile_policy(policy, knowledge)
    asked = None if folder is None else run_cases(folder, compiled, knowledge, now=knowledge.cut_off)
    wrong = [one for one in asked.problems if one.severity is Severity.ERROR] if asked is not None else []
    if wrong:
        raise PolicyError(f"{path} fails its cases:\n{problem_list(wrong)}", problems=wrong)
    removed = compiled.removed_for_everybody(Context(compiled.default_placement.name, knowledge.cut_off))
    errors = [
        {"rule": rule_id, "part": part, "rows": rows, "example": compiled.errors.examples()[rule_id, part]}
        for (rule_id, part), rows in compiled.errors.counts().items()
    ]
    facts |= {
        "bundle_id": knowledge.bundle_id,
        "named": {rule.rule.id: int(rule.what.sum()) for rule in compiled.rules if rule.rule.pin is None},
        "removed_for_everybody": {kind.value: counts for kind, counts in removed.items()},
        "errors": errors,
        "warnings": list(compiled.warnings),
    }
    notes = [f"{one['part']} of rule {one['rule']!r} fails for {one['rows']} rows: {one['example']}" for one in errors]
    if asked is not None:
        facts |= {"n_cases": asked.n_cases, "n_cases_passed": asked.n_passed}
        notes += [f"{asked.n_passed} of {asked.n_cases} golden cases pass.", *map(str, asked.problems)]
    tables = (summary, _named(compiled, knowledge), _removed(removed, knowledge))
    return Report(facts, tables, (*approval, *compiled.warnings, *notes))


def _bundle_beside(path: Path) -> str:
    """The bundle that is served, for a policy in its workspace; elsewhere, where bundles are."""
    pointer = path.parent / "serving" / "current"
    try:
        return str(pointer.parent / pointer.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return "WORKSPACE/bundles/ID"


def _rules(policy: Policy) -> Table:
    rows = tuple((rule.id, rule.effect.value, rule.applies_to.value, rule.owner) for rule in policy.rules)
    return Table("Rules", ("rule", "effect", "applies to", "owner"), rows)


def _named(compiled: CompiledPolicy, knowledge: Knowledge) -> Table:
    rows = []
    for rule in compiled.rules:
        kind = rule.rule.applies_to
        names = rule.rule.pin.id if rule.rule.pin else f"{int(rule.what.sum())} of {_count(kind, knowledge)}"
        rows.append((rule.rule.id, rule.rule.effect.value, kind.value, names, rule.rule.owner))
    return Table("What the rules name", ("rule", "effect", "applies to", "names", "owner"), tuple(rows))


def _removed(removed: dict[ItemKind, dict[str, int]], knowledge: Knowledge) -> Table:
    rows = tuple(
        (kind.value, rule_id, n_removed, _count(kind, knowledge))
        for kind, counts in removed.items()
        for rule_id, n_removed in counts.items()
    )
    return Table("What nobody gets to see at the cut-off", ("kind", "rule", "removed", "of"), rows)


def _count(kind: ItemKind, knowledge: Knowledge) -> int:
    return len(knowledge.catalogue) if kind is ItemKind.PRODUCT else len(knowledge.offers)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
