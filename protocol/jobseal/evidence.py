"""Evidence: what of a bundle is verified so far; each step of :mod:`jobseal.proof` adds what it proved."""

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.authority import Authority
    from jobseal.bundle import Bundle
    from jobseal.checkpoint import Checkpoint
    from jobseal.cose import Verifier
    from jobseal.enrolment import Enrolment
    from jobseal.event import SignedEvent
    from jobseal.interval import Interval
    from jobseal.job import Job
    from jobseal.key import Key
    from jobseal.office import Act
    from jobseal.receipt import Receipt
    from jobseal.record import Record


class LoggedEvent:
    """An event with its place in the log; ``signed`` is None where the bytes were erased, and then ``key`` (thumbprint)
    and ``seq`` are what the rest of the chain tells, or None. ``interval``: when it happened."""

    __slots__ = ("hash", "index", "interval", "key", "seq", "signed", "where")

    def __init__(self, number: int, index: int, hash: bytes, signed: "SignedEvent | None") -> None:
        self.where = "event %d (index %d)" % (number, index)
        self.index = index
        self.hash = hash
        self.signed = signed
        self.key: bytes | None = None
        self.seq = None if signed is None else signed.event.seq
        self.interval: Interval | None = None


class LoggedAct:
    """An office statement with its place in the log."""

    __slots__ = ("act", "data", "hash", "index", "where")

    def __init__(self, number: int, index: int, hash: bytes, data: bytes, act: "Act") -> None:
        self.where = "act %d (index %d, %s)" % (number, index, act.kind)
        self.index = index
        self.hash = hash
        self.data = data
        self.act = act


class Remark:
    """Something that a reader should know and that is no flaw: ``code``, ``where``, ``sentence``."""

    __slots__ = ("code", "sentence", "where")

    def __init__(self, code: str, where: str, sentence: str) -> None:
        self.code = code
        self.where = where
        self.sentence = sentence


class Evidence:
    """What is proven so far; the attributes of later steps are empty until their step."""

    __slots__ = (
        "acts", "authority", "bundle", "checkpoints", "enrolled", "events", "job", "latest", "receipts", "record",
        "reigns", "remarks", "root", "verifier",
    )  # fmt: skip

    def __init__(self, bundle: "Bundle", root: "Key", verifier: "Verifier") -> None:
        self.bundle = bundle
        self.verifier = verifier
        self.root = root
        # The root and those that it came from, oldest first; each with when it gave way (Unix ms UTC), or None.
        self.reigns: list[tuple[Key, int | None]] = [(root, None)]
        self.authority: Authority
        self.record: Record
        self.latest: Checkpoint
        self.checkpoints: list[tuple[bytes, Checkpoint]] = []  # (hash, checkpoint) by size
        self.acts: list[LoggedAct] = []
        self.enrolled: dict[bytes, Enrolment] = {}  # by kid
        self.events: list[LoggedEvent] = []
        self.job: Job
        self.receipts: list[Receipt] = []
        self.remarks: list[Remark] = []

    def enrolment(self, thumbprint: bytes) -> "Enrolment | None":
        """The enrolment of a key."""
        found = self.enrolled.get(thumbprint[:8])
        return found if found is not None and found.key.thumbprint == thumbprint else None

    def of_kind(self, kind: str) -> "list[LoggedAct]":
        """The office statements of one kind."""
        return [logged for logged in self.acts if logged.act.kind == kind]

    def chain(self, thumbprint: bytes) -> "list[LoggedEvent]":
        """The readable events of one key by seq."""
        found: list[Any] = [logged for logged in self.events if logged.signed is not None and logged.key == thumbprint]
        return sorted(found, key=lambda logged: logged.seq)

    def note(self, code: str, where: str, sentence: str) -> None:
        """Add a remark."""
        self.remarks.append(Remark(code, where, sentence))
