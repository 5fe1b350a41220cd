"""Plays a handheld's sync process through the steps of an uplink vector. Part of :mod:`tests.vectors.check`."""

import hashlib

from jobseal import authority, cose, frame, key
from jobseal.checkpoint import Checkpoint
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity, State

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier


class Journal:
    """The vector's events; an empty one stands for one that can no longer be read."""

    def __init__(self, events: "list[bytes]") -> None:
        self._events = events
        self.documents: list[bytes] = []

    def head(self) -> "tuple[int, bytes] | None":
        return len(self._events) - 1, self._events[len(self._events) - 1]

    def events(self, first: int, count: int, max_bytes: int) -> "list[bytes]":
        found = []
        for data in self._events[first : first + count]:
            if not data or (found and len(data) > max_bytes):
                break
            found.append(data)
            max_bytes -= len(data)
        return found

    def hash_at(self, seq: int) -> "bytes | None":
        data = self._events[seq] if seq < len(self._events) else b""
        return hashlib.sha256(data).digest() if data else None

    def holes(self) -> "list[bytes]":
        return []

    def pending(self) -> "list[tuple[bytes, int]]":
        return []

    def object(self, _: bytes, __: int, ___: int) -> bytes:
        return b""

    def missing(self, digests: "list[bytes]") -> "list[bytes]":
        return [digest for digest in digests if digest not in self.documents]


def uplink(vector: "dict[str, Any]", _: bytes, verifier: "Verifier") -> str:
    """What is wrong with the effects of some step, or with what is believed in the end."""
    root = key.decode(bytes.fromhex(vector["root"]))
    certifications = [bytes.fromhex(text) for text in vector["certifications"]]
    thumbprint = key.decode(bytes.fromhex(vector["key"])).thumbprint
    trusted = authority.verify(root, certifications, verifier)
    identity = Identity(vector["device"], thumbprint, bytes.fromhex(vector["enrolment"]), trusted)
    journal = Journal([bytes.fromhex(text) for text in vector["events"]])
    session = bytes.fromhex(vector["session"])
    sender = Uplink(identity, session, State(), journal, verifier, lambda: 0.5, Delays())
    sent = None
    for number in range(len(vector["steps"])):
        step = vector["steps"][number]
        effects = _step(sender, step)
        if [_named(effect) for effect in effects] != step["effects"]:
            return "step " + str(number) + " does " + repr([_named(effect) for effect in effects])
        for effect in effects:
            if effect[0] == "document":
                journal.documents.append(hashlib.sha256(effect[1]).digest())
            sent = effect[1] if effect[0] == "send" else sent
    if sender.state.next != vector["acked"]:
        return "counts events before " + str(sender.state.next) + " as acknowledged"
    size = frame.decode_up(sent).size if sent is not None else 0
    checkpoint = sender.state.checkpoint
    known = 0 if checkpoint is None else _size_of(checkpoint)
    if known != vector["size"] or size > known:
        return "has verified the log up to size " + str(known)
    return ""


def _step(sender: Uplink, step: "dict[str, Any]") -> "list[Any]":
    if step["do"] == "connected":
        return sender.connected(step["at"])
    if step["do"] == "handle":
        return sender.handle(bytes.fromhex(step["frame"]), step["at"])
    return sender.tick(step["at"])


def _named(effect: "tuple[Any, ...]") -> "list[str]":
    """The effect, and what it is that is sent or wrong."""
    if effect[0] == "send":
        message = frame.decode_up(effect[1])
        names = [name for name in frame.UP if frame.UP[name] is type(message)]
        return ["send", names[0]]
    return [effect[0], effect[1]] if effect[0] == "alarm" else [effect[0]]


def _size_of(data: bytes) -> int:
    payload = cose.parse(data, len(data)).payload
    return Checkpoint.decode(payload, len(data)).size
