"""From signed events to a released record and its evidence: the real capture, ingest, projector and proof."""

import json
import threading
from decimal import Decimal

import pytest

from jobseal.host.crypto import Verifier
from jobseal.job import Job
from jobseal.proof import verify_bundle
from jobseal_gateway import documents, evidence, projector, release
from jobseal_gateway.dossier import Dossier
from jobseal_gateway.ledger import feed, jobs, records
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import RATINGS
from jobseal_gateway.log import LogWriter
from jobseal_gateway.office import Office as Desk
from jobseal_gateway.projection import Projected, Rules, project
from tests.field import MINUTE_MS, WEEK_MS, FieldClock, Office, Phone


def released(office: Office, job: str = "WO-1") -> list[records.Released]:
    with reading(office.engine) as connection:
        return records.of_work_order(connection, job)


def bundle_of(office: Office, record: records.Released) -> bytes:
    with reading(office.engine) as connection:
        return evidence.bundle(connection, office.station.log, office.station.keys, record)


def test_a_signed_off_job_is_released_with_evidence_that_a_stranger_accepts(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()

    assert phone.signed == phone.acknowledged == 8
    (record,) = released(office)
    stated = release.decode(record)
    assert Decimal(stated.total) == sum(Decimal(line.amount) for line in stated.line_items())
    # call-out 25, travel 1 min of 60/h = 1.00, labour 30 min = 45.00, parts 25.00
    assert stated.total == "96.00"
    trusted = bytes.fromhex(office.station.keys.fingerprint)
    findings = verify_bundle(bundle_of(office, record), Verifier(), trusted)
    assert (findings.status, findings.code, findings.where, findings.sentence) == ("ok", "ok", "", "everything holds")
    with reading(office.engine) as connection:
        types = [entry.type for entry in feed.after(connection, 0, 100)]
    assert types.count("record.released") == 1
    assert types[-1] == "record.released"


def test_nothing_is_released_while_one_of_two_technicians_has_not_synced(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"))
    ada, bob = Phone(office, "hh-1", "t-1"), Phone(office, "hh-2", "t-2")
    ada.work()
    bob.work()
    ada.sync()
    office.project()
    assert not released(office)
    assert office.rating("WO-1")["status"] != "ready"

    bob.sync()
    office.project()
    assert len(released(office)) == 1


def test_a_late_correction_makes_a_delta_that_bills_the_difference_only(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    used = next(fact for fact in phone.capture.fold.job("WO-1").facts if fact.kind == "part.used")
    phone.sign("event.corrected", "WO-1", used.hash, reason="2", quantity="1")
    phone.sync()
    office.project()

    first, second = (release.decode(each) for each in released(office))
    assert (second.kind, second.supersedes, second.total) == ("delta", released(office)[0].digest, "-12.50")
    assert Decimal(first.total) + Decimal(second.total) == Decimal("83.50")
    for record in released(office):
        findings = verify_bundle(bundle_of(office, record), Verifier(), bytes.fromhex(office.station.keys.fingerprint))
        assert findings.status == "ok", (findings.code, findings.where, findings.sentence)


def test_rebuilding_gives_the_same_bytes_and_leaves_records_and_feed_alone(office: Office) -> None:
    for number in range(3):
        office.order(f"WO-{number}", ("t-1",), required_evidence=("photo",) if number == 2 else ())
    phone = Phone(office, "hh-1", "t-1")
    phone.work("WO-0")
    phone.work("WO-2")
    phone.sync()
    office.project()
    before = office.documents()
    with reading(office.engine) as connection:
        told = feed.after(connection, 0, 1000)
    kept = released(office, "WO-0")

    office.station.pass_ms(90 * MINUTE_MS)
    assert office.projector.rebuild() == 3
    assert office.documents() == before
    office.project()
    assert office.documents() == before
    with reading(office.engine) as connection:
        assert feed.after(connection, 0, 1000) == told
    assert released(office, "WO-0") == kept


def test_a_job_without_its_required_photo_is_held_and_an_override_releases_it(office: Office) -> None:
    office.order("WO-1", ("t-1",), required_evidence=("photo",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    assert (office.rating("WO-1")["status"], office.rating("WO-1")["blocking"]) == ("held", ["evidence_missing"])

    override = office.act("exception.overridden", {"code": "evidence_missing", "reason": "seen by me"}, "WO-1")
    office.project()
    (record,) = released(office)
    assert release.decode(record).overrides == [["evidence_missing", override]]
    findings = verify_bundle(bundle_of(office, record), Verifier(), bytes.fromhex(office.station.keys.fingerprint))
    assert findings.status == "ok", (findings.code, findings.where, findings.sentence)


def test_an_office_closure_stands_in_for_a_handheld_that_never_syncs(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"))
    ada = Phone(office, "hh-1", "t-1")
    lost = Phone(office, "hh-2", "t-2")
    ada.work()
    ada.sync()
    office.project()
    assert not released(office)
    body = {"reason": "the handheld fell into a river", "key": lost.enrolled.identity.thumbprint}
    office.act("job.closed_by_office", body, "WO-1")
    office.project()
    (record,) = released(office)
    findings = verify_bundle(bundle_of(office, record), Verifier(), bytes.fromhex(office.station.keys.fingerprint))
    assert findings.status == "ok", (findings.code, findings.where, findings.sentence)


def test_no_byte_of_a_gateways_bundle_can_be_changed_unnoticed(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    (record,) = released(office)
    bundle = bundle_of(office, record)
    trusted = bytes.fromhex(office.station.keys.fingerprint)
    verifier = Verifier()
    for place in range(0, len(bundle), 23):  # every byte of a smaller one: tests/protocol/test_proof.py
        changed = bytearray(bundle)
        changed[place] ^= 1 << (place % 8)
        assert verify_bundle(bytes(changed), verifier, trusted).status != "ok", place


def test_a_job_that_breaks_behind_its_release_is_not_released_and_the_others_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        office.order(f"WO-{number}", (f"t-{number}",))
        phone = Phone(office, f"hh-{number}", f"t-{number}")
        phone.work(f"WO-{number}")
        phone.sync()

    def broken(projected: Projected, word: str) -> documents.Document:
        if projected.dossier.id == "WO-1":
            raise ZeroDivisionError
        return news(projected, word)

    news = documents.news
    with monkeypatch.context() as patch:
        patch.setattr(documents, "news", broken)
        office.project()
    assert (released(office, "WO-1"), len(released(office, "WO-2"))) == ([], 1)
    with reading(office.engine) as connection:
        told = [entry.subject for entry in feed.after(connection, 0, 100) if entry.type == "record.released"]
    assert told == ["WO-2"]


def test_a_rebuild_loses_no_release_that_was_waiting_and_tells_it_afterwards(office: Office) -> None:
    office.order("WO-1", ("t-1",))
    office.project()
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.projector.rebuild()
    assert released(office) == []
    office.project()
    assert len(released(office)) == 1
    with reading(office.engine) as connection:
        types = [entry.type for entry in feed.after(connection, 0, 100)]
    assert types[-2:] == ["jobcard.changed", "record.released"]


def test_a_job_that_cannot_be_folded_is_held_in_a_rebuild_and_the_others_are_folded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job in ("WO-1", "WO-2"):
        office.order(job, ("t-1",))
    office.project()
    before = office.documents()

    def broken(of: Dossier, job: Job, rules: Rules) -> Projected:
        if of.id == "WO-1":
            raise ZeroDivisionError
        return project(of, job, rules)

    with monkeypatch.context() as patch:
        patch.setattr(projector, "project", broken)
        office.projector.rebuild()
    with reading(office.engine) as connection:
        number = jobs.known(connection, ["WO-1"])["WO-1"]
        held = RATINGS.of_job(connection, number)
    assert held is not None
    assert held.state == "held"
    assert office.documents()["WO-2"] == before["WO-2"]
    office.projector.rebuild()
    assert office.documents() == before


def test_two_projectors_at_once_release_each_job_once(office: Office) -> None:
    phone = Phone(office, "hh-1", "t-1")
    names = [f"WO-{number}" for number in range(12)]
    for name in names:
        office.order(name, ("t-1",))
        phone.work(name)
    phone.sync()

    def fold() -> None:
        writer = LogWriter(office.engine, office.station.keys.log_id, office.station.keys.log)
        own = projector.Projector(
            office.engine, writer, office.station.keys, FieldClock(office), "STANDARD", WEEK_MS, lambda: None
        )
        while own.run(2):
            pass

    threads = [threading.Thread(target=fold) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(released(office, name)) for name in names] == [1] * len(names)
    with reading(office.engine) as connection:
        entries = feed.after(connection, 0, 1000)
    assert sorted(entry.subject for entry in entries if entry.type == "record.released") == sorted(names)


def test_a_job_that_cannot_be_folded_keeps_the_flags_of_its_records_also_through_a_rebuild(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    desk = Desk(office.station.log, office.station.keys.office, FieldClock(office), lambda: None)
    desk.revoke("hh-1", "compromised", "boss", last_trusted_seq=3)
    office.project()
    before = office.rating("WO-1")["flags"]
    assert [each["code"] for each in before] == ["key_revoked"]

    def broken(_of: Dossier, _job: Job, _rules: Rules) -> Projected:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(projector, "project", broken)
        desk.close("WO-1", "as it is", "boss")
        office.project()
        assert (office.rating("WO-1")["blocking"], office.rating("WO-1")["flags"]) == (["gateway_defect"], before)
        office.projector.rebuild()
        with reading(office.engine) as connection:
            held = RATINGS.of_job(connection, jobs.known(connection, ["WO-1"])["WO-1"])
        assert held is not None
        assert (held.state, json.loads(held.document)["flags"]) == ("held", before)
    office.projector.rebuild()
    assert office.rating("WO-1")["flags"] == before
    with reading(office.engine) as connection:
        told = [entry.type for entry in feed.after(connection, 0, 100) if "record.flagged" in entry.type]
    assert len(told) == 1
