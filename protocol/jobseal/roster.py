"""The roster: who may log in on one handheld. A document like a work order: a signed assignment names its digest.

It holds no PIN. What a PIN opens is a key pair that is stretched from it (``jobseal.host.pin``); the roster has the
public half. With that, whoever types the PIN is recognised offline, and a handheld that somebody has opened can be
opened for a colleague who was never there. Whoever has the roster can guess at short PINs, so it goes to those
handhelds only whose people are in it.
"""

from jobseal.limits import DOCUMENT_MAX_BYTES, ROSTER_MAX
from jobseal.message import Message
from jobseal.shape import CODE, NAME, Array, Bytes, Integer, Map, OneOf, Row, may, must

MYPY = False
if MYPY:
    from typing import Any

TECHNICIAN = "technician"
SUPERVISOR = "supervisor"  # opens a handheld for others, and lifts the lock that wrong PINs brought

SALT_BYTES = 16
PIN_KEY_BYTES = 32
# Argon2id (RFC 9106): what deriving may cost. The upper ends are what a small computer can just bear; each lane needs
# 8 KiB.
COST = Row(("memory_kib", Integer(64, 262144)), ("passes", Integer(1, 64)), ("lanes", Integer(1, 8)))
PIN = Row(("salt", Bytes(SALT_BYTES, SALT_BYTES)), ("cost", COST), ("key", Bytes(PIN_KEY_BYTES, PIN_KEY_BYTES)))


class Person(Message):
    """``id``: pseudonymous, as in ``by`` of events; ``name``: for the screen; ``role``; ``badge``: the code on the
    badge, or None; ``pin``: [salt, [memory in KiB, passes, lanes], public key], None for who has no PIN yet."""

    __slots__ = ("badge", "id", "name", "pin", "role")
    SHAPE = Map(
        must(1, "id", CODE),
        must(2, "name", NAME),
        must(3, "role", OneOf(TECHNICIAN, SUPERVISOR)),
        may(4, "badge", CODE),
        may(5, "pin", PIN),
    )
    id: str
    name: str
    role: str
    badge: "str | None"
    pin: "list[Any] | None"


class Roster(Message):
    """``people``: :class:`Person` maps, by id."""

    __slots__ = ("people",)
    SHAPE = Map(must(1, "people", Array(Person.SHAPE, 0, ROSTER_MAX)))
    people: "list[Any]"

    def persons(self) -> "list[Person]":
        """Everybody, in the roster's order."""
        return [Person.from_map(value) for value in self.people]


def encode(people: "list[Person]") -> bytes:
    """The document for these people. Raises ``malformed`` (fault ``ours``) for more than fit."""
    return Roster(people=[person.to_map() for person in people]).encode()


def decode(document: bytes) -> "list[Person]":
    """The people of a roster. Raises :class:`~jobseal.errors.Malformed`."""
    return Roster.decode(document, DOCUMENT_MAX_BYTES).persons()
