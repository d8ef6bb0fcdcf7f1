"""`recsys decide` about products: what may be given, what is answered, and what is refused with a reason."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from tests.serving.service_world import published_workspace
from tests.worlds import NOW


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_workspace(tmp_path_factory.mktemp("products") / "workspace")


def decide(workspace: Path, *options: str) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(app, ["decide", "-w", str(workspace), "--now", str(NOW), "--json", *options])
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.parametrize(
    ("options", "relation", "products", "placement"),
    [
        (("--similar-to", "p004"), "similar", ["p004"], "product_page"),
        (("--together-with", "a,b"), "together", ["a,b"], "product_page"),
        (("--basket", "p004, p010"), "complete", ["p004", "p010"], "basket"),
        (("--basket", "p004", "--placement", "home", "--member", "m001"), "complete", ["p004"], "home"),
        (("--member", "m001"), None, [], "home"),
    ],
)
def test_the_question_is_told_by_the_option(
    workspace: Path, options: tuple[str, ...], relation: str | None, products: list[str], placement: str
) -> None:
    code, facts = decide(workspace, *options)
    assert code == 0
    assert (facts["relation"], facts["product_ids"], facts["placement"]) == (relation, products, placement)
    assert facts["items"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing is asked: give --member"),
        (("--similar-to", "p004", "--basket", "p005"), "one question at a time"),
        (("--basket", "p004,,p005"), "empty product id"),
        (("--similar-to", ""), "empty product id"),
        (("--similar-to", "p004", "--placement", "nowhere"), "no placement 'nowhere'"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_do(
    workspace: Path, options: tuple[str, ...], message: str
) -> None:
    code, facts = decide(workspace, *options)
    assert code == 2
    assert message in str(facts["error"])
