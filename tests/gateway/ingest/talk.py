"""What tests of ingest say and read back: batches by hand, and the receipts in answer."""

from typing import Any

from jobseal import frame, receipt, work
from jobseal.batch import Batch
from jobseal.receipt import Receipt
from jobseal_gateway.ingest import Outcome
from jobseal_gateway.ledger import assignments, branches, jobs, keys, orders, quarantine, verdicts
from jobseal_gateway.ledger.database import reading, writing
from tests.devices import Device
from tests.stations import Station

SESSION = b"session1"


def batch(device: Device, events: list[bytes], **fields: Any) -> tuple[str, bytes]:
    """(name, frame) of a batch with these events."""
    said = {"session": SESSION, "kid": device.key.kid, "acked": None, "size": 0, "verdicts": 0, **fields}
    return device.name, frame.encode(Batch(events=events, **said))


def receipts(station: Station, outcome: Outcome) -> list[Receipt]:
    """The receipts among the replies, verified as a device would."""
    found = []
    for _, data in outcome.replies:
        name, message = frame.decode_down(data)
        if name == frame.RECEIPT:
            found.append(receipt.verify(message, station.trusted.log, station.verifier))
    return found


def messages(outcome: Outcome, name: str) -> list[Any]:
    """The unsigned messages of this name among the replies."""
    return [message for found, message in (frame.decode_down(data) for _, data in outcome.replies) if found == name]


def send(station: Station, device: Device, events: list[bytes], **fields: Any) -> Receipt:
    """Send one batch; its receipt."""
    (answer,) = receipts(station, station.handle(batch(device, events, **fields)))
    return answer


def verdicts_of(station: Station, device: Device) -> dict[tuple[int, int], list[str]]:
    """The stored verdicts of a device's key, by (number of the branch, seq)."""
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        lines = [branch.id for branch in branches.of_key(connection, row.id)]
        found: dict[tuple[int, int], list[str]] = {}
        for each in verdicts.of_branches(connection, lines, 0, 1000):
            found.setdefault((lines.index(each.branch_id), each.seq), []).append(each.code)
        return found


def quarantined(station: Station) -> list[tuple[str, str, bytes]]:
    """(link, code, bytes) of everything in quarantine."""
    with reading(station.engine) as connection:
        return [(item.link, item.code, item.bytes) for item in quarantine.after(connection, 0, 10_000)]


def job_ids(station: Station) -> dict[str, int]:
    """The number of each job, by name."""
    with reading(station.engine) as connection:
        return {name: number for number, name in jobs.every(connection)}


def assignment(station: Station, device: Device, version: int, documents: list[bytes]) -> bytes:
    """A signed assignment of this version, kept in the ledger with its documents."""
    said = work.Assignment(
        device=device.name,
        version=version,
        at=1,
        orders=[[f"WO-{place}", 1, work.digest(data)] for place, data in enumerate(documents)],
        catalogue=None,
        roster=None,
    )
    data = work.sign(said, station.keys.office)
    with writing(station.engine) as connection:
        assignments.add_snapshot(connection, assignments.Snapshot(device.name, version, data, 1))
        for document in documents:
            orders.keep_document(connection, work.digest(document), "order", document)
    return data
