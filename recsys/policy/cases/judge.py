"""Compares what a case expects with what the policy answers, expectation by expectation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recsys.policy.cases.answers import Answer, Asker
from recsys.policy.cases.schema import ANY, Case
from recsys.policy.reading.problems import Path
from recsys.types import NO_OFFER, ItemKind

_CHANGE = "change the policy, or the case where this is wanted now"


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that is not met: where in the case it stands, what was expected and found, what to do."""

    path: Path
    message: str
    hint: str = _CHANGE


def failures(case: Case, asker: Asker) -> Iterator[Failure]:
    """
    Every expectation of a case that is not met, in the order of `Expectation`.

    Args:
        case: All names of which are known.
        asker: Of the policy.
    """
    bench = _Bench(case, asker, asker.ask(case))
    yield from bench.offers()
    yield from bench.products()
    yield from bench.levers()
    yield from bench.nothing()
    yield from bench.shown()
    yield from bench.chosen()


@dataclass(frozen=True, slots=True)
class _Bench:
    """A case, and the answer to it."""

    case: Case
    asker: Asker
    answer: Answer

    def offers(self) -> Iterator[Failure]:
        expect = self.case.expect
        named: tuple[tuple[str, Path], ...] = (
            *((one, ("offers_allowed", row)) for row, one in enumerate(expect.offers_allowed)),
            *((one, ("offers_removed", one)) for one in expect.offers_removed),
        )
        if named and self.answer.decision.offer_choice is None:
            for one, path in named:
                yield self._failure(path, f"{one} was not looked at: {self.answer.decision.placement} shows no offers")
            return
        for one, path in named:
            candidate = self.answer.candidate(ItemKind.OFFER, one)
            by = None if candidate is None else candidate.removed_by
            if path[0] == "offers_allowed":
                yield from self._allowed(one, by, path)
            else:
                yield from self._removed(ItemKind.OFFER, one, by, expect.offers_removed[one], path=path)

    def products(self) -> Iterator[Failure]:
        expect = self.case.expect
        for row, one in enumerate(expect.products_allowed):
            yield from self._allowed(one, self.answer.products[one], ("products_allowed", row))
        for one, rule in expect.products_removed.items():
            candidate = self.answer.candidate(ItemKind.PRODUCT, one)
            # Caps on slates count what else is on the slate, so only the slate can say what they remove.
            by = self.answer.products[one] or (None if candidate is None else candidate.removed_by)
            yield from self._removed(ItemKind.PRODUCT, one, by, rule, path=("products_removed", one))

    def levers(self) -> Iterator[Failure]:
        for one, expected in self.case.expect.levers.items():
            found = self.answer.levers[one]
            if set(found) != set(expected):
                told = f"{one} is multiplied by {_listed(found)}, not by {_listed(expected)}"
                yield self._failure(("levers", one), told)

    def nothing(self) -> Iterator[Failure]:
        rule, decision = self.case.expect.nothing_because, self.answer.decision
        if rule is None:
            return
        path = ("nothing_because",)
        if decision.items:
            shown = ", ".join(item.id for item in decision.items[:5])
            more = f" and {len(decision.items) - 5} more" if len(decision.items) > 5 else ""
            because = "nothing was expected to be shown" + ("" if rule == ANY else f", because of {rule!r}")
            yield self._failure(path, f"{because}, but {shown}{more} are shown")
        elif rule not in (ANY, decision.shortfall_reason):
            found = (
                self._rule(decision.shortfall_reason) if decision.shortfall_reason else "no positions were asked for"
            )
            yield self._failure(path, f"nothing is shown, but because of {found}, not of {rule!r}")

    def shown(self) -> Iterator[Failure]:
        expect, positions = self.case.expect, {item.id: item.position for item in self.answer.decision.items}
        for row, one in enumerate(expect.shows):
            if one not in positions:
                yield self._failure(("shows", row), f"{one} is not shown: {self._why_not(one)}")
        for row, one in enumerate(expect.never_shows):
            path = ("never_shows", row)
            if one in positions:
                yield self._failure(path, f"{one} is shown, at position {positions[one]}")
                continue
            drawn = max((found.logging_propensity or 0.0 for found in self.answer.of_either_kind(one)), default=0.0)
            if drawn:
                yield self._failure(
                    path,
                    f"{one} is not the best choice, but exploration shows it with probability {drawn:.2g}",
                    "remove it by a rule, or expect it not to be the offer_choice",
                )

    def chosen(self) -> Iterator[Failure]:
        wanted, found = self.case.expect.offer_choice, self.answer.decision.offer_choice
        if wanted is None or wanted == found:
            return
        path = ("offer_choice",)
        if found is None:
            yield self._failure(path, f"no offer is chosen: {self.answer.decision.placement} shows no offers")
        elif wanted == NO_OFFER:
            yield self._failure(path, f"{found} is chosen, not {NO_OFFER}")
        else:
            yield self._failure(path, f"{found} is chosen, not {wanted}: {self._why_not(wanted)}")

    def _allowed(self, one: str, by: str | None, path: Path) -> Iterator[Failure]:
        if by is not None:
            yield self._failure(path, f"{one} is expected to be allowed, but {self._rule(by)} removes it")

    def _removed(self, kind: ItemKind, one: str, by: str | None, rule: str, *, path: Path) -> Iterator[Failure]:
        if by is None:
            wanted = "some rule" if rule == ANY else repr(rule)
            yield self._failure(path, f"{one} is expected to be removed by {wanted}, but no rule removes it")
        elif rule not in (ANY, by):
            order = self.asker.policy.rule_ids
            first = "is asked first and removes it" if order.index(by) < order.index(rule) else "removes it"
            hint = f"write {by}, or {ANY} where it does not matter which {kind} rule it is"
            yield self._failure(
                path, f"{one} is expected to be removed by {rule!r}, but {self._rule(by)} {first}", hint
            )

    def _why_not(self, one: str) -> str:
        for found in self.answer.of_either_kind(one):
            if found.removed_by is not None:
                return f"{self._rule(found.removed_by)} removes it"
            if found.reason is not None:
                return found.reason.text
            return f"it stands at position {found.position}"
        by = self.answer.products.get(one)
        return "it is no candidate for this member" if by is None else f"{self._rule(by)} removes it"

    def _rule(self, rule: str) -> str:
        """A rule with who answers for it and why it exists."""
        told: Mapping[str, object] = self.asker.told
        if rule not in told:
            return repr(rule)
        remover = self.asker.told[rule]
        owner = f", owner {remover.owner}" if remover.owner else ""
        return f"{rule!r} ({remover.section}{owner}: {remover.text('en').rstrip('.')})"

    def _failure(self, path: Path, message: str, hint: str = _CHANGE) -> Failure:
        about = f" (it must be so: {self.case.about.strip().rstrip('.')})" if self.case.about else ""
        member = self.case.member
        given = member.model_fields_set - {"id", "consent", "contacts", "responses", "held_offers"}
        if given and not self.answer.personal:
            hint += f"; the member did not agree to personalisation, so their {_listed(sorted(given))} is not looked at"
        return Failure(("expect", *path), f"{message}{about}", hint)


def _listed(ids: tuple[str, ...] | list[str]) -> str:
    return ", ".join(ids) if ids else "nothing"
