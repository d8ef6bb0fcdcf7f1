"""What may be searched: real settings, ranges that hold the defaults, and values that the configuration allows."""

import numpy as np
import pytest
from pydantic import ValidationError

from training.config import TrainConfig
from training.search_spaces import (
    SPACES,
    Choice,
    Real,
    Whole,
    rounded,
    settings_in,
    space_around,
    with_settings,
)
from training.sources import SOURCES

families = pytest.mark.parametrize("name", SPACES)


def ends(span):
    return span.values if isinstance(span, Choice) else (span.low, span.high)


def drawn(span, rng):
    match span:
        case Whole(low, high):
            return int(rng.integers(low, high + 1))
        case Real(low, high, log):
            return rounded(float(np.exp(rng.uniform(np.log(low), np.log(high))) if log else rng.uniform(low, high)))
        case Choice(values):
            return values[int(rng.integers(len(values)))]


@families
def test_a_family_is_a_source_of_the_registry(name):
    assert name in {source.name for source in SOURCES}


@families
def test_every_path_is_a_setting_and_its_default_lies_inside(name):
    defaults = settings_in(TrainConfig(), SPACES[name])
    assert space_around(TrainConfig(), SPACES[name]) == SPACES[name]
    assert {type(value) for value in defaults.values()} <= {int, float, str, bool}
    whole = {path for path, span in SPACES[name].items() if isinstance(span, Whole)}
    assert whole == {path for path, value in defaults.items() if type(value) is int}


@families
def test_the_ends_of_every_range_and_what_is_drawn_between_them_are_allowed(name):
    space, rng = SPACES[name], np.random.default_rng(0)
    asked = [{path: end} for path, span in space.items() for end in ends(span)]
    asked += [{path: drawn(span, rng) for path, span in space.items()} for _ in range(50)]
    for settings in asked:
        assert settings_in(with_settings(TrainConfig(), settings), dict.fromkeys(settings)) == settings


@families
def test_rounding_does_not_leave_a_range(name):
    assert [end for span in SPACES[name].values() for end in ends(span) if rounded(end) != end] == []


@families
def test_the_families_do_not_share_settings(name):
    others = {path for other, space in SPACES.items() if other != name for path in space}
    assert not others & set(SPACES[name])


def test_a_configuration_outside_widens_the_range_to_hold_it():
    base = with_settings(TrainConfig(), {"als.factors": 700, "als.regularization": 0.001})
    space = {"als.factors": Whole(8, 256, log=True), "als.regularization": Real(0.01, 100, log=True)}
    assert space_around(base, space) == {
        "als.factors": Whole(8, 700, log=True),
        "als.regularization": Real(0.001, 100, log=True),
    }


def test_zero_has_no_place_on_a_logarithmic_scale():
    base = with_settings(TrainConfig(), {"neighbours.shrink_members": 0.0})
    found = space_around(base, {"neighbours.shrink_members": Real(0.5, 500, log=True)})
    assert found == {"neighbours.shrink_members": Real(0, 500, log=False)}


def test_a_value_that_is_no_choice_becomes_one():
    assert Choice(("cosine", "bm25")).widened("tfidf") == Choice(("cosine", "bm25", "tfidf"))


def test_other_settings_stay_as_they_are():
    base = with_settings(TrainConfig(), {"als.alpha": 7.0})
    changed = with_settings(base, {"als.factors": 9})
    assert changed.als == base.als.model_copy(update={"factors": 9})
    assert changed.model_copy(update={"als": base.als}) == base


@pytest.mark.parametrize("settings", [{"als.factors": 0}, {"als.colour": 1}], ids=str)
def test_what_is_not_allowed_is_refused(settings):
    with pytest.raises(ValidationError):
        with_settings(TrainConfig(), settings)
