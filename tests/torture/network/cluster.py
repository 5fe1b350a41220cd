"""A PostgreSQL primary, and where one is wanted a synchronous standby that takes its place: real servers, settings as
they come.

The two ports stay the same; who listens on which changes with each fail-over, as behind a multi-host address. Each
postmaster is started directly, ends with the process that started it, and is killed with its children, as by the loss
of its machine (one that merely lost its postmaster would go on answering for a moment).
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.servers import free_port
from tests.torture.network.doomed import kill_tree
from tests.torture.network.hand import LIKE_US

STARTS_WITHIN_S = 30.0
USER, DATABASE = "jobseal", "jobseal"
_LOOK_EVERY_S = 0.01


class Node:
    """One server in ``folder`` on ``port``."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._postmaster: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        assert self._postmaster is not None
        return self._postmaster.pid

    def start(self) -> None:
        """Serve, recovering first if need be. Raises RuntimeError with the end of its log."""
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        options = [word for each in settings for word in ("-c", each)]
        give_up = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < give_up:
            with (self.folder / "said").open("ab") as said:
                line = [*LIKE_US, *_as_postgres(), _program("postgres"), "-D", str(self.folder / "data"), *options]
                self._postmaster = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            while self._postmaster.poll() is None and time.monotonic() < give_up:
                with suppress(psycopg.OperationalError):
                    self.statement("SELECT 1")
                    return
                time.sleep(_LOOK_EVERY_S)
            time.sleep(0.1)  # the dead one's memory is in use until its last child has gone
        raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'said').read_text()[-1000:]}")

    def kill(self) -> None:
        """kill -9 all of it."""
        if self._postmaster is not None:
            kill_tree(self.pid)
            self._postmaster.wait()

    def stop(self) -> None:
        """An orderly end, if it still runs."""
        if self._postmaster is not None and self._postmaster.poll() is None:
            self._postmaster.send_signal(signal.SIGINT)
            try:
                self._postmaster.wait(STARTS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def statement(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run it on its own; the rows, if it gives any."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname=database, autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.execute(sql.encode())
            return list(cursor.fetchall()) if cursor.description else []


class Cluster:
    """``primary``, and ``standby`` after ``add_standby``. ``url`` finds whichever of the two takes writes."""

    def __init__(self, folder: Path) -> None:
        """Make a cluster with one empty database, and serve it."""
        self._folder = folder
        self._made = 0
        folder.mkdir(mode=0o755)
        self._ports = [free_port(), free_port()]
        self.primary = Node(self._new_folder(), self._ports[0])
        self.standby: Node | None = None
        _run(
            "initdb",
            "-D",
            str(self.primary.folder / "data"),
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        self.primary.start()
        self.primary.statement(f"CREATE DATABASE {DATABASE}")

    @property
    def url(self) -> str:
        """The gateway's address of it: as docs/operating.md gives it for two servers."""
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in self._ports)
        return f"postgresql://{USER}@/{DATABASE}?{hosts}"

    def add_standby(self) -> None:
        """From now on the primary answers no COMMIT before a second server has it on its disk."""
        port = next(port for port in self._ports if port != self.primary.port)
        node = Node(self._new_folder(), port)
        source = ("-h", "127.0.0.1", "-p", str(self.primary.port), "-U", USER)
        _run("pg_basebackup", "-D", str(node.folder / "data"), *source, "-R", "--checkpoint=fast", "-X", "stream", "-N")
        node.start()
        self.standby = node
        self.primary.statement("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.statement("SELECT pg_reload_conf()")
        give_up = time.monotonic() + STARTS_WITHIN_S
        asked = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        while self.primary.statement(asked) != [(1,)]:
            if time.monotonic() > give_up:
                raise RuntimeError("the standby does not follow")
            time.sleep(_LOOK_EVERY_S)

    def fail_over(self) -> None:
        """The primary is gone for good; the standby takes its place."""
        assert self.standby is not None
        self.primary.kill()
        shutil.rmtree(self.primary.folder, ignore_errors=True)
        self.standby.statement("SELECT pg_promote(true, 30)")
        self.primary, self.standby = self.standby, None

    def stop(self) -> None:
        """End what runs. Its folders are the caller's."""
        for node in (self.standby, self.primary):
            if node is not None:
                node.stop()

    def _new_folder(self) -> Path:
        self._made += 1
        folder = self._folder / f"node-{self._made}"
        folder.mkdir(mode=0o755)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        return folder


def missing() -> str | None:
    """Why there can be none on this machine."""
    try:
        _program("postgres")
        pwd.getpwnam("postgres")
    except (RuntimeError, KeyError):
        return "PostgreSQL is not installed: apt-get install postgresql"
    return None


def _as_postgres() -> list[str]:
    """What a server's command line begins with: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    drop = ["setpriv", "--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid), "--clear-groups"]
    return [*drop, *LIKE_US]  # dropping privileges cancels the request made before (prctl(2), PR_SET_PDEATHSIG)


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed")
    return found


def _run(program: str, *arguments: str) -> None:
    line = [*_as_postgres(), _program(program), *arguments]
    done = subprocess.run(line, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")
