"""Work orders: what each import said, revision by revision, and the documents that handhelds pull of them.

The newest revision is the order as it stands. Importing the same content again makes no revision.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, text

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import documents, imports, work_orders

ORDER = "order"
CATALOGUE = "catalogue"
ROSTER = "roster"


class WorkOrder(NamedTuple):
    """One revision (from 1) of an order: ``snapshot`` is all that the office knows of it, ``digest`` the SHA-256 of
    the document that handhelds get of it."""

    order_id: str
    revision: int
    snapshot: bytes
    digest: bytes
    import_id: int
    imported_ms: int


_CURRENT = (
    select(work_orders)
    .where(work_orders.c.order_id == bindparam("order"))
    .order_by(work_orders.c.revision.desc())
    .limit(1)
)
_REVISIONS = select(work_orders).where(work_orders.c.order_id == bindparam("order")).order_by(work_orders.c.revision)
_NEWEST = (
    select(work_orders.c.order_id, func.max(work_orders.c.revision).label("revision"))
    .group_by(work_orders.c.order_id)
    .subquery()
)
_EVERY = (
    select(work_orders)
    .join(_NEWEST, (_NEWEST.c.order_id == work_orders.c.order_id) & (_NEWEST.c.revision == work_orders.c.revision))
    .order_by(work_orders.c.order_id)
)
_PUT = insert(work_orders)
_KEEP = text("INSERT INTO documents (digest, kind, bytes) VALUES (:digest, :kind, :bytes) ON CONFLICT DO NOTHING")
_DOCUMENTS = select(documents.c.digest, documents.c.bytes).where(
    documents.c.digest.in_(bindparam("digests", expanding=True))
)


def add_import(connection: Connection, *, at_ms: int, source: str, digest: bytes, person: str, summary: str) -> int:
    """Record an import: its file's name and SHA-256, who ran it, what came of it as JSON. Its number."""
    values = {"at_ms": at_ms, "source": source, "digest": digest, "person": person, "summary": summary}
    number: int = connection.execute(insert(imports).returning(imports.c.id), values).scalar_one()
    return number


def put(
    connection: Connection, order_id: str, *, snapshot: bytes, digest: bytes, import_id: int, imported_ms: int
) -> WorkOrder:
    """The order as it stands after this import: a new revision, or the present one if that says the same."""
    present = current(connection, order_id)
    if present is not None and (present.snapshot, present.digest) == (snapshot, digest):
        return present
    revision = 1 if present is None else present.revision + 1
    order = WorkOrder(order_id, revision, snapshot, digest, import_id, imported_ms)
    connection.execute(_PUT, order._asdict())
    return order


def current(connection: Connection, order_id: str) -> WorkOrder | None:
    """The newest revision of this order, or None when nobody imported it."""
    return first(WorkOrder, connection.execute(_CURRENT, {"order": order_id}))


def revisions(connection: Connection, order_id: str) -> list[WorkOrder]:
    """Every revision of this order, oldest first."""
    return many(WorkOrder, connection.execute(_REVISIONS, {"order": order_id}))


def every(connection: Connection) -> list[WorkOrder]:
    """The newest revision of every order, by order id."""
    return many(WorkOrder, connection.execute(_EVERY))


def keep_document(connection: Connection, digest: bytes, kind: str, data: bytes) -> None:
    """Keep what handhelds may pull by this digest (the SHA-256 of ``data``); the same again changes nothing."""
    connection.execute(_KEEP, {"digest": digest, "kind": kind, "bytes": data})


def pulled(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """The documents with these digests, those that there are."""
    return dict(connection.execute(_DOCUMENTS, {"digests": list(digests)}).all())
