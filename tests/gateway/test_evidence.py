"""Evidence stands as it stood: whatever is erased, suspended or added later, a stranger accepts every bundle."""

from jobseal.host.crypto import Verifier
from jobseal.proof import verify_bundle
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.office import Office as Desk
from tests.field import FieldClock, Office, Phone
from tests.gateway.billed import bundle_of, hold_up, kept, stated


def worked(office: Office) -> Phone:
    office.order("WO-1", ("t-1", "t-2"))
    ada, bob = Phone(office, "hh-1", "t-1"), Phone(office, "hh-2", "t-2")
    ada.work()
    bob.work(minutes=45)
    bob.sync()
    ada.sync()
    office.project()
    return ada


def desk(office: Office) -> Desk:
    return Desk(office.station.log, office.station.keys.office, FieldClock(office), lambda: None)


def test_a_bundle_is_the_same_bytes_after_the_log_has_grown_and_its_keys_have_fallen(office: Office) -> None:
    ada = worked(office)
    (record,) = kept(office)
    before = bundle_of(office, record)
    used = [fact.hash for fact in ada.capture.fold.job("WO-1").facts if fact.kind == "part.used"][-1]
    ada.sign("event.corrected", "WO-1", used, reason="2", quantity="1")
    ada.sync()
    office.project()
    desk(office).revoke("hh-1", "compromised", "boss", last_trusted_seq=2)
    desk(office).suspend("hh-2", "audit", "boss")
    office.project()
    assert len(stated(office)) == 2
    assert bundle_of(office, record) == before
    assert hold_up(office) == 2


def test_a_bundle_whose_billed_event_was_erased_says_that_it_cannot_be_checked(office: Office) -> None:
    worked(office)
    (record,) = kept(office)
    used = next(leaf for leaf in office.station.leaves(leaves.EVENT) if leaf.seq == 5)
    with writing(office.engine) as connection:
        leaves.erase(connection, used.idx)
    trusted = bytes.fromhex(office.station.keys.fingerprint)
    findings = verify_bundle(bundle_of(office, record), Verifier(), trusted)
    assert (findings.status, findings.code) == ("uncheckable", "event_erased")


def test_a_bundle_of_a_record_with_an_override_and_a_closure_holds(office: Office) -> None:
    office.order("WO-1", ("t-1", "t-2"), required_evidence=("photo", "reading"))
    ada = Phone(office, "hh-1", "t-1")
    Phone(office, "hh-2", "t-2")
    ada.work()
    ada.sync()
    office.project()
    office.act("exception.overridden", {"code": "evidence_missing", "reason": "seen"}, "WO-1")
    office.act("job.closed_by_office", {"reason": "never went"}, "WO-1")
    office.project()
    assert hold_up(office) == 1
