"""From signed events to money: the real capture, ingest and projector on one day of work, rated a second time.

Whatever is released adds up to what its events make (``slow_rating``), once; and nothing is released too early.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobseal import event
from jobseal.event import Event, SignedEvent
from jobseal.quantity import Quantity
from jobseal_device.identity import signer
from jobseal_gateway.ledger import dirty, jobs, leaves
from jobseal_gateway.ledger.database import connect, migrate, writing
from jobseal_gateway.pricing import parse_price_lists
from jobseal_gateway.pricing.rating import Terms, rate
from tests.devices import Device, digest
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.billed import kept, reject, taken
from tests.system import slow_rating
from tests.system.ground import PRICES
from tests.system.sentinels import Found

ODD_MS = (7_013, 61_013, 119_500, 121_013, 1_237_800, 3_601_001)
RATES = ("0.07", "1.37", "2.675", "12.35", "89.99", "1234.565")


@contextmanager
def office_in(folder: Path, *technicians: str) -> Iterator[tuple[Office, list[Phone]]]:
    """An office with prices, one order for these technicians, and a handheld for each."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    try:
        migrate(engine)
        office = Office(engine, folder)
        office.prices(PRICES)
        office.order("WO-1", technicians)
        phones = [Phone(office, f"hh-{number}", name) for number, name in enumerate(technicians, 1)]
        try:
            yield office, phones
        finally:
            office.close()
    finally:
        engine.dispose()


def settled(office: Office, *phones: Phone) -> None:
    """All that they have is taken in and folded."""
    for phone in phones:
        phone.sync()
    office.project()


def events_of(office: Office, job: str = "WO-1") -> list[tuple[bytes, SignedEvent]]:
    """(key, event) of the job's logged events, in log order."""
    rows = [(leaf.key_id, leaf.bytes) for leaf in office.station.leaves(leaves.EVENT)]
    found = [(b"%d" % (key or 0), event.parse(data)) for key, data in rows if data is not None]
    return [(key, signed) for key, signed in found if signed.event.job == job]


def billed_right(office: Office, when: str) -> Found:
    """``unbilled``: nothing was released; ``money_wrong``: it does not add up to what the events make."""
    records = taken(office)
    if not records:
        yield "unbilled", f"{when}: the job is done and was not released"
        return
    billed = sum((Fraction(each.total) for each in records), Fraction(0))
    due = slow_rating.total(events_of(office))
    if billed != due:
        yield "money_wrong", f"{when}: {float(billed):.2f} is billed, and the events make {float(due):.2f}"


def marked_again(office: Office) -> None:
    """The job is folded once more, although nothing has changed."""
    with writing(office.engine) as connection:
        dirty.mark(connection, jobs.numbers(connection, ["WO-1"]).values(), office.now_ms)
    office.project()


def days(folder: Path) -> Found:
    """:func:`billed_right` for a day in which nothing takes a whole minute."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.sign("job.accepted")
        for odd_ms in ODD_MS:
            phone.sign("travel.started")
            office.station.pass_ms(odd_ms)
            phone.sign("job.arrived")
            phone.sign("labour.started", task="FIT")
            office.station.pass_ms(odd_ms - min(odd_ms, MINUTE_MS))
            phone.sign("labour.stopped", task="FIT")
            phone.sign("part.used", code="P-1", quantity="0.3", unit="pc", source="van")
        phone.sign("job.completed")
        phone.sign("job.signed_off", method="typed", name="R. Customer")
        settled(office, phone)
        yield from billed_right(office, "a day of odd times")


def corrections(folder: Path) -> Found:
    """:func:`billed_right` after corrections that come behind the release, a rejection, and one more correction;
    ``released_twice``: a record is made although nothing has changed."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        settled(office, phone)
        yield from billed_right(office, "a plain visit")
        part = next(signed for _, signed in events_of(office) if signed.event.kind == "part.used")
        for quantity in (5, 3):
            changed = {1: 2, 2: {**part.event.body, 2: str(quantity)}}
            office.station.pass_ms(MINUTE_MS)
            phone.capture.sign("event.corrected", changed, "WO-1", phone.technician, part.hash)
            settled(office, phone)
            yield from billed_right(office, f"corrected to {quantity} parts")
            before = len(kept(office))
            marked_again(office)
            if len(kept(office)) != before:
                yield "released_twice", f"{len(kept(office))} records, and {before} before nothing happened"
                return
        reject(office, kept(office)[-1])
        changed = {1: 2, 2: {**part.event.body, 2: "4"}}
        phone.capture.sign("event.corrected", changed, "WO-1", phone.technician, part.hash)
        settled(office, phone)
        yield from billed_right(office, "rejected, then corrected to 4 parts")


