"""What does nothing: rules about nothing and nobody, segments without a member, expressions that always fail."""

from collections.abc import Iterator

import numpy as np

from recsys.policy.check.examined import Examined
from recsys.policy.check.parts import RulePart
from recsys.policy.check.population import Population
from recsys.policy.check.shadowed import shadowed
from recsys.policy.check.wording import counted, error, warning
from recsys.policy.file.fields import iso
from recsys.policy.file.rule import Effect
from recsys.policy.members.readers import MISSING
from recsys.policy.reading.problems import Problem
from recsys.policy.rules import CompiledRule


def over_things(examined: Examined) -> Iterator[Problem]:
    """Rules whose `what` fails everywhere, names nothing, or leaves nothing to remove."""
    errors, examples = examined.compiled.errors.counts(), examined.compiled.errors.examples()
    parts = examined.parts()
    for rule in examined.compiled.rules:
        part = parts.get(rule.rule.id)
        if part is None or rule.rule.what is None or not rule.what.size:
            continue
        path, kind = (*part.path, "what"), rule.rule.applies_to
        every = f"each of the {counted(rule.what.size, str(kind))} of the bundle"
        failed = min(errors.get((rule.rule.id, "what"), 0), rule.what.size)
        if failed == rule.what.size:
            reason = examples[rule.rule.id, "what"]
            found = error(
                "always_error",
                f"{part.called}, what, cannot be evaluated for {every}: {reason}",
                hint="correct the expression",
                path=path,
            )
        elif not rule.what.any():
            found = warning(
                "names_nothing",
                f"{part.called} names no {kind} of the bundle{_failures(failed)}",
                hint="correct `what`, or remove the rule",
                path=path,
            )
        elif rule.rule.effect is Effect.REQUIRE and rule.what.all():
            found = warning(
                "removes_nothing",
                f"{part.called} removes nothing: {every} has what it requires",
                hint="correct `what`, or remove the rule",
                path=path,
            )
        else:
            continue
        if found.code not in rule.rule.accepts:
            yield found


def over_members(examined: Examined) -> Iterator[Problem]:
    """All that is found by asking every `who` and every segment of the bundle's members."""
    population = Population.of(examined)
    if not population.n_members:
        return
    parts = examined.parts()
    for number, rule in enumerate(population.rules):
        if rule.who is not None and population.is_known(rule.who):
            for found in _of_rule(examined, population, number, parts[rule.rule.id]):
                if found.code not in rule.rule.accepts:
                    yield found
    yield from _of_segments(examined, population)
    yield from shadowed(examined, population)


def _of_rule(examined: Examined, population: Population, number: int, part: RulePart) -> Iterator[Problem]:
    rule: CompiledRule = population.rules[number]
    told = population.told_of(rule.rule)
    failed = np.stack([one.fails_for(number) for one in told])
    path = (*part.path, "who") if part.path[0] != "reach" else part.path
    if failed.all():
        message = f"{part.called}, who, cannot be evaluated for any of the {population.called()}"
        yield error("always_error", message, hint="correct the expression", path=path)
    elif not any(one.holds_for(number).any() for one in told):
        n_failed = int(failed[:, :-1].any(axis=0).sum())
        message = (
            f"{part.called} holds for nobody: its who is true for none of the {population.called()} "
            f"at {iso(examined.now)}{_failures(n_failed)}"
        )
        correct = "name a higher tier" if part.path[0] == "reach" else "correct `who`"
        yield warning("holds_for_nobody", message, hint=f"{correct}, or remove the rule", path=path)


def _of_segments(examined: Examined, population: Population) -> Iterator[Problem]:
    for name, formula in population.segments.items():
        if not population.is_known(formula):
            continue
        inside = np.stack([told.segments[name] for told in population.told])
        path = ("segments", name)
        if (inside == MISSING).all():
            message = f"segment {name!r} cannot be evaluated for any of the {population.called()}"
            yield error("always_error", message, hint="correct the expression", path=path)
        elif not (inside == 1).any():
            n_failed = int((inside[:, :-1] == MISSING).any(axis=0).sum())
            message = (
                f"segment {name!r} has no member: none of the {population.called()} is in it "
                f"at {iso(examined.now)}{_failures(n_failed)}"
            )
            yield warning("empty_segment", message, hint="correct the expression, or remove the segment", path=path)


def _failures(n: int) -> str:
    return f" (for {n:,} it cannot be evaluated)" if n else ""
