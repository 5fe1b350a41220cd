"""The feed as CloudEvents 1.0: entries of the ledger to one batch (JSON batch format), their data as it stands.

An entry's data is JSON text that was written once; it goes into the batch to the byte, unparsed, so that reading the
same position again gives the same bytes, and costs little.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from jobseal_gateway.ledger.feed import Entry

BATCH_TYPE = "application/cloudevents-batch+json"
SEQUENCE_DIGITS = 20  # as many as any 64-bit position has, so that the text sorts as the number does

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def batch(entries: Sequence[Entry], source: str) -> bytes:
    """The batch of these entries; ``source`` is the URI of the gateway that speaks."""
    return ("[" + ",".join(_event(entry, source) for entry in entries) + "]").encode()


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
