"""The database keeps its promises: durable, isolated, one schema on both kinds, and honest when it fails."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError

from jobseal.errors import OPERATOR, OURS
from jobseal_gateway.ledger import database, leaves, schema
from jobseal_gateway.ledger.database import connect, migrate, reading, writing
from jobseal_gateway.ledger.errors import LedgerUnavailable, LedgerUnfit
from tests.gateway.conftest import migrated
from tests.gateway.ledger.ledger_rows import act, job
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Engine]:
    engine = connect(postgres_url)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_the_one_that_the_modules_use(engine: Engine) -> None:
    with reading(engine) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)

    assert differences == []


def test_sqlite_gets_from_the_migration_to_the_letter_what_the_metadata_makes(sqlite: Engine, tmp_path: Path) -> None:
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    schema.metadata.create_all(made)
    statement = text("SELECT name, sql FROM sqlite_master WHERE name <> 'alembic_version' AND sql IS NOT NULL")
    with made.connect() as connection:
        expected = {name: set(sql.split("\n")) for name, sql in connection.execute(statement)}
    made.dispose()

    with reading(sqlite) as connection:
        found = {name: set(sql.split("\n")) for name, sql in connection.execute(statement)}

    assert {name: {line.strip(", ") for line in lines} for name, lines in found.items()} == {
        name: {line.strip(", ") for line in lines} for name, lines in expected.items()
    }


def test_a_database_that_a_test_gave_back_is_as_new(postgres: PostgresServer) -> None:
    url = postgres.database()
    used = connect(url)
    with writing(used) as connection:
        connection.execute(text("CREATE TABLE left_behind (id BIGINT)"))
        connection.execute(text("INSERT INTO jobs (work_order) VALUES ('WO-1')"))
        connection.execute(text("UPDATE log_head SET size = 7"))
    postgres.give_back(url)
    used.dispose()

    assert postgres.database() == url
    again = connect(url)
    with writing(again) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert connection.execute(text("SELECT size FROM log_head")).scalars().all() == [0]
        assert job(connection) == 1
    again.dispose()
    postgres.give_back(url)


def test_every_table_says_which_kind_of_data_it_holds() -> None:
    kinds = {table.info["kind"] for table in schema.metadata.sorted_tables}

    assert kinds == {schema.EVIDENCE, schema.DECISION, schema.PROJECTION}


def test_workers_that_start_together_migrate_once(postgres: PostgresServer, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres.empty()):
        failures: list[Exception] = []

        def start(url: str = url, failures: list[Exception] = failures) -> None:
            try:
                migrated(url)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        engine = connect(url)
        with reading(engine) as connection:
            assert connection.execute(text("SELECT count(*) FROM log_head")).scalar_one() == 1
        engine.dispose()


def test_a_database_of_a_newer_program_is_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(LedgerUnfit) as refusal:
        migrate(engine)

    assert (refusal.value.code, refusal.value.fault) == ("schema_newer", OPERATOR)


@pytest.mark.parametrize("bad", ["mysql://host/db", "not a url", "sqlite:///:memory:", "sqlite://"])
def test_a_database_that_cannot_keep_anything_is_refused_when_opened(bad: str) -> None:
    with pytest.raises(LedgerUnfit) as refusal:
        connect(bad)

    assert refusal.value.fault == OPERATOR


def test_a_postgresql_that_does_not_flush_is_refused_when_opened() -> None:
    server = PostgresServer(fsync="off")
    try:
        server.start()
        with pytest.raises(LedgerUnfit) as refusal:
            connect(server.url("postgres"))
    finally:
        server.stop()

    assert refusal.value.code == "database_not_durable"


def test_a_postgresql_that_answers_before_it_flushes_is_told_to_wait(postgres_url: str, postgresql: Engine) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    with writing(postgresql) as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))

    again = connect(postgres_url)
    with reading(again) as connection:
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()
    again.dispose()

    assert setting == "on"


def test_every_sqlite_connection_flushes_at_commit_and_checks_references(sqlite: Engine) -> None:
    with reading(sqlite) as first, reading(sqlite) as second:
        for connection in (first, second):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_sqlite_refuses_a_value_of_the_wrong_type(sqlite: Engine) -> None:
    with pytest.raises(IntegrityError), writing(sqlite) as connection:
        connection.execute(text("UPDATE log_head SET frontier = 'text'"))


def test_what_was_committed_is_there_after_the_writer_was_killed_and_what_was_not_is_not(url: str) -> None:
    program = """
