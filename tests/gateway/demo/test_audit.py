"""The audit sees what it is there to see: each figure moves when, and only when, something is amiss."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobseal import cose, event
from jobseal.record import Line, Record
from jobseal_gateway.demo.audit import Figures, audit, billed_twice
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger.database import connect
from tests.devices import Device, signer_of
from tests.stations import Station

GOOD = Figures(
    captured=9, acknowledged=9, logged=9, records=1, ready=1, held=0, lost=0, billed_twice=0, forged_accepted=0, forks=1
)


@pytest.fixture
def station(sqlite_url: str, tmp_path: Path) -> Station:
    return Station(connect(sqlite_url), tmp_path)


def journal(device: Device) -> list[dict[str, Any]]:
    """As ``jobseal-device journal`` gives it."""
    acknowledged = device.state.next
    rows = enumerate(hashlib.sha256(data or b"").hexdigest() for data in device.frames)
    return [{"hash": digest, "state": "acked" if seq < acknowledged else "signed"} for seq, digest in rows]


def at_work(station: Station, name: str = "hh-1", events: int = 3) -> Device:
    device = station.enrol(name)
    for _ in range(events):
        device.capture()
    station.sync(device)
    return device


def log_by_hand(station: Station, device: Device, seq: int, data: bytes) -> None:
    """What no ingest of ours would do: a leaf whose bytes nobody looked at."""
    with station.log.appending(station.now.wall_ms) as end:
        key = keys.of_device(end.connection, device.name)[-1]
        branch = branches.of_key(end.connection, key.id)[0]
        end.add(leaves.EVENT, hashlib.sha256(data).digest(), data, key.id, branch.id, seq)


def test_what_is_captured_acknowledged_and_logged_is_counted_alike_when_all_is_well(station: Station) -> None:
    device = at_work(station)
    found = audit(station.engine, [journal(device)], [])
    assert (found.captured, found.acknowledged, found.logged) == (3, 3, 3)
    assert (found.lost, found.forged_accepted, found.billed_twice, found.forks) == (0, 0, 0, 0)


def test_an_event_that_never_arrived_is_lost_and_not_acknowledged(station: Station) -> None:
    device = at_work(station)
    device.capture()
    found = audit(station.engine, [journal(device)], [])
    assert (found.captured, found.acknowledged, found.logged, found.lost) == (4, 3, 3, 1)


def test_a_clone_shows_as_one_fork_and_its_events_are_neither_lost_nor_forged_nor_canonical(station: Station) -> None:
    device = at_work(station)
    clone = device.clone()
    device.capture()
    station.sync(device)
    clone.capture()
    clone.capture()
    station.sync(clone, 1)
    found = audit(station.engine, [journal(device)], [journal(clone)])
    assert found.forks == 1
    assert (found.captured, found.acknowledged, found.logged) == (4, 4, 4)
    assert (found.lost, found.forged_accepted) == (0, 0)


def test_where_the_clone_was_logged_first_the_honest_events_are_not_on_the_canonical_branch(station: Station) -> None:
    device = at_work(station)
    clone = device.clone()
    clone.capture()
    station.sync(clone, 1)
    device.capture()
    station.sync(device)
    found = audit(station.engine, [journal(device)], [journal(clone)])
    assert (found.captured, found.logged, found.lost) == (4, 3, 0)
    assert not found.hold


def test_a_logged_event_that_is_in_no_journal_is_forged_however_well_it_is_signed(station: Station) -> None:
    device = at_work(station)
    known = journal(device)
    device.capture()
    station.sync(device)
    assert audit(station.engine, [known], []).forged_accepted == 1


@pytest.mark.parametrize("defect", ["signature", "domain", "seq"])
def test_a_logged_event_that_does_not_verify_where_it_stands_is_forged(station: Station, defect: str) -> None:
    device = at_work(station)
    data = device.capture()
    if defect == "signature":
        device.frames[-1] = data = data[:-1] + bytes([data[-1] ^ 1])
    elif defect == "domain":
        device.frames[-1] = data = cose.sign(event.parse(data).envelope.payload, cose.RECEIPT, signer_of("hh-1"))
    log_by_hand(station, device, 4 if defect == "seq" else 3, data)
    assert audit(station.engine, [journal(device)], []).forged_accepted == 1


def line(number: int, amount: str, events: Sequence[bytes], kind: str = "labour") -> dict[int, Any]:
    return Line(
        number=number,
        kind=kind,
        code="FIT",
        description="",
        raw="1",
        raw_unit="h",
        billed="1",
        unit="hour",
        rate=amount,
        amount=amount,
        rule="R",
        steps=[],
        events=list(events),
    ).to_map()


def record(work_order: str, revision: int, lines: list[dict[int, Any]]) -> Record:
    return Record(
        log=bytes(16),
        work_order=work_order,
        revision=revision,
        kind="original" if revision == 1 else "delta",
        supersedes=None,
        order=None,
        order_revision=None,
        customer="C",
        po_number=None,
        currency="EUR",
        price_list=["P", "1", bytes(32)],
        state="signed_off",
        lines=lines,
        total=str(sum((Decimal(each[10]) for each in lines), Decimal())),
        closes=[],
        released_at=0,
        released_by="auto",
        checkpoint=b"c",
        overrides=None,
    )


A, B = b"a" * 32, b"b" * 32


def test_one_event_behind_lines_of_different_kinds_is_billed_once() -> None:
    assert billed_twice([record("WO-1", 1, [line(1, "10", [A]), line(2, "5", [A], "visit")])]) == 0


def test_one_event_behind_two_lines_of_a_kind_is_billed_twice_within_a_record_and_across_records() -> None:
    assert billed_twice([record("WO-1", 1, [line(1, "10", [A]), line(2, "10", [A, B])])]) == 1
    assert billed_twice([record("WO-1", 1, [line(1, "10", [A])]), record("WO-2", 1, [line(1, "10", [A])])]) == 1


def test_a_delta_that_takes_back_what_was_billed_before_bills_nothing_twice() -> None:
    first = record("WO-1", 1, [line(1, "10", [A])])
    second = record("WO-1", 2, [line(1, "7", [A]), line(2, "-10", [], "adjustment")])
    assert billed_twice([first, second]) == 0
    assert billed_twice([first, record("WO-1", 2, [line(1, "7", [A])])]) == 1


@pytest.mark.parametrize(
    "change",
    [{"lost": 1}, {"billed_twice": 1}, {"forged_accepted": 1}, {"forks": 0}, {"forks": 2}, {"logged": 8},
     {"acknowledged": 8}],
)  # fmt: skip
def test_a_day_holds_only_if_every_figure_is_as_it_must_be(change: dict[str, int]) -> None:
    assert GOOD.hold
    assert not replace(GOOD, **change).hold


def test_the_last_line_has_the_ten_figures_by_name() -> None:
    assert list(GOOD.as_json()) == [
        "captured", "acknowledged", "logged", "records", "ready", "held", "lost", "billed_twice", "forged_accepted",
        "forks",
    ]  # fmt: skip
