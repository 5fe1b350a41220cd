"""The ledger's database in memory, behind the same functions: transactions that can end at their COMMIT in three ways.

What runs is the production ledger, its statements and SQLite itself. Left out are what a simulated minute cannot
afford: SQLAlchemy's work around each statement (each is compiled once, and then goes straight to the driver), files and
syncs. Every hundredth seed runs on the real engine and a real file instead.

One thread, one SQLite connection. A seed runs inside one outer transaction, and each transaction of the gateway is a
savepoint in it: what was released survives a crash of the gateway, and the next seed begins with a ROLLBACK.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError, NoResultFound

_DIALECT: Any = sqlite_dialect()
_WRITING = "jobseal_writing"  # the execution option of transactions that write


class Killed(BaseException):
    """The gateway's process ends here."""


class CommitFaults:
    """What happens at the next COMMIT of a writing transaction: ``plan`` is None or a kind of fault."""

    def __init__(self) -> None:
        self.plan: str | None = None

    def commit(self, really: Callable[[], None]) -> None:
        """Commit, or not; each as a process, or a database, may end."""
        plan, self.plan = self.plan, None
        if plan == "before":
            raise Killed
        really()
        if plan == "after":
            raise Killed
        if plan == "unknown":
            raise sqlite3.OperationalError("the answer to this COMMIT was lost")


def strike_real(engine: Engine, faults: CommitFaults) -> None:
    """The same faults for a production engine."""
    the_dialect: Any = engine.dialect
    original = type(the_dialect).do_commit

    def begin(connection: Connection) -> None:
        connection.info[_WRITING] = bool(connection.get_execution_options().get(_WRITING))

    def commit(proxied: Any) -> None:
        if proxied.info.get(_WRITING):
            faults.commit(lambda: original(the_dialect, proxied))
        else:
            original(the_dialect, proxied)

    the_dialect.do_commit = commit
    event.listen(engine, "begin", begin)


