"""Every exception of the domain is raised by what really happens, said by a real handheld or by the office."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from jobseal.errors import SignatureUnverifiable
from jobseal.exceptions import CODES, RULES
from jobseal.host.crypto import Verifier
from jobseal.job import close_over
from jobseal_gateway.ledger import quarantine
from jobseal_gateway.ledger.database import connect, reading
from jobseal_gateway.office import Office as Desk
from jobseal_gateway.office import OfficeRefused
from tests.devices import Device, digest
from tests.field import MINUTE_MS, WEEK_MS, FieldClock, Office, Phone
from tests.gateway.billed import PRICES, hold_up, kept, stated

Story = Callable[[Office], None]


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    engine = connect(sqlite_url)
    found = Office(engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()
    engine.dispose()


@pytest.fixture
def either(engine: Engine, tmp_path: Path) -> Iterator[Office]:
    """The same on each kind of database."""
    found = Office(engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()


def raised(office: Office, job: str = "WO-1") -> list[dict[str, Any]]:
    office.project()
    found: list[dict[str, Any]] = json.loads(office.documents()[job][0])["exceptions"]
    return found


def codes(office: Office, job: str = "WO-1") -> set[str]:
    return {each["code"] for each in raised(office, job)}


class Van:
    """A handheld of somebody else's make, whose events are signed rightly and mean what they like."""

    def __init__(self, office: Office, name: str = "hh-9") -> None:
        self.office = office
        self.device: Device = office.station.enrol(name)
        self._said: list[bytes] = []

    def say(self, kind: str, body: dict[str, Any] | None = None, **fields: Any) -> bytes:
        """A minute later, this happens; with a close from the completion on."""
        self.office.station.pass_ms(MINUTE_MS)
        now = {"at": self.office.now_ms, "up": self.office.now_ms - self.office.start_ms, **fields}
        if kind in ("job.completed", "job.signed_off", "signoff.waived"):
            now["close"] = close_over(self._said)
        said = self.device.capture(kind, body, **now)
        self._said.append(digest(said))
        return said

    def visit(self, *between: tuple[str, dict[str, Any]]) -> None:
        self.say("job.accepted", {"order": None, "revision": None})
        self.say("job.arrived")
        for kind, body in between:
            self.say(kind, body)
        self.say("job.completed", {"totals": []})
        self.say("signoff.waived", {"reason": "nobody there"})

    def sync(self) -> None:
        self.office.station.talk(self.office.station.sync(self.device))


def visited(office: Office, *between: tuple[str, dict[str, Any]], **order: Any) -> None:
    """An order, and a visit of the van with this in between."""
    office.order("WO-1", (), **order)
    van = Van(office)
    van.visit(*between)
    van.sync()


def part(code: str = "P-1", **more: Any) -> tuple[str, dict[str, Any]]:
    return "part.used", {"code": code, "quantity": "1", "unit": "pc", "source": "van", **more}


def desk(office: Office) -> Desk:
    return Desk(office.station.log, office.station.keys.office, FieldClock(office), lambda: None)


def a_lost_range(office: Office) -> Van:
    office.order("WO-1", ())
    van = Van(office)
    van.say("job.accepted", {"order": None, "revision": None})
    van.say("job.arrived")
    van.sync()
    van.say("labour.started", {"task": "FIT"})
    van.say("labour.stopped", {"task": "FIT"})
    van.device.lose(2, 3)
    van.say("job.completed", {"totals": []})
    van.sync()
    return van


def sequence_gap(office: Office) -> None:
    a_lost_range(office)


def range_written_off(office: Office) -> None:
    a_lost_range(office)
    assert "sequence_gap" in codes(office)
    desk(office).write_off("hh-9", 2, 3, "the card broke", "boss")


