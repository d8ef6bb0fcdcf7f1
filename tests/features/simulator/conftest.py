"""One simulated block and one written world, shared by the tests of the simulator."""

from pathlib import Path

import polars as pl
import pytest

from features.simulator.block import Block, simulate_block
from features.simulator.parameters import Parameters
from features.simulator.run import DEFAULT_END, simulate
from features.simulator.world import World, build_world
from recsys.report import SILENT
from tests.features.simulator.written import WRITTEN

N_MEMBERS, N_PRODUCTS = 10_000, 300


@pytest.fixture(scope="session")
def world() -> World:
    """A world of one full block."""
    return build_world(
        members=N_MEMBERS, products=N_PRODUCTS, seed=11, days=420, end=DEFAULT_END, parameters=Parameters()
    )


@pytest.fixture(scope="session")
def block(world: World) -> Block:
    """Its members' facts and truth."""
    return simulate_block(world, 0)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world on disk."""
    out = tmp_path_factory.mktemp("simulated") / "shop"
    simulate(out, members=400, products=150, seed=3, progress=SILENT)
    return out


@pytest.fixture(scope="session")
def tables(written: Path) -> dict[str, pl.DataFrame]:
    """Its canonical tables."""
    return {name: pl.read_parquet(written / name / "*.parquet") for name in WRITTEN}
