"""A billing system that has seen more than a restored gateway knows: nothing is paid twice, and nothing is lost."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal.host.crypto import Verifier
from jobseal.proof import verify_bundle
from jobseal_gateway import authority, restarts
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import connect, reading
from tests.devices import digest
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.api.billing import TOKEN, Billing, gateway_of, serving
from tests.gateway.api.test_billing_page import PAGE
from tests.gateway.billed import PRICES


class Done(Exception):
    """The consumer has read all there is."""


class Consumer:
    """The program of docs/billing-api.md, with books that outlive any gateway; ``bills`` is what was paid."""

    def __init__(self) -> None:
        self.books: dict[str, Any] = {"after": 0, "booked": {}, "seen": []}
        self.bills: list[tuple[str, str]] = []

    def follow(self, office: Office, billing: Billing) -> None:
        found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
        assert found
        with reading(office.engine) as connection:
            last = feed.last(connection)

        def save(books: dict[str, Any]) -> None:
            if int(books["after"]) == last:
                raise Done

        def bill(record: dict[str, Any], amount: Any) -> None:
            self.bills.append((record["id"], str(amount)))

        names: dict[str, Any] = {"GATEWAY": str(billing.http.base_url), "TOKEN": TOKEN, "save": save, "bill": bill}
        exec(found[1], names)
        if int(self.books["after"]) < last:
            with pytest.raises(Done):
                names["follow"](self.books)


class Business:
    """An office on one file, its handhelds, and a billing system beside it."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.folder = folder
        self.office = Office(connect(f"sqlite:///{shutil.copy(template, folder / 'ledger-0.db')}"), folder)
        self.office.prices(PRICES)
        self.consumer = Consumer()
        self.ledger = folder / "ledger-0.db"

    def back_up(self) -> Path:
        self.office.engine.dispose()
        return Path(shutil.copy(self.ledger, self.folder / "backup.db"))

    def restore(self, backup: Path) -> None:
        """The office as the backup has it, an hour later, with its log restarted."""
        before, phones = self.office, self.office.phones
        before.engine.dispose()
        self.ledger = Path(shutil.copy(backup, self.folder / f"ledger-{self.ledger.stem[-1]}{len(phones)}.db"))
        self.office = Office(connect(f"sqlite:///{self.ledger}"), self.folder)
        self.office.station.now, self.office.start_ms = before.station.now, before.start_ms
        self.office.station.pass_ms(60 * MINUTE_MS)
        root = authority.root_signer(self.folder / "keys", self.office.station.keys)
        new_log = digest(str(self.ledger).encode())[:16]
        restarts.restart(
            self.office.engine, self.office.station.keys, root, new_log, "test", "fire", self.office.now_ms
        )
        self.office.station.keys.log_id = new_log
        self.office.station.restart()
        self.office.restart()
        for phone in phones:
            phone.office = phone.clock._office = self.office  # one true time for everybody
            self.office.phones.append(phone)

    def come_back(self, *phones: Phone) -> None:
        """These handhelds sync, what is ready is released, and billing reads it."""
        for phone in phones:
            phone.sync()
        self.office.project()
        with serving(gateway_of(self.office)) as port:
            billing = Billing(port)
            self.consumer.follow(self.office, billing)
            billing.http.close()

    def paid(self, job: str) -> str:
        booked: str = self.consumer.books["booked"][job]
        return booked


@pytest.fixture
def business(sqlite_template: Path, tmp_path: Path) -> Iterator[Business]:
    made = Business(sqlite_template, tmp_path)
    yield made
    made.office.close()
    made.office.engine.dispose()


def test_a_job_that_was_paid_after_the_backup_is_released_again_and_not_paid_again(business: Business) -> None:
    phone = Phone(business.office, "hh-1", "t-1")
    business.office.order("WO-1", ("t-1",))
    backup = business.back_up()
    phone.work()
    business.come_back(phone)
    assert business.consumer.bills == [("WO-1~1", "96.00")]
    business.restore(backup)
    business.come_back(phone)
    assert business.consumer.bills == [("WO-1~1", "96.00"), ("WO-1~1", "0.00")]
    assert len(business.consumer.books["seen"]) == 2


def test_a_correction_that_was_paid_and_lost_is_paid_once_and_what_comes_later_too(business: Business) -> None:
    phone = Phone(business.office, "hh-1", "t-1")
    business.office.order("WO-1", ("t-1",))
    backup = business.back_up()
    phone.work()
    business.come_back(phone)
    phone.sign("job.reopened", reason="MORE")
    phone.sign("part.used", code="P-1", quantity="4", unit="pc", source="van")
    phone.sign("job.completed")
    phone.sign("job.signed_off", method="typed", name="R. Customer")
    business.come_back(phone)
    assert business.paid("WO-1") == "146.00"
    business.restore(backup)
    business.come_back(phone)
    assert business.paid("WO-1") == "146.00"
    phone.sign("job.reopened", reason="EVEN-MORE")
    phone.sign("part.used", code="P-1", quantity="1", unit="pc", source="van")
    phone.sign("job.completed")
    phone.sign("job.signed_off", method="typed", name="R. Customer")
    business.come_back(phone)
    assert business.paid("WO-1") == "158.50"
    assert sum(float(amount) for _, amount in business.consumer.bills) == 158.5


def test_a_handheld_that_comes_back_late_after_the_restore_adds_what_it_did_and_no_more(business: Business) -> None:
    first, second = Phone(business.office, "hh-1", "t-1"), Phone(business.office, "hh-2", "t-2")
    backup = business.back_up()
    business.office.order("WO-1", ("t-1", "t-2"))  # lost with the gateway; who it was assigned to as well
    first.work()
    second.work()
    business.come_back(first, second)
    full = business.paid("WO-1")
    business.restore(backup)
    business.office.order("WO-1", ("t-1",))
    business.come_back(first)
    assert len(business.consumer.bills) == 2, "less than before, as far as anybody can tell"
    business.come_back(second)
    assert business.paid("WO-1") == full
    assert sum(float(amount) for _, amount in business.consumer.bills) == float(full)


def test_evidence_of_before_and_of_after_the_restore_holds(business: Business) -> None:
    phone = Phone(business.office, "hh-1", "t-1")
    for job in ("WO-1", "WO-2", "WO-3"):
        business.office.order(job, ("t-1",))
    phone.work("WO-1")
    business.come_back(phone)
    phone.work("WO-2")
    phone.sync()  # its events are in the backup, its record is not
    backup = business.back_up()
    business.come_back(phone)
    phone.work("WO-3")
    business.come_back(phone)
    business.restore(backup)
    business.come_back(phone)
    trusted = business.office.station.trusted.root.thumbprint
    with serving(gateway_of(business.office)) as port:
        billing = Billing(port)
        for job in ("WO-1", "WO-2", "WO-3"):
            bundle = billing.get(f"/v1/records/{job}~1/evidence").content
            found = verify_bundle(bundle, Verifier(), trusted)
            assert (job, found.status, found.sentence) == (job, "ok", "everything holds")
        sources = {event["source"] for event in billing.get("/v1/feed").json()}
        assert len(sources) == 2
        billing.http.close()
    assert business.consumer.books["booked"] == {"WO-1": "96.00", "WO-2": "96.00", "WO-3": "96.00"}