class MemoryEngine:
    """Where an :class:`Engine` is expected. ``statements`` counts what was executed."""

    def __init__(self, template: str, faults: CommitFaults) -> None:
        """``template``: the file whose content every seed begins with."""
        self.dialect = _DIALECT
        self.faults = faults
        self.statements = 0
        with sqlite3.connect(template) as source:
            self._driver = _in_memory()
            source.backup(self._driver)
        source.close()
        self._cursor = self._driver.cursor()
        self._cursor.execute("BEGIN")
        self._base = self._driver
        self.writer: MemoryConnection | None = None

    def reset(self) -> None:
        """As the template has it."""
        if self._driver is not self._base:
            self._driver.close()
            self._use(self._base)
        self._cursor.execute("ROLLBACK")
        self._cursor.execute("BEGIN")
        self.writer = None

    def backup(self) -> bytes:
        """All that is committed."""
        assert self.writer is None
        data = bytearray(self._driver.serialize())
        data[18:20] = b"\1\1"  # as after `PRAGMA journal_mode = DELETE`: in memory there is no write-ahead log
        return bytes(data)

    def restore(self, backup: bytes) -> None:
        """Go on from there, as from a backup."""
        assert self.writer is None
        if self._driver is not self._base:
            self._driver.close()
        driver = _in_memory()
        driver.deserialize(backup)
        driver.execute("PRAGMA foreign_keys = ON")
        self._use(driver)
        self._cursor.execute("BEGIN")

    def connect(self) -> "MemoryConnection":
        return MemoryConnection(self)

    def dispose(self) -> None:
        self._driver.close()
        self._base.close()

    def _use(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._cursor = driver.cursor()

    def run(self, sql: str, values: Any) -> "Result":
        self.statements += 1
        try:
            cursor = self._driver.execute(sql, values)
            rows = cursor.fetchall() if cursor.description else []
        except sqlite3.Error as error:
            raise _translated(sql, values, error) from error
        return Result(rows, cursor)

    def run_many(self, sql: str, rows: Sequence[Any]) -> "Result":
        self.statements += 1
        try:
            cursor = self._driver.executemany(sql, rows)
        except sqlite3.Error as error:
            raise _translated(sql, rows, error) from error
        return Result([], cursor)

    # Transactions

    def begin(self, connection: "MemoryConnection") -> None:
        assert self.writer is None, "one transaction writes at a time"
        self.writer = connection
        self._cursor.execute("SAVEPOINT one")

    def commit(self) -> None:
        try:
            self.faults.commit(self._release)
        except sqlite3.Error as error:
            raise _translated("COMMIT", None, error) from error

    def roll_back(self) -> None:
        if self.writer is not None:
            self._cursor.execute("ROLLBACK TO one")
            self._release()

    def _release(self) -> None:
        self.writer = None
        self._cursor.execute("RELEASE one")


def _in_memory() -> sqlite3.Connection:
    driver = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    driver.execute("PRAGMA foreign_keys = ON")
    driver.execute("PRAGMA temp_store = MEMORY")
    return driver


def _translated(sql: str, values: Any, error: sqlite3.Error) -> BaseException:
    """What SQLAlchemy would raise."""
    return DBAPIError.instance(sql, values, error, sqlite3.Error, dialect=_DIALECT)


class MemoryConnection:
    """Where a :class:`Connection` is expected: as much of it as the ledger uses."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.dialect = _DIALECT
        self._engine = engine
        self._writes = False

    def __enter__(self) -> "MemoryConnection":
        return self

    def __exit__(self, *how: object) -> None:
        pass

    def execution_options(self, **options: object) -> "MemoryConnection":
        self._writes = bool(options.get(_WRITING))
        return self

    @contextmanager
    def begin(self) -> Iterator[None]:
        if not self._writes:
            yield
            return
        self._engine.begin(self)
        try:
            yield
            self._engine.commit()
        except BaseException:
            self._engine.roll_back()
            raise

    def execute(self, statement: Any, values: Any = None) -> "Result":
        many = type(values) is list
        one = values[0] if many else values
        compiled = _compiled(statement, one)
        if many and len(values) > 1:
            return self._run(compiled.sql, [compiled.positional(each) for each in values], self._engine.run_many)
        if compiled.lists:
            sql, positional = compiled.expanded(one)
            return self._run(sql, positional, self._engine.run)
        return self._run(compiled.sql, compiled.positional(one), self._engine.run)

    def scalar(self, statement: Any, values: Any = None) -> Any:
        return self.execute(statement, values).scalar()

    def exec_driver_sql(self, sql: str, values: Any = ()) -> "Result":
        return self._run(sql, values, self._engine.run_many if type(values) is list else self._engine.run)

    def _run(self, sql: str, values: Any, run: Callable[[str, Any], "Result"]) -> "Result":
        # Another transaction would not see what this one has not committed, and here it would.
        assert self._engine.writer in (None, self), "a look into what is not committed"
        return run(sql, values)


class Result:
    """The rows of a statement, all there at once, and what is asked of them."""

    __slots__ = ("_cursor", "_rows")

    def __init__(self, rows: list[tuple[Any, ...]], cursor: sqlite3.Cursor) -> None:
        self._rows = rows
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        if len(self._rows) != 1:
            raise NoResultFound(f"{len(self._rows)} rows where there is one")
        return self._rows[0]

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> list[Any]:
        return [row[0] for row in self._rows]


class _Compiled(NamedTuple):
    """A statement as text: ``names`` of its values in order, what they are where none is given, which are lists."""

    of: Any
    sql: str
    names: tuple[str, ...]
    given: dict[str, Any]
    lists: tuple[str, ...]
    by_length: dict[tuple[int, ...], tuple[str, list[str]]]
    really: Any

    def positional(self, values: dict[str, Any] | None) -> list[Any]:
        known = {**self.given, **values} if values else self.given
        return [known[name] for name in self.names]

    def expanded(self, values: dict[str, Any]) -> tuple[str, list[Any]]:
        lengths = tuple(len(values[name]) for name in self.lists)
        found = self.by_length.get(lengths)
        if found is None:
            state = self.really.construct_expanded_state(values)
            found = self.by_length[lengths] = (state.statement, list(state.positiontup))
        known = {**self.given, **values}
        for name in self.lists:
            known.update((f"{name}_{place}", each) for place, each in enumerate(known[name], 1))
        return found[0], [known[name] for name in found[1]]


def _compiled(statement: Any, values: dict[str, Any] | None) -> _Compiled:
    """Made once for a statement that a module keeps; with it goes what was compiled for one made on the way."""
    kept: _Compiled | None = statement.__dict__.get("_simulated")
    if kept is not None and kept.of is statement:
        return kept
    really = statement.compile(dialect=_DIALECT, column_keys=list(values) if values else None)
    lists = tuple(name for name, bind in really.binds.items() if bind.expanding)
    made = _Compiled(statement, str(really), tuple(really.positiontup or ()), dict(really.params), lists, {}, really)
    statement.__dict__["_simulated"] = made
    return made
