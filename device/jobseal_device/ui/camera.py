"""The camera: a command of the configuration that writes a picture, or a folder in which pictures appear.

The command runs beside the screen and is looked at once a second. However it fails, there is a word for it, the
person can take another one, and what it left half-written is gone.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SETTLED_S = 0.5  # a file that changed this recently may still be written
RUNAWAY_BYTES = 64 * 1048576  # no picture is so large, and the disk is not the camera's
LEFT_FOR_S = 86_400  # how long a picture that nobody signed is kept
EXITED, LATE, NOTHING, NO_PICTURE, TOO_LARGE = "exited", "late", "nothing", "no_picture", "too_large"
_BEGINNINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}
_WEBP = (b"RIFF", b"WEBP")


class Camera:
    """One command at a time, never waited for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._file = Path()
        self._began = self._most_s = 0.0

    @property
    def works_for_s(self) -> int | None:
        """How long the command has been running; None while none does."""
        return None if self._process is None else int(time.monotonic() - self._began)

    def start(self, command: tuple[str, ...], folder: Path, most_s: float) -> str:
        """Start the command, unless it works already; why it could not start, or ""."""
        if self._process is not None:
            return ""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            _tidy(folder)
            self._file = folder / f"{time.time_ns()}.jpg"
            words = [word.replace("{file}", str(self._file)) for word in command]
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        except (OSError, ValueError) as error:
            return str(getattr(error, "strerror", None) or error)
        self._began, self._most_s = time.monotonic(), most_s
        return ""

    def finished(self) -> Path | str | None:
        """The picture, one of the words above for why there is none, or None while the command works (or none was
        started)."""
        process = self._process
        if process is None:
            return None
        code = process.poll()
        if code is None and time.monotonic() - self._began < self._most_s and size(self._file) <= RUNAWAY_BYTES:
            return None
        problem = _problem(self._file, code)
        if problem:
            self.stop()
            return problem
        self._process = None
        return self._named()

    def stop(self) -> None:
        """End the command with all that it started, and forget the picture."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            with suppress(OSError):
                self._file.unlink()

    def _named(self) -> Path:
        """The picture under a name that says of which kind it is."""
        path = self._file.with_suffix(_kind(self._file))
        with suppress(OSError):
            self._file.rename(path)
        return path if path.exists() else self._file


def newest_picture(*folders: Path) -> Path | None:
    """The picture in these folders that came last and is whole; None without one."""
    found: tuple[float, Path] | None = None
    for folder in folders:
        with suppress(OSError):
            for path in folder.iterdir():
                if path.suffix.lower() in SUFFIXES and path.is_file():
                    at = path.stat().st_mtime
                    if found is None or at > found[0]:
                        found = (at, path)
    return None if found is None or 0 <= time.time() - found[0] < SETTLED_S else found[1]


def stamp(path: Path | None) -> str:
    """Changes when the picture does, also under the same name."""
    try:
        return "" if path is None else f"{path}@{path.stat().st_mtime_ns}"
    except OSError:
        return ""


def _problem(path: Path, code: int | None) -> str:
    written = size(path)
    if written > RUNAWAY_BYTES:
        return TOO_LARGE
    if code is None:
        return LATE
    if code:
        return EXITED
    if not written:
        return NOTHING
    return "" if _kind(path) else NO_PICTURE


def _kind(path: Path) -> str:
    """The suffix of what the file really is; "" for no picture."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return ""
    if (head[:4], head[8:]) == _WEBP:
        return ".webp"
    return next((suffix for beginning, suffix in _BEGINNINGS.items() if head.startswith(beginning)), "")


def size(path: Path) -> int:
    """Bytes of a file, 0 without one."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _tidy(folder: Path) -> None:
    """Remove what was taken long ago and never signed."""
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > LEFT_FOR_S:
                path.unlink()
