"""What makes effects of offers hard to believe goes with a bundle: into the page and into its publishing."""

import json
import shutil

import pytest

from features.workspace import Workspace
from tests.training.shop import N_MEMBERS
from training import commands
from training.html_report import evaluation_page
from training.response import added_report
from training.tracking import CHALLENGER, Registry, Version

LIE = {"campaign": "wave0", "arm": "no_offer", "n": N_MEMBERS, "expected": 0.5, "share": 0.1, "p_value": 1e-20}


@pytest.fixture
def copied(trained, tmp_path):
    """The trained workspace once more, whose champion may move; its challenger is what was trained first."""
    path = shutil.copytree(trained.workspace.path, tmp_path / "w")
    Registry(Workspace.open(path)).point(CHALLENGER, first(trained))
    return path


def first(trained):
    facts = trained.report.facts
    return Version(facts["version"], facts["run_id"], facts["bundle_id"])


def test_publishing_repeats_what_training_warned_of(copied, trained, monkeypatch):
    monkeypatch.setattr(added_report, "IMPLAUSIBLE", 0.0)
    reports = [commands.publish(copied, actor="ann", now=now) for now in (100, 101)]
    assert reports[1].facts["outcome"] == "unchanged"
    for report in reports:
        assert any("implausible" in note and "good +0." in note for note in report.notes)


def test_publishing_names_campaigns_that_contradict_themselves(copied, monkeypatch):
    facts = {"response": {"contradicted": [LIE]}}
    read = Registry.evaluation
    monkeypatch.setattr(Registry, "evaluation", lambda *args: read(*args) | facts)
    notes = commands.publish(copied, actor="ann", now=100).notes
    warned = next(place for place, note in enumerate(notes) if "campaign wave0 is left out" in note)
    assert notes[warned + 1].startswith("Effects of offers")


def test_the_run_holds_what_offers_add(trained, tmp_path):
    kept = Registry(trained.workspace).fetch(first(trained), "what_offers_add.json", tmp_path)
    assert json.loads(kept.read_text(encoding="utf-8")) == trained.report.facts["response"]["added"]


def test_the_page_warns_before_it_answers(trained):
    page = evaluation_page(trained.report.facts | {"response": {"contradicted": [LIE]}})
    assert page.index("campaign wave0 is left out") < page.index('class="answer"')
