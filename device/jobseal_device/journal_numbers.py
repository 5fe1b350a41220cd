"""The numbers that readable events say of themselves: they place what lies between two damaged stretches of a segment,
where counting leaves a choice.

An event is believed only with its neighbours: those of one run must follow one another, number by number and hash by
hash. What is read under its number is still verified by whoever it is shown to.
"""

from hashlib import sha256
from itertools import pairwise

from jobseal import event
from jobseal.errors import Malformed
from jobseal_device.journal_frames import HEADER_BYTES


def said(data: bytes | bytearray, run: list[int]) -> int | None:
    """The number of the run's first event, None where its frames hold no events that follow one another.

    ``run``: the bounds of at least one intact frame in ``data``.
    """
    prev, number = None, None
    try:
        for start, end in pairwise(run):
            complete = bytes(data[start + HEADER_BYTES : end])
            found = event.parse(complete).event
            if number is not None and (found.seq, found.prev) != (number + 1, prev):
                return None
            number, prev = found.seq, sha256(complete).digest()
    except Malformed:
        return None
    return None if number is None else number - (len(run) - 2)
