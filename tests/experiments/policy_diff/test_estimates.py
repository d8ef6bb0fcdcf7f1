"""An estimate from logged decisions stands beside what the model expects, once something estimates it."""

from collections.abc import Mapping

import numpy as np

from experiments.policy_diff.estimate import DecidedOffers, Estimate
from experiments.policy_diff.facts import diff_facts
from experiments.policy_diff.page import diff_page
from experiments.policy_diff.terminal import diff_tables
from recsys.types import UNKNOWN_ROW
from tests.experiments.policy_diff.worlds import NO_OFFERS, diff_of, one_by_one, policy, world


class Counting:
    """Estimates nothing: it says what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[DecidedOffers, DecidedOffers]] = []

    def estimate(self, policy_a_decisions: DecidedOffers, policy_b_decisions: DecidedOffers) -> Mapping[str, Estimate]:
        self.seen.append((policy_a_decisions, policy_b_decisions))
        return {"margin_minor": Estimate(-321.5, -400.0, -243.0, "doubly robust", 777)}


def test_the_estimator_gets_every_offer_choice_of_both_policies_with_its_propensity():
    knowledge, estimator = world(), Counting()
    a, b = policy("exploration: {epsilon: 0.4}\n"), policy(NO_OFFERS)
    diff_of(a, b, knowledge, block=9, estimator=estimator)
    assert [(one.placement, other.placement) for one, other in estimator.seen] == [("home",) * 2, ("email",) * 2]
    under_a, under_b = estimator.seen[0]
    alone = one_by_one(a, knowledge, "home")
    names = knowledge.offers.offers
    chosen = ["no_offer" if row == UNKNOWN_ROW else names.id(row) for row in under_a.choice.tolist()]
    assert chosen == [one.offer_choice for one in alone]
    assert len(set(chosen)) > 2
    assert np.allclose(under_a.propensity, [one.logging_propensity for one in alone])
    assert [one.decode() for one in under_a.member_ids.tolist()] == [one.member_id for one in alone]
    assert (under_b.choice == UNKNOWN_ROW).all()
    assert (under_a.policy_id, under_b.policy_id) == (a.policy_id, b.policy_id)


def test_an_estimate_stands_beside_its_figure_in_tables_facts_and_on_the_page():
    found = diff_of(policy(), policy(NO_OFFERS), world(), placements=["home"], estimator=Counting())
    assert diff_facts(found)["placements"][0]["off_policy"]["margin_minor"]["n"] == 777
    (figures,) = [table for table in diff_tables(found) if table.columns[0] == "figure"]
    rows = {row[0]: row[-1] for row in figures.rows}
    assert rows["expected incremental margin"] == "-321.5000 [-400.0000 to -243.0000], doubly robust, n = 777"
    assert rows["expected discount"] == ""
    html = diff_page(found)
    assert "-3.2150 [-4.0000 to -2.4300], doubly robust, n = 777" in html
    assert "nothing estimates yet" not in html


def test_without_an_estimator_the_terminal_has_no_such_column_and_the_page_says_what_will_fill_it():
    found = diff_of(policy(), policy(NO_OFFERS), world(), placements=["offers"])
    assert diff_facts(found)["placements"][0]["off_policy"] is None
    assert "off-policy estimate" not in {name for table in diff_tables(found) for name in table.columns}
    assert ">off-policy estimate</th>" in diff_page(found)
    assert "nothing estimates yet what members did under logged decisions" in diff_page(found)
