"""Catalogues: which documents each version consists of. The newest version is the one that handhelds are to have."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import catalogues, imports

_DIGEST_BYTES = 32


class Catalogue(NamedTuple):
    """A version (from 1), the digests of its documents one after the other, and the import that brought it: when,
    from which files, by whom, what was in it as JSON."""

    version: int
    digests: bytes
    at_ms: int
    source: str
    person: str
    summary: str

    def pages(self) -> list[bytes]:
        """The digests of its documents, in order."""
        return [self.digests[at : at + _DIGEST_BYTES] for at in range(0, len(self.digests), _DIGEST_BYTES)]


_EVERY = (
    select(
        catalogues.c.version,
        catalogues.c.digests,
        imports.c.at_ms,
        imports.c.source,
        imports.c.person,
        imports.c.summary,
    )
    .join(imports, imports.c.id == catalogues.c.import_id)
    .order_by(catalogues.c.version.desc())
)
_NEWEST = _EVERY.limit(1)
_ONE = _EVERY.where(catalogues.c.version == bindparam("version"))


def add(connection: Connection, version: int, pages: Sequence[bytes], import_id: int) -> None:
    """Keep this version: the documents with these digests, in order. They are kept with ``orders.keep_document``."""
    values = {"version": version, "digests": b"".join(pages), "import_id": import_id}
    connection.execute(insert(catalogues), values)


def newest(connection: Connection) -> Catalogue | None:
    """The version that was added last."""
    return first(Catalogue, connection.execute(_NEWEST))


def version(connection: Connection, number: int) -> Catalogue | None:
    """This version."""
    return first(Catalogue, connection.execute(_ONE, {"version": number}))


def every(connection: Connection) -> list[Catalogue]:
    """All versions, the newest first."""
    return many(Catalogue, connection.execute(_EVERY))
