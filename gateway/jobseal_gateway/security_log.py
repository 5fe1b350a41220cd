"""The security log: whom the gateway turned away, when, and from what. For operators; it is no evidence.

    data/security/broker.log      what mosquitto refused, as ``broker_lines`` understands it
    data/security/enrolment.log   what the door refused
    data/security/api.log         what the API refused

JSON, one line each. Every file has one writer, the process that refuses, and a bounded size: a full one takes the place
of the one before. What is not written for want of space or rights is lost, and nothing else is disturbed: a log
of refusals must never be a way to stop the gateway. It is not synced: a power cut may take its last lines.

Repetitions that are only counted are written when their minute is over, whoever comes next, and when the part stops.
A part that is killed takes the counts of its last minute along, and never the first refusal of anybody.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from jobseal_gateway.tally import Line, Refused, Tally

BROKER, ENROLMENT, API = "broker", "enrolment", "api"
PARTS = (BROKER, ENROLMENT, API)
FILE_MAX_BYTES = 4 * 1024 * 1024  # a day and more of somebody who fills every line of every minute
EARLIER = ".1"
TEND_EVERY_S = 5.0
_MODE = 0o700

Now = Callable[[], int | None]


class Entry(NamedTuple):
    """A line, and the part of the gateway that wrote it."""

    part: str
    line: Line


class SecurityLog:
    """What one part writes, in ``folder``. ``now_ms``: Unix ms UTC, None while nobody knows the time. For one thread
    at a time."""

    def __init__(self, folder: Path, part: str, now_ms: Now, most_bytes: int = FILE_MAX_BYTES) -> None:
        self._path = _path(folder, part)
        self._now_ms = now_ms
        self._most_bytes = most_bytes
        self._tally = Tally()

    def note(self, who: str, code: str, what: str) -> list[str]:
        """Somebody was refused; the sentences that were written now, for whoever watches."""
        return self._write(self._tally.note(Refused(who, code, what), self._now_ms() or 0))

    def tend(self) -> list[str]:
        """Write what a minute that is over leaves; the sentences."""
        return self._write(self._tally.due(self._now_ms() or 0))

    def close(self) -> list[str]:
        """Write all that is only counted so far, as this part stops; the sentences."""
        return self._write(self._tally.rest(self._now_ms() or 0))

    def _write(self, lines: list[Line]) -> list[str]:
        if lines:
            data = "".join(json.dumps(line._asdict(), ensure_ascii=True) + "\n" for line in lines).encode()
            with suppress(OSError):
                self._path.parent.mkdir(mode=_MODE, parents=True, exist_ok=True)
                if self._path.exists() and self._path.stat().st_size + len(data) > self._most_bytes:
                    self._path.replace(self._path.with_name(self._path.name + EARLIER))
                with self._path.open("ab") as file:
                    file.write(data)
        return [sentence(line) for line in lines]


@asynccontextmanager
async def tended(
    security: SecurityLog, say: Callable[[str], None], every_s: float = TEND_EVERY_S
) -> AsyncIterator[None]:
    """For a part that is a server: tend the log while this lasts, on the loop that notes refusals, and then close it.
    ``say`` gets the sentences."""

    async def tend() -> None:
        while True:
            await asyncio.sleep(every_s)
            for line in security.tend():
                say(line)

    tending = asyncio.create_task(tend())
    try:
        yield
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
        for line in security.close():
            say(line)


def sentence(line: Line) -> str:
    """The line for a person."""
    times = "" if line.times == 1 else f", {line.times} times"
    return f"refused {line.who}: {line.what} [{line.code}]{times}"


def read(folder: Path) -> list[Entry]:
    """All that is written of every part, oldest first. Lines that cannot be read are left out."""
    found = [Entry(part, line) for part in PARTS for line in _lines(_path(folder, part))]
    return sorted(found, key=lambda entry: entry.line.at_ms)


def counts(entries: Iterable[Entry], since_ms: int) -> dict[str, int]:
    """How often each part has refused since then, every part named."""
    found = dict.fromkeys(PARTS, 0)
    for part, line in entries:
        if line.at_ms >= since_ms:
            found[part] += line.times
    return found


def _path(folder: Path, part: str) -> Path:
    return folder / f"{part}.log"


def _lines(path: Path) -> Iterator[Line]:
    for each in (path.with_name(path.name + EARLIER), path):
        with suppress(FileNotFoundError):
            for text in each.read_bytes().splitlines():
                with suppress(ValueError, TypeError, KeyError):
                    said = json.loads(text)
                    who, code, what = (str(said[name]) for name in ("who", "code", "what"))
                    yield Line(int(said["at_ms"]), who, code, what, int(said["times"]))
