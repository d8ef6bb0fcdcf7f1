"""`recsys price`: how a basket is written, what the receipt says, and what is refused with a reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from recsys.errors import InputError
from serving.price_commands import read_basket
from tests.serving.service_world import published_workspace
from tests.serving.test_pricing import PROGRAMME
from tests.worlds import NOW, small_knowledge

PRICE = int(small_knowledge().catalogue.price_minor[4])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = published_workspace(tmp_path_factory.mktemp("price") / "workspace")
    (folder / "programme.yaml").write_text(PROGRAMME)
    return folder


def run(workspace: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["price", "-w", str(workspace), "--now", str(NOW), *options])
    return result.exit_code, result.stdout


def price(workspace: Path, *options: str) -> tuple[int, dict[str, Any]]:
    code, text = run(workspace, "--json", *options)
    return code, json.loads(text)


def test_a_basket_is_ids_with_quantities_and_prices() -> None:
    assert read_basket("a, b:3,c@70,d:2@0") == [("a", 1, None), ("b", 3, None), ("c", 1, 70), ("d", 2, 0)]


@pytest.mark.parametrize("text", ["", "a,,b", ":2", "a:two", "a:", "a@", "a:1@x", "a:1.5"])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no line; write ID"):
        read_basket(text)


def test_the_answer_has_every_discount_with_its_source(workspace: Path) -> None:
    options = ("--basket", "p004:2,tin@6000", "--coupons", "o000,o002,gone", "--tier", "gold", "--shipping", "350")
    code, facts = price(workspace, *options)
    gross = 2 * PRICE + 6_000
    assert (code, facts["gross_minor"], facts["tier_source"]) == (0, gross, "request")
    assert [one["offer_id"] for one in facts["coupons"]] == ["o000", "o002"]
    assert [one["code"] for one in facts["not_applied"]] == ["unknown_coupon"]
    left = gross - 500 - facts["coupons"][1]["goods_minor"]
    assert facts["total_minor"] == left - left * 500 // 10_000


def test_the_receipt_is_for_people(workspace: Path) -> None:
    code, text = run(workspace, "--basket", "tin:2@6000", "--coupons", "o000,o002", "--tier", "gold", "--shipping", "9")
    assert code == 0
    for said in ("120.00", "-5.00 o000", "-5.75 gold", "109.25", "shipping", "out_of_scope", "points earned: 120"):
        assert said in text, said


def test_a_members_own_tier_counts(workspace: Path) -> None:
    assert price(workspace, "--basket", "p004", "--member", "m000")[1]["tier"] == "gold"


def test_coupons_may_be_used_in_their_order(workspace: Path) -> None:
    assert price(workspace, "--basket", "p004", "--coupons", "o002", "--choose", "given")[1]["search"] == "given"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--basket", "p004:0"), "the quantity of 'p004' is 0; it may be 1 to 10000"),
        (("--basket", "p004:-2"), "the quantity of 'p004' is -2"),
        (("--basket", "caviar"), "'caviar' is not in the bundle; give its unit_price_minor"),
        (("--basket", "p004", "--tier", "tin"), "there is no tier 'tin'; there are ordinary, silver"),
    ],
)
def test_what_cannot_be_priced_is_refused_with_what_to_do(
    workspace: Path, options: tuple[str, ...], message: str
) -> None:
    code, facts = price(workspace, *options)
    assert code == 2
    assert message in facts["error"]


def test_without_a_programme_the_receipt_says_so(tmp_path: Path) -> None:
    code, text = run(published_workspace(tmp_path / "workspace"), "--basket", "p004", "--tier", "diamond")
    assert (code, "no programme.yaml" in text) == (0, True)
