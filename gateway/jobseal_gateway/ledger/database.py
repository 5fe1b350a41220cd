"""Opening the ledger's database: SQLite in one file by default, PostgreSQL for production.

Promises, on both: when ``writing`` has returned, what was written survives a power cut; a writing transaction
sees what every earlier one committed; a reading one sees one moment. A database that cannot promise the first
(no write-ahead log, fsync turned off) is refused when it is opened, not discovered later.

SQLite: a writing transaction takes the write lock at its first moment (BEGIN IMMEDIATE), so it never finds, half
way, that what it read has changed. PostgreSQL: READ COMMITTED; whoever appends locks the log's head first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from jobseal_gateway.ledger.errors import LedgerUnavailable, LedgerUnfit

BUSY_TIMEOUT_MS = 5_000  # how long a second SQLite writer waits for the first
CACHE_KIB = 16_384  # SQLite pages kept in memory by each connection
CHECKPOINT_PAGES = 2_000  # SQLite: write-ahead log pages (4 KiB) before they are copied into the file
# PostgreSQL, where the address does not say it itself (libpq's names). Of several servers only the one that takes
# writes is any use: a connection to a standby would outlive its being one. A server whose machine has gone says
# nothing, and without the others a commit would wait a quarter of an hour for it, long after its standby took over.
UNSAID: dict[str, str | int] = {
    "target_session_attrs": "read-write",
    "connect_timeout": 5,  # s, for each of several servers
    "keepalives_idle": 10,  # s
    "keepalives_interval": 5,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms
}
MIGRATION_LOCK = 0x6A6F627365616C  # "jobseal": PostgreSQL's advisory lock around a migration

_WRITING = "jobseal_writing"
_PRAGMAS = {
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": BUSY_TIMEOUT_MS,
    "cache_size": -CACHE_KIB,
    "wal_autocheckpoint": CHECKPOINT_PAGES,
}


def connect(url: str) -> Engine:
    """The engine for ``sqlite:///PATH`` or ``postgresql+psycopg://...``; the tables need ``migrate``.

    Raises:
        LedgerUnfit: the URL names another kind of database, or this one does not keep what it is given.
        LedgerUnavailable: it does not answer.
    """
    try:
        location = make_url(url)
    except (ArgumentError, ValueError) as error:
        sentence = (
            "The database URL cannot be read; write sqlite:///PATH or postgresql://USER@HOST:PORT/NAME, and several "
            "servers as postgresql://USER@/NAME?host=HOST:PORT&host=HOST:PORT."
        )
        raise LedgerUnfit(sentence) from error
    backend = location.get_backend_name()
    if backend == "sqlite":
        engine = _sqlite(url)
    elif backend == "postgresql":
        engine = _postgresql(location.set(drivername="postgresql+psycopg"))
    else:
        raise LedgerUnfit(f"The ledger knows SQLite and PostgreSQL, not {backend}.")
    with reading(engine):
        return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment of the database and changes nothing.

    Raises LedgerUnavailable when the database fails under it.
    """
    with _translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is durable once this returns, and undone if the block raises.

    Raises LedgerUnavailable when the database fails under it; see there for what that leaves open.
    """
    with _translated(), engine.connect() as connection, connection.execution_options(**{_WRITING: True}).begin():
        yield connection


def migrate(engine: Engine) -> None:
    """Bring the tables to this program's schema, in one transaction; workers starting together take turns.

    Raises LedgerUnfit (``schema_newer``) when a newer program has been here.
    """
    with as_file(files("jobseal_gateway.ledger") / "migrations") as scripts, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerUnfit(
                "The database was written by a newer Jobseal than this one; install that version or later.",
                "schema_newer",
            ) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        raise LedgerUnavailable(f"The database failed ({error.orig}); it will be tried again.") from error


def _sqlite(url: str) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(driver: Any, _entry: ConnectionPoolEntry) -> None:
    driver.isolation_level = None  # the driver's own guesses at BEGIN are off; _begin_sqlite says it
    mode = driver.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerUnfit(
            f"SQLite cannot keep a write-ahead log here (it says {mode}); use a file on a local disk.",
            "database_not_durable",
        )
    for name, value in _PRAGMAS.items():
        driver.execute(f"PRAGMA {name} = {value}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL) -> Engine:
    unsaid = {name: value for name, value in UNSAID.items() if name not in url.query}
    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args=unsaid)
    except (ImportError, NoSuchModuleError) as error:
        raise LedgerUnfit("The PostgreSQL driver is missing; install the extra 'gateway'.") from error
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(driver: Any, _entry: ConnectionPoolEntry) -> None:
    """Refuse a server that does not flush, and undo a default that answers a commit before it is flushed."""
    with driver.cursor() as cursor:
        if cursor.execute("SHOW fsync").fetchone()[0] != "on":
            raise LedgerUnfit("PostgreSQL runs with fsync = off; turn it on.", "database_not_durable")
        if cursor.execute("SHOW synchronous_commit").fetchone()[0] in ("off", "local"):
            cursor.execute("SET synchronous_commit = on")
    driver.commit()
