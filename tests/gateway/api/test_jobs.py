"""Jobs over HTTP: every folded job on some page, by standing, and each one's card to the byte."""

import json

import pytest

from jobseal_gateway import projector
from jobseal_gateway.api.jobs import PAGE_MAX_ITEMS
from tests.field import Office, Phone
from tests.gateway.api.billing import Billing


def ids(billing: Billing, **query: str | int) -> list[str]:
    return [job["id"] for job in billing.get("/v1/jobs", **query).json()["jobs"]]


def test_jobs_are_listed_by_their_standing(office: Office, phone: Phone, billing: Billing) -> None:
    for job in ("WO-1", "WO-2", "WO-3"):
        office.order(job, ("t-1",))
    phone.work("WO-1")
    phone.sign("job.accepted", "WO-2")
    phone.sign("job.accepted", "WO-3")
    phone.sign("job.arrived", "WO-3")
    phone.sign("part.used", "WO-3", code="NO-SUCH", quantity="1", unit="pc", source="van")
    phone.sign("job.completed", "WO-3")
    phone.sign("job.signed_off", "WO-3", method="typed", name="R. Customer")
    phone.sync()
    office.project()

    assert ids(billing) == ["WO-1", "WO-2", "WO-3"]
    assert ids(billing, standing="released") == ["WO-1"]
    assert ids(billing, standing="held") == ["WO-3"]
    assert ids(billing, standing="collecting") == ["WO-2"]
    assert ids(billing, standing="ready") == []
    rows = {row["id"]: row for row in billing.get("/v1/jobs").json()["jobs"]}
    assert rows["WO-3"]["blocking"] == ["unknown_code"]
    assert rows["WO-1"]["records"] == ["WO-1~1"]
    assert rows["WO-1"]["total"] == "96.00"
    assert rows["WO-2"]["state"] == "dispatched"


def test_pages_join_without_a_gap_or_an_overlap(office: Office, billing: Billing) -> None:
    names = [f"WO-{number}" for number in range(7)]
    for name in names:
        office.order(name, ("t-1",))
    office.project()
    seen: list[str] = []
    page = billing.get("/v1/jobs", limit=3).json()
    while True:
        seen += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        page = billing.get("/v1/jobs", limit=3, after=page["next"]).json()
    assert seen == names
    assert len(ids(billing, limit=PAGE_MAX_ITEMS + 1)) == 7


def test_a_job_is_told_with_the_card_that_was_folded_to_the_byte(
    office: Office, billing: Billing, released: str
) -> None:
    answer = billing.get("/v1/jobs/WO-1")
    card, rating = office.documents()["WO-1"]
    assert b'"card":' + card + b',"rating":' + rating in answer.content
    job = answer.json()
    assert (job["state"], job["standing"], job["records"]) == ("signed_off", "released", [released])
    assert job["card"] == json.loads(card)


def test_the_card_has_what_finds_the_job_in_billings_own_books(office: Office, phone: Phone, billing: Billing) -> None:
    references = (("crm", "4711"), ("sap", "4500012"))
    office.order("WO-1", ("t-1",), contract="K-1", po_number="PO-7", external_references=references)
    phone.sign("job.accepted", "WO-1")
    phone.sign("job.accepted", "WO-2")  # which nobody ordered
    phone.sync()
    office.project()
    card = billing.get("/v1/jobs/WO-1").json()["card"]
    assert (card["contract"], card["po_number"], card["ap_contact"], card["parent"]) == ("K-1", "PO-7", None, None)
    assert card["external_references"] == {"crm": "4711", "sap": "4500012"}
    unknown = billing.get("/v1/jobs/WO-2").json()["card"]
    assert {name: unknown[name] for name in ("contract", "po_number", "external_references")} == {
        "contract": None,
        "po_number": None,
        "external_references": None,
    }


def test_a_job_that_nobody_heard_of_is_not_found(billing: Billing) -> None:
    answer = billing.get("/v1/jobs/WO-404")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_unknown")


def test_a_job_that_can_no_longer_be_folded_is_listed_as_held_beside_the_others(
    office: Office, phone: Phone, billing: Billing, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("a defect")

    phone.sign("job.reopened", reason="left something behind")
    phone.sync()
    monkeypatch.setattr(projector, "project", fail)
    office.project()
    assert ids(billing, standing="held") == ["WO-1"]
    [row] = billing.get("/v1/jobs").json()["jobs"]
    assert (row["blocking"], row["records"], row["total"]) == (["gateway_defect"], [released], None)
    assert billing.get("/v1/jobs/WO-1").json()["standing"] == "held"


def test_a_standing_that_there_is_none_of_is_refused(billing: Billing) -> None:
    answer = billing.get("/v1/jobs", standing="paid")
    assert (answer.status_code, answer.json()["mistakes"][0]["place"]) == (422, "query.standing")
