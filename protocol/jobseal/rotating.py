"""Rotating: one signing key ends and names the next, which has signed that it wants to follow.

The last event of the earlier key, ``key.rotated``, holds the succession: complete bytes of a statement that the next
key signed. So whoever has that one event has the word of both keys, and the gateway enrols the next key in the commit
that logs it. Nothing has to be asked for: a handheld may go on with the next key at once, months away from any network.

Event 0 of the next key has the hash of that ``key.rotated`` as ``prev``.
"""

from jobseal import bodies, cose, enrolment
from jobseal import key as keys
from jobseal.bodies import SUCCESSION_MAX_BYTES
from jobseal.errors import Malformed
from jobseal.key import KEY_MAX_BYTES, Key
from jobseal.message import Message
from jobseal.office import ASSURANCE
from jobseal.shape import HASH, Bytes, Map, must

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Signer, Verifier
    from jobseal.event import Event

KIND = "key.rotated"


class Succession(Message):
    """What the next key says: that it follows ``earlier`` (thumbprint), which it is (``key``, COSE_Key bytes), and with
    what ``assurance`` it is kept."""

    __slots__ = ("assurance", "earlier", "key")
    SHAPE = Map(must(1, "earlier", HASH), must(2, "key", Bytes(1, KEY_MAX_BYTES)), must(3, "assurance", ASSURANCE))
    earlier: bytes
    key: bytes
    assurance: str


def succession(earlier: bytes, assurance: str, signer: "Signer") -> bytes:
    """The complete bytes of a succession of ``earlier`` (thumbprint), signed by the next key."""
    said = Succession(earlier=earlier, key=signer.key.encode(), assurance=assurance)
    return cose.sign(said.encode(), cose.SUCCESSION, signer)


def body(succeeded_by: Key, succession: bytes) -> "dict[Any, Any]":
    """The body of the earlier key's ``key.rotated``."""
    return bodies.SHAPES[KIND].keyed({"thumbprint": succeeded_by.thumbprint, "succession": succession})


def successor(event: "Event", earlier: bytes, verifier: "Verifier") -> "tuple[Key, str] | None":
    """(the next key, its assurance) that a verified ``key.rotated`` of ``earlier`` brings with it; None where it brings
    none.

    Raises :class:`Malformed`, among it ``weak_key``, or :class:`SignatureInvalid` for one that is not what it says.
    """
    wrong = bodies.problem(KIND, event.body)
    if wrong:
        raise Malformed("malformed_body", KIND + " " + wrong)
    named = bodies.named(KIND, event.body)
    if "succession" not in named:
        return None
    envelope = cose.parse(named["succession"], SUCCESSION_MAX_BYTES)
    said = Succession.decode(envelope.payload, SUCCESSION_MAX_BYTES)
    key = keys.decode(said.key)
    if said.earlier != earlier or key.thumbprint != named["thumbprint"] or key.thumbprint == earlier:
        raise Malformed("malformed_body", "the succession is not that of these two keys")
    enrolment.check_key(key)
    cose.verify(envelope, cose.SUCCESSION, key, verifier)
    return key, said.assurance
