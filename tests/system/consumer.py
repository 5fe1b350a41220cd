"""The billing system: reads the feed with a cursor of its own, books each released record once, acknowledges it.

``books`` and ``cursor`` are what it has on disk. It is killed between the two, so the feed says the same again; what
it then does with a record that it has is what every consumer must do: nothing, unless the bytes differ.
"""

import json
from decimal import Decimal
from typing import NamedTuple

from jobseal import record
from jobseal.errors import JobsealError
from jobseal_gateway.acknowledge import ACKNOWLEDGED, Statement, acknowledge, parsed_id
from jobseal_gateway.ledger import feed, records
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.projector import RECORD_RELEASED
from jobseal_gateway.release import job_total
from tests.system.faults import Faults
from tests.system.ground import Ground
from tests.system.world import World

PAGE = 10
RECORDS_MOST = 40  # a gateway that releases without end is left alone then, for the checker to see


class Booked(NamedTuple):
    """One record in the books, with what was billed because of it."""

    work_order: str
    revision: int
    digest: bytes
    total: str
    billed: Decimal


class Consumer:
    """``conflicts`` are records that came again with other bytes."""

    def __init__(self, world: World, faults: Faults, ground: Ground) -> None:
        self._world = world
        self._faults = faults
        self._ground = ground
        self.cursor = 0
        self.is_done = True  # it has read all that there was when it looked
        self.books: list[Booked] = []
        self.conflicts: list[str] = []

    def read(self) -> None:
        """Go through what is new, until it is killed or done."""
        self.is_done = False
        while len(self.books) < RECORDS_MOST:
            with reading(self._ground.engine) as connection:
                entries = feed.after(connection, self.cursor, PAGE)
            for entry in entries:
                if entry.type == RECORD_RELEASED and not self._take(json.loads(entry.data)["record"]):
                    self._world.say("consumer killed")
                    return
                self.cursor = entry.position
            if len(entries) < PAGE:
                break
        self.is_done = True

    def _take(self, id: str) -> bool:
        """Whether it lived to the end of it."""
        named = parsed_id(id)
        assert named is not None
        with reading(self._ground.engine) as connection:
            released = records.revision(connection, *named)
        assert released is not None, "the feed names a record that is not there"
        said = record.verify(released.bytes, self._ground.keys.authority.office, self._ground.crypto.verifier)
        digest = record.digest(released.bytes)
        known = [each for each in self.books if (each.work_order, each.revision) == named]
        if digest not in [each.digest for each in known]:
            before = sum((each.billed for each in self.books if each.work_order == named[0]), Decimal(0))
            billed = Decimal(job_total(said)) - before
            self.books.append(Booked(*named, digest, said.total, billed))
            self._world.say("booked", id, said.total)
            if known:
                self.conflicts.append(id)
        if self._faults.strikes("consumer_kill"):
            return False
        self._acknowledge(id, Statement(named[1], digest, ACKNOWLEDGED, f"INV-{id}", ""))
        return not self._faults.strikes("consumer_kill")

    def _acknowledge(self, id: str, said: Statement) -> None:
        try:
            with writing(self._ground.engine) as connection:
                acknowledge(connection, id, said, self._world.wall_ms)
        except JobsealError as problem:
            self._world.say("not acknowledged", id, problem.code)
