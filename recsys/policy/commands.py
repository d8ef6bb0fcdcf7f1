"""`recsys policy check`: what is wrong with a policy file, and what does it do to a bundle."""

from pathlib import Path
from typing import Any

from recsys.bundle import Bundle
from recsys.decision import Context
from recsys.errors import PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.cases.load import FOLDER, cases_beside
from recsys.policy.check.parts import rule_parts
from recsys.policy.check.whole import Checked, check_whole
from recsys.policy.check.wording import counted
from recsys.policy.compiled import CompiledPolicy
from recsys.policy.file.fields import iso
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import load_document
from recsys.policy.reading.problems import Place, Problem, Severity
from recsys.report import Report, Table
from recsys.types import EpochSeconds, ItemKind

_LONGEST_HINT = 240
_UNKNOWN: dict[str, Any] = dict.fromkeys(
    ("name", "policy_id", "placements", "n_rules", "bundle_id", "now", "named", "removed_for_everybody", "errors")
)
"""Facts that are there whatever the file is; empty where it does not come to them."""


def check(
    path: Path,
    *,
    now: EpochSeconds | None,
    bundle: Path | None = None,
    cases: Path | None = None,
    strict: bool = False,
) -> Report:
    """
    Check a policy file.

    Args:
        path: The file.
        now: As of when things have ended; absent means the bundle's cut-off, and is for a bundle alone.
        bundle: Directory of a bundle to compile it against; without one, schema, expressions and dates are checked.
        cases: Folder of golden cases to ask it over the bundle; absent means the one beside the file, if there is one.
        strict: Warnings are as bad as errors.

    Returns:
        Every problem with its place, whatever is wrong with the file; ``ok`` says whether it passes. With a bundle
        also what each rule names and what nobody gets to see.

    Raises:
        BundleError: The bundle cannot be opened.
    """
    knowledge = None if bundle is None else Knowledge.of(Bundle.open(bundle))
    at = knowledge.cut_off if now is None and knowledge is not None else now
    assert at is not None
    try:
        document = load_document(path)
    except PolicyError as wrong:
        return _report(path, _UNKNOWN, Checked(_of_file(path, wrong)), strict=strict)
    folder = cases if cases is not None else cases_beside(path)
    checked = check_whole(document, knowledge, now=at, cases=folder)
    policy = document.policy
    facts = _UNKNOWN | {
        "name": policy.name,
        "policy_id": policy.policy_id,
        "placements": list(policy.placements),
        "n_rules": len(rule_parts(policy)),
        "bundle_id": None if knowledge is None else knowledge.bundle_id,
        "now": iso(at),
    }
    if knowledge is None:
        return _report(path, facts, checked, _rules(policy), notes=_left(path, folder), strict=strict)
    if checked.compiled is None:
        left = "What needs the bundle was not checked because of the errors: no rule was tried on it, no case asked."
        return _report(path, facts, checked, _rules(policy), notes=(left,), strict=strict)
    compiled, asked = checked.compiled, checked.cases
    removed = compiled.removed_for_everybody(Context(compiled.default_placement.name, at))
    facts |= {
        "named": {rule.rule.id: int(rule.what.sum()) for rule in compiled.rules if rule.rule.pin is None},
        "removed_for_everybody": {kind.value: counts for kind, counts in removed.items()},
        "errors": [
            {"rule": rule_id, "part": part, "rows": rows, "example": why}
            for (rule_id, part), (rows, why) in checked.failing.items()
        ],
    }
    tables = (_named(compiled, knowledge), _removed(removed, knowledge, at))
    notes = [
        f"{part} of rule {rule_id!r} fails for {rows} products or offers; a removal takes them, a favour leaves them "
        f"as they are: {why}"
        for (rule_id, part), (rows, why) in checked.failing.items()
    ]
    if asked is not None:
        notes.append(f"{asked.n_passed} of {asked.n_cases} golden cases pass.")
    return _report(path, facts, checked, *tables, notes=tuple(notes), strict=strict)


def _of_file(path: Path, wrong: PolicyError) -> tuple[Problem, ...]:
    if wrong.problems:
        return wrong.problems
    message, _, hint = str(wrong).partition("; ")
    return (Problem("unreadable", Severity.ERROR, message, hint, (), Place(str(path), 1, 1)),)


