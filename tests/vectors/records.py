"""Vectors of the billing record: what the day cost, and what no record may look like."""

from typing import Any

from jobseal import cose, record
from tests.vectors import keys
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File
from tests.vectors.statements import ACTS, Changes, of_statement, payload_of
from tests.vectors.world import DAY_MS, JOB, LOG_ID, ORDER, digest


def a_line(number: int, cited: tuple[int, ...], said: str, price: str, **more: Any) -> dict[int, Any]:
    """A line's map: ``cited`` events of the day; kind, code, raw and its unit, billed and its unit; rate and amount."""
    kind, code, raw, raw_unit, billed, unit = said.split()
    rate, amount = price.split()
    fields = {
        "number": number, "kind": kind, "code": code, "description": "", "raw": raw, "raw_unit": raw_unit,
        "billed": billed, "unit": unit, "rate": rate, "amount": amount, "rule": f"{kind}-STD".upper(), "steps": [],
        "events": [digest(DAY.van.events[place]) for place in cited], **more,
    }  # fmt: skip
    return record.Line.SHAPE.keyed(fields)


LABOUR = a_line(
    1,
    (6, 18),
    "labour BOILER-SERVICE 3060000 ms 1.00 h",
    "68.50 68.50",
    description="Boiler service",
    steps=["3060000 ms is 0.85 h", "every started 0.25 h: 1.00 h"],
)
LINES = [
    LABOUR,
    a_line(2, (2, 3), "travel travel 1560000 ms 0.50 h", "42 21.00"),
    a_line(3, (4,), "visit visit 1 visit 1 visit", "35.00 35.00"),
    a_line(4, (11, 13, 23), "part GASKET-40 2 pc 2 pc", "12.9 25.80"),
    a_line(5, (12,), "part IGNITOR 1 pc 1 pc", "0 0", steps=["under warranty"]),
    a_line(6, (16,), "expense PARKING 4.50 EUR 4.50 EUR", "1 4.50"),
]


def a_record(work_order: str, lines: list[Any], total: str, closing: bytes, **changes: Any) -> record.Record:
    """A record over the day's log, closed by the event ``closing``."""
    close = payload_of(closing)[11]
    fields = {
        "log": LOG_ID,
        "work_order": work_order,
        "revision": 1,
        "kind": "original",
        "supersedes": None,
        "order": digest(ORDER),
        "order_revision": 1,
        "customer": "Harbour Dental",
        "po_number": "4500012345",
        "currency": "EUR",
        "price_list": ["STD-2026", "3", digest(b"a price list")],
        "state": "signed_off",
        "lines": lines,
        "total": total,
        "closes": [[keys.VAN.key.thumbprint, close[0], close[1], digest(closing)]],
        "released_at": DAY_MS + 50_000_000,
        "released_by": "m.keller",
        "checkpoint": DAY.third_checkpoint,
    }
    return record.Record(**{**fields, **changes})


DAY_RECORD = a_record(JOB, LINES, "154.80", DAY.van.of_job[JOB][-1])


def _record() -> list[Entry]:
    original = record.sign(DAY_RECORD, keys.OFFICE)
    void = a_record(
        JOB,
        [],
        "0",
        DAY.van.of_job[JOB][-1],
        revision=2,
        kind="void",
        supersedes=digest(original),
        order=None,
        order_revision=None,
        po_number=None,
        overrides=[["missing_po", digest(ACTS["exception.overridden"])]],
    )
    good = [
        ("void", "a record that takes the other back", record.sign(void, keys.OFFICE)),
        ("original", "labour, travel, a visit, two parts and an expense", original),
    ]
    changes: Changes = [
        ("kind-unknown", "a kind that is not in the list", {4: "copy"}),
        ("total-number", "a total as a number", {14: 81}),
        ("total-exponent", "a total in exponent form", {14: "8.14e1"}),
        ("currency-long", "a currency of four letters", {10: "EURO"}),
        ("line-amount-number", "an amount as a number", {13: [{**LABOUR, 10: 68}]}),
        ("line-without-events", "a line that does not say what it rests on",
         {13: [{key: value for key, value in LABOUR.items() if key != 13}]}),
        ("line-kind-unknown", "a line of an unknown kind", {13: [{**LABOUR, 2: "gift"}]}),
        ("line-unknown-field", "a line with a field that nobody knows", {13: [{**LABOUR, 14: "x"}]}),
        ("line-event-of-31", "an event's hash of 31 bytes", {13: [{**LABOUR, 13: [bytes(31)]}]}),
        ("close-short", "a close without the event that makes it", {15: [[bytes(32), 1, bytes(32)]]}),
        ("checkpoint-missing", "no checkpoint", {18: ...}),
        ("overrides-empty", "an empty list instead of none", {19: []}),
        ("released-by-empty", "released by nobody", {17: ""}),
    ]  # fmt: skip
    return of_statement(good, cose.RECORD, keys.OFFICE, changes)


FILES: dict[str, File] = {
    "record": ("one billing record, verified with `key`, the office key (SPEC.md, Record)", _record),
}