import sys
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger.database import connect, writing
from tests.gateway.ledger.ledger_rows import act
engine = connect(sys.argv[1])
with writing(engine) as connection:
    leaves.append(connection, [act(0)])
with writing(engine) as connection:
    leaves.append(connection, [act(1)])
    print("committed the first, wrote the second", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline()
        writer.kill()

    engine = connect(url)
    with reading(engine) as connection:
        assert leaves.between(connection, 0, 9) == [act(0)]
    with writing(engine) as connection:
        leaves.append(connection, [act(1)])
    engine.dispose()


def test_a_block_that_raises_leaves_nothing(engine: Engine) -> None:
    def append_and_fail() -> None:
        with writing(engine) as connection:
            leaves.append(connection, [act(0)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()

    with reading(engine) as connection:
        assert leaves.between(connection, 0, 10) == []


def test_a_reader_sees_one_moment_while_others_commit(engine: Engine) -> None:
    with reading(engine) as reader:
        assert leaves.at(reader, 0) is None
        with writing(engine) as writer:
            leaves.append(writer, [act(0)])
        assert leaves.at(reader, 0) is None

    with reading(engine) as reader:
        assert leaves.at(reader, 0) is not None


def test_a_full_database_is_our_failure_and_can_be_tried_again(sqlite: Engine) -> None:
    rows = [act(idx)._replace(bytes=bytes(4096)) for idx in range(64)]
    with writing(sqlite) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")

    with pytest.raises(LedgerUnavailable) as failure, writing(sqlite) as connection:
        leaves.append(connection, rows)

    assert (failure.value.code, failure.value.fault, failure.value.final) == ("ledger_unavailable", OURS, False)
    with writing(sqlite) as connection:
        assert leaves.between(connection, 0, 64) == []
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        leaves.append(connection, rows)
    with reading(sqlite) as connection:
        assert len(leaves.between(connection, 0, 64)) == 64


def test_a_second_sqlite_writer_waits_only_so_long(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._PRAGMAS, "busy_timeout", 20)
    engine = connect(sqlite_url)
    try:
        with writing(engine), pytest.raises(LedgerUnavailable), writing(engine):
            pass
    finally:
        engine.dispose()


@pytest.mark.parametrize("bulk", [True, False])
def test_a_lost_connection_is_our_failure_and_the_next_transaction_has_a_new_one(
    postgresql: Engine, bulk: bool
) -> None:
    def lose_it_half_way() -> None:
        with writing(postgresql) as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with writing(postgresql) as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            if bulk:
                leaves.append(connection, [act(0)])
            else:
                connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerUnavailable):
        lose_it_half_way()

    with writing(postgresql) as connection:
        leaves.append(connection, [act(0)])
    with reading(postgresql) as connection:
        assert leaves.at(connection, 0) is not None


def test_a_server_that_is_not_there_is_our_failure(postgres_url: str) -> None:
    nobody = postgres_url.replace(":" + postgres_url.split(":")[-1].split("/")[0], ":1")

    with pytest.raises(LedgerUnavailable):
        connect(nobody)


def port_of(url: str) -> str:
    return url.rsplit(":", 1)[1].partition("/")[0]


def test_of_several_servers_the_one_that_answers_is_taken(postgres_url: str) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    address = f"postgresql://jobseal@/{name}?host=127.0.0.1:1&host=127.0.0.1:{port_of(postgres_url)}"
    engine = connect(address)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT current_database()")).scalar_one() == name
    engine.dispose()


def test_a_server_that_takes_no_writes_is_not_taken(postgres_url: str, postgresql: Engine) -> None:
    with postgresql.connect() as connection, connection.begin():
        name = postgres_url.rsplit("/", 1)[1]
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    with pytest.raises(LedgerUnavailable, match="read-only"):
        connect(postgres_url)


def test_a_server_that_falls_silent_is_given_up_unless_the_address_says_otherwise(postgres_url: str) -> None:
    for address, silent_ms in ((postgres_url, "20000"), (f"{postgres_url}?tcp_user_timeout=7000", "7000")):
        engine = connect(address)
        with engine.connect() as connection:
            said = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        engine.dispose()
        assert (said["tcp_user_timeout"], said["keepalives_idle"]) == (silent_ms, "10")


def test_several_servers_in_a_form_that_is_not_understood_are_refused_with_one_that_is() -> None:
    with pytest.raises(LedgerUnfit) as refused:
        connect("postgresql://jobseal@db1:5432,db2:5432/jobseal")
    assert "host=HOST:PORT&host=HOST:PORT" in refused.value.sentence
