from pathlib import Path

import pytest
import yaml

from features.simulator.loop.parameters import WORLDS, read_world, world_named
from recsys.errors import InputError


def written(tmp_path: Path, change) -> Path:
    content = yaml.safe_load((WORLDS / "main.yaml").read_text())
    change(content)
    file = tmp_path / "world.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.mark.parametrize("name", ["main", "deal_hunters", "luxury", "tired", "sure_things", "faint"])
def test_worlds_that_come_with_the_product_are_valid_and_have_their_files_name(name):
    assert world_named(name).name == name


def test_an_unknown_key_is_refused_by_name(tmp_path):
    file = written(tmp_path, lambda content: content["shopping"].update(interval=3))
    with pytest.raises(InputError, match="interval"):
        read_world(file)


def test_a_missing_part_is_refused_by_name(tmp_path):
    file = written(tmp_path, lambda content: content.pop("logs"))
    with pytest.raises(InputError, match="logs"):
        read_world(file)


def test_a_negative_share_is_refused_with_its_value(tmp_path):
    file = written(tmp_path, lambda content: content["logs"].update(random_share=-0.1))
    with pytest.raises(InputError, match=r"random_share.*-0\.1"):
        read_world(file)


def test_shares_of_tiers_must_add_up_to_one(tmp_path):
    file = written(tmp_path, lambda content: content["shopping"].update(tiers=[0.5, 0.4]))
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        read_world(file)


def test_an_offer_of_a_category_that_is_not_there_is_refused(tmp_path):
    file = written(tmp_path, lambda content: content["offers"][0].update(category=9))
    with pytest.raises(InputError, match="category 9"):
        read_world(file)


def test_a_kind_that_a_world_without_lines_cannot_have_is_refused(tmp_path):
    file = written(tmp_path, lambda content: content["offers"][0].update(kind="buy_x_get_y"))
    with pytest.raises(InputError, match="buy_x_get_y"):
        read_world(file)


def test_a_file_that_is_not_there_is_refused_with_its_path(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read_world(tmp_path / "nowhere.yaml")
