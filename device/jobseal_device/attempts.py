"""Wrong PINs in a row, per person, counted on the disk: across restarts, and before the answer is given.

A count belongs to a person and a PIN's lock, so a new PIN from the office starts at none. Written by capture, under a
lock of its own, so that two processes cannot try at the same time and be counted once.

A count that cannot be written refuses the try. A damaged file counts everybody as one try before the lock; it begins
with the SHA-256 of the rest, since one flipped bit could name somebody else and so forgive all that was tried.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import NamedTuple

from jobseal import cbor
from jobseal.errors import JobsealError
from jobseal.host.clock import BOOT_BYTES, Clock
from jobseal.shape import UINT, Array, Bytes, Row, Text
from jobseal_device import durable, lockout
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.lockout import LOCKED_AFTER, Standing, Tries

_MOST_BYTES = 1048576
_DIGEST_BYTES = 32
_ROW = Row(
    ("who", Text(0, 64)),
    ("lock", Bytes(32, 32)),
    ("wrong", UINT),
    ("boot", Bytes(BOOT_BYTES, BOOT_BYTES)),
    ("up_ms", UINT),
)
_ROWS_MOST = 4096
_FORM = Row(("others", UINT), ("rows", Array(_ROW, 0, _ROWS_MOST)))

Subject = tuple[str, bytes]  # who, and the public key of the PIN's lock


class Attempts:
    """The counts of one handheld. Raises :class:`StorageError` from every method that writes."""

    def __init__(self, home: Home, clock: Clock, files: Files = REAL) -> None:
        self._home = home
        self._clock = clock
        self._files = files

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While somebody logs in here, nobody else does. Raises ``login_running``."""
        try:
            fd = self._files.open(self._home.login_lock, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise durable.explain(error, self._home.login_lock.name) from error
        try:
            self._files.lock(fd)
        except BlockingIOError:
            sentence = "Somebody is logging in on this handheld right now. Try again in a moment."
            raise JobsealError("login_running", sentence, final=False) from None
        else:
            yield
        finally:
            self._files.close(fd)

    def standing(self, subject: Subject) -> Standing:
        """Where this person stands. A wait from another boot begins anew, and is written down as such."""
        counts = self._read()
        tries = self._tries(counts, subject)
        boot, up_ms = self._clock.boot(), self._clock.up_ms()
        if tries.boot != boot:
            tries = Tries(tries.wrong, boot, up_ms)
            if lockout.standing(tries, up_ms).wait_s:
                with suppress(StorageError):  # then it begins anew once more next time
                    self._write(counts, subject, tries)
        return lockout.standing(tries, up_ms)

    def begin(self, subject: Subject) -> None:
        """A PIN is going to be tried: it counts as wrong until :meth:`clear`."""
        counts = self._read()
        wrong = self._tries(counts, subject).wrong + 1
        self._write(counts, subject, Tries(wrong, self._clock.boot(), self._clock.up_ms()))

    def clear(self, subject: Subject) -> None:
        """It was right, or somebody who may has lifted the lock."""
        counts = self._read()
        if self._tries(counts, subject).wrong:
            self._write(counts, subject, Tries(0, self._clock.boot(), self._clock.up_ms()))

    def _tries(self, counts: "_Counts", subject: Subject) -> Tries:
        if subject in counts.rows:
            return counts.rows[subject]
        # Nothing is known of when: a wait, if there is one, begins now.
        return Tries(counts.others, bytes(BOOT_BYTES) if counts.others else self._clock.boot(), 0)

    def _read(self) -> "_Counts":
        try:
            value = cbor.decode(_checked(durable.read(self._files, self._home.attempts)), _MOST_BYTES)
        except FileNotFoundError:
            return _Counts(0, {})
        except JobsealError as error:
            if isinstance(error, StorageError):
                raise
            value = None
        if _FORM.problem(value):
            return _Counts(LOCKED_AFTER - 1, {})
        others, rows = value
        return _Counts(others, {(who, lock): Tries(wrong, boot, up_ms) for who, lock, wrong, boot, up_ms in rows})

    def _write(self, counts: "_Counts", subject: Subject, tries: Tries) -> None:
        rows = {**counts.rows, subject: tries}
        while len(rows) > _ROWS_MOST:
            del rows[next(iter(rows))]
        value = [counts.others, [[*who, found.wrong, found.boot, found.up_ms] for who, found in rows.items()]]
        packed = cbor.encode(value)
        durable.replace(self._files, self._home.attempts, sha256(packed).digest() + packed)


def _checked(data: bytes) -> bytes:
    """What was written; nothing, which is no CBOR, if these bytes are something else."""
    digest, packed = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return packed if sha256(packed).digest() == digest else b""


class _Counts(NamedTuple):
    """``others``: what counts for everybody who has no row."""

    others: int
    rows: dict[Subject, Tries]
