"""Admission: from an invitation to a request, a person's approval, and a grant.

Rules:

- An invitation's token is 128 random bits, kept as its hash, good for one request and until it expires. The same bytes
  again get the same answer, at any time; other bytes with a used token are refused.
- A request that nobody approved in advance waits. Whoever approves says the six digits that the handheld shows, and
  they must be those of the request that came.
- A verdict, the enrolment with its statement, technicians and link certificate are one transaction.
- Requests that come together are one transaction, and each is answered after its COMMIT (``group_commit``).
- A request without a token was carried here by a person, who vouches for it; everything else is the same.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection

from jobseal import enrolling
from jobseal import key as public_keys
from jobseal.enrolling import NONCE_BYTES, PRINT_BYTES, TOKEN_BYTES, Code, Grant, Waiting
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.host.curve import check_key
from jobseal.key import Key
from jobseal_gateway import ca, enrol
from jobseal_gateway.enrol import DEVICE_PREFIX, DEVICE_RANDOM_BYTES, EnrolmentRefused, Request
from jobseal_gateway.group_commit import GroupCommit
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import invitations, keys, leaves, links
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.invitations import APPROVED, DENIED, Asked, Invitation
from jobseal_gateway.office import Desk, open_office

LIFE_MS = 15 * 60_000
ASK_AGAIN_S = 2
AT_ONCE = 8  # requests in one commit, some 4 ms each with the log held: ingest waits no longer than for the projector

_VERIFIER = Verifier()


@dataclass(frozen=True, slots=True)
class Invited:
    """A handheld that may come: its ``device`` name (made up if empty), what people call it, who carries it."""

    label: str
    device: str = ""
    technicians: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an invitation hands out: the ``code`` is known here and nowhere else."""

    device: str
    label: str
    code: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """``grant``: complete bytes for the handheld; ``is_new`` is False for a key enrolled before."""

    device: str
    key: Key
    grant: bytes
    is_new: bool


def invite(
    gateway: Gateway, rows: Iterable[Invited], operator: str, life_ms: int = LIFE_MS, approved_by: str | None = None
) -> list[Ticket]:
    """Invite these. ``approved_by``: who vouches, in advance, for whatever comes with their codes.

    Raises EnrolmentRefused (``broker_address``), ClockUnsynchronised, OfficeRefused for what cannot be logged later.
    """
    now_ms = gateway.now_ms()
    enrol.welcome(gateway, b"-")  # an address that nobody can reach is better found now than at every handheld
    named = [replace(row, device=row.device or DEVICE_PREFIX + secrets.token_hex(DEVICE_RANDOM_BYTES)) for row in rows]
    tokens = [secrets.token_bytes(TOKEN_BYTES) for _ in named]
    kept = []
    for row, token in zip(named, tokens, strict=True):
        enrol.check_names(row.device, row.label)
        people = "\n".join(row.technicians)
        kept.append(
            Invitation(0, _hash(token), row.device, row.label, people, now_ms, operator, now_ms + life_ms, approved_by)
        )
    with writing(gateway.engine) as connection:
        invitations.invite(connection, kept)
    return [
        Ticket(row.device, row.label, _code(gateway, token).to_text()) for row, token in zip(named, tokens, strict=True)
    ]


