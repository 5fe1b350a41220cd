"""Restarts of the log: the root's statements that a backup was restored, and what must count on past whatever was lost.

A restored ledger keeps its leaves; its log goes on under a new id with the statement as the next leaf. What handhelds
and billing systems have seen of the numbers that were lost nobody here knows any more, so what counts upwards for them
jumps ahead, to what the time of the restart makes it: no version of anybody's work and no position of the feed is ever
given twice, even if the same backup is restored again.

Rules:

- ``restart`` is one transaction: statement, checkpoint under the new id, versions and the word in the feed are there
  together or not at all.
- Which log it was is read from the newest checkpoint, not from the keys' folder: a restore that was cut short in
  between is simply made again.
"""

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, Engine

from jobseal import cose, office, work
from jobseal.checkpoint import Checkpoint
from jobseal.limits import RESTARTS_MAX, STATEMENT_MAX_BYTES
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.ledger import assignments, feed, leaves
from jobseal_gateway.ledger import office as office_rows
from jobseal_gateway.ledger.assignments import Snapshot
from jobseal_gateway.ledger.feed import News
from jobseal_gateway.log import LogWriter
from jobseal_gateway.merkle_log import LogHead

if TYPE_CHECKING:
    from jobseal.cose import Signer

FEED_TYPE = "log.restarted"
POSITIONS_A_MS = 1_000  # of the feed: nobody has that much news, so each restart begins beyond the one before


class Restart(NamedTuple):
    """One restart: its ``leaf``, which is how many were restored before it; the log's id before and after; the
    statement, complete bytes."""

    leaf: int
    earlier: bytes
    log: bytes
    statement: bytes


def every(connection: Connection) -> list[Restart]:
    """The restarts of this log, oldest first; the newest ones if there are more than a frame tells of."""
    found = []
    for row in office_rows.of_kind(connection, office.RESTART)[-RESTARTS_MAX:]:
        data = row.bytes or b""
        body = office.read(data).named()
        found.append(Restart(row.idx, body["earlier_log"], body.get("log", b""), data))
    return found


def newest_ms(connection: Connection) -> int:
    """When the log was restarted last (Unix ms UTC), 0 if never. A root that gives way does so after that: it had the
    right to say it."""
    return max((office.read(each.statement).at for each in every(connection)), default=0)


def restart(
    engine: Engine, keys: GatewayKeys, root: "Signer", new_log: bytes, by: str, reason: str, now_ms: int
) -> Restart:
    """Declare the log in this ledger restarted as ``new_log`` (16 bytes), signed by the root key.

    Nobody else may have this ledger open. ``now_ms``: Unix ms UTC; a statement is always younger than the one before.
    Raises LedgerUnavailable, and then nothing is changed.
    """
    with LogWriter(engine, new_log, keys.log).appending(now_ms) as end:
        signed = end.found.checkpoint
        earlier = keys.log_id if signed is None else _stated(signed).log
        at_ms = max(end.at_ms, newest_ms(end.connection) + 1)
        body = {
            "earlier_log": earlier,
            "size": end.found.size,
            "root": LogHead(end.found.size, end.found.frontier).root(),
            "reason": reason,
            "log": new_log,
        }
        data = office.sign(office.act(office.RESTART, at_ms, by, body), root)
        index = end.add(leaves.OFFICE, office.hash_of(data), data)
        end.flush()
        office_rows.add(end.connection, index, office.RESTART, new_log.hex())
        _count_versions_on(end.connection, at_ms, keys.office)
        _tell_billing(end.connection, earlier, new_log, at_ms, reason)
    return Restart(index, earlier, new_log, data)


def _count_versions_on(connection: Connection, now_ms: int, signer: "Signer") -> None:
    """Tell every handheld the work that it was told last, under a version above all that it can have seen since."""
    for device, version in assignments.versions(connection).items():
        newest = assignments.newest_snapshot(connection, device)
        if newest is None:
            continue
        said = work.Assignment.decode(cose.parse(newest.bytes, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
        said.version, said.at = max(version + 1, now_ms), now_ms
        assignments.add_snapshot(connection, Snapshot(device, said.version, work.sign(said, signer), now_ms))


def _tell_billing(connection: Connection, earlier: bytes, log: bytes, now_ms: int, reason: str) -> None:
    """Whoever follows the feed hears it first of all, from wherever he was."""
    last = feed.skip_to(connection, now_ms * POSITIONS_A_MS)
    told = {"earlier_log": earlier.hex(), "log": log.hex(), "restored": last, "reason": reason}
    data = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    feed.append(connection, [News(FEED_TYPE, "log", data, now_ms)])


def _stated(signed: bytes) -> Checkpoint:
    return Checkpoint.decode(cose.parse(signed, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
