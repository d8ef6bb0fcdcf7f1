"""The training configuration file."""

import pytest

from recsys.errors import InputError
from training.config import TrainConfig, config_text, read_config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("als: {factor: 3}", r"unknown setting 'als\.factor', did you mean 'factors'\? allowed: enabled, factors"),
        ("als: {factors: 0}", r"als\.factors is 0; it must be greater than or equal to 1"),
        ("n_candidates: many", "n_candidates"),
        ("n_candidates: 200", r"n_listed is 100, below n_candidates 200"),
        ("evaluation: {holdout_days: .inf}", "holdout_days"),
        ("evaluation: {holdout_days: 0.5}", r"holdout_days is 0\.5; it must be greater than or equal to 1"),
        ("[1, 2]", "the file"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(tmp_path, text, said):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_config(tmp_path / "c.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.yaml cannot be read"):
        read_config(tmp_path / "nowhere.yaml")


def test_absent_and_empty_mean_the_defaults(tmp_path):
    (tmp_path / "c.yaml").write_text("# nothing yet\n")
    assert read_config(None) == read_config(tmp_path / "c.yaml") == TrainConfig()


def test_the_written_configuration_reads_back(tmp_path):
    config = TrainConfig.model_validate({"als": {"factors": 7}, "lightfm": {"enabled": False}})
    (tmp_path / "c.yaml").write_text(config_text(config))
    assert read_config(tmp_path / "c.yaml") == config
