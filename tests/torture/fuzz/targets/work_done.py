"""Jobs made of whatever technicians' events may say, from the fold to the billing record.

Everything validly signed is logged, whatever it says, so nothing may fall over it: not the card, not the rating, not
the record. Money is exact: the lines come to the total. And of every record that the gateway would release, a stranger
finds the evidence to hold: what prices a job and what proves it agree on each quantity, whatever happened.
"""

import json
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any

from jobseal import bodies, cbor, event
from jobseal.errors import JobsealError
from jobseal.event import Event, SignedEvent
from jobseal.flaw import OK
from jobseal.job import Job, job_from_value
from jobseal.lifecycle import CANCELLED, COMPLETED, needs_close
from jobseal.proof import verify_bundle
from jobseal_gateway import documents, folding, release
from jobseal_gateway.dossier import Dossier, Logged, Order
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.policy import FIRM
from jobseal_gateway.pricing import parse_price_lists
from jobseal_gateway.projection import Projected, Rules, project
from tests.system.stand_in import StandInSigner, verify
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets.bodies import entries, other_kind
from tests.torture.fuzz.targets.contract import hold
from tests.torture.fuzz.targets.evidence import LOG, ORDER, Evidence

PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate,markup,minimum,increment
STANDARD,1,EUR,1970-01-01,labour,labour,*,hour,90.00,,30,15
STANDARD,1,EUR,1970-01-01,travel,travel,*,minute,1.37,,,
STANDARD,1,EUR,1970-01-01,waiting,waiting,*,hour,31,,,
STANDARD,1,EUR,1970-01-01,callout,callout,*,visit,25.00,,,
STANDARD,1,EUR,1970-01-01,part,part,*,pc,12.35,,,
STANDARD,1,EUR,1970-01-01,part-any,part,filter,*,0.333,,,
STANDARD,1,EUR,1970-01-01,expense,expense,*,EUR,,7.5,,
"""
MONDAY_MS = 1_767_600_000_000
MINUTE_MS = 60_000
YEAR_MS = 365 * 86_400_000
EVENTS_MOST = 24


class Jobs:
    """[[kind, body, lane, minutes since the last, technician, claimed minutes off, which earlier event it amends]]."""

    most_bytes = 3_000
    limit_s = 2.0

    def __init__(self) -> None:
        self._signers = [StandInSigner("one"), StandInSigner("two")]
        lists, problems = parse_price_lists(PRICES)
        assert not problems, problems
        self._rules = Rules(tuple(lists), "STANDARD", 2 * YEAR_MS)
        content = WorkOrder("J-1", "C-1", "EUR", "Europe/Vienna", ("repair",), budget="1000.00")
        self._order = Order(content, 1, sha256(ORDER).digest(), MONDAY_MS)
        self._evidence = Evidence(self._signers)

    def seeds(self) -> list[bytes]:
        return [cbor.encode(each) for each in (*_visits(), *([_row(*each)] for each in _kinds()))]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return other_kind(mutation.item(data, chance), chance)

    def run(self, data: bytes) -> None:
        try:
            rows = cbor.decode(data, self.most_bytes * 4)
        except JobsealError:
            return
        events = self._signed(rows[:EVENTS_MOST]) if type(rows) is list else []
        if not events:
            return
        fold = Job("J-1")
        for index, (key, signed) in enumerate(events):
            fold.add(signed, key, index)
        stored = cbor.encode(fold.to_value())
        again = job_from_value(cbor.decode(stored, len(stored)))
        hold(cbor.encode(again.to_value()) == stored, "fold_changes", "a stored job is another when read back")
        dossier = self._dossier(events)
        self._bill(project(dossier, folding.fold(dossier), self._rules), events)

    def _signed(self, rows: list[Any]) -> list[tuple[bytes, SignedEvent]]:
        """The events that these rows describe, in log order; rows that describe none are left out."""
        found: list[tuple[bytes, SignedEvent]] = []
        jobs = [Job("J-1") for _ in self._signers]
        chains: list[list[SignedEvent]] = [[] for _ in self._signers]
        now = MONDAY_MS
        for row in rows:
            if type(row) is not list or len(row) != 7:
                continue
            kind, body, lane, minutes, by, off, amends = row
            if lane not in (0, 1) or type(minutes) is not int or type(kind) is not str or type(body) is not dict:
                continue
            now += max(0, min(minutes, 10_000)) * MINUTE_MS
            signer, chain = self._signers[lane], chains[lane]
            own = jobs[lane].lane(signer.key.thumbprint)
            target = found[amends][1].hash if type(amends) is int and 0 <= amends < len(found) else None
            try:
                said = Event(
                    seq=len(chain), prev=chain[-1].hash if chain else self._evidence.genesis(lane),
                    at=now + off * MINUTE_MS if type(off) is int else None,
                    up=now - MONDAY_MS, boot=bytes([lane]) * 8, kind=kind, body=body, job="J-1", by=by, amends=target,
                    close=jobs[lane].close(signer.key.thumbprint) if needs_close(own, kind) else None,
                )  # fmt: skip
                signed = event.parse(event.sign(said, signer))
            except JobsealError:
                continue
            chain.append(signed)
            jobs[lane].add(signed, signer.key.thumbprint)
            found.append((signer.key.thumbprint, signed))
        return found

    def _dossier(self, events: list[tuple[bytes, SignedEvent]]) -> Dossier:
        logged = tuple(
            Logged(index + 2, signed.hash, key, 1, signed.event.seq, signed, ())
            for index, (key, signed) in enumerate(events)
        )
        named = {each[0] for _, signed in events for each in bodies.objects(signed.event.kind, signed.event.body)}
        return Dossier(
            id="J-1", order=self._order, events=logged, acts=(), assigned={}, unequipped={}, forked={}, trust={},
            stored=frozenset(named), erased=frozenset(),
            checkpoints=((bytes(32), len(logged) + 2, MONDAY_MS + YEAR_MS),),
            enrolled={signer.key.thumbprint: MONDAY_MS - MINUTE_MS for signer in self._signers}, released=(),
            rejected=frozenset(),
        )  # fmt: skip

    def _bill(self, projected: Projected, events: list[tuple[bytes, SignedEvent]]) -> None:
        json.loads(documents.to_bytes(documents.card(projected)))
        rating = json.loads(documents.to_bytes(documents.rating(projected, projected.standing)))
        if projected.rating is None:
            return
        lines = sum((Decimal(line["amount"]) for line in rating["lines"]), Decimal())
        hold(lines == Decimal(rating["total"]), "total", f"the lines come to {lines}, not {rating['total']}")
        # What is held for an exception is released by a person who overrides it: as far as the proof minds, at once.
        if projected.state in (*COMPLETED, CANCELLED) and not FIRM & set(projected.blocking):
            checkpoint = self._evidence.checkpoint(events)
            made = release.make(projected, checkpoint, LOG, MONDAY_MS, release.AUTOMATIC)
            found = verify_bundle(self._evidence.bundle(made, events), verify, self._evidence.root)
            hold(found.status == OK, "evidence_fails", f"{found.code} at {found.where}: {found.sentence}")


def _kinds() -> list[tuple[str, dict[Any, Any]]]:
    """Every body of the vectors that is a map."""
    found = [(each["kind"], cbor.decode(bytes.fromhex(each["hex"]), 4_096)) for each in entries()]
    return [(kind, body) for kind, body in found if type(body) is dict]


def _row(kind: str, body: dict[Any, Any], lane: int = 0, minutes: int = 1, amends: int | None = None) -> list[Any]:
    return [kind, body, lane, minutes, "ada", 0, amends]


def _visits() -> list[list[Any]]:
    """Plain visits, by one and by two handhelds, with corrections, waits and returns."""
    name = [sha256(b"name").digest(), 4, "text/plain"]
    work = [
        _row("job.accepted", {1: None, 2: None}), _row("travel.started", {}), _row("job.arrived", {}, 0, 20),
        _row("labour.started", {1: "repair"}), _row("job.waiting", {1: "parts"}, 0, 10), _row("job.resumed", {}, 0, 7),
        _row("labour.stopped", {1: "repair"}, 0, 33),
        _row("part.used", {1: "filter", 2: "2.5", 3: "pc", 4: "van"}),
        _row("part.returned", {1: "filter", 2: "0.5", 3: "pc", 4: "van"}),
        _row("expense.added", {1: "parking", 2: "4.20", 3: "EUR"}),
    ]  # fmt: skip
    end = [_row("job.completed", {1: []}), _row("job.signed_off", {1: "typed", 2: name})]
    corrected = [
        _row("event.corrected", {1: 2, 2: {1: "filter", 2: "3", 3: "pc", 4: "van"}}, 0, 1, 7),
        _row("event.corrected", {1: 7, 2: None}, 0, 1, 9),
        _row("event.corrected", {1: 3, 2: {1: "repair"}, 3: MONDAY_MS + 90 * MINUTE_MS}, 0, 1, 6),
    ]
    second = [[row[0], row[1], 1, *row[3:]] for row in work]
    both = [row for pair in zip(work, second, strict=True) for row in pair]
    return [
        work + end,
        work + corrected + end,
        work + end + corrected,
        both[:EVENTS_MOST],
        [*work[:4], _row("job.cancelled", {1: "closed shop"})],
        [*work[:3], *end, _row("job.reopened", {1: "again"}), *work[3:7], *end],
    ]
