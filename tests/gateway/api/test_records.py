"""Records over HTTP: what was signed and released, told in full, acknowledged once, and proven by its evidence."""

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from jobseal.host.crypto import Verifier
from jobseal.proof import verify_bundle
from jobseal_gateway.acknowledge import NEXT
from jobseal_gateway.api.limit import BODY_MAX_BYTES
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import acknowledgements, dirty, records
from jobseal_gateway.ledger.database import reading
from tests.field import FieldClock, Office, Phone
from tests.gateway.api.billing import Billing

STEPS = ("acknowledged", "rejected", "invoiced", "paid", "overdue")


def statement(billing: Billing, record: str, status: str, **more: Any) -> dict[str, Any]:
    """What a billing system says that has fetched the record."""
    fetched = billing.get(f"/v1/records/{quote(record, safe='')}").json()
    about = {"revision": fetched["revision"], "digest": fetched["digest"], "status": status}
    if status == "rejected":
        about["reason"] = "wrong customer"
    return about | more


def say(billing: Billing, record: str, status: str, **more: Any) -> dict[str, Any]:
    answer = billing.post(f"/v1/records/{quote(record, safe='')}/ack", statement(billing, record, status, **more))
    return {"http": answer.status_code, **answer.json()}


def work_again(office: Office, phone: Phone, job: str = "WO-1") -> None:
    """The customer calls: one more part, and a new revision of the record."""
    phone.sign("job.reopened", job, reason="leaks again")
    phone.sign("part.used", job, code="P-1", quantity="1", unit="pc", source="van")
    phone.sign("job.completed", job)
    phone.sign("job.signed_off", job, method="typed", name="R. Customer")
    phone.sync()
    office.project()


def test_a_record_is_told_in_full_and_its_amounts_are_text(billing: Billing, released: str) -> None:
    record = billing.get(f"/v1/records/{released}").json()
    assert record["id"] == record["current"] == released
    assert (record["status"], record["kind"], record["currency"]) == ("released", "original", "EUR")
    assert [line["kind"] for line in record["lines"]] == ["visit", "travel", "labour", "part"]
    assert record["total"] == "96.00"
    assert Decimal(record["total"]) == sum(Decimal(line["amount"]) for line in record["lines"])
    assert all(isinstance(line[name], str) for line in record["lines"] for name in ("raw", "billed", "rate", "amount"))
    assert all(len(event) == 64 for line in record["lines"] for event in line["events"])
    assert [step["status"] for step in record["history"]] == ["released"]


def test_a_record_goes_from_acknowledged_to_paid_and_keeps_its_history(billing: Billing, released: str) -> None:
    say(billing, released, "acknowledged")
    say(billing, released, "invoiced", external_number="INV-7")
    say(billing, released, "overdue", reason="30 days")
    last = say(billing, released, "paid")
    assert (last["http"], last["status"], last["record"]) == (200, "paid", released)
    record = billing.get(f"/v1/records/{released}").json()
    assert record["status"] == "paid"
    told = [(step["status"], step["external_number"], step["reason"]) for step in record["history"]]
    assert told == [
        ("released", None, None),
        ("acknowledged", None, None),
        ("invoiced", "INV-7", None),
        ("overdue", None, "30 days"),
        ("paid", None, None),
    ]


@pytest.mark.parametrize("present", list(NEXT))
def test_only_what_follows_by_the_lifecycle_may_be_said(billing: Billing, released: str, present: str) -> None:
    ways = {
        "released": (),
        "acknowledged": ("acknowledged",),
        "rejected": ("rejected",),
        "invoiced": ("acknowledged", "invoiced"),
        "paid": ("acknowledged", "invoiced", "paid"),
        "overdue": ("acknowledged", "invoiced", "overdue"),
    }
    for step in ways[present]:
        assert say(billing, released, step)["http"] == 200
    illegal = [step for step in STEPS if step not in NEXT[present]]
    for step in illegal:
        said = say(billing, released, step, external_number="other")
        assert (said["http"], said["code"]) == (409, "status_out_of_order")
        assert (said["present"], said["possible"]) == (present, list(NEXT[present]))
    assert billing.get(f"/v1/records/{released}").json()["status"] == present
    for step in NEXT[present][:1]:
        assert say(billing, released, step)["http"] == 200


