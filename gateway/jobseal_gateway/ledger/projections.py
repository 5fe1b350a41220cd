"""All projections at once: dropped, to be folded again from evidence and decisions."""

from sqlalchemy import Connection, delete

from jobseal_gateway.ledger import dirty
from jobseal_gateway.ledger.schema import PROJECTION, metadata


def drop(connection: Connection, now_ms: int) -> None:
    """Empty every projection and mark every job; evidence and decisions are not touched.

    In one transaction, so that nobody sees a ledger whose jobs are neither folded nor waiting for it.
    """
    for table in metadata.sorted_tables:
        if table.info["kind"] == PROJECTION:
            connection.execute(delete(table))
    dirty.mark_every(connection, now_ms)
