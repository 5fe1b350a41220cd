"""Enrolment: the office's signed word that a key belongs to a device. Its hash is the ``prev`` of the key's event 0.

A key that follows another by rotation begins with the hash of the ``key.rotated`` instead, which its enrolment names.

A key is taken only if nobody can sign for it by accident or by trick: an Ed25519 point that is non-canonical, of
small or of mixed order is refused, because under such a key one signature can verify many messages. A P-256 point
must lie on the curve; its group has no small subgroups.
"""

from jobseal import edwards, office
from jobseal import key as keys
from jobseal.errors import Malformed
from jobseal.key import KEY_MAX_BYTES, Key
from jobseal.message import Message
from jobseal.shape import Array, Bytes, Integer, Map, Row, Text, must

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier
    from jobseal.office import Act

_P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1  # SEC 2 section 2.4.2
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class Enrolment:
    """A verified enrolment: ``device``, ``key``, ``assurance``, ``earlier`` (thumbprint or None), ``log``, ``hash``;
    ``genesis``: what event 0 of the key names; ``ended_at``: seq of the ``key.rotated`` by which the earlier key ended,
    or None."""

    __slots__ = ("assurance", "at", "data", "device", "earlier", "ended_at", "genesis", "hash", "key", "label", "log")

    def __init__(self, data: bytes, statement: "Act") -> None:
        body = statement.named()
        self.data = data
        self.hash = office.hash_of(data)
        self.at = statement.at
        self.device: str = body["device"]
        self.key: Key = keys.decode(body["key"])
        self.assurance: str = body["assurance"]
        self.earlier: bytes | None = body["earlier"]
        self.log: bytes = body["log"]
        self.label: str = body.get("label", self.device)
        self.ended_at: int | None = None
        self.genesis = self.hash
        if "follows" in body:
            self.ended_at, self.genesis = body["follows"]


def check_key(key: Key) -> None:
    """Raise ``weak_key`` for a public key that must not be enrolled."""
    if key.y is None:
        edwards.check_public_key(key.x)
    elif not _is_on_p256(key.x, key.y):
        raise Malformed("weak_key", "this P-256 public key is not a point on the curve: make a new key pair")


def _is_on_p256(x_bytes: bytes, y_bytes: bytes) -> bool:
    x, y = int.from_bytes(x_bytes, "big"), int.from_bytes(y_bytes, "big")
    return x < _P256_FIELD and y < _P256_FIELD and (y * y - x * x * x + 3 * x - _P256_B) % _P256_FIELD == 0


def statement(device: str, key: Key, assurance: str, log: bytes, at: int, operator: str, label: str) -> "Act":
    """The enrolment of a first key. Raises ``weak_key``."""
    check_key(key)
    body = {
        "device": device,
        "key": key.encode(),
        "assurance": assurance,
        "earlier": None,
        "log": log,
        "label": label,
    }
    return office.act("device.enrolled", at, operator, body)


def verify(data: bytes, office_key: Key, verifier: "Verifier") -> Enrolment:
    """The enrolment in ``data``. Raises as :func:`jobseal.office.verify` does, or ``weak_key``."""
    act = office.verify(data, office_key, verifier)
    if act.kind != "device.enrolled":
        raise Malformed("malformed", "this office statement is not an enrolment")
    enrolment = Enrolment(data, act)
    check_key(enrolment.key)
    return enrolment


class Welcome(Message):
    """What a newly enrolled device is handed: ``statement``, the gateway's ``root`` COSE_Key with its ``authority``
    certifications, and ``brokers``, [host, port] each, in order of preference.

    Unsigned as a whole: the device checks the root against the fingerprint that a person gave it, and all else
    from there.
    """

    __slots__ = ("authority", "brokers", "root", "statement")
    SHAPE = Map(
        must(1, "statement", Bytes(1, 4096)),
        must(2, "root", Bytes(1, KEY_MAX_BYTES)),
        must(3, "authority", Array(Bytes(1, 512), 2, 3)),
        must(4, "brokers", Array(Row(("host", Text(1, 253)), ("port", Integer(1, 65535))), 1, 8)),
    )
    statement: bytes
    root: bytes
    authority: "list[bytes]"
    brokers: "list[Any]"
