"""Enrolment as the log has it: a handheld's public key comes in, a statement and what the handheld needs go out.

How the key came here, and who vouched for that, is ``admission``'s.

Rules:

- The key is taken by the protocol's own check (``jobseal.host.curve``), before anything is stored.
- The same key again is the same enrolment: its stored statement comes back, whatever was lost on the way out.
- A device has one active key. Another one needs the first to be suspended, revoked or rotated away, and the statement
  then names it as the earlier one.
- Statement, key, branch, technicians and the snapshot of their work are one transaction.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from jobseal import key as public_keys
from jobseal.enrolment import Welcome
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.curve import check_key
from jobseal.key import Key
from jobseal.shape import CODE, DEVICE
from jobseal_gateway import snapshots, succession, work
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import assignments, branches, keys, leaves
from jobseal_gateway.ledger.errors import KeyTaken
from jobseal_gateway.office import Desk, open_office
from jobseal_gateway.settings import is_everywhere

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway

DEVICE_PREFIX = "hh-"
DEVICE_RANDOM_BYTES = 4


class EnrolmentRefused(GatewayError):
    """This key cannot be enrolled as asked; nothing was stored."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


@dataclass(frozen=True, slots=True)
class Request:
    """Who is to be enrolled as what. ``device`` empty: a name is made up. ``assurance``: how the device keeps its key,
    hardware, pin or none. ``technicians``: who carries it from now on, beside those who do already."""

    key: bytes
    label: str
    device: str = ""
    assurance: str = "none"
    technicians: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Enrolled:
    """``welcome``: what the device is handed, complete bytes; ``is_new`` is False for a key enrolled before."""

    device: str
    key: Key
    welcome: bytes
    is_new: bool


class Entered(NamedTuple):
    """A key as the ledger has it (``row``), and its enrolment statement, complete bytes."""

    row: keys.Key
    statement: bytes
    is_new: bool


def enrol(gateway: "Gateway", request: Request, operator: str, brokers: Sequence[tuple[str, int]] = ()) -> Enrolled:
    """Enrol a key, or give its enrolment out again. ``brokers``: (host, port) as devices reach them, in order of
    preference; none: the configured one.

    Raises EnrolmentRefused (``weak_key``, ``key_invalid``, ``kid_taken``, ``device_has_key``, ``enrolled_otherwise``,
    ``key_not_active``, ``broker_address``), OfficeRefused for a label or name that does not fit, ClockUnsynchronised.
    """
    reached = _reached(gateway, brokers)
    key = _checked(request.key)
    with open_office(gateway).acting(operator) as desk:
        entered = at_desk(gateway, desk, request, key)
    return Enrolled(entered.row.device, key, _welcome(gateway, entered.statement, reached), entered.is_new)


def at_desk(gateway: "Gateway", desk: Desk, request: Request, key: Key) -> Entered:
    """The same within a transaction of the office, for a ``key`` that was checked."""
    device = request.device or DEVICE_PREFIX + secrets.token_hex(DEVICE_RANDOM_BYTES)
    found = keys.concerned(desk.connection, key.kid, device)
    present = next((each for each in found if each.kid == key.kid), None)
    if present is None:
        row, statement = _add(gateway, desk, request, key, device, found)
    else:
        row, statement = present, _again(desk, request, key, present)
    if request.technicians:
        work.carry(desk.connection, request.technicians, row.device, desk.at_ms, gateway.keys.office)
    else:
        snapshots.tell(desk.connection, row.device, desk.at_ms, gateway.keys.office)  # of its supervisors
    return Entered(row, statement, present is None)


def welcome(gateway: "Gateway", statement: bytes, brokers: Sequence[tuple[str, int]] = ()) -> bytes:
    """What a device with this enrolment statement is handed. Raises EnrolmentRefused (``broker_address``)."""
    return _welcome(gateway, statement, _reached(gateway, brokers))


def _welcome(gateway: "Gateway", statement: bytes, reached: list[list[str | int]]) -> bytes:
    said = Welcome(
        statement=statement,
        root=gateway.keys.authority.root.encode(),
        authority=gateway.keys.certifications,
        brokers=reached,
    )
    return said.encode()


