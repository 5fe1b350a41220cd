"""What holds a job and what lets go of it: exceptions raised when they should be, and cleared by what resolves them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from jobseal_gateway.dossier import read
from jobseal_gateway.ledger import assignments, branches, holes, jobs, keys, objects
from jobseal_gateway.ledger.database import connect, reading, writing
from jobseal_gateway.office import Office as Desk
from tests.field import FieldClock, Office, Phone
from tests.gateway.billed import PRICES, hold_up, kept, stated


@pytest.fixture
def office(sqlite_engine: Engine, tmp_path: Path) -> Iterator[Office]:
    found = Office(sqlite_engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """One kind of database is enough: the fold is pure, and what it reads is tested on both."""
    opened = connect(sqlite_url)
    yield opened
    opened.dispose()


def desk(office: Office) -> Desk:
    return Desk(office.station.log, office.station.keys.office, FieldClock(office), lambda: None)


def worked(office: Office, name: str = "hh-1", technician: str = "t-1", job: str = "WO-1") -> Phone:
    phone = Phone(office, name, technician)
    phone.work(job)
    phone.sync()
    office.project()
    return phone


def card(office: Office, job: str = "WO-1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(office.documents()[job][0])
    return found


def codes(office: Office, job: str = "WO-1") -> list[str]:
    """The codes of the open exceptions that block."""
    return sorted({each["code"] for each in card(office, job)["exceptions"] if each["blocks"]})


def event_of(phone: Phone, kind: str, job: str = "WO-1") -> bytes:
    return [fact.hash for fact in phone.capture.fold.job(job).facts if fact.kind == kind][-1]


# Overrides and closures


def test_an_override_reaches_no_event_that_comes_after_it(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    for kind in ("job.accepted", "job.arrived"):
        phone.sign(kind)
    phone.sign("part.used", code="X-1", quantity="1", unit="pc", source="van")
    phone.sign("job.completed")
    phone.sign("signoff.waived", reason="nobody there")
    phone.sync()
    office.project()
    assert codes(office) == ["unknown_code"]
    office.act("exception.overridden", {"code": "unknown_code", "reason": "a gift"}, "WO-1")
    office.project()
    assert codes(office) == []

    phone.sign("event.corrected", "WO-1", event_of(phone, "part.used"), reason="1", code="X-2")
    phone.sync()
    office.project()
    assert codes(office) == ["unknown_code"]


def test_an_override_of_one_event_leaves_the_others_alone(office: Office) -> None:
    office.order("WO-1", ("t-1",), required_evidence=("photo", "reading"))
    worked(office)
    body = {"code": "evidence_missing", "reason": "seen", "subject": "photo"}
    office.act("exception.overridden", body, "WO-1")
    office.project()
    open_ones = [each for each in card(office)["exceptions"] if each["blocks"]]
    assert [(each["code"], each["detail"]) for each in open_ones] == [("evidence_missing", "reading")]


def test_a_budget_that_was_overrun_with_leave_is_overrun_again_by_new_work(office: Office) -> None:
    office.order("WO-1", ("t-1",), budget="50.00")
    phone = worked(office)
    assert codes(office) == ["over_budget"]
    office.act("exception.overridden", {"code": "over_budget", "reason": "agreed"}, "WO-1")
    office.project()
    assert len(kept(office)) == 1
    phone.sign("event.corrected", "WO-1", event_of(phone, "part.used"), reason="2", quantity="400")
    phone.sync()
    office.project()
    assert (codes(office), len(kept(office))) == (["over_budget"], 1)


def test_no_override_stands_in_for_the_close_of_a_handheld(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"))
    Phone(office, "hh-2", "t-2")
    worked(office)
    office.act("exception.overridden", {"code": "close_missing", "reason": "never mind"}, "WO-1")
    office.project()
    assert (codes(office), kept(office)) == (["close_missing"], [])


def test_a_closure_covers_one_handheld_and_only_what_it_had_said(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2", "t-3"))
    lost = Phone(office, "hh-2", "t-2")
    worked(office)
    body = {"reason": "in the river", "key": lost.enrolled.identity.thumbprint}
    office.act("job.closed_by_office", body, "WO-1")
    office.project()
    details = [each["detail"] for each in card(office)["exceptions"] if each["blocks"]]
    assert details == ["technician t-3"]  # who carries no handheld, and was not closed

    office.act("job.closed_by_office", {"reason": "never went"}, "WO-1")
    office.project()
    assert hold_up(office) == 1

    lost.sign("job.accepted")
    lost.sign("job.arrived")
    lost.sync()
    office.project()
    assert len(kept(office)) == 1
    assert office.rating("WO-1")["status"] != "released"
    office.act("job.closed_by_office", {"reason": "found, and empty"}, "WO-1")
    office.project()
    assert hold_up(office) == 2


# Keys


def test_a_new_key_for_a_handheld_does_not_take_a_finished_job_back(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    worked(office)
    before = office.documents()
    Phone(office, "hh-9", "t-1")  # the technician carries another one from here on
    with writing(office.engine) as connection:
        assignments.bind(connection, "t-1", "hh-9", office.now_ms)
    office.projector.rebuild()
    office.project()
    assert office.documents() == before
    assert len(kept(office)) == 1


def test_somebody_elses_work_on_a_handheld_that_one_carried_before_is_not_ones_own(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"))
    ada = Phone(office, "hh-1", "t-1")
    with writing(office.engine) as connection:
        assignments.bind(connection, "t-2", "hh-1", office.now_ms)
    Phone(office, "hh-2", "t-2")
    ada.work()
    ada.sync()
    office.project()
    assert kept(office) == []


def test_a_compromised_key_holds_what_it_signed_beyond_trust_and_flags_what_was_released(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    office.order("WO-2", ("t-1",), required_evidence=("photo",))
    phone = worked(office)
    phone.work("WO-2")
    phone.sync()
    office.project()
    desk(office).revoke("hh-1", "compromised", "boss", last_trusted_seq=7)
    office.project()
    assert codes(office, "WO-1") == []
    assert codes(office, "WO-2") == ["evidence_missing", "key_revoked"]

    assert (office.rating("WO-1")["status"], len(kept(office))) == ("released", 1)
    assert hold_up(office) == 1


def test_a_key_compromised_before_a_released_job_flags_it_and_its_evidence_stands(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    worked(office)
    desk(office).revoke("hh-1", "compromised", "boss", last_trusted_seq=3)
    office.project()
    assert codes(office) == ["key_revoked"]
    assert (office.rating("WO-1")["status"], office.rating("WO-1")["blocking"]) == ("released", ["key_revoked"])
    assert hold_up(office) == 1


def test_what_a_suspended_key_signs_is_held_and_what_was_logged_before_is_billed(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    office.order("WO-2", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work("WO-1")
    phone.sync()
    desk(office).suspend("hh-1", "audit", "boss")
    phone.work("WO-2")
    phone.sync()
    office.project()
    assert (len(kept(office, "WO-1")), kept(office, "WO-2")) == (1, [])
    assert codes(office, "WO-2") == ["key_revoked"]


# Forks


def clone(phone: Phone) -> Phone:
    """Somebody copies the handheld's whole folder."""
    folder = phone.office.folder / (phone.name + "-copy")
    phone.crash()  # so that nothing of it is half-written
    shutil.copytree(phone.office.folder / phone.name, folder)
    return Phone(phone.office, phone.name, phone.technician, folder)


