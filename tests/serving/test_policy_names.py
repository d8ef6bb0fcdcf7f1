"""The names that rules may use are all there, with what whoever writes rules needs to choose among them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.report import Report
from serving.policy_names import names_report
from tests.serving.service_world import published_workspace
from tests.worlds import small_knowledge

KNOWLEDGE = small_knowledge(n_members=3)
POLICY = parse_policy(
    default_policy_text() + "\nsegments: {loyal: member.tier_rank >= 2}\ncontext_attributes: {weather: string}\n"
)


@pytest.fixture(scope="module")
def report() -> Report:
    return names_report(POLICY, KNOWLEDGE)


def test_every_offer_has_its_kind_tiers_and_dates(report: Report) -> None:
    offers = report.facts["offers"]
    assert [one["id"].encode() for one in offers] == KNOWLEDGE.offers.offers.encoded.tolist()
    for row, offer in enumerate(offers):
        mask = sum(1 << KNOWLEDGE.tiers.index(tier) for tier in offer["tiers"])
        assert mask == KNOWLEDGE.offers.tier_mask[row]


def test_products_are_counted_by_category_and_brand(report: Report) -> None:
    known = KNOWLEDGE.catalogue
    for key, rows, called in (
        ("categories", known.category, known.category_names), ("brands", known.brand, known.brand_names),
    ):  # fmt: skip
        counts = {one["name"]: one["products"] for one in report.facts[key]}
        assert counts == {name: int((rows == row).sum()) for row, name in enumerate(called)}
        assert sum(counts.values()) > 0


def test_attributes_of_policy_and_bundle_have_their_types(report: Report) -> None:
    types = {one["name"]: one["type"] for one in report.facts["attributes"]}
    assert types["segment.loyal"] == "bool"
    assert types["context.weather"] == "string"
    assert types["product.price_minor"] == types["offer.budget_minor"] == types["basket.value_minor"] == "int"
    assert {f"member.{spec.name}" for spec in KNOWLEDGE.members.profile.specs} <= types.keys()


def test_placements_are_those_of_the_draft(report: Report) -> None:
    found = {one["name"]: (one["channel"], one["capacity"]) for one in report.facts["placements"]}
    assert found == {name: (one.channel.value, one.capacity) for name, one in POLICY.placements.items()}


def test_the_command_fits_a_hundred_columns_and_answers_programs(tmp_path: Path) -> None:
    shop = published_workspace(tmp_path / "w")
    words = ["policy", "names", "--workspace", str(shop)]
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, words)
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.stdout.splitlines())) <= 100
    facts = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert facts["stages"] == ["potential", "new", "active", "dormant", "churned"]