class Requests:
    """Requests that come over the network, in any number of threads: those that come together share a commit."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._commits = GroupCommit(self._enter, AT_ONCE)

    def ask(self, data: bytes, source: str) -> Grant | Waiting:
        """The answer to a request (complete bytes) that came over the network from ``source``.

        Raises EnrolmentRefused: ``request_invalid``, ``code_unknown``, ``code_expired``, ``code_used``,
        ``enrolment_denied``, or as enrolling does.
        """
        request, key, link = _opened(data)
        if request.token is None:
            raise EnrolmentRefused("request_invalid", "This request names no code; carry it to the operator as a file.")
        with reading(self._gateway.engine) as connection:
            invited, asked = _invited(connection, request.token)
            answer = _answered(self._gateway, connection, asked, data)
        if answer is not None:
            return answer
        return self._commits.do(_Asking(data, source, invited, key, link, request.assurance))

    def _enter(self, asking: Sequence["_Asking"]) -> list[Grant | Waiting]:
        """The answers to all of these, in one transaction."""
        with open_office(self._gateway).desks() as at:
            return [
                _enter(self._gateway, at(each.invited.approved_by or each.invited.made_by), each) for each in asking
            ]


class _Asking(NamedTuple):
    """A request (``data``) that was opened, with its invitation and its two keys."""

    data: bytes
    source: str
    invited: Invitation
    key: Key
    link: Key
    assurance: str


def ask(gateway: Gateway, data: bytes, source: str) -> Grant | Waiting:
    """The same for one request alone."""
    return Requests(gateway).ask(data, source)


def _enter(gateway: Gateway, desk: Desk, asking: _Asking) -> Grant | Waiting:
    """Keep the request, and grant it if it was approved in advance."""
    invited = asking.invited
    nonce = secrets.token_bytes(NONCE_BYTES)
    asked = invitations.ask(desk.connection, invited, asking.data, nonce, asking.source, desk.at_ms)
    if asked is None:  # somebody else was faster, perhaps with the same bytes
        desk.flush()  # it may have been granted in this very transaction
        earlier = invitations.asked_with(desk.connection, invited.id)
        answer = _answered(gateway, desk.connection, earlier, asking.data)
        assert answer is not None
        return answer
    if invited.expires_ms < desk.at_ms:
        raise EnrolmentRefused("code_expired", "This code has expired; ask the operator for another.")
    if invited.approved_by is None:
        return Waiting(nonce=nonce, retry_after_s=ASK_AGAIN_S)
    return _grant_at(gateway, desk, asked, invited, asking.key, asking.link, asking.assurance, invited.approved_by)


def approve(gateway: Gateway, device: str, digits: str, operator: str) -> str:
    """Approve what waits for this device, given the digits that the handheld shows; its thumbprint in hex.

    Raises EnrolmentRefused (``nothing_waits``, ``digits_differ``, or as enrolling does); nothing is decided then.
    """
    with open_office(gateway).acting(operator) as desk:
        asked = _waiting(invitations.undecided(desk.connection), device)
        if enrolling.digits(asked.data, asked.nonce) != "".join(digits.split()):
            sentence = f"The request for {asked.device} has other digits: look at the handheld again, or deny it."
            raise EnrolmentRefused("digits_differ", sentence)
        invited = invitations.by_id(desk.connection, asked.invitation_id)
        assert invited is not None
        request, key, link = _opened(asked.data)
        _grant_at(gateway, desk, asked, invited, key, link, request.assurance, operator)
    return key.thumbprint.hex()


def deny(gateway: Gateway, device: str, operator: str) -> None:
    """Refuse what waits for this device, for good. Raises EnrolmentRefused (``nothing_waits``)."""
    with writing(gateway.engine) as connection:
        asked = _waiting(invitations.undecided(connection), device)
        invitations.decide(connection, asked.id, DENIED, operator, gateway.now_ms())


def carried(
    gateway: Gateway, data: bytes, wanted: Request, operator: str, brokers: Sequence[tuple[str, int]] = ()
) -> Admitted:
    """Enrol the handheld whose request (complete bytes, no token) the operator has brought. ``wanted.key`` is not
    looked at, and an empty ``wanted.assurance`` takes what the request says. Raises as
    ``enrol.enrol``, and ``request_invalid``."""
    request, key, link = _opened(data)
    enrol.welcome(gateway, b"-", brokers)
    with open_office(gateway).acting(operator) as desk:
        asked = replace(wanted, key=request.key, assurance=wanted.assurance or request.assurance)
        entered = enrol.at_desk(gateway, desk, asked, key)
        present = links.answering(desk.connection, _hash(data))
        certificate = _issue(gateway, desk, entered.row, link, _hash(data)) if present is None else present.data
    grant = _grant(gateway, entered.statement, certificate, brokers).encode()
    return Admitted(entered.row.device, key, grant, entered.is_new)


def _opened(data: bytes) -> tuple[enrolling.Request, Key, Key]:
    try:
        return enrolling.open_request(data, _VERIFIER, check_key)
    except JobsealError as error:
        code = error.code if error.code == "weak_key" else "request_invalid"
        sentence = f"This is not a handheld's enrolment request ({error.sentence}); make it with jobseal-device enrol."
        raise EnrolmentRefused(code, sentence) from error


def _invited(connection: Connection, token: bytes) -> tuple[Invitation, Asked | None]:
    found = invitations.by_token(connection, _hash(token))
    if found is None:
        raise EnrolmentRefused("code_unknown", "Nobody gave out this code; ask the operator for another.")
    return found


def _answered(gateway: Gateway, connection: Connection, asked: Asked | None, data: bytes) -> Grant | Waiting | None:
    """The answer that these bytes have been given before. ``asked``: what came with their invitation, if anything."""
    if asked is None:
        return None
    if asked.data != data:
        raise EnrolmentRefused("code_used", "Another handheld has used this code; ask the operator for another.")
    if asked.verdict == DENIED:
        raise EnrolmentRefused("enrolment_denied", "The operator has refused this handheld.")
    if asked.verdict is None:
        return Waiting(nonce=asked.nonce, retry_after_s=ASK_AGAIN_S)
    certificate = links.answering(connection, _hash(data))
    key = public_keys.decode(_opened(data)[0].key)
    row = keys.by_kid(connection, key.kid)
    leaf = None if row is None else leaves.at(connection, row.enrolment_leaf)
    if certificate is None or leaf is None or leaf.bytes is None:
        raise EnrolmentRefused("statement_missing", f"The enrolment of {asked.device} is not in the log any more.")
    return _grant(gateway, leaf.bytes, certificate.data)


def _grant_at(
    gateway: Gateway, desk: Desk, asked: Asked, invited: Invitation, key: Key, link: Key, assurance: str, person: str
) -> Grant:
    invitations.decide(desk.connection, asked.id, APPROVED, person, desk.at_ms)
    people = [each for each in invited.technicians.split("\n") if each]
    wanted = Request(key.encode(), invited.label, invited.device, assurance, people)
    entered = enrol.at_desk(gateway, desk, wanted, key)
    return _grant(gateway, entered.statement, _issue(gateway, desk, entered.row, link, _hash(asked.data)))


def _issue(gateway: Gateway, desk: Desk, row: keys.Key, link: Key, asked: bytes) -> bytes:
    """The link certificate that answers ``asked`` from now on. Nothing did before."""
    made = gateway.keys.ca.issue_link(row.device, link, desk.at_ms)
    serial, data = f"{made.serial_number:x}", ca.der(made)
    links.add(desk.connection, serial, row.device, row.id, asked, data, desk.at_ms, ca.ends_ms(made))
    return data


def _grant(gateway: Gateway, statement: bytes, certificate: bytes, brokers: Sequence[tuple[str, int]] = ()) -> Grant:
    settings = gateway.settings
    return Grant(
        welcome=enrol.welcome(gateway, statement, brokers),
        certificate=certificate,
        ca=gateway.keys.ca.der,
        doors=[[settings.reached_as, settings.enrolment.port]],
    )


def _waiting(undecided: list[Asked], device: str) -> Asked:
    found = [each for each in undecided if device in (each.device, each.label)]
    if len(found) != 1:
        shown = ", ".join(each.device for each in undecided) or "none"
        raise EnrolmentRefused("nothing_waits", f"No request of {device} waits for approval; these do: {shown}.")
    return found[0]


def _code(gateway: Gateway, token: bytes) -> Code:
    settings = gateway.settings
    print_of = gateway.keys.authority.root.thumbprint[:PRINT_BYTES]
    return Code(settings.reached_as, settings.enrolment.port, token, print_of)


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