def chain_fork(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    van.say("job.accepted", {"order": None, "revision": None})
    van.sync()
    copy = van.device.clone()
    van.say("job.arrived")
    van.sync()
    copy.capture("travel.started", {})
    office.station.talk(office.station.sync(copy, seed=1))


def key_revoked(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    desk(office).revoke("hh-9", "lost", "boss")
    van.say("job.accepted", {"order": None, "revision": None})
    van.sync()


def clock_unset(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.clock.wrong_ms = None
    phone.sign("job.accepted")
    phone.sign("job.arrived")
    phone.sign("labour.started", task="FIT")
    phone.clock.boot_id = b"\x02" * 8
    phone.sign("labour.stopped", task="FIT")
    phone.sync()


def clock_outside_interval(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.clock.wrong_ms = 86_400_000
    phone.sign("job.accepted")
    phone.sync()


def late_event(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    assert len(kept(office)) == 1
    phone.sign("job.reopened", reason="forgot")
    phone.sync()


def interval_wide(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.clock.boot_id = b"\x02" * 8
    phone.sign("job.accepted")
    office.station.pass_ms(2 * WEEK_MS)
    phone.sync()


def attachment_missing(office: Office) -> None:
    content = b"a photo that never comes"
    visited(office, ("photo.attached", {"photo": [hashlib.sha256(content).digest(), len(content), "image/png"]}))


def attachment_mismatch(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    named = b"what the event names"
    van.say("photo.attached", {"photo": [digest(named), len(named), "image/png"]})
    van.device.objects[digest(named)] = b"\0" * 32 + b"what comes instead of it"
    van.sync()


def unknown_kind(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    van.say("drone.landed", raw={})
    van.sync()


def malformed_body(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    van.say("labour.started", raw={1: 5})
    van.sync()


def unknown_job(office: Office) -> None:
    van = Van(office)
    van.say("job.accepted", {"order": None, "revision": None})
    van.sync()


def evidence_missing(office: Office) -> None:
    visited(office, required_evidence=("photo",))


def close_missing(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    Phone(office, "hh-1", "t-1")
    van = Van(office)
    van.visit()
    van.sync()


def signoff_missing(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    van.say("job.accepted", {"order": None, "revision": None})
    van.say("job.arrived")
    van.say("job.completed", {"totals": []})
    van.sync()


STARTED, STOPPED = ("labour.started", {"task": "FIT"}), ("labour.stopped", {"task": "FIT"})
STORIES: dict[str, Story] = {
    "sequence_gap": sequence_gap,
    "chain_fork": chain_fork,
    "key_revoked": key_revoked,
    "clock_unset": clock_unset,
    "clock_outside_interval": clock_outside_interval,
    "illegal_transition": lambda office: visited(office, ("job.resumed", {})),
    "missing_stop": lambda office: visited(office, STARTED),
    "overlapping_entries": lambda office: visited(office, STARTED, ("labour.started", {"task": "TEST"}), STOPPED),
    "unknown_code": lambda office: visited(office, part("X-1")),
    "unknown_kind": unknown_kind,
    "unknown_job": unknown_job,
    "missing_po": lambda office: visited(office, po_required=True),
    "missing_contract": lambda office: visited(office, terms="NOBODY-HAS-IT"),
    "over_budget": lambda office: visited(office, budget="1.00"),
    "evidence_missing": evidence_missing,
    "attachment_missing": attachment_missing,
    "attachment_mismatch": attachment_mismatch,
    "unapproved": lambda office: visited(office, approval_required=True),
    "signoff_missing": signoff_missing,
    "late_event": late_event,
    "sla_breached": lambda office: visited(office, on_site_by=office.now_ms),
    "duplicate_part_serial": lambda office: visited(office, part(serial="7"), part(serial="7")),
    "close_missing": close_missing,
    "interval_wide": interval_wide,
    "range_written_off": range_written_off,
    "malformed_body": malformed_body,
}

# About no job: what they are told by, and where that is shown.
ELSEWHERE = {
    "signature_invalid": "quarantine; tests/gateway/ingest/test_bad_input.py",
    "signature_unverifiable": "quarantine; below",
    "chain_broken": "of a chain that a key broke itself; tests/gateway/ingest",
    "device_rolled_back": "an alarm of the handheld itself; tests/device/test_pump.py",
    "log_inconsistent": "an alarm of the handheld that noticed; tests/device/test_pump.py",
}


@pytest.mark.parametrize("code", STORIES)
def test_it_is_raised_by_what_happens_with_its_owner_and_what_resolves_it(office: Office, code: str) -> None:
    STORIES[code](office)
    [first, *_] = [each for each in raised(office) if each["code"] == code]
    rule = RULES[code]
    assert (first["owner"], first["blocks"], first["severity"]) == (rule.owner, rule.blocks, rule.severity)
    assert first["resolution"] == rule.resolution
    if rule.blocks:
        assert code in office.rating("WO-1")["blocking"]
        assert office.rating("WO-1")["status"] in ("held", "collecting")


def test_every_code_of_the_domain_has_its_story() -> None:
    assert set(STORIES) | set(ELSEWHERE) == set(CODES)


class Lacking(Verifier):
    """As where something is not installed."""

    def __call__(self, *_what: object) -> bool:
        raise SignatureUnverifiable("this installation has not what it needs for that")


def test_what_cannot_be_checked_here_is_set_aside_and_taken_once_it_can(office: Office) -> None:
    office.order("WO-1", ())
    van = Van(office)
    van.say("job.accepted", {"order": None, "revision": None})
    whole = office.station.verifier
    office.station.verifier = Lacking()
    office.station.restart()
    van.sync()
    with reading(office.engine) as connection:
        assert {each.code for each in quarantine.after(connection, 0, 10)} == {"signature_unverifiable"}
    office.station.verifier = whole
    office.station.restart()
    office.station.talk(office.station.sync(van.device, seed=1))
    assert len(office.station.events(van.device)) == 1


# A purchase order


def test_a_job_without_the_purchase_order_that_it_needs_is_held_until_the_order_has_one(either: Office) -> None:
    either.order("WO-1", ("t-1",), po_required=True)
    phone = Phone(either, "hh-1", "t-1")
    assert codes(either) == {"missing_po"}  # before anybody has gone there
    phone.work()
    phone.sync()
    assert (codes(either), kept(either)) == ({"missing_po"}, [])
    assert either.rating("WO-1")["status"] == "held"
    either.order("WO-1", ("t-1",), po_required=True, po_number="PO-7")
    assert codes(either) == set()
    assert stated(either)[0].po_number == "PO-7"
    assert hold_up(either) == 1


def test_an_override_of_a_missing_purchase_order_is_in_the_record_with_its_act(either: Office) -> None:
    either.order("WO-1", ("t-1",), po_required=True)
    phone = Phone(either, "hh-1", "t-1")
    phone.work()
    phone.sync()
    either.project()
    act = either.act("exception.overridden", {"code": "missing_po", "reason": "ordered by phone"}, "WO-1")
    either.project()
    [record] = stated(either)
    assert (record.po_number, record.overrides) == (None, [["missing_po", act]])
    assert hold_up(either) == 1


@pytest.mark.parametrize("order", [{"po_required": False}, {}, {"po_required": True, "po_number": "PO-7"}])
def test_a_job_that_needs_none_or_has_one_is_billed(office: Office, order: dict[str, Any]) -> None:
    office.order("WO-1", ("t-1",), **order)
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    assert codes(office) == set()
    assert len(kept(office)) == 1


# Approval


def test_a_finished_job_waits_for_somebody_else_to_approve_it_and_again_after_a_correction(either: Office) -> None:
    either.order("WO-1", ("boss",), approval_required=True)
    phone = Phone(either, "hh-1", "boss")
    phone.sign("job.accepted")
    phone.sync()
    assert codes(either) == set()  # there is nothing to approve yet
    phone.sign("job.arrived")
    phone.sign("part.used", code="P-1", quantity="2", unit="pc", source="van")
    phone.sign("job.completed")
    phone.sign("job.signed_off", method="typed", name="R. Customer")
    phone.sync()
    assert (codes(either), kept(either)) == ({"unapproved"}, [])

    with pytest.raises(OfficeRefused) as refused:
        desk(either).override("WO-1", "unapproved", "I know what I did", "boss")
    assert refused.value.code == "own_work"
    either.act("exception.overridden", {"code": "unapproved", "reason": "signed all the same"}, "WO-1")
    either.project()
    assert "unapproved" in either.rating("WO-1")["blocking"]

    desk(either).override("WO-1", "unapproved", "hours checked", "ada")
    either.project()
    [record] = stated(either)
    assert [code for code, _ in record.overrides or []] == ["unapproved"]
    assert hold_up(either) == 1

    used = [fact.hash for fact in phone.capture.fold.job("WO-1").facts if fact.kind == "part.used"][-1]
    phone.sign("event.corrected", "WO-1", used, reason="2", quantity="1")
    phone.sync()
    assert "unapproved" in codes(either)
    assert len(kept(either)) == 1
    desk(either).override("WO-1", "unapproved", "seen", "ada")
    either.project()
    assert len(kept(either)) == 2