def _report(
    path: Path, known: dict[str, Any], checked: Checked, *tables: Table, notes: tuple[str, ...] = (), strict: bool
) -> Report:
    n_errors = len(checked.errors)
    n_warnings = len(checked.problems) - n_errors
    asked = checked.cases
    facts = {
        "ok": not n_errors and not (strict and n_warnings),
        "file": str(path),
        **known,
        "n_errors": n_errors,
        "n_warnings": n_warnings,
        "cases": {"n": asked.n_cases if asked else 0, "failed": asked.n_cases - asked.n_passed if asked else 0},
        "problems": [_facts_of(one) for one in checked.problems],
    }
    shown = ("ok", "name", "policy_id", "placements", "n_rules", "bundle_id", "now", "n_errors", "n_warnings")
    rows = tuple(
        (name.removeprefix("n_").replace("_", " "), _text(facts[name])) for name in shown if facts[name] is not None
    )
    problems = () if not checked.problems else (_problems(checked.problems),)
    end = f"{counted(n_errors, 'error')}, {counted(n_warnings, 'warning')}"
    refused = f"{path} does not pass: {end}." + (" With --strict warnings count." if strict and not n_errors else "")
    verdict = f"{path} passes: {end}." if facts["ok"] else refused
    return Report(facts, (Table("Policy", ("property", "value"), rows), *tables, *problems), (*notes, verdict))


def _facts_of(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "path": list(problem.path),
    }


def _problems(problems: tuple[Problem, ...]) -> Table:
    rows = tuple((str(one.place or ""), one.severity.value, one.code, one.message, _cut(one.hint)) for one in problems)
    return Table("Problems", ("place", "severity", "code", "what is wrong", "what to do"), rows)


def _cut(hint: str) -> str:
    """Lists of all that is allowed may be long: here their beginning, in JSON the whole."""
    return hint if len(hint) <= _LONGEST_HINT else f"{hint[:_LONGEST_HINT].rpartition(' ')[0]} ... (all: --json)"


def _left(path: Path, folder: Path | None) -> tuple[str, ...]:
    """What is not known without a bundle, and the command that finds out."""
    workspace = path.parent if (path.parent / "serving" / "current").is_file() else "WORKSPACE"
    command = f"recsys policy check {path} --workspace {workspace}"
    if folder is not None and folder != path.parent / FOLDER:
        command += f" --cases {folder}"
    unasked = f" The cases in {folder} were not asked." if folder is not None else ""
    return (
        "Not checked, for want of a bundle: whether the names that rules use exist, what they remove, and whether "
        f"anything is left for everybody.{unasked} This does it all: {command}",
    )


def _rules(policy: Policy) -> Table:
    rows = tuple(
        (part.rule.id, str(part.path[0]), part.rule.effect.value, part.rule.applies_to.value, part.rule.owner)
        for part in rule_parts(policy).values()
    )
    return Table("Rules", ("rule", "section", "effect", "applies to", "owner"), rows)


def _named(compiled: CompiledPolicy, knowledge: Knowledge) -> Table:
    rows = []
    for rule in compiled.rules:
        kind = rule.rule.applies_to
        names = rule.rule.pin.id if rule.rule.pin else f"{int(rule.what.sum())} of {_count(kind, knowledge)}"
        rows.append((rule.rule.id, rule.rule.effect.value, kind.value, names, rule.rule.owner))
    return Table("What the rules name", ("rule", "effect", "applies to", "names", "owner"), tuple(rows))


def _removed(removed: dict[ItemKind, dict[str, int]], knowledge: Knowledge, now: EpochSeconds) -> Table:
    rows = tuple(
        (kind.value, rule_id, n_removed, _count(kind, knowledge))
        for kind, counts in removed.items()
        for rule_id, n_removed in counts.items()
    )
    return Table(f"What nobody gets to see at {iso(now)}", ("kind", "rule", "removed", "of"), rows)


def _count(kind: ItemKind, knowledge: Knowledge) -> int:
    return len(knowledge.catalogue) if kind is ItemKind.PRODUCT else len(knowledge.offers)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
