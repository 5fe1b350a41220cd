"""People: who works with handhelds, and with which PIN. What follows for each handheld is told in ``snapshots``.

Rules:

- Nobody's PIN is kept, only the lock that belongs to it (``jobseal.host.pin``); it is made before the database is
  touched, since that takes a while.
- What is said of a person is a fact with the operator's name. Who leaves is gone, and the facts stay.
- The handheld that the person carries is told in the same transaction. Supervisors concern every handheld: those are
  told after it, some at a time, and whoever was missed because the machine stopped is told by ``tell_everybody``.
"""

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import cbor
from jobseal.errors import OPERATOR
from jobseal.host import pin as pins
from jobseal.host.pin import COST, Cost
from jobseal.roster import SALT_BYTES, SUPERVISOR, TECHNICIAN, Person
from jobseal_gateway import snapshots
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import assignments, keys, log
from jobseal_gateway.ledger import people as stored
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.people import GONE, HERE, Known

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway

PIN_DIGITS = 6  # of a PIN that is made here
TOLD_AT_ONCE = 200


class PersonRefused(GatewayError):
    """What was asked about a person cannot be done as things stand; nothing was stored."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


def new_pin() -> str:
    """A PIN that nobody chose."""
    while True:
        digits = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        try:
            pins.check(digits)
        except pins.PinUnfit:
            continue
        return digits


def add(
    gateway: "Gateway",
    technician: str,
    name: str,
    operator: str,
    pin: str | None,
    role: str = TECHNICIAN,
    badge: str | None = None,
    cost: Cost = COST,
) -> tuple[str, ...]:
    """A new person, or one who was gone. ``pin``: its digits, None for none yet. The handhelds that are told of it.

    Raises PersonRefused (``person_known``, ``bad_person``, ``badge_taken``), ``pin_unfit``, ClockUnsynchronised.
    """
    lock = None if pin is None else _locked(pin, cost)
    now_ms = gateway.now_ms()
    fresh = Known(technician, name, role, badge, lock, HERE, now_ms, operator)
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        before = stored.of(connection, [technician]).get(technician)
        if before is not None and before.standing == HERE:
            sentence = f"{technician} is there already, as {before.name}; 'technicians change' and 'pin' change that."
            raise PersonRefused("person_known", sentence)
        told = _say(connection, gateway, fresh)
    return _told_all(gateway, told, before, fresh)


def change(
    gateway: "Gateway",
    technician: str,
    operator: str,
    name: str | None = None,
    role: str | None = None,
    badge: str | None = None,
) -> tuple[str, ...]:
    """Change what is given (``badge`` empty: none any more). The handhelds that are told of it.

    Raises PersonRefused (``person_unknown`` and as ``add``), ClockUnsynchronised.
    """
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        before = _here(connection, technician)
        after = before._replace(
            name=before.name if name is None else name,
            role=before.role if role is None else role,
            badge=before.badge if badge is None else badge or None,
            at_ms=now_ms,
            person=operator,
        )
        told = _say(connection, gateway, after)
    return _told_all(gateway, told, before, after)


def set_pin(gateway: "Gateway", technician: str, pin: str, operator: str, cost: Cost = COST) -> tuple[str, ...]:
    """Give a person another PIN; on handhelds, what wrong ones had led to is over then. Those that are told of it.

    Raises PersonRefused (``person_unknown``), ``pin_unfit``, ClockUnsynchronised.
    """
    lock = _locked(pin, cost)
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        before = _here(connection, technician)
        after = before._replace(pin=lock, at_ms=now_ms, person=operator)
        told = _say(connection, gateway, after)
    return _told_all(gateway, told, before, after)


def remove(gateway: "Gateway", technician: str, operator: str) -> tuple[str, ...]:
    """The person has left: no handheld that hears of it lets them in. The handhelds that are told of it.

    Raises PersonRefused (``person_unknown``), ClockUnsynchronised.
    """
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        before = _here(connection, technician)
        after = before._replace(pin=None, standing=GONE, at_ms=now_ms, person=operator)
        told = _say(connection, gateway, after)
    return _told_all(gateway, told, before, after)


def tell_everybody(gateway: "Gateway") -> tuple[str, ...]:
    """Tell every enrolled handheld what it does not know yet; those that there was something for."""
    with reading(gateway.engine) as connection:
        devices = sorted({key.device for key in keys.every(connection) if key.status == keys.ACTIVE})
    told: list[str] = []
    for first in range(0, len(devices), TOLD_AT_ONCE):
        now_ms = gateway.now_ms()
        with writing(gateway.engine) as connection:
            log.lock_head(connection)
            some = devices[first : first + TOLD_AT_ONCE]
            told += [each for each in some if snapshots.tell(connection, each, now_ms, gateway.keys.office)]
    gateway.ring()
    return tuple(told)


def _locked(pin: str, cost: Cost) -> bytes:
    pins.check(pin)
    return cbor.encode(pins.lock(pin, secrets.token_bytes(SALT_BYTES), cost).to_value())


def _here(connection: Connection, technician: str) -> Known:
    known = stored.of(connection, [technician]).get(technician)
    if known is None or known.standing != HERE:
        sentence = f"Nobody with the id {technician} is here; 'technicians list' shows who is."
        raise PersonRefused("person_unknown", sentence)
    return known


def _say(connection: Connection, gateway: "Gateway", known: Known) -> tuple[str, ...]:
    """Store the fact and tell the handheld that the person carries, if that is news there."""
    wrong = Person.SHAPE.problem(_as_in_a_roster(known))
    if wrong:
        raise PersonRefused("bad_person", f"This does not fit: {wrong}.")
    if known.standing == HERE and known.badge is not None:
        _check_badge(connection, known)
    stored.say(connection, known)
    device = assignments.device_of(connection, known.technician)
    if device is None or not snapshots.tell(connection, device, known.at_ms, gateway.keys.office):
        return ()
    return (device,)


def _as_in_a_roster(known: Known) -> dict[int, object]:
    fields = {"id": known.technician, "name": known.name, "role": known.role, "badge": known.badge}
    return Person.SHAPE.keyed(fields)


def _check_badge(connection: Connection, known: Known) -> None:
    for other in stored.everybody(connection):
        is_other = other.standing == HERE and other.technician != known.technician
        if is_other and known.badge in (other.badge, other.technician):
            sentence = f"The code {known.badge} is on the badge of {other.technician}, or is their id; give another."
            raise PersonRefused("badge_taken", sentence)


def _told_all(gateway: "Gateway", told: tuple[str, ...], before: Known | None, after: Known) -> tuple[str, ...]:
    gateway.ring()
    if SUPERVISOR in (after.role, before.role if before is not None else None):
        return tuple(dict.fromkeys((*told, *tell_everybody(gateway))))
    return told
