"""The few column types that the ledger uses, the same on both databases, and the metadata that holds the tables.

Numbers are 64-bit, times are Unix milliseconds UTC (``*_ms``), hashes and signed messages are bytes, documents
whose bytes matter are text or bytes and never a JSON type (a database would re-encode it). On SQLite the tables
are STRICT, so that a wrong type is refused there as PostgreSQL refuses it. Flags are words, not booleans.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem

EVIDENCE = "evidence"  # what was received or logged: never rewritten, erased only by a logged act
DECISION = "decision"  # what people and policies decided: append-only facts
PROJECTION = "projection"  # a pure function of the other two: may be dropped and rebuilt to the same bytes

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")


def number(name: str, *items: SchemaItem) -> Column[int]:
    """A 64-bit integer that is always there."""
    return Column(name, Number, *items, nullable=False)


def number_or_null(name: str, *items: SchemaItem) -> Column[int]:
    """A 64-bit integer that may be absent."""
    return Column(name, Number, *items, nullable=True)


def number_key(name: str) -> Column[int]:
    """A primary key whose values the caller gives."""
    return Column(name, Number, primary_key=True, autoincrement=False)


def row_number(name: str = "id") -> Column[int]:
    """A primary key whose values the database gives."""
    return Column(name, Number, primary_key=True, autoincrement=True)


def text(name: str) -> Column[str]:
    """Text that is always there."""
    return Column(name, Text, nullable=False)


def text_or_null(name: str) -> Column[str]:
    """Text that may be absent."""
    return Column(name, Text, nullable=True)


def octets(name: str) -> Column[bytes]:
    """Bytes that are always there."""
    return Column(name, LargeBinary, nullable=False)


def octets_or_null(name: str) -> Column[bytes]:
    """Bytes that may be absent."""
    return Column(name, LargeBinary, nullable=True)


def table(kind: str, name: str, *items: SchemaItem) -> Table:
    """A table of one of the three kinds."""
    return Table(name, metadata, *items, info={"kind": kind}, sqlite_strict=True)
