"""What comes down to a handheld: frames of whoever can publish on its topic, receipts and work of whoever has the keys.

Nothing that comes down makes the sync process fall over. And what no key of the gateway signed moves nothing.
"""

from random import Random
from typing import Any

from jobseal import authority, cbor, checkpoint, frame, key, office, work
from jobseal.errors import JobsealError
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.receipt import verify as verified_receipt
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity, State, state_from_list
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold, refused
from tests.torture.fuzz.targets.people import Memory, Signers
from tests.vectors.check_uplink import Journal
from tests.vectors.keys import NAMED

STEPS_MOST = 20
TICKS_MOST = 50


class Receipts:
    """[milliseconds that pass, or the bytes of a frame, or null: the link goes down and comes up, ...]."""

    most_bytes = 4_096
    limit_s = 1.0

    def __init__(self) -> None:
        self._memory = Memory()
        self._signed = Signers(*NAMED.values())
        self._stories = [each for each in vectors.entries("uplink") if each["valid"]]
        story = max(self._stories, key=lambda each: len(each["events"]))
        root = key.decode(bytes.fromhex(story["root"]))
        certifications = [bytes.fromhex(text) for text in story["certifications"]]
        self._trusted = authority.verify(root, certifications, self._memory)
        thumbprint = key.decode(bytes.fromhex(story["key"])).thumbprint
        self._identity = Identity(story["device"], thumbprint, bytes.fromhex(story["enrolment"]), self._trusted)
        self._session = bytes.fromhex(story["session"])
        self._events = [bytes.fromhex(text) for text in story["events"]]

    def seeds(self) -> list[bytes]:
        found = []
        for story in self._stories:
            steps: list[Any] = []
            for step in story["steps"]:
                steps.append(bytes.fromhex(step["frame"]) if step["do"] == "handle" else 40_000)
            found.append(cbor.encode(steps[:STEPS_MOST]))
        return [data for data in found if len(data) <= self.most_bytes]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance, self._frame)

    def _frame(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance, self._signed.statement)

    def run(self, data: bytes) -> None:
        try:
            steps = cbor.decode(data, FRAME_MAX_BYTES)
        except JobsealError:
            steps = [data]
        if type(steps) is not list:
            return
        sender = Uplink(
            self._identity, self._session, State(), Journal(self._events), self._memory, lambda: 0.5, Delays()
        )
        now = 0
        self._carry_out(sender.connected(now))
        for step in steps[:STEPS_MOST]:
            before, size, session = sender.state.to_list(), sender._size(), sender.session
            restarts = len(sender.state.past.rows)
            if type(step) is bytes:
                self._carry_out(sender.handle(step, now))
                hold(sender.state.to_list() == before or self._means_something(step, session), "moved_by_nobody")
            elif type(step) is int:
                now += max(0, min(step, 1 << 40))
            else:
                sender.disconnected()
                self._carry_out(sender.connected(now))
            self._settle(sender, now)
            is_restarted = len(sender.state.past.rows) > restarts  # then the root has said that there is less of it
            hold(sender._size() >= size or is_restarted, "log_shrank", "it knows a smaller log than before")

    def _settle(self, sender: Uplink, now: int) -> None:
        """Tick until nothing is due, as the pump does; and say when to come back."""
        for _ in range(TICKS_MOST):
            effects = sender.tick(now)
            if not effects:
                break
            self._carry_out(effects)
        else:
            hold(False, "spins", "it never stops sending")
        sender.wake_at(now)
        state = sender.state
        hold(state.next <= len(self._events), "acknowledged_unsigned", "more is acknowledged than was signed")
        kept = state_from_list(cbor.decode(cbor.encode(state.to_list()), 1 << 20))
        hold(kept.to_list() == state.to_list(), "state_changes")
        # A restart with this state must work: it verifies what it kept.
        Uplink(self._identity, bytes(8), kept, Journal(self._events), self._memory, lambda: 0.5, Delays())

    def _carry_out(self, effects: list[Any]) -> None:
        for name, *values in effects:
            if name == "send":
                hold(len(values[0]) <= FRAME_MAX_BYTES, "frame_too_large")
                frame.decode_up(values[0])
            elif name == "save":
                cbor.encode(values[0].to_list())
            elif name == "alarm":
                hold(bool(values[0]) and all(type(each) is bytes for each in values[2]), "alarm_empty")

    def _is_the_roots(self, statement: bytes) -> bool:
        try:
            office.verify_restart(statement, self._trusted.root, self._memory)
        except JobsealError:
            return False
        return True

    def _means_something(self, data: bytes, session: bytes) -> bool:
        """Whether a key of the gateway signed what is in this frame, for this session."""
        try:
            name, message = frame.decode_down(data)
            if name == frame.RECEIPT:
                said = verified_receipt(message, self._trusted.log, self._memory)
                checkpoint.verify(said.checkpoint, self._trusted.log, self._memory)
                return said.key == self._identity.thumbprint and said.session == session
            if name == frame.RESTARTED:
                checkpoint.verify(message.checkpoint, self._trusted.log, self._memory)
                is_declared = any(self._is_the_roots(statement) for statement, _ in message.restarts)
                return bool(message.session == session) and is_declared
            if name == frame.ASSIGNMENT:
                work.verify(message, self._identity.device, self._trusted.office, self._memory)
                return True
        except JobsealError:
            pass
        return False


class Work:
    """A signed assignment."""

    most_bytes = 2_048
    limit_s = 1.0

    def __init__(self) -> None:
        self._memory = Memory()
        self._signed = Signers(NAMED["office"], NAMED["log"], NAMED["stranger"])
        self._devices = sorted({each["device"] for each in vectors.entries("assignment")})

    def seeds(self) -> list[bytes]:
        return vectors.inputs("assignment")

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return self._signed.statement(data, chance)

    def run(self, data: bytes) -> None:
        office = NAMED["office"].key
        for device in self._devices:
            try:
                found = work.verify(data, device, office, self._memory)
            except JobsealError as error:
                refused(error)
                continue
            hold(found.device == device, "foreign_work")
            hold(work.sign(found, NAMED["office"]) == data, "assignment_two_encodings")
            hold(all(len(digest) == 32 for digest in found.digests()), "digest")
