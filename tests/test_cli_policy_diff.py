"""`recsys policy diff`: its options, JSON, exit codes and the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.cli import app
from tests.experiments.policy_diff.worlds import NO_PRODUCT, POLICY, world
from tests.worlds import NOW, small_bundle


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("shop")
    (workspace / "serving").mkdir()
    small_bundle(workspace / "serving" / "first", world())
    (workspace / "serving" / "current").write_text("first")
    (workspace / "policy.yaml").write_text(POLICY + NO_PRODUCT)
    (workspace / "before.yaml").write_text(POLICY)
    return workspace


def ask(workspace: Path, *words: str) -> tuple[int, dict[str, Any]]:
    shown = CliRunner().invoke(app, ["policy", "diff", *words, "-w", str(workspace), "--now", str(NOW), "--json"])
    return shown.exit_code, json.loads(shown.stdout)


def test_a_difference_that_could_be_made_ends_well(shop: Path, tmp_path: Path) -> None:
    page = tmp_path / "diff.html"
    words = [str(shop / "before.yaml"), "draft", "--members", "40", "--placements", "home, offers", "--seed", "3"]
    code, facts = ask(shop, *words, "--report", str(page))
    assert code == 0
    assert [one["placement"] for one in facts["placements"]] == ["home", "offers"]
    assert (facts["members"]["decided"], facts["seed"], facts["now"]) == (40, 3, NOW)
    assert [one["part_id"] for one in facts["parts"]] == ["no_p005"]
    assert page.read_text().startswith("<!doctype html>")
    shown = CliRunner().invoke(app, ["policy", "diff", *words, "-w", str(shop), "--now", str(NOW)])
    assert shown.exit_code == 0
    assert "no_p005" in shown.stdout
    assert "decide under A and under B" in shown.stderr


def test_a_policy_that_is_wrong_is_wrong_input_and_named(shop: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(POLICY + "rules: [{id: odd, owner: a, what: product.colour == 1, effect: exclude}]\n")
    code, facts = ask(shop, "draft", str(broken))
    assert code == 2
    assert facts["error"].startswith(f"B: {broken}:11:")
    assert "rule 'odd', what" in facts["error"]
    assert ask(shop, "draft", "missing.yaml")[0] == 2
    assert ask(shop, "draft", "draft", "--placements", "nowhere")[0] == 2


def test_a_workspace_without_a_bundle_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    assert ask(tmp_path, "draft", "draft")[0] == 3
