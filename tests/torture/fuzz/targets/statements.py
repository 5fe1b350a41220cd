"""Signed statements and what ``jobseal inspect`` makes of them: a payload is of one kind, and says what it encodes."""

import json
from random import Random

from jobseal import cbor, event, frame
from jobseal.bundle import Bundle
from jobseal.errors import JobsealError
from jobseal.host import readable, reading
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold, refused
from tests.torture.fuzz.targets.people import Signers
from tests.vectors.keys import NAMED

SIGNED = ("event", "receipt", "checkpoint", "office", "enrolment", "assignment", "record")


class Statements:
    """Any file that somebody may inspect."""

    most_bytes = 4_096
    limit_s = 1.0

    def __init__(self) -> None:
        self._signed = Signers(*NAMED.values())

    def seeds(self) -> list[bytes]:
        return [data for data in vectors.inputs(*SIGNED) if len(data) <= 1_500]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return self._signed.statement(data, chance)

    def run(self, data: bytes) -> None:
        try:
            found = reading.parse(data)
        except JobsealError as error:
            refused(error)
            return
        if isinstance(found, Bundle):
            hold(found.encode() == data, "bundle_two_encodings")
            return
        payload = found.envelope.payload
        hold(found.payload.encode() == payload, "statement_two_encodings", found.name)
        value = cbor.decode(payload, len(payload))
        fits = [name for name, kind in reading._STATEMENTS.items() if not kind.SHAPE.problem(value)]
        hold(fits == [found.name], "statement_ambiguous", f"it fits {fits}")
        json.dumps(readable.message(found.payload), ensure_ascii=False).encode()
        if found.name == "event" and len(data) <= event.EVENT_MAX_BYTES:
            hold(event.parse(data).event.encode() == payload, "event_two_encodings")


class Frames:
    """One MQTT payload, in either direction."""

    most_bytes = 8_192
    limit_s = 1.0

    def __init__(self) -> None:
        self._signed = Signers(*NAMED.values())

    def seeds(self) -> list[bytes]:
        found = vectors.inputs("batch", "hello", "chunk", "pull", "want", "document", "refusal", "frame", "welcome")
        return [data for data in found if len(data) <= 2_048]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance, self._signed.statement)

    def run(self, data: bytes) -> None:
        try:
            message = frame.decode_up(data)
            hold(frame.encode(message) == data, "frame_two_encodings", "up")
        except JobsealError as error:
            refused(error)
        try:
            name, message = frame.decode_down(data)
        except JobsealError as error:
            refused(error)
            return
        again = frame.encode_signed(name, message) if type(message) is bytes else frame.encode(message)
        hold(again == data, "frame_two_encodings", "down")
