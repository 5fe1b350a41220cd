"""Price lists by name and version, kept as they were written: a version, once taken, never says anything else."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import price_lists


class PriceList(NamedTuple):
    """One version's source text, and the digest that records name it by."""

    name: str
    version: str
    digest: bytes
    source: str
    at_ms: int


_FIELDS = [price_lists.c[field] for field in PriceList._fields]
_ONE = select(*_FIELDS).where(price_lists.c.name == bindparam("name"), price_lists.c.version == bindparam("version"))
_EVERY = select(*_FIELDS).order_by(price_lists.c.id)
_NEWEST = select(*_FIELDS).where(price_lists.c.name == bindparam("name")).order_by(price_lists.c.id.desc()).limit(1)


def add(connection: Connection, price_list: PriceList) -> bool:
    """Keep this version. False when it is kept already with the same digest.

    Raises ValueError when the version is taken by another text.
    """
    present = version(connection, price_list.name, price_list.version)
    if present is None:
        connection.execute(insert(price_lists), price_list._asdict())
        return True
    if present.digest != price_list.digest:
        raise ValueError(f"version {price_list.version} of price list {price_list.name} says something else already")
    return False


def version(connection: Connection, name: str, version: str) -> PriceList | None:
    """This version of this price list."""
    return first(PriceList, connection.execute(_ONE, {"name": name, "version": version}))


def newest(connection: Connection, name: str) -> PriceList | None:
    """The version of this price list that was added last."""
    return first(PriceList, connection.execute(_NEWEST, {"name": name}))


def every(connection: Connection) -> list[PriceList]:
    """All versions of all price lists, in the order in which they were added."""
    return many(PriceList, connection.execute(_EVERY))
