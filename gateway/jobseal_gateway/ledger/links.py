"""Link certificates: every one that the CA gave out, and those that must not be taken any more."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import link_certificates, link_revocations


class Link(NamedTuple):
    """A certificate: its ``serial`` in hex, whose it is, SHA-256 of what it answers (``asked``), its DER (``data``)."""

    id: int
    serial: str
    device: str
    key_id: int
    asked: bytes
    data: bytes
    issued_ms: int
    ends_ms: int


class Ended(NamedTuple):
    """A revoked certificate, in order of revocation."""

    id: int
    serial: str
    device: str
    at_ms: int
    ends_ms: int


_BY_ASKED = select(link_certificates).where(link_certificates.c.asked == bindparam("asked"))
_STANDING = (
    select(link_certificates)
    .outerjoin(link_revocations, link_revocations.c.certificate_id == link_certificates.c.id)
    .where(link_revocations.c.id.is_(None))
    .order_by(link_certificates.c.id)
)
_OF_DEVICE = _STANDING.where(link_certificates.c.device == bindparam("device"))
_OF_KEY = _STANDING.where(link_certificates.c.key_id == bindparam("key"))
_ADD = insert(link_certificates)
_VERSION = select(func.coalesce(func.max(link_revocations.c.id), 0))
_ENDED = (
    select(
        link_revocations.c.id,
        link_certificates.c.serial,
        link_certificates.c.device,
        link_revocations.c.at_ms,
        link_certificates.c.ends_ms,
    )
    .join(link_certificates, link_certificates.c.id == link_revocations.c.certificate_id)
    .where(link_revocations.c.id > bindparam("after"))
    .order_by(link_revocations.c.id)
)


def add(
    connection: Connection,
    serial: str,
    device: str,
    key_id: int,
    asked: bytes,
    data: bytes,
    issued_ms: int,
    ends_ms: int,
) -> None:
    """Keep a certificate that is about to be given out."""
    row = {"serial": serial, "device": device, "key_id": key_id, "asked": asked, "bytes": data}
    connection.execute(_ADD, {**row, "issued_ms": issued_ms, "ends_ms": ends_ms})


def answering(connection: Connection, asked: bytes) -> Link | None:
    """The certificate that answered these bytes (SHA-256)."""
    return first(Link, connection.execute(_BY_ASKED, {"asked": asked}))


def of_device(connection: Connection, device: str) -> list[Link]:
    """Those of a device that are not revoked, oldest first; some may have ended by themselves."""
    return many(Link, connection.execute(_OF_DEVICE, {"device": device}))


def revoke_of_key(connection: Connection, key_id: int, reason: str, at_ms: int) -> int:
    """Revoke every certificate that was given out beside this signing key; how many."""
    standing = many(Link, connection.execute(_OF_KEY, {"key": key_id}))
    for link in standing:
        connection.execute(insert(link_revocations), {"certificate_id": link.id, "reason": reason, "at_ms": at_ms})
    return len(standing)


def version(connection: Connection) -> int:
    """A number that grows whenever a certificate is revoked."""
    return int(connection.execute(_VERSION).scalar_one())


def ended(connection: Connection, after: int = 0) -> list[Ended]:
    """What was revoked behind this version."""
    return many(Ended, connection.execute(_ENDED, {"after": after}))
