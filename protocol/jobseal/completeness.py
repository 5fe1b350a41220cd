"""Completeness of a job: for every key that has an event of it or is assigned to it, a close that covers all its
events.

From its completion on, each event of a key commits to the count and digest of all its earlier events for the job. So
the newest event of the lane is the one to look at: if it carries a close that matches, none is missing before it. An
operator can close a job for a key, with a reason; the log then says so.
"""

from jobseal.job import close_over
from jobseal.lifecycle import DONE

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.job import Job, Keys


class Closing:
    """How far one key's part is proven complete.

    ``key``: thumbprint; ``count``, ``digest``: what its newest close commits to, or, without one, what is there;
    ``hash``: of the event that carries the close, or None; ``matches``: it covers exactly the key's other events, and
    the lane is done, or handed over to the key after it.
    """

    __slots__ = ("count", "digest", "hash", "key", "matches")

    def __init__(self, key: bytes, close: "list[Any]", hash: bytes | None, matches: bool) -> None:
        self.key = key
        self.count: int = close[0]
        self.digest: bytes = close[1]
        self.hash = hash
        self.matches = matches


def closings(job: "Job", assigned: "Keys" = ()) -> "list[Closing]":
    """One for each key with an event of the job, in order of first appearance, then one for each other assigned key."""
    found = [_of_lane(job, number) for number in range(len(job.lanes))]
    for key in assigned:
        if job.lane(key) is None:
            found.append(Closing(key, close_over([]), None, False))
    return found


def _of_lane(job: "Job", number: int) -> Closing:
    lane = job.lanes[number]
    chain = [job.facts[place] for place in job.chain(number)]
    hashes = [fact.hash for fact in chain]
    last = chain[len(chain) - 1]
    if last.close is None:
        return Closing(lane.key, close_over(hashes), None, False)
    expected = close_over(hashes[: len(hashes) - 1])
    is_over = lane.state in DONE or lane.successor is not None
    return Closing(lane.key, last.close, last.hash, last.close == expected and is_over)


def missing(job: "Job", assigned: "Keys" = (), closed: "Keys" = ()) -> "list[bytes]":
    """The keys without a matching close (``close_missing``), leaving out those that an operator closed."""
    return [closing.key for closing in closings(job, assigned) if not closing.matches and closing.key not in closed]
