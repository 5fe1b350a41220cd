"""What the uplink stands on: who sends, how long it waits, what it remembers, and what it may look up. Plain values."""

from jobseal import restart

MYPY = False
if MYPY:
    from typing import Any, Protocol

    from jobseal.authority import Authority

    class Source(Protocol):
        """What the device has on disk; look-ups only, and never beyond the journal's head."""

        def head(self) -> tuple[int, bytes] | None:
            """(seq, complete bytes) of the newest committed event."""

        def events(self, first: int, count: int, max_bytes: int) -> list[bytes]:
            """Consecutive events from seq ``first``; at least one if there is one, whatever its size. It stops
            before an event that can no longer be read."""

        def hash_at(self, seq: int) -> bytes | None:
            """The hash of a committed event; None for a seq that is not there or cannot be read."""

        def holes(self) -> list[bytes]:
            """Complete bytes of the ``range.lost`` events that this journal needed."""

        def pending(self) -> list[tuple[bytes, int]]:
            """(digest, size of the salted bytes) of each object that the gateway is not known to keep."""

        def object(self, digest: bytes, offset: int, count: int) -> bytes:
            """Salted bytes of an object; empty if it is not there."""

        def missing(self, digests: list[bytes]) -> list[bytes]:
            """Those of the named documents that are not here yet."""


class Delays:
    """All waiting times, in ms. ``resend``: first and longest wait for an answer; ``hello``: how often to say HELLO
    on a quiet connection."""

    __slots__ = ("hello", "resend_first", "resend_most")

    def __init__(self, resend_first: int = 30000, resend_most: int = 300000, hello: int = 900000) -> None:
        self.resend_first = resend_first
        self.resend_most = resend_most
        self.hello = hello


class State:
    """What survives a restart: ``receipt`` and ``checkpoint`` (complete bytes or None), ``next`` (everything before it
    is acknowledged), ``head`` (hash of event next - 1), ``assignment`` (complete bytes or None), ``verdicts`` (lowest
    seq whose verdicts are still wanted) and ``past`` (what the log was before, and witnesses of what it is)."""

    __slots__ = ("assignment", "checkpoint", "head", "next", "past", "receipt", "verdicts")

    def __init__(self) -> None:
        self.receipt: bytes | None = None
        self.checkpoint: bytes | None = None
        self.next = 0
        self.head: bytes | None = None
        self.assignment: bytes | None = None
        self.verdicts = 0
        self.past = restart.Past([], [])

    def to_list(self) -> "list[Any]":
        """The state as one CBOR-able value."""
        said = [2, self.receipt, self.checkpoint, self.next, self.head, self.assignment, self.verdicts]
        return said + [list(self.past.rows), list(self.past.witnesses)]


def state_from_list(value: "list[Any]") -> State:
    """The state that :meth:`State.to_list` gave, now or before logs could be restarted."""
    state = State()
    _, state.receipt, state.checkpoint, state.next, state.head, state.assignment, state.verdicts = value[:7]
    if value[0] > 1:
        state.past = restart.Past(list(value[7]), list(value[8]))
    return state


class Identity:
    """Who sends: ``device`` id, ``thumbprint`` of its signing key, ``genesis`` (hash of the enrolment statement), the
    gateway's verified :class:`Authority`, and the ``log`` that the enrolment names, where that is known."""

    __slots__ = ("authority", "device", "genesis", "log", "thumbprint")

    def __init__(
        self, device: str, thumbprint: bytes, genesis: bytes, authority: "Authority", log: bytes | None = None
    ) -> None:
        self.device = device
        self.thumbprint = thumbprint
        self.genesis = genesis
        self.authority = authority
        self.log = log
