"""The broker as a child process: started, watched, started again when it dies, and never left behind.

``Broker`` owns one mosquitto and one folder, where it writes its files anew at each start. It has no thread:
whoever supervises calls ``tend`` now and then, or waits on ``fileno``. The child is a plain process of ours, run as
mosquitto's own account when we are root. setpriv (util-linux) drops the privileges and only then asks the kernel to
kill the child with its parent: mosquitto dropping them itself would cancel that request (prctl(2), PR_SET_PDEATHSIG).

What mosquitto says is ``broker_voice``'s, and heard whenever somebody calls ``listen`` or ``tend``.

The kernel counts the *thread* that started the child as its parent, so ``start`` and ``tend`` belong to a thread that
lives as long as the gateway does.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from jobseal.errors import OPERATOR, OURS
from jobseal_gateway.broker_voice import Voice
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mosquitto import CONFIG_NAME, SOCKET_FOLDER, MosquittoSettings, open_files
from jobseal_gateway.tally import Refused

ACCOUNT = "mosquitto"
LOG_NAME = "mosquitto.log"
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
RESTART_DELAY_MAX_S = 30.0
STEADY_AFTER_S = 30.0  # a life that long ends a series of failures

_LOOK_EVERY_S = 0.01
_SEARCHED = os.defpath + ":/usr/local/sbin:/usr/sbin:/sbin"  # Debian keeps daemons out of a plain user's PATH


def restart_delay_s(short_lives: int) -> float:
    """Seconds until the next start, after so many short lives in a row: at once, then 0.2, 0.4 ... 30."""
    return 0.0 if short_lives == 0 else min(RESTART_DELAY_MAX_S, 0.1 * 2.0 ** min(short_lives, 16))


class Broker:
    """Debian's mosquitto on its own port. ``with Broker(settings, folder) as broker`` starts and stops it.

    ``files``: what it is started with, by name, asked for at each start; the open broker's unless given. ``refused``
    is told whom it turned away.
    """

    def __init__(
        self,
        settings: MosquittoSettings,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        files: Callable[[], Mapping[str, bytes]] | None = None,
        refused: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._files = files or (lambda: open_files(settings))
        self.starts = 0
        self._folder = folder
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._voice = Voice(folder / LOG_NAME, refused)
        self._started_at_s = 0.0
        self._short_lives = 0
        self._due_at_s: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None when no broker runs."""
        return self._process.pid if self.running and self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether the process is alive, which is not yet ``ready``."""
        return self._process is not None and self._process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether this life of the broker has opened its port and says so."""
        self.listen()
        return self.running and self._voice.serves

    def listen(self) -> None:
        """Take what it has said, without waiting."""
        self._voice.listen(int(self._clock() * 1000))

    def fileno(self) -> int:
        """A descriptor that becomes readable when the running broker dies; -1 while none runs. New at each start."""
        return self._pidfd

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it and wait until it serves.

        Raises ``broker_missing`` (not installed), ``broker_exposed``, ``broker_port_taken`` or ``broker_failed`` (with
        the broker's own words); then nothing is left running.
        """
        self._spawn()
        give_up = time.monotonic() + timeout_s
        while not self.ready:
            if not self.running or time.monotonic() > give_up:
                problem = self._problem()
                self.stop()
                raise problem
            time.sleep(_LOOK_EVERY_S)

    def tend(self) -> bool:
        """Start a broker that died again, once its back-off is over; True while one runs. Returns at once."""
        if self._process is None:
            return False
        self.listen()
        if self.running:
            return True
        now_s = self._clock()
        if self._due_at_s is None:
            if now_s - self._started_at_s >= STEADY_AFTER_S:
                self._short_lives = 0
            self._due_at_s = now_s + restart_delay_s(self._short_lives)
            self._short_lives += 1
        if now_s < self._due_at_s:
            return False
        self._spawn()
        return True

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End it, kindly and then not, and wait for that. It stays ended: ``tend`` starts nothing any more."""
        process, self._process = self._process, None
        self._forget_pidfd()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._voice.end()

    def reload(self) -> None:
        """Write its files anew and have the running broker read its certificates and revocation list again."""
        account = _account() if os.geteuid() == 0 else None
        self._write_files(account)
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Kill -9, as an outage would: ``tend`` brings it back."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self) -> None:
        setpriv, mosquitto = _program("setpriv", "util-linux"), _program("mosquitto", "mosquitto")
        command = [setpriv, "--pdeathsig", "KILL"]
        account = _account() if os.geteuid() == 0 else None
        if account is not None:
            command += ["--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"]
        self._write_files(account)
        self._forget_pidfd()
        speaking = self._voice.begin()
        try:
            self._process = subprocess.Popen(
                # The folder may lie where the account cannot reach it by name, hence a relative path from inside.
                [*command, mosquitto, "-c", CONFIG_NAME],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=speaking,
                stderr=speaking,
                process_group=0,  # Ctrl-C in a terminal is for the gateway, which then stops us in its own order
            )
        finally:
            os.close(speaking)
        self._pidfd = os.pidfd_open(self._process.pid)
        self._started_at_s = self._clock()
        self._due_at_s = None
        self.starts += 1

    def _write_files(self, account: pwd.struct_passwd | None) -> None:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        sockets = self._folder / SOCKET_FOLDER
        sockets.mkdir(mode=0o770, exist_ok=True)
        texts = self._files()
        for name, text in texts.items():
            self._write(name, text, account)
        if account is not None:
            for path in (self._folder, sockets):
                os.chown(path, -1, account.pw_gid)
            self._folder.chmod(0o750)
            sockets.chmod(0o770)

    def _write(self, name: str, data: bytes, account: pwd.struct_passwd | None) -> None:
        """Whole or not at all, and for nobody else to read: the broker may be reading it."""
        path, fresh = self._folder / name, self._folder / f"{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640), "wb") as file:
            file.write(data)
        if account is not None:
            os.chown(fresh, -1, account.pw_gid)
        fresh.rename(path)

    def _problem(self) -> GatewayError:
        self.listen()
        said = self._voice.said.strip()
        where = f"{self.settings.host}:{self.settings.port}"
        if "Address already in use" in said:
            return GatewayError(
                "broker_port_taken", f"Another program listens on {where}: stop it or choose another port.", OPERATOR
            )
        return GatewayError("broker_failed", f"mosquitto does not serve on {where}. It says: {said or 'nothing'}", OURS)

    def _forget_pidfd(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + _SEARCHED)
    if found is None:
        raise GatewayError("broker_missing", f"{name} is not installed: apt-get install {package}", OPERATOR)
    return found


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise GatewayError(
            "broker_missing",
            f"There is no account {ACCOUNT!r} to run the broker as: apt-get install mosquitto",
            OPERATOR,
        ) from None
