"""Opens SQLite or PostgreSQL, brings the schema to this version, and turns driver errors into `StoreError`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from recsys.errors import StoreError

_DIALECTS = ("sqlite", "postgresql")
_MIGRATION_LOCK = 7_305_421
_ERASURE_LOCK = 7_305_422
_CONNECT_TIMEOUT_S = 2
_BUSY_TIMEOUT_S = 2
_STATEMENT_TIMEOUT_MS = 10_000
_HEAD = "head"
_AUTOCOMMIT = "AUTOCOMMIT"


class Database:
    """
    One SQL database; connections are made when first needed, so that a service starts while it is down.

    Attributes:
        url: Where it is; the password is not shown.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._identity: FileIdentity | None = None
        self._has_traces = False
        self.url = engine.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """SQLite allows one writer at a time; PostgreSQL locks rows."""
        return self._engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(str(self._engine.url.database))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """
        One transaction: committed at the end, rolled back on an error.

        Raises:
            StoreError: The database cannot be reached or refuses.
        """
        self._check_file()
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        A connection for single queries that change nothing: no locks, and no round trips for a transaction.

        Raises:
            StoreError: The database cannot be reached or refuses.
        """
        self._check_file()
        with self._translated(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level=_AUTOCOMMIT)

    def insert_new(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that passes over rows whose primary key is already there."""
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    def migrate(self, revision: str = _HEAD) -> None:
        """
        Bring the schema to a version, up or down; several processes may do so at once.

        Raises:
            StoreError: The database cannot be reached, or its schema is newer than this program knows.
        """
        with self.transaction() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config = _alembic_config()
            config.attributes["connection"] = connection
            current = self.revision(connection)
            known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
            if current is not None and current not in known:
                raise StoreError(
                    f"the store {self.url} has schema version {current!r}, this program knows {sorted(known)}; "
                    "start the newer version of the program, or give another store"
                )
            order = sorted(known)
            if revision == _HEAD or (current or "") < revision in order:
                command.upgrade(config, revision)
            else:
                command.downgrade(config, revision)
        self._identity = file_identity(self.file) if self.is_sqlite else None

    def note_deletion(self) -> None:
        """Something was deleted that must not be found again: `clear_traces` has work to do."""
        self._has_traces = self.is_sqlite

    def clear_traces(self) -> None:
        """
        Overwrite what was deleted also in SQLite's write-ahead log; what a reader holds is left for the next call.

        In the file itself deleted content is overwritten at once. PostgreSQL keeps dead rows until its vacuum.

        Raises:
            StoreError: The database cannot be reached.
        """
        if not self._has_traces:
            return
        with self.reading() as connection:
            is_held, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
        self._has_traces = bool(is_held)

    def revision(self, connection: Connection) -> str | None:
        """The version of the schema; ``None`` for an empty database."""
        return MigrationContext.configure(connection).get_current_revision()

    def lock_erasure(self, connection: Connection, *, shared: bool) -> None:
        """Keep erasures and writes of decisions apart in this transaction; SQLite's one writer does so anyway."""
        if not self.is_sqlite:
            how = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            connection.execute(text(f"SELECT {how}(:key)"), {"key": _ERASURE_LOCK})

    def ping(self) -> None:
        """
        Ask the database for a sign of life.

        Raises:
            StoreError: There is none.
        """
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close idle connections."""
        self._engine.dispose()

    def _check_file(self) -> None:
        # An open SQLite file that was deleted or replaced goes on working, and all that is written into it is lost.
        if self._identity is None:
            return
        found = file_identity(self.file)
        if found == self._identity:
            return
        self._engine.dispose()
        if found is None:
            raise StoreError(f"the store's file {self.file} is gone; put it back, or start again with an empty store")
        self._identity = found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, CommandError) as error:
            cause = getattr(error, "orig", None) or error
            first_line = str(cause).strip().split("\n", 1)[0]
            raise StoreError(
                f"the store {self.url} does not answer: {first_line}; is it up, and may we use it?"
            ) from error


FileIdentity = tuple[int, int]
"""Device and number of a file: another file of the same name has another."""


def file_identity(path: Path | str) -> FileIdentity | None:
    """What tells a file from another one that takes its place; ``None`` where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_database(url: str) -> Database:
    """
    Prepare the use of a database by its SQLAlchemy URL, without connecting yet.

    Raises:
        StoreError: The URL is not one of a supported database.
    """
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        if name not in _DIALECTS:
            raise StoreError(f"the store URL names {name!r}; allowed are sqlite:///FILE and postgresql+psycopg://...")
        return Database(_sqlite_engine(parsed) if name == "sqlite" else _postgresql_engine(parsed))
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            f"the store URL cannot be read ({error}); give sqlite:///FILE or postgresql+psycopg://..."
        ) from error
    except ModuleNotFoundError as error:
        raise StoreError(f"the store needs the driver {error.name!r}; install recsys-nbo[postgres]") from error


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("an SQLite store needs a file; give sqlite:///FILE")
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S}, hide_parameters=True)

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != _AUTOCOMMIT:
            # A transaction that reads first and writes later could otherwise fail half-way.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _postgresql_engine(url: URL) -> Engine:
    driver = url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
    engine = create_engine(
        driver, pool_size=8, max_overflow=0, pool_timeout=5, pool_pre_ping=True, hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
    )  # fmt: skip

    def connected(connection: Any, _record: object) -> None:
        connection.execute(f"SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")
        connection.commit()

    event.listen(engine, "connect", connected)
    return engine


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
