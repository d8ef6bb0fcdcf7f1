"""Which families are tuned: those asked for, in one order, or those that the configuration wants."""

import pytest

from recsys.errors import InputError
from training.config import TrainConfig
from training.source_config import AlsConfig
from training.tune import chosen_families


def test_an_unknown_family_names_those_there_are():
    with pytest.raises(InputError, match=r"'alss' is no family that can be tuned; they are als, lightfm"):
        chosen_families("als,alss", TrainConfig())


@pytest.mark.parametrize("names", ["own_orders", "", "als,"])
def test_what_has_no_settings_to_search_is_no_family(names):
    with pytest.raises(InputError, match="is no family that can be tuned"):
        chosen_families(names, TrainConfig())


def test_families_come_in_the_order_of_the_registry_and_once():
    assert chosen_families("popular_segment, als,als", TrainConfig()) == ("als", "popular_segment")


def test_without_names_those_switched_on_are_meant():
    wanted = chosen_families(None, TrainConfig())
    assert {"als", "frequency"} <= set(wanted)
    without = TrainConfig(als=AlsConfig(enabled=False))
    assert chosen_families(None, without) == tuple(name for name in wanted if name != "als")


def test_one_that_is_switched_off_can_be_asked_for():
    assert chosen_families("als", TrainConfig(als=AlsConfig(enabled=False))) == ("als",)
