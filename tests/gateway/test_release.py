"""What is billed is billed once, whatever comes later: the real capture, ingest and projector on both databases."""

import random
from contextlib import suppress
from decimal import Decimal

import pytest

from jobseal_gateway import acknowledge
from tests.field import Office, Phone
from tests.gateway.billed import DEARER, FRANCS, PRICES, billed, charged, hold_up, kept, reject, stated, taken


@pytest.fixture
def phone(office: Office) -> Phone:
    """A handheld whose finished job WO-1 is released."""
    office.order("WO-1", ("t-1",))
    found = Phone(office, "hh-1", "t-1")
    found.work()
    found.sync()
    office.project()
    assert len(kept(office)) == 1
    return found


def event_of(phone: Phone, kind: str, job: str = "WO-1") -> bytes:
    """The hash of the job's last event of this kind."""
    return [fact.hash for fact in phone.capture.fold.job(job).facts if fact.kind == kind][-1]


def correct(phone: Phone, **fields: str) -> None:
    phone.sign("event.corrected", "WO-1", event_of(phone, "part.used"), reason="2", **fields)
    phone.sync()
    phone.office.project()


def test_new_prices_change_neither_what_was_released_nor_its_deltas(office: Office, phone: Phone) -> None:
    office.prices(DEARER)
    office.project()
    assert len(kept(office)) == 1
    assert office.rating("WO-1")["status"] == "released"

    correct(phone, quantity="1")
    first, second = stated(office)
    assert second.price_list == first.price_list
    assert (second.total, billed(office)) == ("-12.50", Decimal("83.50"))


