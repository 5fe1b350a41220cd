"""Keys: every signing key that was ever enrolled, and the standing that the log gives it.

A key's status is what the leaf at ``status_leaf`` says; what was logged before that leaf keeps its worth.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select, text, update

from jobseal_gateway.ledger.errors import KeyTaken
from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import keys

ACTIVE = "active"
SUSPENDED = "suspended"
REVOKED = "revoked"
ROTATED = "rotated"

KID_BYTES = 8  # the part of a thumbprint that messages carry


class Key(NamedTuple):
    """One enrolled key. ``trusted_seq`` is the last that a revocation for compromise still trusts, else None."""

    id: int
    thumbprint: bytes
    kid: bytes
    cose_key: bytes
    device: str
    enrolment_leaf: int
    enrolment_hash: bytes
    status: str
    status_leaf: int
    trusted_seq: int | None


# Whether thumbprint and kid are free is the table's own look-up.
_ENROL = text(
    """
    INSERT INTO keys (thumbprint, kid, cose_key, device, enrolment_leaf, enrolment_hash, status, status_leaf)
    VALUES (:thumbprint, :kid, :cose_key, :device, :enrolment_leaf, :enrolment_hash, :status, :status_leaf)
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_ALL = select(keys).order_by(keys.c.id)
_VERSION = select(func.coalesce(func.max(keys.c.status_leaf), -1))
_BY_KID = select(keys).where(keys.c.kid == bindparam("kid"))
_BY_ID = select(keys).where(keys.c.id == bindparam("id"))
_OF_DEVICE = select(keys).where(keys.c.device == bindparam("device")).order_by(keys.c.id)
_CONCERNED = (
    select(keys).where(or_(keys.c.kid == bindparam("kid"), keys.c.device == bindparam("device"))).order_by(keys.c.id)
)
_SET_STATUS = (
    update(keys)
    .where(keys.c.id == bindparam("key"))
    .values(status=bindparam("new_status"), status_leaf=bindparam("leaf"), trusted_seq=bindparam("trusted"))
)


def enrol(
    connection: Connection,
    *,
    thumbprint: bytes,
    cose_key: bytes,
    device: str,
    enrolment_leaf: int,
    enrolment_hash: bytes,
) -> Key:
    """Add a key as active since its enrolment's leaf.

    Raises KeyTaken when its thumbprint, or the first 8 bytes of it, belong to a key already. Lock the log's head
    before, as appending the enrolment's leaf does: that is what keeps two of these apart.
    """
    kid = thumbprint[:KID_BYTES]
    row = {
        "thumbprint": thumbprint,
        "kid": kid,
        "cose_key": cose_key,
        "device": device,
        "enrolment_leaf": enrolment_leaf,
        "enrolment_hash": enrolment_hash,
        "status": ACTIVE,
        "status_leaf": enrolment_leaf,
    }
    number = connection.scalar(_ENROL, row)
    if number is None:
        raise KeyTaken(kid)
    return Key._make([number, *row.values(), None])


def every(connection: Connection) -> list[Key]:
    """All keys, in order of enrolment."""
    return many(Key, connection.execute(_ALL))


def version(connection: Connection) -> int:
    """A number that grows whenever a key is enrolled or changes its standing: the newest leaf that did so."""
    return int(connection.execute(_VERSION).scalar_one())


def by_kid(connection: Connection, kid: bytes) -> Key | None:
    """The key whose thumbprint begins with these 8 bytes."""
    return first(Key, connection.execute(_BY_KID, {"kid": kid}))


def by_id(connection: Connection, key_id: int) -> Key | None:
    """The key with this row number."""
    return first(Key, connection.execute(_BY_ID, {"id": key_id}))


def of_device(connection: Connection, device: str) -> list[Key]:
    """The keys of this device, in order of enrolment; the last is its present one."""
    return many(Key, connection.execute(_OF_DEVICE, {"device": device}))


def concerned(connection: Connection, kid: bytes, device: str) -> list[Key]:
    """What ``by_kid`` and ``of_device`` find, in order of enrolment: whatever an enrolment has to mind."""
    return many(Key, connection.execute(_CONCERNED, {"kid": kid, "device": device}))


def set_status(connection: Connection, key_id: int, status: str, leaf: int, trusted_seq: int | None = None) -> None:
    """Record what the statement at ``leaf`` made of the key."""
    connection.execute(_SET_STATUS, {"key": key_id, "new_status": status, "leaf": leaf, "trusted": trusted_seq})