def adopt(office: Office) -> None:
    with reading(office.engine) as connection:
        (key,) = keys.every(connection)
        fork = branches.of_key(connection, key.id)[1]
    desk(office).adopt("hh-1", fork.head_hash.hex(), "the copy was right", "boss")
    office.project()


def forked(office: Office) -> tuple[Phone, Phone]:
    """WO-1 is done before the fork; then the original does WO-2 and the copy WO-2 and WO-3."""
    for job in ("WO-1", "WO-2", "WO-3"):
        office.order(job, ("t-1",))
    phone = worked(office)
    copy = clone(phone)
    phone.work("WO-2")
    copy._salts += 1000
    copy.work("WO-2", minutes=90)
    copy.work("WO-3")
    phone.sync()
    copy.sync()
    office.project()
    return phone, copy


def test_a_fork_holds_what_is_behind_it_and_shows_none_of_the_copy(office: Office) -> None:
    forked(office)
    assert len(kept(office, "WO-1")) == 1
    assert (codes(office, "WO-2"), kept(office, "WO-2")) == (["chain_fork"], [])
    assert (len(card(office, "WO-2")["events"]), card(office, "WO-3")["events"]) == (8, [])
    assert office.rating("WO-3")["status"] == "collecting"


def test_an_adopted_branch_takes_the_place_of_its_parent_in_the_jobs_that_it_has_and_is_billed(office: Office) -> None:
    forked(office)
    before = {job: kept(office, job) for job in ("WO-1",)}
    adopt(office)
    assert [codes(office, job) for job in ("WO-1", "WO-2", "WO-3")] == [[], [], []]
    assert kept(office, "WO-1") == before["WO-1"]
    # ninety minutes are the copy's
    assert [each.billed for each in stated(office, "WO-2")[0].line_items() if each.kind == "labour"] == ["1.5"]
    assert [hold_up(office, job) for job in ("WO-1", "WO-2", "WO-3")] == [1, 1, 1]


