"""Looking at what an office has billed: its records as they stand, and whether their evidence holds."""

from decimal import Decimal

from jobseal.host.crypto import Verifier
from jobseal.proof import verify_bundle
from jobseal.record import Record
from jobseal_gateway import acknowledge, evidence, release
from jobseal_gateway.ledger import acknowledgements, feed, records
from jobseal_gateway.ledger.database import reading, writing
from tests.field import Office

PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum,increment
STANDARD,2026-1,EUR,1970-01-01,labour,labour,*,hour,90.00,30,15
STANDARD,2026-1,EUR,1970-01-01,travel,travel,*,hour,60.00,,
STANDARD,2026-1,EUR,1970-01-01,waiting,waiting,*,hour,0,,
STANDARD,2026-1,EUR,1970-01-01,callout,callout,*,visit,25.00,,
STANDARD,2026-1,EUR,1970-01-01,filter,part,P-1,pc,12.50,,
"""
DEARER = PRICES.replace(b"2026-1", b"2026-2").replace(b"12.50", b"99.00")
FRANCS = PRICES.replace(b"EUR", b"CHF").replace(b"2026-1", b"2026-1-CHF")


def kept(office: Office, job: str = "WO-1") -> list[records.Released]:
    """The signed records of a job, by revision."""
    with reading(office.engine) as connection:
        return records.of_work_order(connection, job)


def stated(office: Office, job: str = "WO-1") -> list[Record]:
    """What they say."""
    return [release.decode(each) for each in kept(office, job)]


def taken(office: Office, job: str = "WO-1") -> list[Record]:
    """The records that billing did not reject."""
    with reading(office.engine) as connection:
        found = records.of_work_order(connection, job)
        said = [acknowledge.status(acknowledgements.of_record(connection, each.id)) for each in found]
    return [release.decode(each) for each, status in zip(found, said, strict=True) if status != "rejected"]


def billed(office: Office, job: str = "WO-1") -> Decimal:
    """What they add up to."""
    return sum((Decimal(each.total) for each in taken(office, job)), Decimal())


def charged(record: Record) -> Decimal:
    """What the record's own lines come to, without what it takes back."""
    return sum((Decimal(each.amount) for each in record.line_items() if each.kind != "adjustment"), Decimal())


def bundle_of(office: Office, record: records.Released) -> bytes:
    """The evidence behind a record, as it is served now."""
    with reading(office.engine) as connection:
        return evidence.bundle(connection, office.station.log, office.station.keys, record)


def hold_up(office: Office, job: str = "WO-1") -> int:
    """Have a stranger verify the evidence of every record of the job; how many there are."""
    trusted = bytes.fromhex(office.station.keys.fingerprint)
    found = kept(office, job)
    for record in found:
        findings = verify_bundle(bundle_of(office, record), Verifier(), trusted)
        assert findings.status == "ok", (record.revision, findings.code, findings.where, findings.sentence)
    return len(found)


def reject(office: Office, record: records.Released, reason: str = "no such purchase order") -> None:
    """Billing refuses a record, and the job is folded again."""
    with writing(office.engine) as connection:
        said = acknowledge.Statement(record.revision, record.digest, "rejected", "", reason)
        acknowledge.acknowledge(connection, f"{record.work_order}~{record.revision}", said, office.now_ms)
    office.project()


def told(office: Office) -> list[tuple[str, str]]:
    """(type, subject) of everything in the feed."""
    with reading(office.engine) as connection:
        return [(entry.type, entry.subject) for entry in feed.after(connection, 0, 100_000)]
