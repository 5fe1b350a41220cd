"""The camera: a command of the configuration that writes a picture, or a folder in which pictures appear."""

import subprocess
import time
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SETTLED_S = 0.5  # a file that changed this recently may still be written
TAKES_MOST_S = 60.0


class Camera:
    """One command at a time, never waited for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._file = Path()
        self._began = 0.0

    def start(self, command: tuple[str, ...], folder: Path) -> str:
        """Start the command; why it could not start, or ""."""
        if self._process is not None:
            return "" if self._process.poll() is None else str(self.finished() or "")
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._file = folder / f"{time.time_ns()}.jpg"
            words = [word.replace("{file}", str(self._file)) for word in command]
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet)
        except (OSError, ValueError) as error:
            return str(getattr(error, "strerror", None) or error)
        self._began = time.monotonic()
        return ""

    def finished(self) -> Path | str | None:
        """The picture, why there is none, or None while the command works (or none was started)."""
        process = self._process
        if process is None:
            return None
        code = process.poll()
        if code is None:
            if time.monotonic() - self._began < TAKES_MOST_S:
                return None
            process.kill()
            process.wait()
        self._process = None
        if code == 0 and self._file.is_file() and self._file.stat().st_size:
            return self._file
        return "time" if code is None else f"exit {code}"


def newest_picture(folder: str) -> Path | None:
    """The picture in this folder that came last and is whole; None without one."""
    found: tuple[float, Path] | None = None
    try:
        for path in Path(folder).iterdir():
            if path.suffix.lower() in SUFFIXES and path.is_file():
                at = path.stat().st_mtime
                if found is None or at > found[0]:
                    found = (at, path)
    except OSError:
        return None
    return None if found is None or time.time() - found[0] < SETTLED_S else found[1]
