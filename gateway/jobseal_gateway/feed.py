"""The feed as CloudEvents 1.0: entries of the ledger to one batch (JSON batch format), their data as it stands.

An entry's data is JSON text that was written once; it goes into the batch to the byte, unparsed, so that reading the
same position again gives the same bytes, and costs little.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from jobseal_gateway.ledger.feed import Entry

BATCH_TYPE = "application/cloudevents-batch+json"
SEQUENCE_DIGITS = 20  # as many as any 64-bit position has, so that the text sorts as the number does

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sources:
    """Who speaks at which position (CloudEvents ``source``): the gateway, by the id that its log had then."""

    def __init__(self, log_id: bytes, restarts: Sequence[Entry] = ()) -> None:
        """``restarts``: what the feed says of them, oldest first."""
        self._ends = [entry.position for entry in restarts]
        logs = [str(json.loads(entry.data)["earlier_log"]) for entry in restarts] + [log_id.hex()]
        self._uris = [f"urn:jobseal:log:{log}" for log in logs]

    def of(self, position: int) -> str:
        """The URI; the word of a restart is the first that the log speaks under its new id."""
        return self._uris[bisect_right(self._ends, position)]


def batch(entries: Sequence[Entry], sources: Sources) -> bytes:
    """The batch of these entries."""
    return ("[" + ",".join(_event(entry, sources.of(entry.position)) for entry in entries) + "]").encode()


def _event(entry: Entry, source: str) -> str:
    context = {
        "specversion": "1.0",
        "id": str(entry.position),
        "source": source,
        "type": entry.type,
        "subject": entry.subject,
        "time": _time(entry.at_ms),
        "sequence": f"{entry.position:0{SEQUENCE_DIGITS}}",
        "datacontenttype": "application/json",
    }
    return json.dumps(context, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"data":{entry.data}}}'


def _time(at_ms: int) -> str:
    """RFC 3339, UTC, with milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
