"""Decides for the same members at the same instant under both policies, block by block, and keeps the sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.policy_diff.budgets import Budgets
from experiments.policy_diff.estimate import DecidedOffers, Estimate, OffPolicyEstimator
from experiments.policy_diff.groups import Groups
from experiments.policy_diff.money import OfferWorth, Worths
from experiments.policy_diff.shown import shown_of
from experiments.policy_diff.sides import Side, engine_of
from experiments.policy_diff.tally import Choices, Tally
from experiments.policy_diff.whom import Whom
from recsys.batch import build_batch
from recsys.decision import Context
from recsys.decisions import Decisions
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.report import Progress
from recsys.types import EpochSeconds


@dataclass(frozen=True, slots=True)
class Question:
    """
    What is compared.

    Attributes:
        a, b: The two policies.
        placements: Where, each a placement of both.
        now: The instant that everybody is decided for.
        seed: Of exploration.
        whom: The members.
        n_examples: At most so many ids of members who are left with nothing, each way and placement.
    """

    a: Side
    b: Side
    placements: tuple[str, ...]
    now: EpochSeconds
    seed: int
    whom: Whom
    n_examples: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """
    The sums of a comparison.

    Attributes:
        question: What was compared.
        knowledge: Of the bundle.
        groups: Of members.
        budgets: Of both files.
        tallies: By placement.
        estimates: By placement and figure; absent without an estimator.
    """

    question: Question
    knowledge: Knowledge
    groups: Groups
    budgets: Budgets
    tallies: dict[str, Tally]
    estimates: dict[str, dict[str, Estimate]] | None


def compare(
    question: Question,
    knowledge: Knowledge,
    blocks: Iterable[Sequence[Subject]],
    *,
    progress: Progress,
    estimator: OffPolicyEstimator | None = None,
) -> Compared:
    """
    Decide and count.

    Args:
        question: What is compared.
        knowledge: Of the bundle that is served.
        blocks: The members of ``question.whom`` in its order, with what is known of them.
        progress: Told of every member.
        estimator: What stands beside the expected figures.

    Raises:
        PolicyError: A policy does not fit the bundle; the message says which.
    """
    a, b = question.a, question.b
    pair = _Pair(question, engine_of(a, knowledge), engine_of(b, knowledge), Worths(knowledge))
    budgets = Budgets.of(a, b, knowledge, now=question.now)
    groups = Groups(knowledge.tiers)
    tallies = {
        name: Tally(knowledge, len(groups), budgets=budgets, most_examples=question.n_examples)
        for name in question.placements
    }
    progress.step("decide under A and under B", len(question.whom))
    for subjects in blocks:
        group = groups.of(build_batch(subjects, knowledge))
        worths: dict[tuple[int | None, bytes], OfferWorth] = {}
        for name, tally in tallies.items():
            under_a, under_b = pair.decide(subjects, name)
            shown_a = shown_of(under_a, pair.worth(a, under_a, worths))
            shown_b = shown_of(under_b, pair.worth(b, under_b, worths))
            tally.add(under_a, under_b, shown_a, shown_b, group=group, keep=estimator is not None)
        progress.advance(len(subjects))
    estimates = None
    if estimator is not None:
        progress.step("estimate from the log")
        estimates = {name: _estimates(question, name, tally, estimator) for name, tally in tallies.items()}
    return Compared(question, knowledge, groups, budgets, tallies, estimates)


@dataclass(frozen=True, slots=True)
class _Pair:
    question: Question
    engine_a: Engine
    engine_b: Engine
    worths: Worths

    def decide(self, subjects: Sequence[Subject], placement: str) -> tuple[Decisions, Decisions]:
        context = Context(placement, self.question.now, self.question.seed, explain=True)
        return self.engine_a.decide_many(subjects, context), self.engine_b.decide_many(subjects, context)

    def worth(self, side: Side, decisions: Decisions, known: dict[tuple[int | None, bytes], OfferWorth]) -> OfferWorth:
        """Worked out once for all placements of a block in which a message costs the same."""
        cost = side.policy.economics.contact_cost_minor.get(decisions.channel)
        # An arm may be answered as strangers, so that the same members have other columns.
        key = cost, decisions.batch.row.tobytes()
        if key not in known:
            known[key] = self.worths.of(decisions.batch, contact_cost_minor=cost)
        return known[key]


def _estimates(question: Question, placement: str, tally: Tally, estimator: OffPolicyEstimator) -> dict[str, Estimate]:
    def decided(side: Side, choices: Sequence[Choices]) -> DecidedOffers:
        return DecidedOffers(
            policy_id=side.policy.policy_id,
            placement=placement,
            now=question.now,
            member_ids=question.whom.encoded,
            choice=np.concatenate([choice for choice, _ in choices]),
            propensity=np.concatenate([propensity for _, propensity in choices]),
        )

    of_a = decided(question.a, [one for one, _ in tally.choices])
    of_b = decided(question.b, [one for _, one in tally.choices])
    return dict(estimator.estimate(of_a, of_b))
