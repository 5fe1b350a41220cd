"""What came down: the assignment's work orders and documents, the gateway's verdicts, and alarms. Written by sync.

A document is kept once its digest is one that the verified assignment names. What an assignment no longer names stays
readable as long as it is small: a technician may still be working on an order that was moved to somebody else.
"""

from typing import Any

from tinydb import where

from jobseal import cbor
from jobseal.limits import DOCUMENT_MAX_BYTES
from jobseal.work import Assignment, digest
from jobseal_device.documents import Documents
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

ALARMS_KEPT = 100


class WorkFile:
    """``work.json``. Raises :class:`DocumentsDamaged` and :class:`StorageError` from every method."""

    def __init__(self, home: Home, files: Files = REAL) -> None:
        self._documents = Documents(home.work, files)
        self._orders = self._documents.table("orders")
        self._contents = self._documents.table("contents")
        self._verdicts = self._documents.table("verdicts")
        self._alarms = self._documents.table("alarms")

    def assign(self, assignment: Assignment) -> None:
        """Make these the orders of this handheld."""
        rows = [
            {"order": order, "revision": revision, "digest": named.hex(), "assigned": True}
            for order, revision, named in assignment.orders
        ]
        kept = [
            dict(row, assigned=False) for row in self._orders.all() if row["order"] not in {r["order"] for r in rows}
        ]
        self._orders.truncate()
        self._orders.insert_multiple(rows + kept)

    def missing(self, digests: list[bytes]) -> list[bytes]:
        """Those of these documents that are not here yet."""
        here = {row["digest"] for row in self._contents.all()}
        return [named for named in dict.fromkeys(digests) if named.hex() not in here]

    def keep(self, document: bytes) -> None:
        """A document that the assignment names."""
        row = {"digest": digest(document).hex(), "data": document.hex()}
        self._contents.upsert(row, where("digest") == row["digest"])

    def orders(self) -> list[dict[str, Any]]:
        """[{order, revision, digest, assigned, document}] in the assignment's order; ``document`` is the decoded work
        order, or None until it has arrived."""
        contents = {row["digest"]: row["data"] for row in self._contents.all()}
        return [dict(row, document=_decoded(contents.get(row["digest"]))) for row in self._orders.all()]

    def order(self, id: str) -> dict[str, Any] | None:
        """The one with this id, as in :meth:`orders`."""
        return next((row for row in self.orders() if row["order"] == id), None)

    def judge(self, verdicts: list[Any]) -> None:
        """Keep what the gateway says of events: [[seq, [code, ...]], ...]."""
        for seq, codes in verdicts:
            self._verdicts.upsert({"seq": seq, "codes": codes}, where("seq") == seq)

    def verdicts(self) -> dict[int, list[str]]:
        """Codes by seq, for events that the gateway had something to say of."""
        return {row["seq"]: row["codes"] for row in self._verdicts.all()}

    def raise_alarm(self, code: str, sentence: str, evidence: list[bytes]) -> None:
        """Keep an alarm with its evidence; the same one again is counted, not repeated."""
        same = self._alarms.get((where("code") == code) & (where("sentence") == sentence))
        if same is not None and not isinstance(same, list):
            self._alarms.update({"count": same["count"] + 1}, doc_ids=[same.doc_id])
        elif len(self._alarms) < ALARMS_KEPT:
            row = {"code": code, "sentence": sentence, "evidence": [data.hex() for data in evidence], "count": 1}
            self._alarms.insert(row)

    def alarms(self) -> list[dict[str, Any]]:
        """What a person has to look at, oldest first."""
        return [dict(row) for row in self._alarms.all()]


def _decoded(data: str | None) -> Any:
    return None if data is None else cbor.decode(bytes.fromhex(data), DOCUMENT_MAX_BYTES)
