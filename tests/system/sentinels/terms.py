"""What an order demands, and what a customer and a handheld are told: the real capture, ingest and projector."""

import base64
import json
from pathlib import Path
from typing import Any

from jobseal import cbor
from jobseal.limits import DOCUMENT_MAX_BYTES
from jobseal_device.ui import catalogue as screen
from jobseal_gateway import proof_link
from jobseal_gateway.catalogue import Entry, documents, entries
from jobseal_gateway.ledger.database import reading
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.billed import kept
from tests.system.sentinels import Found
from tests.system.sentinels.billing import office_in, settled


def _codes(office: Office, job: str = "WO-1") -> list[str]:
    card: dict[str, Any] = json.loads(office.documents()[job][0])
    return [each["code"] for each in card["exceptions"]]


def _override(office: Office, code: str) -> None:
    """``boss`` sets it aside."""
    office.act("exception.overridden", {"code": code, "reason": "so said"}, "WO-1")
    office.project()


def targets(folder: Path) -> Found:
    """``late_unsaid``: a target was missed, and nobody says so."""
    with office_in(folder, "t-1") as (office, [phone]):
        office.order("WO-1", ("t-1",), on_site_by=office.now_ms + MINUTE_MS)
        office.order("WO-2", ("t-1",), on_site_by=office.now_ms + 60 * MINUTE_MS)
        phone.clock.boot_id = b"\x02" * 8  # nothing but its claims says when
        phone.sign("job.accepted")
        phone.sign("job.arrived")
        settled(office, phone)
        if "sla_breached" not in _codes(office):
            yield "late_unsaid", "an arrival two minutes after a limit of one is in time"
        office.station.pass_ms(90 * MINUTE_MS)
        phone.sign("travel.started")
        phone.sync()  # what it signs from here on is proven to be later than this
        phone.clock.wrong_ms = -180 * MINUTE_MS
        phone.sign("job.accepted", "WO-2")
        phone.sign("job.arrived", "WO-2")
        settled(office, phone)
        if not any("(proven)" in each["detail"] for each in _missed(office, "WO-2")):
            yield "late_unsaid", "a clock that is three hours slow is in time"


def _missed(office: Office, job: str) -> list[dict[str, Any]]:
    card: dict[str, Any] = json.loads(office.documents()[job][0])
    return [each for each in card["exceptions"] if each["code"] == "sla_breached"]


def demands(folder: Path) -> Found:
    """``billed_without_po``: the customer demands a number and there is none. ``approved_by_performer``,
    ``approved_unseen``: the record is released on the word of who did the work, or with what nobody saw."""
    with office_in(folder, "t-1") as (office, [phone]):
        office.order("WO-1", ("t-1",), po_required=True)
        phone.work()
        settled(office, phone)
        if kept(office):
            yield "billed_without_po", "a job without the number that it needs was released"
    for name, performer in (("performer", "boss"), ("stranger", "t-1")):
        (folder / name).mkdir()
        with office_in(folder / name, performer) as (office, [phone]):
            office.order("WO-1", (performer,), approval_required=True)
            phone.work()
            settled(office, phone)
            _override(office, "unapproved")
            released = len(kept(office))
            if performer == "boss" and released:
                yield "approved_by_performer", "who did the work approved it"
            if performer == "t-1":
                yield from _approved_again(office, phone)


def _approved_again(office: Office, phone: Phone) -> Found:
    used = [fact.hash for fact in phone.capture.fold.job("WO-1").facts if fact.kind == "part.used"][-1]
    phone.sign("event.corrected", "WO-1", used, reason="2", quantity="9")
    settled(office, phone)
    if len(kept(office)) > 1:
        yield "approved_unseen", "a correction after the approval was released with it"


def proofs(folder: Path) -> Found:
    """``proof_guessed``: a code that is too short to be a secret opens something. ``proof_of_anything``: an event that
    closes nothing has a page. ``proof_stale``: what was added since is not said."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        settled(office, phone)
        codes = {fact.kind: _code(fact.hash) for fact in phone.capture.fold.job("WO-1").facts}
        with reading(office.engine) as connection:
            told = {kind: proof_link.standing(connection, code) for kind, code in codes.items()}
            short = [kind for kind, code in codes.items() if proof_link.standing(connection, code[:8])]
    if short:
        yield "proof_guessed", f"eight characters of the code of {short[0]} open it"
    for kind in ("job.accepted", "job.arrived", "labour.started", "part.used"):
        if told[kind] is not None:
            yield "proof_of_anything", f"{kind} has a page of its own"
    completed, signed = told["job.completed"], told["job.signed_off"]
    if completed is None or signed is None or signed.superseded or not completed.superseded:
        yield "proof_stale", "of a completion that was signed off the page says that nothing was added"


def _code(hash: bytes) -> str:
    return base64.b32encode(hash).decode()[: proof_link.CHARACTERS_MIN]


def catalogues(folder: Path) -> Found:
    """``catalogue_lost``: an entry is in no document, or one is larger than may be. ``catalogue_half_used``: a handheld
    flags parts because a document has not come."""
    del folder
    found = [Entry("part", f"P-{number:05d}", "", (("name", "x" * 160),)) for number in range(2_000)]
    pages = documents(found)
    if entries(page for page in pages if len(page) <= DOCUMENT_MAX_BYTES) != found:
        yield "catalogue_lost", "what was imported is not what handhelds can pull"
    code = next(reversed(cbor.decode(pages[0], 10 * DOCUMENT_MAX_BYTES)["parts"]))
    half, _ = screen.read([None, *pages[1:]])
    if not half.knows("parts", code):
        yield "catalogue_half_used", f"{code} is flagged, because its document is still on its way"


SENTINELS = {each.__name__: each for each in (targets, demands, proofs, catalogues)}
