"""One trained shop for all tests that only look at it: MLflow makes its database once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from features.dataset import Dataset
from features.workspace import Workspace
from recsys.report import Report
from tests.training.shop import QUICK, write_shop
from training import commands
from training.config import TrainConfig, read_config


@dataclass(frozen=True)
class TrainedShop:
    """A workspace, the configuration file that trained it, and what `train` answered."""

    workspace: Workspace
    config_path: Path
    report: Report


@pytest.fixture(scope="session", autouse=True)
def _no_outside_registry():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Workspace:
    return write_shop(tmp_path_factory.mktemp("shop") / "w")


@pytest.fixture(scope="session")
def quick(tmp_path_factory) -> TrainConfig:
    path = tmp_path_factory.mktemp("config") / "quick.yaml"
    path.write_text(QUICK)
    return read_config(path)


@pytest.fixture(scope="session")
def dataset(shop) -> Dataset:
    return Dataset.read(shop, shop.now)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, _no_outside_registry) -> TrainedShop:
    folder = tmp_path_factory.mktemp("trained")
    workspace = write_shop(folder / "w")
    config_path = folder / "quick.yaml"
    config_path.write_text(QUICK)
    return TrainedShop(workspace, config_path, commands.train(workspace.path, config=config_path))
