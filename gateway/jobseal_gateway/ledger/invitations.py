"""Invitations to enrol, what was asked with them, and what people decided about it."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, text

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import enrolment_requests, enrolment_verdicts, invitations

APPROVED = "approved"
DENIED = "denied"


class Invitation(NamedTuple):
    """``token_hash``: SHA-256; ``technicians``: one to a line; ``approved_by``: who approved in advance, or None."""

    id: int
    token_hash: bytes
    device: str
    label: str
    technicians: str
    made_ms: int
    made_by: str
    expires_ms: int
    approved_by: str | None


class Asked(NamedTuple):
    """A request with its invitation's device and label, and the verdict, if there is one."""

    id: int
    invitation_id: int
    data: bytes
    nonce: bytes
    source: str
    at_ms: int
    device: str
    label: str
    verdict: str | None
    person: str | None


_BY_TOKEN = (
    select(invitations, enrolment_requests, enrolment_verdicts.c.verdict, enrolment_verdicts.c.person)
    .outerjoin(enrolment_requests, enrolment_requests.c.invitation_id == invitations.c.id)
    .outerjoin(enrolment_verdicts, enrolment_verdicts.c.request_id == enrolment_requests.c.id)
    .where(invitations.c.token_hash == bindparam("hash"))
)
_BY_ID = select(invitations).where(invitations.c.id == bindparam("id"))
_ASKED = (
    select(
        enrolment_requests,
        invitations.c.device,
        invitations.c.label,
        enrolment_verdicts.c.verdict,
        enrolment_verdicts.c.person,
    )
    .join(invitations, invitations.c.id == enrolment_requests.c.invitation_id)
    .outerjoin(enrolment_verdicts, enrolment_verdicts.c.request_id == enrolment_requests.c.id)
)
_ASKED_WITH = _ASKED.where(enrolment_requests.c.invitation_id == bindparam("invitation"))
_UNDECIDED = _ASKED.where(enrolment_verdicts.c.verdict.is_(None)).order_by(enrolment_requests.c.id)
_ASK = text(
    """
    INSERT INTO enrolment_requests (invitation_id, bytes, nonce, source, at_ms)
    VALUES (:invitation_id, :bytes, :nonce, :source, :at_ms)
    ON CONFLICT (invitation_id) DO NOTHING RETURNING id
    """
)
_DECIDE = insert(enrolment_verdicts)
_OPEN = (
    select(invitations)
    .outerjoin(enrolment_requests, enrolment_requests.c.invitation_id == invitations.c.id)
    .where(enrolment_requests.c.id.is_(None), invitations.c.expires_ms > bindparam("now_ms"))
    .order_by(invitations.c.id)
)
_OF_DEVICE = _ASKED.where(invitations.c.device == bindparam("device")).order_by(enrolment_requests.c.id)


def invite(connection: Connection, rows: Iterable[Invitation]) -> None:
    """Keep these; their ``id`` is not looked at."""
    given = [row._asdict() for row in rows]
    for row in given:
        del row["id"]
    connection.execute(insert(invitations), given)


def by_token(connection: Connection, token_hash: bytes) -> tuple[Invitation, Asked | None] | None:
    """The invitation with this token, and what was asked with it."""
    row = connection.execute(_BY_TOKEN, {"hash": token_hash}).first()
    if row is None:
        return None
    invited = Invitation._make(row[: len(Invitation._fields)])
    *request, verdict, person = row[len(Invitation._fields) :]
    has_asked = request[0] is not None
    return invited, Asked._make([*request, invited.device, invited.label, verdict, person]) if has_asked else None


def by_id(connection: Connection, invitation_id: int) -> Invitation | None:
    """The invitation with this row number."""
    return first(Invitation, connection.execute(_BY_ID, {"id": invitation_id}))


def unused(connection: Connection, now_ms: int) -> list[Invitation]:
    """Those that still hold and that nobody has asked with."""
    return many(Invitation, connection.execute(_OPEN, {"now_ms": now_ms}))


def ask(
    connection: Connection, invited: Invitation, data: bytes, nonce: bytes, source: str, at_ms: int
) -> Asked | None:
    """Keep what was asked with an invitation; None, and nothing kept, where something was asked with it already."""
    row = {"invitation_id": invited.id, "bytes": data, "nonce": nonce, "source": source, "at_ms": at_ms}
    number = connection.scalar(_ASK, row)
    return (
        None
        if number is None
        else Asked(number, invited.id, data, nonce, source, at_ms, invited.device, invited.label, None, None)
    )


def asked_with(connection: Connection, invitation_id: int) -> Asked | None:
    """What was asked with this invitation."""
    return first(Asked, connection.execute(_ASKED_WITH, {"invitation": invitation_id}))


def undecided(connection: Connection) -> list[Asked]:
    """What waits for a person, oldest first."""
    return many(Asked, connection.execute(_UNDECIDED))


def of_device(connection: Connection, device: str) -> list[Asked]:
    """Everything that was asked for this device, oldest first."""
    return many(Asked, connection.execute(_OF_DEVICE, {"device": device}))


def decide(connection: Connection, request_id: int, verdict: str, person: str, at_ms: int) -> None:
    """Keep a verdict; a request gets one."""
    row = {"request_id": request_id, "verdict": verdict, "person": person, "at_ms": at_ms}
    connection.execute(_DECIDE, row)
