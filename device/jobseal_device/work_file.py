"""What came down: the assignment's work orders and documents, the gateway's verdicts, and alarms. Written by sync.

A document is kept once its digest is one that the verified assignment names. What an assignment no longer names stays
for a while: a technician may still be working on an order that was moved to somebody else.

Everything here can be fetched again, so a damaged file is set aside and a new one begun. Documents come in bursts and
are written together: see :meth:`WorkFile.flush`. Large ones, as of a catalogue, are kept beside this file.
"""

from collections.abc import Iterable
from typing import Any

from jobseal import cbor
from jobseal.errors import JobsealError
from jobseal.limits import DOCUMENT_MAX_BYTES, PULL_MAX
from jobseal.work import Assignment, digest
from jobseal_device.documents import Documents, set_aside
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DocumentsDamaged
from jobseal_device.home import Home
from jobseal_device.large_documents import LARGE_BYTES, LargeDocuments

ALARMS_KEPT = 100
# Kept however many there are of the others.
GRAVE = ("log_inconsistent", "log_restarted", "gateway_restored", "device_rolled_back", "key_passed_over")
EVIDENCE_MOST_BYTES = 16384
UNASSIGNED_KEPT = 100
VERDICTS_KEPT = 1000

Row = dict[str, Any]


class WorkFile:
    """``work.json``. Raises :class:`DocumentsDamaged` and :class:`StorageError` from every method."""

    def __init__(self, home: Home, files: Files = REAL) -> None:
        self._path = home.work
        self._files = files
        self._documents = Documents(home.work, files)
        self._verdicts = f"verdicts-{home.turn}" if home.turn else "verdicts"  # of each key's events, by seq
        self._large = LargeDocuments(home.large, files)
        self._unlisted = False  # whether a large one has come since the file was written
        self._fresh: dict[str, bytes] = {}  # documents not yet written, by digest
        self._here: set[str] | None = None  # digests of those that are
        self._counts: dict[tuple[str, str], int] = {}  # how often each alarm was raised
        self._read: dict[str, Any] = {}  # decoded orders, by their bytes in hex

    def start_anew_if_damaged(self) -> bool:
        """Whether the file was damaged: then it is kept under another name, and an empty one is begun."""
        self._large.drop_damaged()
        try:
            self._documents.storage.read()
        except DocumentsDamaged as damaged:
            kept = set_aside(self._path, self._files)
            self._here = None
            sentence = f"{damaged.sentence} It is kept as {kept.name}; its contents come again from the gateway."
            self.raise_alarm(damaged.code, sentence, [])
            return True
        return False

    # Work

    def assign(self, assignment: Assignment) -> None:
        """Make these the orders of this handheld; writes only what is news."""
        known = self._rows("orders")
        rows: list[Row] = [
            {"order": order, "revision": revision, "digest": named.hex(), "assigned": True}
            for order, revision, named in assignment.orders
        ]
        ids = {row["order"] for row in rows}
        rows += [dict(row, assigned=False) for row in known if row["order"] not in ids][:UNASSIGNED_KEPT]
        wanted = {row["digest"] for row in rows} | {named.hex() for named in assignment.digests()}
        self._large.keep_only(wanted)
        large = self._large.here()
        if rows != known or large != self._listed():
            contents = [row for row in self._rows("contents") if row["digest"] in wanted]
            self._documents.replace({"orders": rows, "contents": contents, "large": _listing(large)})
            self._here = None

    def missing(self, digests: list[bytes]) -> list[bytes]:
        """Those of these documents that are not here yet."""
        if self._here is None:
            self._here = {row["digest"] for row in self._rows("contents")} | self._large.here()
        here = self._here
        return [named for named in dict.fromkeys(digests) if named.hex() not in here and named.hex() not in self._fresh]

    def keep(self, document: bytes) -> None:
        """A document that the assignment names; on the disk after :meth:`flush`, or when a burst of them is here."""
        if len(document) > LARGE_BYTES:
            self._large.keep(document)
            self._unlisted = True
            self._here = None
            return
        self._fresh[digest(document).hex()] = document
        if len(self._fresh) >= PULL_MAX:
            self.flush()

    @property
    def is_flushed(self) -> bool:
        """Whether everything is on the disk."""
        return not self._fresh and not self._unlisted

    def flush(self) -> None:
        """Write the documents that have come, and the list of large ones: whoever looks at this file hears of them."""
        if not self.is_flushed:
            rows = [row for row in self._rows("contents") if row["digest"] not in self._fresh]
            rows += [{"digest": named, "data": document.hex()} for named, document in self._fresh.items()]
            self._documents.replace({"contents": rows, "large": _listing(self._large.here())})
            self._here = None
            self._fresh, self._unlisted = {}, False

    def orders(self) -> list[Row]:
        """[{order, revision, digest, assigned, document}] in the assignment's order; ``document`` is the decoded work
        order, or None until it has arrived."""
        contents = {row["digest"]: row["data"] for row in self._rows("contents")}
        rows = self._rows("orders")
        for row in rows:
            large = None if row["digest"] in contents else self._large.read(bytes.fromhex(row["digest"]))
            if large is not None:
                contents[row["digest"]] = large.hex()
        named = {data for row in rows if (data := contents.get(row["digest"])) is not None}
        self._read = {data: self._read[data] if data in self._read else _decoded(data) for data in named}
        return [dict(row, document=self._read.get(contents.get(row["digest"], ""))) for row in rows]

    def order(self, id: str) -> Row | None:
        """{order, revision, digest, assigned} of the one with this id."""
        return next((row for row in self._rows("orders") if row["order"] == id), None)

    def document(self, named: bytes) -> bytes | None:
        """The bytes of the document with this digest, None until they have come. They are checked to be those."""
        large = self._large.read(named)
        if large is not None:
            return large
        wanted = named.hex()
        found = next((row["data"] for row in self._rows("contents") if row["digest"] == wanted), None)
        try:
            data = None if found is None else bytes.fromhex(found)
        except (TypeError, ValueError):
            return None
        return data if data is not None and digest(data) == named else None

    # What the gateway and sync have to say

    def judge(self, verdicts: list[Any]) -> None:
        """Keep what the gateway says of events: [[seq, [code, ...]], ...]."""
        known = self.verdicts()
        told = {**known, **dict(verdicts)}
        if told != known:
            kept = sorted(told.items())[-VERDICTS_KEPT:]
            self._documents.replace({self._verdicts: [{"seq": seq, "codes": codes} for seq, codes in kept]})

    def verdicts(self) -> dict[int, list[str]]:
        """Codes by seq, for events that the gateway had something to say of."""
        return {row["seq"]: row["codes"] for row in self._rows(self._verdicts)}

    def raise_alarm(self, code: str, sentence: str, evidence: list[bytes]) -> None:
        """Keep an alarm with its evidence. The same one again is counted, and written ever more rarely, so that no
        flood of them wears the disk out."""
        known = self.alarms()
        same = next((row for row in known if row["code"] == code and row["sentence"] == sentence), None)
        if same is None:
            if len(known) < ALARMS_KEPT or code in GRAVE:
                kept = [data.hex() for data in evidence if len(data) <= EVIDENCE_MOST_BYTES]
                row = {"code": code, "sentence": sentence, "evidence": kept, "count": 1}
                self._documents.replace({"alarms": [*known, row]})
            return
        count = max(self._counts.get((code, sentence), 0), same["count"]) + 1
        self._counts[code, sentence] = count
        if count & (count - 1) == 0:  # a power of two
            self._documents.replace({"alarms": [dict(row, count=count) if row is same else row for row in known]})

    def lift_alarm(self, code: str, naming: str = "") -> None:
        """What this alarm said is over; of several with this code, in those that name this."""
        known = self.alarms()
        left = [row for row in known if row["code"] != code or naming not in row["sentence"]]
        if len(left) != len(known):
            self._documents.replace({"alarms": left})

    def alarms(self) -> list[Row]:
        """What a person has to look at, oldest first; ``count`` may lag behind."""
        return self._rows("alarms")

    def note_trouble(self, code: str, sentence: str) -> None:
        """What keeps sync from working now; an empty ``code`` when nothing does."""
        rows = [{"code": code, "sentence": sentence}] if code else []
        if rows != self._rows("trouble"):
            self._documents.replace({"trouble": rows})

    def trouble(self) -> Row | None:
        """{code, sentence} of what keeps sync from working, or None."""
        return next(iter(self._rows("trouble")), None)

    def _listed(self) -> set[str]:
        return {row["digest"] for row in self._rows("large")}

    def _rows(self, table: str) -> list[Row]:
        return [dict(row) for row in self._documents.table(table).all()]


def _listing(digests: Iterable[str]) -> list[Row]:
    return [{"digest": named} for named in sorted(digests)]


def _decoded(data: str) -> Any:
    """A document, or None where it is not what was kept."""
    try:
        return cbor.decode(bytes.fromhex(data), DOCUMENT_MAX_BYTES)
    except (JobsealError, ValueError):
        return None
