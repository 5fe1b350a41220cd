"""A real PostgreSQL server for tests: its own folder, its own free port, its durability settings left as they come.

The server runs as the ``postgres`` user when the tests run as root (it refuses root), started directly rather
than through a wrapper that forks, so that the process id kept here is the postmaster's own and stopping it stops
exactly this server. A template database is migrated once; each test's database is a copy of it, or one that an earlier
test gave back, put into the template's state again (a copy takes half a second, that a few milliseconds).
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

STARTS_WITHIN_S = 30.0
STOPS_WITHIN_S = 30.0
PORT_ATTEMPTS = 5

# The template's rows, table by table, in a schema that no test looks at.
_KEEP_ROWS = """
DO $$ DECLARE each text; BEGIN
    CREATE SCHEMA kept;
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE kept.%1$I AS SELECT * FROM public.%1$I', each);
    END LOOP;
END $$
"""
# Back to them: foreign keys are not looked at meanwhile, tables that a test made go, numbers begin again.
_RESTORE_ROWS = """
DO $$ DECLARE each text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        IF to_regclass(format('kept.%I', each)) IS NULL THEN
            EXECUTE format('DROP TABLE public.%I', each);
        ELSE
            EXECUTE format('DELETE FROM public.%I', each);
            EXECUTE format('INSERT INTO public.%1$I SELECT * FROM kept.%1$I', each);
        END IF;
    END LOOP;
    FOR each IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval(format('public.%I', each), 1, false);
    END LOOP;
END $$
"""


class PostgresServer:
    """One running server. ``start`` it, take databases from it, ``stop`` it.

    ``settings`` are server settings by name; without any it runs as a fresh PostgreSQL does, fsync and all.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        self._account = "postgres" if os.geteuid() == 0 else None
        self._programs = _program_folder()
        self._folder = Path(tempfile.mkdtemp(prefix="jobseal-pg-"))
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._made = 0
        self._given_back: list[str] = []

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._postmaster is not None, "the server is not running"
        return self._postmaster.pid

    def start(self) -> None:
        """Make the cluster and serve it on a free port of 127.0.0.1; raises RuntimeError with the server's log."""
        if self._account is not None:
            owner = pwd.getpwnam(self._account)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "jobseal", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        for _ in range(PORT_ATTEMPTS):
            self._port = _free_port()
            if self._serve():
                return
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text(errors='replace')}")

    def stop(self) -> None:
        """Stop this postmaster (fast shutdown, by its own pid) and remove its folder."""
        if self._postmaster is not None:
            self._postmaster.send_signal(signal.SIGINT)
            try:
                self._postmaster.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._postmaster.send_signal(signal.SIGQUIT)
                self._postmaster.wait(STOPS_WITHIN_S)
            self._postmaster = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def template(self, prepare: Callable[[str], None]) -> None:
        """Make the template database and let ``prepare(url)`` fill it; it must close its connections."""
        self._statement("CREATE DATABASE template_jobseal")
        prepare(self.url("template_jobseal"))
        self._statement(_KEEP_ROWS, "template_jobseal")

    def database(self) -> str:
        """The URL of a database that is as the template was made."""
        if self._given_back:
            return self.url(self._given_back.pop())
        return self._create("TEMPLATE template_jobseal")

    def empty(self) -> str:
        """The URL of a new database without any table."""
        return self._create("")

    def give_back(self, url: str) -> None:
        """Whoever is still connected to this database of ours is not any more, and what it holds is forgotten."""
        name = url.rsplit("/", 1)[1]
        self._statement(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        self._statement(f"ALTER DATABASE {name} RESET ALL")
        self._statement(_RESTORE_ROWS, name)
        self._given_back.append(name)

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of the database called ``name``."""
        return f"postgresql+psycopg://jobseal@127.0.0.1:{self._port}/{name}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _create(self, options: str) -> str:
        self._made += 1
        name = f"test_{self._made}"
        self._statement(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._account,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _serve(self) -> bool:
        """True when the server answers; False when it ended at once, as it does when the port was taken."""
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
        }
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._postmaster = subprocess.Popen(
                command, user=self._account, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < give_up:
            if self._postmaster.poll() is not None:
                self._postmaster = None
                return False
            try:
                self._statement("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _statement(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self._port, user="jobseal", dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement.encode())


def _program_folder() -> Path:
    """Where the server's programs are: Debian keeps them out of PATH, one folder a version; the newest is taken."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(found).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