def test_an_adoption_after_a_release_makes_a_delta_and_leaves_the_evidence_as_it_stood(office: Office) -> None:
    forked(office)
    office.act("exception.overridden", {"code": "chain_fork", "reason": "the original"}, "WO-2")
    office.project()
    assert hold_up(office, "WO-2") == 1
    adopt(office)
    assert [each.kind for each in stated(office, "WO-2")] == ["original", "delta"]
    assert hold_up(office, "WO-2") == 2


# Lost ranges


def test_a_lost_range_holds_a_job_whose_close_is_missing_until_it_is_written_off(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"))
    bob = Phone(office, "hh-2", "t-2")
    bob.sign("job.accepted")
    bob.sign("job.arrived")
    bob.sync()
    worked(office)
    assert codes(office) == ["close_missing"]
    with writing(office.engine) as connection:
        (key,) = keys.of_device(connection, "hh-2")
        (branch,) = branches.of_key(connection, key.id)
        holes.add(connection, holes.Hole(1, key.id, branch.id, 2, 4))
    office.projector.rebuild()
    assert codes(office) == ["close_missing", "sequence_gap"]
    desk(office).write_off("hh-2", 2, 4, "the card broke", "boss")
    office.project()
    assert codes(office) == ["close_missing"]
    assert "range_written_off" in [each["code"] for each in card(office)["exceptions"]]
    office.act("job.closed_by_office", {"reason": "as far as we know"}, "WO-1")
    office.project()
    assert hold_up(office) == 1


# Bodies and objects


def test_an_erased_object_is_not_missed_and_one_that_is_on_its_way_is(office: Office) -> None:
    office.order("WO-1", ("t-1",), required_evidence=("signoff",))
    phone = worked(office)
    assert len(kept(office)) == 1
    with reading(office.engine) as connection:
        number = jobs.known(connection, ["WO-1"])["WO-1"]
        stored = read(connection, number).stored
    assert stored
    desk(office).erase(stored, "asked to", "boss")
    office.project()
    assert (codes(office), office.rating("WO-1")["status"]) == ([], "released")
    assert hold_up(office) == 1
    phone.sync()


def test_an_attachment_that_has_not_arrived_holds_the_job_until_it_does(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    worked(office)
    with reading(office.engine) as connection:
        number = jobs.known(connection, ["WO-1"])["WO-1"]
        (digest,) = read(connection, number).stored
        known = objects.by_digests(connection, [digest])[digest]
    with writing(office.engine) as connection:
        objects.discard(connection, known.id)
    office.projector.rebuild()
    assert codes(office) == ["attachment_missing"]
    with writing(office.engine) as connection:
        objects.complete(connection, known.id)
    office.projector.rebuild()
    assert codes(office) == []


def test_a_correction_is_shown_with_names(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = worked(office)
    phone.sign("event.corrected", "WO-1", event_of(phone, "part.used"), reason="2", quantity="1")
    phone.sync()
    office.project()
    (shown,) = [each for each in card(office)["events"] if each["kind"] == "event.corrected"]
    assert shown["body"]["body"] == {"code": "P-1", "quantity": "1", "source": "van", "unit": "pc"}
    assert "late_event" in [each["code"] for each in card(office)["exceptions"]]


def test_a_handheld_that_was_offline_for_two_days_is_billed_without_a_word(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    office.station.pass_ms(2 * 86_400_000)
    phone.sync()
    office.project()
    assert (codes(office), len(kept(office))) == ([], 1)


def test_a_clock_that_is_a_day_off_holds_the_job_until_the_times_are_corrected(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.clock.wrong_ms = 86_400_000
    phone.work()
    phone.sync()
    office.project()
    assert codes(office) == ["clock_outside_interval"]
    phone.clock.wrong_ms = 0
    for fact in list(phone.capture.fold.job("WO-1").facts):
        assert fact.at is not None
        phone.sign("event.corrected", "WO-1", fact.hash, reason="3", at=str(fact.at - 86_400_000))
    phone.sync()
    office.project()
    assert codes(office) == []
    assert hold_up(office) == 1
