"""A stranger who reached the broker: noise, forgeries, keys that nobody knows, and events on somebody else's topic.

He has overheard what travelled (which is why he may look into the ledger here) and knows the protocol. He has copied
the handhelds' link keys, so the broker takes him for them, and holds no signing key. None of what he sends may
count, and none of it may disturb the handhelds whose names he uses.
"""

import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from jobseal import cose, event, frame
from jobseal import key as public_keys
from jobseal.batch import Batch
from jobseal.event import Event
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal.key import Key
from jobseal_gateway.demo.scenario.step import Step
from jobseal_gateway.demo.technician import Tell
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.mqtt_session import MqttSession

OVERHEARD = 4  # events of a handheld that he makes something of
NOISE_BYTES = (0, 1, 37, 900, 120_000)
TRIES = 5
TIMEOUT_S = 5.0
KEEPALIVE_S = 60
_SESSION_BYTES = 8


class Pretender:
    """Signs with a key of its own, and says that it is another's."""

    def __init__(self, claimed: Key) -> None:
        self.key = claimed
        self._own = Ed25519Signer(os.urandom(SEED_BYTES))

    def sign(self, data: bytes) -> bytes:
        """A signature that is not ``key``'s."""
        return self._own.sign(data)


class Stranger:
    """Plays the stranger's steps."""

    def __init__(self, port: int, homes: Path, engine: Engine, tell: Tell) -> None:
        """``homes``: the folder with the handhelds' homes, for their link keys."""
        self._port = port
        self._homes = homes
        self._engine = engine
        self._tell = tell
        self._turns: dict[str, Callable[[Step], str]] = {
            "noise": self._noise,
            "forgery": self._forgery,
            "unknown": self._unknown,
            "borrowed": self._borrowed,
        }

    def play(self, step: Step) -> None:
        """Do one step now. Raises OSError when the broker is not there."""
        self._tell("stranger", self._turns[step.verb](step))

    def _noise(self, step: Step) -> str:
        device = step.fields["handheld"]
        whole = self._batch([data for _, data in self._overheard(device)], self._key(device).kid)
        self._send(device, [os.urandom(size) for size in NOISE_BYTES] + [whole[: len(whole) // 2]])
        return f"sends noise as {device}"

    def _forgery(self, step: Step) -> str:
        device = step.fields["handheld"]
        key = self._key(device)
        head, genuine = self._overheard(device)[-1]
        event_ = event.parse(genuine).event
        forged = Event(
            seq=head + 1,
            prev=event.parse(genuine).hash,
            at=event_.at,
            up=event_.up,
            boot=event_.boot,
            kind="note.added",
            body=event_.body,
            job=event_.job,
            by=event_.by,
        )
        invented = cose.sign(forged.encode(), cose.EVENT, Pretender(key))
        altered = bytearray(genuine)
        altered[len(altered) // 2] ^= 1
        self._send(device, [self._batch([invented], key.kid), self._batch([bytes(altered)], key.kid)])
        return f"sends two events as {device}, one invented and one altered"

    def _unknown(self, step: Step) -> str:
        device = step.fields["handheld"]
        own = Ed25519Signer(os.urandom(SEED_BYTES))
        content = Event(seq=0, prev=bytes(32), at=None, up=0, boot=bytes(8), kind="session.opened", body={}, by="t-99")
        self._send(device, [self._batch([event.sign(content, own)], own.key.kid)])
        return f"sends an event of a key that nobody enrolled, as {device}"

    def _borrowed(self, step: Step) -> str:
        device, other = step.fields["handheld"], step.fields["other"]
        genuine = [data for _, data in self._overheard(other)]
        self._send(device, [self._batch(genuine, self._key(other).kid)])
        return f"sends genuine events of {other} as {device}"

    def _send(self, device: str, frames: list[bytes]) -> None:
        """Under the device's name: the broker cannot tell, and throws the real one out, which comes back."""
        stolen = self._homes / device / "enrolment"
        tls = ssl.create_default_context(cafile=stolen / "link.pem")
        tls.load_cert_chain(stolen / "link.pem", stolen / "link.key")
        for _ in range(TRIES):
            session = MqttSession(device, None, None, tls=tls)
            try:
                session.open("127.0.0.1", self._port, KEEPALIVE_S, (), TIMEOUT_S)
            except OSError:
                time.sleep(1 / TRIES)  # the broker may just be starting
                continue
            if all(session.send(frame.up_topic(device), data) for data in frames):
                session.leave(TIMEOUT_S)
                return
            session.abandon()
        raise ConnectionError(f"the stranger cannot reach the broker as {device}")

    def _batch(self, events: list[bytes], kid: bytes) -> bytes:
        session = os.urandom(_SESSION_BYTES)
        return frame.encode(Batch(session=session, kid=kid, events=events, acked=None, size=0, verdicts=0))

    def _key(self, device: str) -> Key:
        with reading(self._engine) as connection:
            return public_keys.decode(keys.of_device(connection, device)[-1].cose_key)

    def _overheard(self, device: str) -> list[tuple[int, bytes]]:
        """(seq, complete bytes) of the device's newest events."""
        with reading(self._engine) as connection:
            key = keys.of_device(connection, device)[-1]
            branch = branches.of_key(connection, key.id)[0]
            rows = leaves.of_branch(connection, branch.id, max(0, branch.next_seq - OVERHEARD), branch.next_seq)
        return [(row.seq, row.bytes) for row in rows if row.seq is not None and row.bytes is not None]