def check_names(device: str, label: str) -> None:
    """Raise EnrolmentRefused (``name_invalid``) for a device name or label that no enrolment could bear."""
    wrong = DEVICE.problem(device) or CODE.problem(label)
    if wrong:
        raise EnrolmentRefused("name_invalid", f"{device or label} cannot be a handheld's name or label: {wrong}.")


def _checked(data: bytes) -> Key:
    try:
        key = public_keys.decode(data)
    except JobsealError as error:
        sentence = "This is not a handheld's public key; make the file with 'jobseal-device enrol request FILE'."
        raise EnrolmentRefused("key_invalid", sentence) from error
    try:
        check_key(key)
    except JobsealError as error:
        sentence = f"This key must not be enrolled: {error.sentence}."
        raise EnrolmentRefused(error.code, sentence) from error
    return key


def _add(
    gateway: "Gateway", desk: Desk, request: Request, key: Key, device: str, known: Sequence[keys.Key]
) -> tuple[keys.Key, bytes]:
    """A key of this device, of which ``known`` are the keys so far."""
    earlier = succession.present(desk.connection, device) if known else None
    if earlier is not None and earlier.status == keys.ACTIVE:
        sentence = f"{device} has an active key; suspend or revoke that first, or give the new handheld another name."
        raise EnrolmentRefused("device_has_key", sentence)
    body = {
        "device": device,
        "key": key.encode(),
        "assurance": request.assurance,
        "earlier": None if earlier is None else earlier.thumbprint,
        "log": gateway.keys.log_id,
        "label": request.label,
    }
    act = desk.log("device.enrolled", body, key.thumbprint.hex())
    try:
        added = keys.enrol(
            desk.connection,
            thumbprint=key.thumbprint,
            cose_key=key.encode(),
            device=device,
            enrolment_leaf=act.leaf,
            enrolment_hash=act.hash,
        )
    except KeyTaken as error:
        raise _clash(key) from error
    branches.begin(desk.connection, added.id, act.hash)
    if earlier is not None:  # nobody carries what was never enrolled
        carriers = assignments.carriers(desk.connection, device)
        work.mark_assigned(desk.connection, carriers, desk.at_ms)  # they wait for this key now
    return added, act.bytes


def _again(desk: Desk, request: Request, key: Key, present: keys.Key) -> bytes:
    if present.thumbprint != key.thumbprint:
        raise _clash(key)
    if present.status != keys.ACTIVE:
        sentence = (
            f"This key was enrolled for {present.device} and is {present.status}; make a new key on the handheld."
        )
        raise EnrolmentRefused("key_not_active", sentence)
    if request.device not in ("", present.device):
        sentence = f"This key is enrolled as {present.device}, not {request.device}; a key belongs to one device."
        raise EnrolmentRefused("enrolled_otherwise", sentence)
    desk.flush()  # it may have been enrolled in this very transaction
    leaf = leaves.at(desk.connection, present.enrolment_leaf)
    if leaf is None or leaf.bytes is None:
        raise EnrolmentRefused("statement_missing", f"The enrolment of {present.device} is not in the log any more.")
    return leaf.bytes


def _clash(key: Key) -> EnrolmentRefused:
    sentence = f"Another key with the identifier {key.kid.hex()} is enrolled; make a new key on the handheld."
    return EnrolmentRefused("kid_taken", sentence)


def _reached(gateway: "Gateway", brokers: Sequence[tuple[str, int]]) -> list[list[str | int]]:
    """[host, port] of each broker, as devices must be told."""
    found = list(brokers) or [(gateway.settings.reached_as, gateway.settings.mqtt.port)]
    if any(is_everywhere(host) for host, _ in found):
        sentence = f"No handheld can connect to {found[0][0]}; say address in gateway.toml, or --broker HOST:PORT."
        raise EnrolmentRefused("broker_address", sentence)
    return [[host, port] for host, port in found]
