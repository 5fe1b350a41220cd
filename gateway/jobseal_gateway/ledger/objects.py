"""Objects: the salted bytes beside events, accepted only when an event that is logged names them, in pieces or whole.

An object is ``wanted`` from the first event that names it, ``stored`` once its bytes are complete and their digest
was right, ``erased`` by an operator's leaf. Whether a digest is right is the caller's to check; pieces come in order
of offset, and ``received`` is the offset wanted next.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from jobseal_gateway.ledger.rows import first
from jobseal_gateway.ledger.schema import leaves, object_chunks, object_refs, objects

WANTED = "wanted"
STORED = "stored"
ERASED = "erased"


class Object(NamedTuple):
    """What is known of one object; ``size`` and ``received`` count the salt too, in bytes."""

    id: int
    digest: bytes
    size: int
    media_type: str
    received: int
    state: str


class Named(NamedTuple):
    """An object as an event names it; ``size`` with the salt, in bytes."""

    digest: bytes
    size: int
    media_type: str


_NAME = text(
    "INSERT INTO objects (digest, size, media_type, received, state)"
    " VALUES (:digest, :size, :media_type, 0, 'wanted') ON CONFLICT (digest) DO NOTHING"
)
_REFER = text(
    "INSERT INTO object_refs (object_id, leaf, key_id) SELECT id, :leaf, :key FROM objects WHERE digest = :digest"
    " ON CONFLICT DO NOTHING"
)
_BY_DIGESTS = select(objects).where(objects.c.digest.in_(bindparam("digests", expanding=True)))
_NAMED_BY = (
    select(objects)
    .join(object_refs, object_refs.c.object_id == objects.c.id)
    .where(objects.c.digest == bindparam("digest"), object_refs.c.key_id == bindparam("key"))
    .limit(1)
)
_JOBS = (
    select(leaves.c.job_id)
    .distinct()
    .join(object_refs, object_refs.c.leaf == leaves.c.idx)
    .where(object_refs.c.object_id == bindparam("object"), leaves.c.job_id.is_not(None))
    .order_by(leaves.c.job_id)
)
_EVENTS = (
    select(leaves.c.branch_id, leaves.c.seq)
    .join(object_refs, object_refs.c.leaf == leaves.c.idx)
    .where(object_refs.c.object_id == bindparam("object"), object_refs.c.key_id == bindparam("key"))
    .order_by(leaves.c.idx)
)
_CHUNKS = (
    select(object_chunks.c.bytes)
    .where(object_chunks.c.object_id == bindparam("object"))
    .order_by(object_chunks.c.position)
)
_ADD_CHUNK = insert(object_chunks)
_STORED = update(objects).where(objects.c.id == bindparam("object")).values(state=STORED)
_DROP_CHUNKS = delete(object_chunks).where(object_chunks.c.object_id == bindparam("object"))
_START_ANEW = (
    update(objects).where(objects.c.id == bindparam("object")).values(received=0, state=bindparam("new_state"))
)
_GROW = (
    update(objects)
    .where(
        objects.c.id == bindparam("object"),
        objects.c.received == bindparam("position"),
        objects.c.state == WANTED,
    )
    .values(received=bindparam("end"))
)


def name(connection: Connection, leaf: int, key_id: int, named: Iterable[Named]) -> None:
    """The event at ``leaf``, of this key, names these objects: from now on they are accepted from it."""
    rows = [{**each._asdict(), "leaf": leaf, "key": key_id} for each in named]
    if rows:
        connection.execute(_NAME, rows)
        connection.execute(_REFER, rows)


def by_digests(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, Object]:
    """What is known of each of these that some event named."""
    rows = connection.execute(_BY_DIGESTS, {"digests": list(digests)})
    return {each.digest: each for each in map(Object._make, rows)}


def named_by(connection: Connection, key_id: int, digest: bytes) -> Object | None:
    """The object, if a logged event of this key names it; None is a reason to refuse its bytes."""
    return first(Object, connection.execute(_NAMED_BY, {"digest": digest, "key": key_id}))


def add_chunk(connection: Connection, known: Object, data: bytes) -> Object:
    """Keep the bytes at the wanted offset; the object with its next offset.

    When somebody else has added that piece meanwhile, nothing is written and the present state comes back.
    Raises ValueError for bytes beyond the object's size.
    """
    end = known.received + len(data)
    if end > known.size:
        raise ValueError("these bytes go beyond the object's size")
    moved = connection.execute(_GROW, {"object": known.id, "position": known.received, "end": end})
    if moved.rowcount == 0:
        return by_digests(connection, [known.digest])[known.digest]
    if data:
        connection.execute(_ADD_CHUNK, {"object_id": known.id, "position": known.received, "bytes": data})
    return known._replace(received=end)


def content(connection: Connection, object_id: int) -> bytes:
    """The bytes received so far, salt first."""
    return b"".join(connection.execute(_CHUNKS, {"object": object_id}).scalars())


def complete(connection: Connection, object_id: int) -> None:
    """The bytes are all there and their digest is right."""
    connection.execute(_STORED, {"object": object_id})


def discard(connection: Connection, object_id: int) -> None:
    """Forget what was received of an object whose digest came out wrong; it is wanted again from its start."""
    _drop(connection, object_id, WANTED)


def erase(connection: Connection, object_id: int) -> None:
    """Forget salt and bytes for good; the leaf that orders it is the caller's to append."""
    _drop(connection, object_id, ERASED)


def jobs_naming(connection: Connection, object_id: int) -> list[int]:
    """The jobs whose events name this object: what to fold again when its state changes."""
    return [job for job in connection.execute(_JOBS, {"object": object_id}).scalars() if job is not None]


def events_naming(connection: Connection, object_id: int, key_id: int) -> list[tuple[int, int]]:
    """(branch, seq) of each of this key's events that names the object, in log order."""
    rows = connection.execute(_EVENTS, {"object": object_id, "key": key_id})
    return [(branch_id, seq) for branch_id, seq in rows if branch_id is not None and seq is not None]


def _drop(connection: Connection, object_id: int, state: str) -> None:
    connection.execute(_DROP_CHUNKS, {"object": object_id})
    connection.execute(_START_ANEW, {"object": object_id, "new_state": state})