def test_the_same_said_again_gets_the_first_answer_whatever_came_after(
    office: Office, phone: Phone, billing: Billing, released: str
) -> None:
    first = say(billing, released, "acknowledged", external_number="D-1")
    office.station.pass_ms(5_000)
    assert say(billing, released, "acknowledged", external_number="D-1") == first
    say(billing, released, "invoiced", external_number="INV-1")
    assert say(billing, released, "acknowledged", external_number="D-1") == first
    work_again(office, phone)
    assert say(billing, released, "acknowledged", external_number="D-1") == first

    with reading(office.engine) as connection:
        [record, _] = records.of_work_order(connection, "WO-1")
        assert [said.status for said in acknowledgements.of_record(connection, record.id)] == [
            "acknowledged",
            "invoiced",
        ]
        assert [each.status for each in records.statuses(connection, record.id)] == [
            "released",
            "acknowledged",
            "invoiced",
        ]


def test_the_same_status_with_another_number_is_no_repetition(billing: Billing, released: str) -> None:
    say(billing, released, "acknowledged", external_number="D-1")
    assert say(billing, released, "acknowledged", external_number="D-2")["http"] == 409


def test_another_digest_is_a_conflict_that_names_the_right_one_and_changes_nothing(
    billing: Billing, released: str
) -> None:
    right = statement(billing, released, "acknowledged")
    answer = billing.post(f"/v1/records/{released}/ack", right | {"digest": "0" * 64})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["digest"]) == ("digest_mismatch", right["digest"])
    assert billing.get(f"/v1/records/{released}").json()["status"] == "released"


def test_a_superseded_revision_is_stale_and_the_current_one_is_named(
    office: Office, phone: Phone, billing: Billing, released: str
) -> None:
    say(billing, released, "acknowledged")
    work_again(office, phone)

    said = say(billing, released, "invoiced")
    assert (said["http"], said["code"], said["current"]) == (409, "revision_stale", "WO-1~2")
    delta = billing.get("/v1/records/WO-1~2").json()
    assert (delta["kind"], delta["status"]) == ("delta", "released")
    assert delta["supersedes"] == billing.get(f"/v1/records/{released}").json()["digest"]
    assert billing.get(f"/v1/records/{released}").json()["current"] == "WO-1~2"
    old = statement(billing, released, "acknowledged") | {"revision": 1}
    meant = billing.post("/v1/records/WO-1~2/ack", old)
    assert (meant.status_code, meant.json()["code"], meant.json()["current"]) == (409, "revision_stale", "WO-1~2")
    assert say(billing, "WO-1~2", "acknowledged")["http"] == 200


def test_a_revision_that_is_not_the_records_own_is_a_conflict(billing: Billing, released: str) -> None:
    wrong = statement(billing, released, "acknowledged") | {"revision": 7}
    answer = billing.post(f"/v1/records/{released}/ack", wrong)
    assert (answer.status_code, answer.json()["code"], answer.json()["current"]) == (409, "revision_mismatch", released)


def test_a_rejection_says_why(billing: Billing, released: str) -> None:
    said = say(billing, released, "rejected", reason="  ")
    assert (said["http"], said["code"]) == (422, "reason_missing")
    assert say(billing, released, "rejected", reason="no PO number")["http"] == 200


WRONG: list[tuple[str, Any]] = [
    ("status", "shredded"),
    ("status", "released"),
    ("digest", "ABC"),
    ("digest", "A" * 64),
    ("revision", "one"),
    ("revision", -1),
    ("revision", 2**70),
    ("reason", "x" * 501),
    ("reason", "nul \x00"),
    ("external_number", "two\nlines"),
    ("paid", True),
]


