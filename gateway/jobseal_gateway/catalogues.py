"""Catalogues: versions of what handhelds know of codes, stored as facts; every handheld is told of the newest.

Rules:

- An import is a whole catalogue: what is not in it is not in the new version. It is stored whole or not at all.
- The same content again makes no version. A version, once stored, never says anything else.
- Handhelds are told after the version is stored, some at a time; whoever was missed because the machine stopped is told
  by ``technicians tell``, by the next import, or with the next news of their own.
- A catalogue decides nothing about billing: prices are a matter of price lists, which know codes of their own.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import work
from jobseal_gateway import people
from jobseal_gateway.catalogue import Entry, documents, entries
from jobseal_gateway.ledger import catalogues as stored
from jobseal_gateway.ledger import log, orders
from jobseal_gateway.ledger.catalogues import Catalogue
from jobseal_gateway.ledger.database import reading, writing

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway


@dataclass(frozen=True, slots=True)
class Taken:
    """``version``: the newest one, now or as it would be; ``is_new``: the import made it; ``counts``: entries by kind;
    ``documents``: how many a handheld pulls; ``added``, ``changed``, ``gone``: entries, against the version before;
    ``told``: handhelds that hear of it."""

    version: int
    is_new: bool
    counts: dict[str, int]
    documents: int
    added: int
    changed: int
    gone: int
    told: tuple[str, ...] = ()


def preview(gateway: "Gateway", found: Sequence[Entry]) -> Taken:
    """What ``store`` would do, and nothing stored. Raises TooLarge as it does."""
    pages = documents(found)
    with reading(gateway.engine) as connection:
        return _compared(connection, found, pages)


def store(gateway: "Gateway", found: Sequence[Entry], source: str, data: bytes, person: str) -> Taken:
    """Make ``found`` the catalogue from now on: parsed from ``data``, the contents of the files named in ``source``, by
    ``person``. Raises TooLarge, ClockUnsynchronised, LedgerUnavailable."""
    pages = documents(found)
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        taken = _compared(connection, found, pages)
        digest, summary = hashlib.sha256(data).digest(), json.dumps(taken.counts)
        number = orders.add_import(
            connection, at_ms=now_ms, source=source, digest=digest, person=person, summary=summary
        )
        if taken.is_new:
            for page in pages:
                orders.keep_document(connection, work.digest(page), orders.CATALOGUE, page)
            stored.add(connection, taken.version, [work.digest(page) for page in pages], number)
    told = people.tell_everybody(gateway)
    return dataclasses.replace(taken, told=told)


def content(connection: Connection, catalogue: Catalogue) -> list[Entry]:
    """The entries of a version, by kind and code."""
    pages = catalogue.pages()
    kept = orders.pulled(connection, pages)
    return entries(kept[digest] for digest in pages)


def _compared(connection: Connection, found: Sequence[Entry], pages: Sequence[bytes]) -> Taken:
    newest = stored.newest(connection)
    before = {} if newest is None else {entry.key: entry for entry in content(connection, newest)}
    after = {entry.key: entry for entry in found}
    is_new = newest is None or newest.pages() != [work.digest(page) for page in pages]
    return Taken(
        version=(0 if newest is None else newest.version) + is_new,
        is_new=is_new,
        counts=dict(sorted(Counter(entry.kind for entry in found).items())),
        documents=len(pages),
        added=len(after.keys() - before.keys()),
        changed=sum(before[key] != entry for key, entry in after.items() if key in before),
        gone=len(before.keys() - after.keys()),
    )
