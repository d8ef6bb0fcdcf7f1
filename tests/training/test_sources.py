"""The registry: all that can be switched on fits, ranks, and says why."""

import numpy as np
import pytest

from recsys.reasons import IMPERSONAL_SOURCES, SOURCE_CODES
from recsys.report import SILENT
from training.config import TrainConfig
from training.fit import fit_models
from training.sources import SOURCES

IMPERSONAL = ("popular_segment", "recent", "trending", "seasonal", "popular_store", "popular_channel")


@pytest.fixture(scope="module")
def everything(dataset):
    wanted = {source.name for source in SOURCES} | {"neighbours", "stores", "channels"}
    sections = {name: value for name, value in TrainConfig().model_dump().items() if name in wanted}
    small = {"factors": 8} | {"epochs": 2, "iterations": 3}
    config = {
        name: section
        | ({"enabled": True} if "enabled" in section else {})
        | {key: value for key, value in small.items() if key in section}
        for name, section in sections.items()
    }
    return fit_models(dataset, TrainConfig.model_validate(config), 1, SILENT)


def test_every_source_is_fitted_where_all_are_wanted(everything):
    assert set(everything.scorers) == {source.name for source in SOURCES}


def test_every_source_ranks_products_or_has_no_last_year(everything):
    keep, somebody = np.ones(160, dtype=bool), np.array([0, 100])
    for name, scorer in everything.scorers.items():
        rows, _ = scorer.best(somebody, keep=keep, k=3)
        assert (rows[:, 0] == -1).all() == (name == "seasonal"), name


def test_every_source_gives_a_reason_of_its_own():
    assert {source.name for source in SOURCES} <= set(SOURCE_CODES)


def test_lists_that_many_share_are_not_called_personal():
    assert {source.name for source in SOURCES} & IMPERSONAL_SOURCES == set(IMPERSONAL)


def test_a_source_stands_after_those_it_needs():
    names = [source.name for source in SOURCES]
    assert all(names.index(need) < names.index(source.name) for source in SOURCES for need in source.needs)


def test_content_brings_als_along_without_a_list_of_it(dataset):
    config = TrainConfig.model_validate({"als": {"enabled": False, "factors": 4}, "content": {"enabled": True}})
    fitted = fit_models(dataset, config, 1, SILENT)
    assert "als" not in fitted.scorers
    assert np.isfinite(fitted.scorers["content"].best(np.array([0]), keep=np.ones(160, dtype=bool), k=3)[1]).all()


def test_switching_a_source_on_keeps_its_other_defaults():
    config = TrainConfig.model_validate({"sequence": {"enabled": True}})
    assert (config.sequence.relation, config.graph.relation) == ("sequence", "rp3beta")
