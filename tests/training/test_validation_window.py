"""The question that tuning asks: one source alone, before a window, on the members who bought in it."""

from datetime import timedelta

import pytest

from recsys.report import SILENT
from tests.training.shop import DAYS, START
from training.config import TrainConfig
from training.fit import fit_models
from training.sources import SOURCES
from training.validation_window import ValidationWindow


@pytest.fixture(scope="module")
def window(shop, quick):
    return ValidationWindow.read(shop, quick, seed=3, progress=SILENT)


@pytest.mark.parametrize("name", [source.name for source in SOURCES if source.enabled(TrainConfig())])
def test_a_source_alone_is_the_source_that_the_blend_holds(window, quick, name):
    fitted = fit_models(window.fitted.dataset, quick, 3, SILENT)
    case = window.cases["all"]
    theirs, _ = fitted.scorers[name].best(case.members, keep=case.keep, k=10)
    assert window.alone(name, quick, "all").per_member.tolist() == window._ndcg(theirs, "all").tolist()


def test_a_source_that_is_switched_off_and_needs_another_is_what_the_blend_would_hold(window, quick):
    assert not quick.content.enabled
    wanting = quick.model_copy(update={"content": quick.content.model_copy(update={"enabled": True})})
    fitted, case = fit_models(window.fitted.dataset, wanting, 3, SILENT), window.cases["explore"]
    theirs, _ = fitted.scorers["content"].best(case.members, keep=case.keep, k=10, without=case.without)
    alone = window.alone("content", quick, "explore").per_member
    assert alone.tolist() == window._ndcg(theirs, "explore").tolist()
    assert alone.any()


def test_nothing_it_learns_from_is_of_the_window(window):
    assert (
        window.fitted.dataset.purchases.at.max()
        < window.split.validation_at
        == (START + timedelta(days=DAYS - 28)).timestamp()
    )


def test_its_digest_is_that_of_the_question(window, shop, quick):
    same = ValidationWindow.read(shop, quick, seed=3, progress=SILENT)
    fewer = quick.model_copy(update={"evaluation": quick.evaluation.model_copy(update={"max_members": 50})})
    assert same.digest == window.digest
    assert ValidationWindow.read(shop, fewer, seed=3, progress=SILENT).digest != window.digest
