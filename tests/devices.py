"""A handheld for tests, built straight on the protocol: its chain in memory, its uplink, and ways to misbehave.

``Device`` is what it has on disk and survives a crash (it is the uplink's ``Source``); ``start`` gives the sync
process, which does not. Nothing here checks anything: tests do.
"""

import copy
import hashlib
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobseal import authority, bodies, cbor, event, key
from jobseal import object as objects
from jobseal.authority import Authority
from jobseal.event import Event
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import Key
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity, State, state_from_list

if TYPE_CHECKING:
    from jobseal.cose import Signer

BOOT = b"\x01" * 8
DAY_MS = 1_790_000_000_000
DELAYS = Delays(resend_first=1_000, resend_most=8_000, hello=60_000)


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def signer_of(name: str) -> Ed25519Signer:
    """The key that goes by this name in tests."""
    return Ed25519Signer(digest(b"test key " + name.encode()))


class Device:
    """A handheld's storage. ``frames`` are its journal, complete bytes by seq, None where it can no longer be read."""

    def __init__(self, name: str, genesis: bytes, trusted: Authority, signer: "Signer | None" = None) -> None:
        self.name = name
        self.signer = signer or signer_of(name)
        self.genesis = genesis
        self.trusted = trusted
        self.frames: list[bytes | None] = []
        self.prev = genesis
        self.objects: dict[bytes, bytes] = {}
        self.stored: set[bytes] = set()
        self.documents: dict[bytes, bytes] = {}
        self.announced: list[bytes] = []
        self.saved: list[Any] = State().to_list()
        self.verdicts: dict[int, list[str]] = {}
        self.alarms: list[str] = []
        self.rolled_back = False
        self.technician = "t-1"

    @property
    def key(self) -> Key:
        """Its public key."""
        return self.signer.key

    @property
    def state(self) -> State:
        """What the uplink saved last."""
        return state_from_list(self.saved)

    @property
    def committed(self) -> int:
        """How many events it captured."""
        return len(self.frames)

    def clone(self) -> "Device":
        """Another holder of the same key, with everything as it is now: a copied card, in other hands."""
        copied = copy.deepcopy(self, {id(self.signer): self.signer, id(self.trusted): self.trusted})
        copied.technician = "t-2"
        return copied

    # Capture

    def make(self, kind: str = "labour.started", body: dict[str, Any] | None = None, **fields: Any) -> bytes:
        """The complete bytes of what would be the next event; ``body`` with names for keys, ``raw`` as on the wire."""
        raw = fields.pop("raw", None)
        named = body if body is not None else ({"task": "FIT"} if kind == "labour.started" else {})
        settings: dict[str, Any] = {
            "seq": len(self.frames),
            "prev": self.prev,
            "at": DAY_MS + 1000 * len(self.frames),
            "up": 1000 * (len(self.frames) + 1),
            "boot": BOOT,
            "kind": kind,
            "body": raw if raw is not None else bodies.SHAPES[kind].keyed(named),
            "job": "WO-1",
            "by": self.technician,
        }
        return event.sign(Event(**{**settings, **fields}), self.signer)

    def capture(self, kind: str = "labour.started", body: dict[str, Any] | None = None, **fields: Any) -> bytes:
        """Sign and keep the next event."""
        return self.keep(self.make(kind, body, **fields))

    def keep(self, data: bytes) -> bytes:
        """Write these bytes as the next of the journal, whatever they are."""
        self.frames.append(data)
        self.prev = digest(data)
        return data

    def note(self, content: bytes, media: str = "text/plain") -> bytes:
        """Capture a note with an object beside it; the salted bytes."""
        data = objects.salted(content, digest(b"salt" + content))
        self.objects[digest(data)] = data
        self.capture("note.added", {"note": objects.reference(data, media)})
        return data

    def lose(self, first: int, last: int) -> bytes:
        """These frames can no longer be read; the device says so as its next event, and announces it ahead."""
        for seq in range(first, last + 1):
            self.frames[seq] = None
        lost = self.capture("range.lost", {"from": first, "to": last}, job=None)
        self.announced.append(lost)
        return lost

    # The uplink's Source

    def head(self) -> tuple[int, bytes] | None:
        last = self.frames[-1] if self.frames else None
        return None if last is None else (len(self.frames) - 1, last)

    def events(self, first: int, count: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        for data in self.frames[first : first + count]:
            if data is None or (found and sum(map(len, found)) + len(data) > max_bytes):
                break
            found.append(data)
        return found

    def hash_at(self, seq: int) -> bytes | None:
        data = self.frames[seq] if seq < len(self.frames) else None
        return None if data is None else digest(data)

    def holes(self) -> list[bytes]:
        return self.announced

    def pending(self) -> list[tuple[bytes, int]]:
        return [(name, len(data)) for name, data in self.objects.items() if name not in self.stored]

    def object(self, name: bytes, offset: int, count: int) -> bytes:
        return self.objects.get(name, b"")[offset : offset + count]

    def missing(self, digests: list[bytes]) -> list[bytes]:
        return [name for name in digests if name not in self.documents]

    # Sync

    def start(self, seed: int = 0) -> "Sync":
        """A new sync process on this storage; processes with different seeds have different sessions."""
        return Sync(self, seed)


class Sync:
    """A sync process: ``send`` takes what it publishes, ``now`` is its monotonic clock in ms."""

    def __init__(self, device: Device, seed: int) -> None:
        self.device = device
        self.sent: list[bytes] = []
        self.now = 0
        chance = random.Random(seed)
        session = digest(b"session %d " % seed + device.name.encode())[:8]
        identity = Identity(device.name, device.key.thumbprint, device.genesis, device.trusted)
        self.uplink = Uplink(identity, session, device.state, device, Verifier(), chance.random, DELAYS)

    def connect(self) -> None:
        """The link came up."""
        self._do(self.uplink.connected(self.now))

    def disconnect(self) -> None:
        """The link went down."""
        self.uplink.disconnected()

    def hear(self, data: bytes) -> None:
        """A frame came down."""
        self._do(self.uplink.handle(data, self.now))
        self.tick()

    def tick(self, pass_ms: int = 0) -> None:
        """Time passes, then whatever is due is sent."""
        self.now += pass_ms
        while effects := self.uplink.tick(self.now):
            self._do(effects)

    def sleep(self) -> None:
        """Time passes until something is due."""
        at = self.uplink.wake_at(self.now)
        self.tick(0 if at is None else max(0, at - self.now))

    def _do(self, effects: list[Any]) -> None:
        carry: dict[str, Callable[..., None]] = {
            "send": self.sent.append,
            "save": self._save,
            "work": lambda _: None,
            "document": lambda data: self.device.documents.update({digest(data): data}),
            "stored": self.device.stored.update,
            "restarted": self._offer_again,
            "verdicts": lambda rows: self.device.verdicts.update(dict(rows)),
            "alarm": lambda code, *_: self.device.alarms.append(code),
            "rolled_back": self._stop,
        }
        for name, *values in effects:
            carry[name](*values)

    def _offer_again(self, _: list[bytes]) -> None:
        self.device.stored.clear()
        self.device.alarms.append("gateway_restored")

    def _save(self, state: State) -> None:
        self.device.saved = state.to_list()

    def _stop(self, _: bytes) -> None:
        self.device.rolled_back = True


def trust(public: bytes, verifier: Verifier) -> Authority:
    """The gateway's keys as a device takes them at enrolment, from CBOR [root COSE_Key, [certifications]]."""
    root, certifications = cbor.decode(public, 4096)
    return authority.verify(key.decode(root), certifications, verifier)