def crews(folder: Path) -> Found:
    """``released_open``: released before each of two technicians has closed his part."""
    with office_in(folder, "t-1", "t-2") as (office, [first, second]):
        first.work()
        settled(office, first)
        if kept(office):
            yield "released_open", "released, and the second technician has not yet begun"
        second.sign("job.accepted")
        second.sign("job.arrived")
        settled(office, first, second)
        if kept(office):
            yield "released_open", "released, and the second technician is at work"
        second.sign("job.completed")
        second.sign("signoff.waived", reason="absent")
        settled(office, second)
        yield from billed_right(office, "both are done")


def closes(folder: Path) -> Found:
    """``released_open``: released over a last word that commits to other events than there are."""
    with office_in(folder, "t-1") as (office, [phone]):
        made = phone.capture._event

        def lie(kind: str, *rest: Any) -> Event:
            said = made(kind, *rest)
            if kind == "job.signed_off":
                said.close = [7, digest(b"other events")]
            return said

        phone.capture._event = lie  # type: ignore[method-assign]
        phone.work()
        settled(office, phone)
        if kept(office):
            yield "released_open", "released, although a key's last word commits to other events than it has"


def holders(folder: Path) -> Found:
    """``forked_billed``: a job of a key with two holders is released, and no person has looked at it."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.sign("job.accepted")
        phone.sync()
        copied = folder / "copied card"
        shutil.copytree(phone.home.folder, copied)
        clone = Phone(office, phone.name, phone.technician, copied)
        clone.sign("job.arrived")
        phone.sign("job.arrived")
        for each in (phone, clone):
            each.sync()
        phone.sign("labour.started", task="FIT")
        phone.sign("labour.stopped", task="FIT")
        phone.sign("job.completed")
        phone.sign("job.signed_off", method="typed", name="R. Customer")
        settled(office, phone)
        if kept(office):
            yield "forked_billed", "a job with two events of one number was released"


def revoked(folder: Path) -> Found:
    """``revoked_billed``: what a key signed behind its revocation is released."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.sign("job.accepted")
        phone.sync()
        identity = phone.enrolled.identity
        device = Device(phone.name, identity.genesis, identity.authority, signer(phone.home))
        office.station.revoke(device)
        for kind in ("job.arrived", "job.completed"):
            phone.sign(kind)
        phone.sign("job.signed_off", method="typed", name="R. Customer")
        settled(office, phone)
        if kept(office):
            yield "revoked_billed", "a job was released whose events are behind the revocation of their key"


def sums(_: Path) -> Found:
    """``money_wrong``: an amount is not its quantity times its rate, rounded once, half a cent away from zero;
    ``warranty_billed``: what is under warranty costs something."""
    for price in RATES:
        csv = PRICES.replace(b"12.35", price.encode())
        (prices,), _ = parse_price_lists(csv, "prices.csv")
        for thousandths in range(5, 4_000, 85):
            amount = f"{thousandths / 1000:.3f}"
            for warranty in (False, True):
                used = Quantity("part", "P-1", "pc", amount, "t-1", 0, [b"e"], warranty)
                (line,) = rate([used], Terms(prices)).lines
                due = slow_rating._cents(Fraction(amount) * Fraction(price)) if not warranty else Fraction(0)
                if Fraction(line.amount) != due:
                    check = "warranty_billed" if warranty else "money_wrong"
                    yield check, f"{amount} at {price} comes to {line.amount}, and it is {float(due):.2f}"
                    return


SENTINELS = {each.__name__: each for each in (days, corrections, crews, closes, holders, revoked, sums)}
