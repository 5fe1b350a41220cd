"""The short link of a proof: what the customer's phone is told, and that it is told nothing else."""

import re
from typing import Any

import httpx
import pytest

from jobseal_device.ui.proof import LINK_DIGEST_CHARACTERS, digest_text, links
from jobseal_gateway.api.proof import ASKED_PER_MINUTE
from jobseal_gateway.api.proof_page import language
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.api.billing import Billing

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "fr-CH, de;q=0.9, en;q=0.8"}
PREFIX = "https://jobs.example.com"


def event_of(phone: Phone, kind: str, job: str = "WO-1") -> bytes:
    return [fact.hash for fact in phone.capture.fold.job(job).facts if fact.kind == kind][-1]


def path(hash: bytes) -> str:
    """The path of the link that the handheld's code shows."""
    return links(PREFIX + "/p/", "WO-1", hash)[0].removeprefix(PREFIX)


@pytest.fixture
def stranger(billing: Billing) -> Billing:
    """The same API, for somebody who has no token."""
    del billing.http.headers["Authorization"]
    return billing


def look_up(stranger: Billing, hash: bytes) -> dict[str, Any]:
    answer = stranger.get(path(hash))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def page(stranger: Billing, hash: bytes) -> httpx.Response:
    answer = stranger.http.get(path(hash), headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


def done(office: Office, phone: Phone) -> None:
    """The job as far as its completion, at the gateway."""
    office.order("WO-1", ("t-1",), customer_name="Hotel Post", site_address="Weg 1")
    for kind in ("job.accepted", "travel.started", "job.arrived"):
        phone.sign(kind)
    phone.sign("job.completed")
    phone.sync()
    office.project()


def test_a_completed_job_is_known_then_released_then_superseded(
    office: Office, phone: Phone, stranger: Billing
) -> None:
    done(office, phone)
    completed = event_of(phone, "job.completed")
    found = look_up(stranger, completed)
    assert (found["kind"], found["released_ms"], found["superseded"]) == ("job.completed", None, False)
    assert found["log_id"] == office.station.keys.log_id.hex()
    logged_ms = found["logged_ms"]
    assert logged_ms <= office.now_ms

    phone.sign("job.signed_off", method="typed", name="R. Customer")
    phone.sync()
    office.project()
    signed_off = event_of(phone, "job.signed_off")
    first, second = look_up(stranger, completed), look_up(stranger, signed_off)
    assert (first["superseded"], first["logged_ms"], second["superseded"]) == (True, logged_ms, False)
    assert first["released_ms"] == second["released_ms"] == office.now_ms
    assert second["log_size"] > found["log_size"]

    arrived = event_of(phone, "job.arrived")
    assert stranger.http.get(path(arrived)).status_code == 404, "an event that closes nothing is nobody's proof"
    phone.sign("event.corrected", "WO-1", arrived, reason="4", at=str(office.now_ms - 5 * MINUTE_MS))
    phone.sync()
    office.project()
    assert look_up(stranger, signed_off)["superseded"] is True
    assert look_up(stranger, event_of(phone, "event.corrected"))["superseded"] is False


def test_what_is_told_names_nobody_and_no_amount(office: Office, phone: Phone, stranger: Billing) -> None:
    done(office, phone)
    phone.sign("job.signed_off", method="typed", name="R. Customer")
    phone.sync()
    office.project()
    hash = event_of(phone, "job.signed_off")
    told = stranger.get(path(hash)).text + page(stranger, hash).text
    for secret in ("WO-1", "C-1", "Hotel", "Weg", "Customer", "t-1", "hh-1", "EUR", "50.00", "25.00", hash.hex()):
        assert secret not in told


def test_a_phone_gets_a_page_in_its_language_that_runs_nothing(office: Office, phone: Phone, stranger: Billing) -> None:
    done(office, phone)
    answer = page(stranger, event_of(phone, "job.completed"))
    assert answer.status_code == 200
    assert '<html lang="de">' in answer.text
    assert "Dieser Nachweis ist echt" in answer.text
    assert "noch nicht zur Abrechnung freigegeben" in answer.text
    assert not re.search(r"<script|<img|<link|href=|src=|onload", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")
    assert [language(said) for said in ("es-MX", "xx, *;q=0.1", "", "EN;q=0.1,de")] == ["es", "en", "en", "en"]


def test_any_other_code_is_not_known_and_says_so_in_plain_words(billing: Billing) -> None:
    digests = ["x", "A" * 25, "A" * 26, "A" * 53, "1" * 26, "0" * 64]
    attempts = ["%3Cscript%3Ealert(1)%3C/script%3E", "%F0%9F%94%91" * 26, "A" * 25 + "%00", "..%2F..%2Fv1%2Fjobs"]
    attempts.append("Z" + "%C3%9F" * 25)  # a letter that becomes two when it is raised
    for code in [*digests, *attempts]:
        answer = billing.http.get(f"/p/{code}", headers={"Authorization": ""})
        assert (answer.status_code, answer.json()["fault"]) == (404, "peer"), code
        shown = billing.http.get(f"/p/{code}", headers=HTML)
        assert shown.status_code == 404
        assert "alert" not in shown.text


def test_a_shortened_code_opens_nothing_and_a_longer_one_the_same(
    office: Office, phone: Phone, stranger: Billing
) -> None:
    done(office, phone)
    hash = event_of(phone, "job.completed")
    whole = digest_text(hash, 52)
    assert stranger.get(f"/p/{whole[: LINK_DIGEST_CHARACTERS - 1]}").status_code == 404
    answers = [stranger.get(f"/p/{code}").json() for code in (whole[:26], whole[:40], whole, whole[:26].lower())]
    assert all(answer == answers[0] for answer in answers)
    other = "A" if whole[25] != "A" else "B"
    for wrong in (whole[:25] + other, whole[:30] + ("A" if whole[30] != "A" else "B"), other + whole[1:]):
        assert stranger.get(f"/p/{wrong}").status_code == 404


def test_whoever_asks_too_often_waits_and_billing_does_not(office: Office, phone: Phone, billing: Billing) -> None:
    done(office, phone)
    hash = event_of(phone, "job.completed")
    for _ in range(ASKED_PER_MINUTE):
        assert billing.http.get(path(hash)).status_code == 200
    refused = billing.get(path(hash))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    shown = billing.http.get(path(hash), headers=HTML)
    assert (shown.status_code, shown.headers["retry-after"]) == (429, "60")
    assert "Versuchen Sie es in einer Minute wieder" in shown.text
    assert billing.get("/v1/jobs").status_code == 200
    office.station.pass_ms(MINUTE_MS)
    assert billing.http.get(path(hash)).status_code == 200


def test_a_rebuild_keeps_every_proof(office: Office, phone: Phone, stranger: Billing) -> None:
    done(office, phone)
    hash = event_of(phone, "job.completed")
    before = look_up(stranger, hash)
    office.projector.rebuild()
    assert look_up(stranger, hash) == before
    office.order("WO-1", ("t-1",), customer="C-2")  # the job waits to be folded
    office.projector.rebuild()
    assert look_up(stranger, hash) == before