def test_a_statement_that_is_not_as_documented_is_refused_with_its_place(billing: Billing, released: str) -> None:
    right = statement(billing, released, "acknowledged")
    for name, value in WRONG:
        answer = billing.post(f"/v1/records/{released}/ack", right | {name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid"), (name, value)
        assert {mistake["place"] for mistake in answer.json()["mistakes"]} == {f"body.{name}"}


def test_garbage_in_place_of_a_statement_is_refused(billing: Billing) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 20_000, b'{"reason":"\\ud800"}'):
        answer = billing.checked(billing.http.post("/v1/records/WO-1~1/ack", content=body, headers=headers))
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid"), body[:20]


def test_a_body_beyond_the_bound_is_refused(billing: Billing) -> None:
    for size in (BODY_MAX_BYTES + 1, 5_000_000):
        told: bytes = b" " * size
        untold = (told[start : start + 8_192] for start in range(0, size, 8_192))
        for content in (told, untold):
            answer = billing.checked(billing.http.post("/v1/records/WO-1~1/ack", content=content))
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    full = billing.checked(billing.http.post("/v1/records/WO-1~1/ack", content=b" " * BODY_MAX_BYTES))
    assert full.json()["code"] == "request_invalid"


NEVER_RELEASED = ["WO-1~2", "WO-1~0", "WO-1", "WO-1~01", "WO-1~", "~1", "~", "WO-1~1~1", "nobody~1", "WO-1~" + "9" * 30]


def test_a_record_that_was_never_released_is_not_found(billing: Billing, released: str) -> None:
    assert released == "WO-1~1"
    said = {"revision": 1, "digest": "0" * 64, "status": "acknowledged"}
    for record in NEVER_RELEASED:
        for answer in (
            billing.get(f"/v1/records/{record}"),
            billing.get(f"/v1/records/{record}/evidence"),
            billing.post(f"/v1/records/{record}/ack", said),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "record_unknown")


def test_any_work_order_id_works_in_a_path(office: Office, phone: Phone, billing: Billing) -> None:
    names = ["WO/1", "A~B", "50% off?", "\N{SNOWMAN} 1", "x/evidence", "x/ack", "../up", "a+b"]
    for job in names:
        office.order(job, ("t-1",))
        phone.work(job)
    phone.sync()
    office.project()
    for job in names:
        path = quote(f"{job}~1", safe="")
        assert billing.get(f"/v1/records/{path}").json()["work_order"] == job
        assert say(billing, f"{job}~1", "acknowledged")["http"] == 200
        assert billing.get(f"/v1/records/{path}/evidence").status_code == 200
        assert billing.get(f"/v1/jobs/{quote(job, safe='')}").json()["id"] == job


def test_the_evidence_is_a_file_that_a_stranger_accepts(office: Office, billing: Billing, released: str) -> None:
    answer = billing.get(f"/v1/records/{released}/evidence")
    assert answer.headers["content-type"] == "application/cbor"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''WO-1~1.cbor"
    findings = verify_bundle(answer.content, Verifier(), bytes.fromhex(office.station.keys.fingerprint))
    assert (findings.status, findings.sentence) == ("ok", "everything holds")
    assert billing.get(f"/v1/records/{released}/evidence").content == answer.content


def test_a_job_is_folded_again_when_something_was_said_of_its_record(
    office: Office, billing: Billing, released: str
) -> None:
    def waiting() -> int:
        with reading(office.engine) as connection:
            return dirty.waiting(connection)

    assert waiting() == 0
    say(billing, released, "acknowledged")
    assert waiting() == 1
    say(billing, released, "acknowledged")
    assert waiting() == 1, "the same again is no news"


def test_nothing_is_acknowledged_while_the_clock_is_wrong(gateway: Gateway, billing: Billing, released: str) -> None:
    right = statement(billing, released, "acknowledged")
    assert isinstance(gateway.clock, FieldClock)
    gateway.clock.wrong_ms = None
    answer = billing.post(f"/v1/records/{released}/ack", right)
    assert (answer.status_code, answer.json()["code"]) == (503, "clock_unsynchronised")
    assert "retry-after" in answer.headers
    assert billing.get(f"/v1/records/{released}").json()["status"] == "released"