def test_new_prices_rate_what_is_still_open(office: Office) -> None:
    office.order("WO-1", ("t-1",), required_evidence=("photo",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    office.prices(DEARER)
    office.project()
    assert Decimal(office.rating("WO-1")["total"]) == Decimal("96.00") + 2 * Decimal("86.50")


@pytest.mark.usefixtures("phone")
def test_an_order_that_changes_after_the_release_makes_no_record(office: Office) -> None:
    office.order("WO-1", ("t-1",), po_number="PO-9", customer="C-2")
    office.project()
    assert len(kept(office)) == 1
    assert office.rating("WO-1")["status"] == "released"


def test_what_was_billed_to_another_customer_is_voided_and_billed_anew(office: Office, phone: Phone) -> None:
    office.order("WO-1", ("t-1",), po_number="PO-9", customer="C-2")
    correct(phone, quantity="1")

    first, void, anew = stated(office)
    assert [each.kind for each in (first, void, anew)] == ["original", "void", "original"]
    assert (void.customer, void.po_number, void.total) == ("C-1", None, "-96.00")
    assert (anew.customer, anew.po_number, anew.total) == ("C-2", "PO-9", "83.50")
    assert [each.supersedes for each in (void, anew)] == [each.digest for each in kept(office)[:2]]
    assert hold_up(office) == 3


def test_two_currencies_are_never_added_up(office: Office, phone: Phone) -> None:
    office.prices(FRANCS)
    office.order("WO-1", ("t-1",), currency="CHF")
    office.project()
    assert [(each.kind, each.currency, each.total) for each in stated(office)] == [
        ("original", "EUR", "96.00"),
        ("void", "EUR", "-96.00"),
        ("original", "CHF", "96.00"),
    ]
    correct(phone, quantity="1")
    assert [(each.kind, each.total) for each in stated(office)[3:]] == [("delta", "-12.50")]
    assert hold_up(office) == 4


@pytest.mark.usefixtures("phone")
def test_a_rejected_record_is_not_billed_and_comes_again_once_something_is_changed(office: Office) -> None:
    reject(office, kept(office)[0])
    assert (len(kept(office)), office.rating("WO-1")["status"]) == (1, "held")
    assert office.rating("WO-1")["blocking"] == ["record_rejected"]

    office.order("WO-1", ("t-1",), po_number="PO-9")
    office.project()
    first, second = stated(office)
    assert (second.kind, second.total, second.po_number) == ("original", "96.00", "PO-9")
    assert second.supersedes == kept(office)[0].digest
    assert billed(office) == charged(second) == Decimal(first.total)
    assert office.rating("WO-1")["status"] == "released"
    assert hold_up(office) == 2


@pytest.mark.usefixtures("phone")
def test_new_prices_reach_a_job_whose_record_was_rejected(office: Office) -> None:
    reject(office, kept(office)[0], "wrong price")
    office.prices(DEARER)
    office.project()
    assert [each.total for each in stated(office)][1:] != []
    assert office.rating("WO-1")["status"] == "released"


def test_a_rejected_delta_leaves_what_was_billed_before_it(office: Office, phone: Phone) -> None:
    correct(phone, quantity="1")
    reject(office, kept(office)[1], "what is this?")
    correct(phone, quantity="4")
    third = stated(office)[2]
    assert (third.kind, third.total) == ("delta", "25.00")
    assert billed(office) == charged(third) == Decimal("121.00")
    assert hold_up(office) == 3


def test_a_reopened_job_stays_billed_and_its_second_visit_makes_one_delta(office: Office, phone: Phone) -> None:
    phone.sign("job.reopened", reason="leaks")
    phone.sync()
    office.project()
    assert (len(kept(office)), office.rating("WO-1")["status"]) == (1, "collecting")

    phone.sign("part.used", code="P-1", quantity="1", unit="pc", source="van")
    phone.sync()
    office.project()
    assert len(kept(office)) == 1

    phone.sign("job.completed")
    phone.sign("signoff.waived", reason="nobody there")
    phone.sync()
    office.project()
    assert [each.total for each in stated(office)] == ["96.00", "12.50"]
    assert hold_up(office) == 2


def test_a_job_of_which_everything_is_struck_out_is_paid_back_in_full(office: Office, phone: Phone) -> None:
    kinds = ("travel.started", "job.arrived", "labour.started", "labour.stopped", "part.used")
    for each in [event_of(phone, kind) for kind in kinds]:
        phone.sign("event.corrected", "WO-1", each, reason="7", strike="yes")
    phone.sync()
    office.project()
    assert [line for line in stated(office)[-1].line_items() if line.kind != "adjustment"] == []
    assert billed(office) == 0
    assert hold_up(office) == 2


def test_a_round_that_dies_before_its_commit_releases_nothing_and_the_next_one_does_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    steps = ("dirty.take", "records.add", "records.add_status", "office_rows.add", "feed.append", "exceptions.replace")
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(f"jobseal_gateway.projector.{step}", _die)
            with pytest.raises(PowerCut):
                office.project()
        assert kept(office) == []
        office.station.restart()
        office.restart()
    office.project()
    assert hold_up(office) == 1
    assert len([leaf for leaf in office.station.leaves(2) if b"record.released" in (leaf.bytes or b"")]) == 1


class Day:
    """A job on which anything happens in any order, and what it must come to, reckoned by hand."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.dice = office, random.Random(seed)
        office.order("WO-1", ("t-1",))
        self.phone = Phone(office, "hh-1", "t-1")
        self.phone.work()
        self.parts = {event_of(self.phone, "part.used"): 2}

    @property
    def total(self) -> Decimal:
        """One call-out, a minute's way, half an hour, and the parts."""
        return Decimal("25.00") + Decimal("1.00") + Decimal("45.00") + Decimal("12.50") * sum(self.parts.values())

    def step(self) -> None:
        """One thing happens."""
        getattr(self, self.dice.choice(("correct", "strike", "revisit", "sync", "fold", "import_", "move", "refuse")))()

    def correct(self) -> None:
        part, quantity = self.dice.choice(list(self.parts)), self.dice.randint(1, 9)
        if self.parts[part]:
            self.phone.sign("event.corrected", "WO-1", part, reason="2", quantity=str(quantity))
            self.parts[part] = quantity

    def strike(self) -> None:
        part = self.dice.choice(list(self.parts))
        if self.parts[part]:
            self.phone.sign("event.corrected", "WO-1", part, reason="7", strike="yes")
            self.parts[part] = 0

    def revisit(self) -> None:
        self.phone.sign("job.reopened", reason="leaks")
        if self.dice.random() < 0.5:
            self.sync()
            self.fold()
        self.phone.sign("part.used", code="P-1", quantity="3", unit="pc", source="van")
        self.parts[event_of(self.phone, "part.used")] = 3
        self.phone.sign("job.completed")
        self.phone.sign("signoff.waived", reason="nobody there")

    def sync(self) -> None:
        self.phone.sync()

    def fold(self) -> None:
        self.office.project()
        records = taken(self.office)
        assert billed(self.office) == (charged(records[-1]) if records else 0)

    def import_(self) -> None:
        self.office.prices(PRICES)

    def move(self) -> None:
        self.office.order("WO-1", ("t-1",), po_number=f"PO-{self.dice.randint(1, 3)}")

    def refuse(self) -> None:
        if kept(self.office) and stated(self.office)[-1].kind != "void":
            with suppress(acknowledge.OutOfOrder):
                reject(self.office, kept(self.office)[-1])


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_records_add_up_to_the_work(office: Office, seed: int) -> None:
    day = Day(office, seed)
    for _ in range(14):
        day.step()
    day.correct()
    day.phone.sign("job.reopened", reason="one more look")
    day.phone.sign("job.completed")
    day.phone.sign("signoff.waived", reason="nobody there")
    day.sync()
    office.project()
    assert billed(office) == charged(stated(office)[-1]) == day.total
    assert len({each.revision for each in kept(office)}) == hold_up(office)
    before, records = office.documents(), kept(office)
    office.projector.rebuild()
    office.project()
    assert (office.documents(), kept(office)) == (before, records)


class PowerCut(BaseException):
    """The machine is gone; nothing handles this."""


def _die(*_: object, **__: object) -> None:
    raise PowerCut
