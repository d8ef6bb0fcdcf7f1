"""Fixtures of the service's tests: a workspace, a running service, and a store on each database."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from serving.scopes import Scope
from serving.settings import Settings
from serving.store.database import Database, open_database
from tests.serving.service_world import Running, make_key, published_workspace, running

POSTGRES = os.environ.get("RECSYS_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published workspace with a migrated store, to be copied: making one takes most of a test's time."""
    workspace = published_workspace(tmp_path_factory.mktemp("template") / "workspace")
    make_key(Settings(workspace=workspace), Scope.ADMIN)
    return workspace


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Path:
    """A workspace with one published bundle and the default policy."""
    return shutil.copytree(template, tmp_path / "workspace")


@pytest.fixture
def service(workspace: Path) -> Iterator[Running]:
    """The service over a workspace of the test's own, with an admin key."""
    with running(workspace) as one:
        yield one


@pytest.fixture(scope="module")
def shared_service(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service for tests that leave nothing behind."""
    with running(shutil.copytree(template, tmp_path_factory.mktemp("shared") / "workspace")) as one:
        yield one


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL URL with a schema of its own, dropped in the end."""
    schema = f"recsys_{uuid.uuid4().hex[:12]}"
    try:
        engine = create_engine(POSTGRES, connect_args={"connect_timeout": 2})
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except (OperationalError, ModuleNotFoundError) as error:
        pytest.skip(
            f"no PostgreSQL at {POSTGRES} ({type(error).__name__}): set RECSYS_TEST_POSTGRES_URL to test on one"
        )
    try:
        yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """A migrated database of each kind."""
    one = open_database(store_url)
    one.migrate()
    yield one
    one.close()
