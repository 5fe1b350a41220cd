"""A gateway for tests, as far as devices see it: the real ingest on a real database, without a broker in between."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from jobseal import enrolment, frame, office
from jobseal.host.crypto import Verifier
from jobseal_gateway import authority
from jobseal_gateway.ingest import Bounds, Ingest, Moment, Outcome
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.leaves import Leaf
from jobseal_gateway.log import LogWriter
from tests.devices import DAY_MS, Device, Sync, digest, signer_of, trust

if TYPE_CHECKING:
    from jobseal.cose import Signer

MINUTE_MS = 60_000


class Station:
    """One gateway: its keys in ``folder``, its ledger behind ``engine``, and a clock that tests move."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.verifier = Verifier()
        self.keys = authority.create(folder / "keys", DAY_MS, self.verifier)
        self.trusted = trust(self.keys.public(), self.verifier)
        self.now = Moment(DAY_MS, 0)
        self.bounds = Bounds()
        self.restart()

    def restart(self) -> None:
        """The ingest process ended, however it did, and a new one has started."""
        self.log = LogWriter(self.engine, self.keys.log_id, self.keys.log)
        self.ingest = Ingest(self.engine, self.keys, self.log, self.verifier, self.bounds)

    def pass_ms(self, ms: int) -> None:
        """Time passes."""
        wall_ms = None if self.now.wall_ms is None else self.now.wall_ms + ms
        self.now = Moment(wall_ms, self.now.up_ms + ms)

    def enrol(self, name: str, signer: "Signer | None" = None) -> Device:
        """A new handheld with its key in the log."""
        signer = signer or signer_of(name)
        said = enrolment.statement(name, signer.key, "none", self.keys.log_id, DAY_MS, "test", name)
        data = office.sign(said, self.keys.office)
        log = LogWriter(self.engine, self.keys.log_id, self.keys.log)  # the office is another process
        with log.appending(self.now.wall_ms) as end:
            leaf = end.add(leaves.OFFICE, digest(data), data)
            acts.add(end.connection, leaf, said.kind, name)
            row = keys.enrol(
                end.connection,
                thumbprint=signer.key.thumbprint,
                cose_key=signer.key.encode(),
                device=name,
                enrolment_leaf=leaf,
                enrolment_hash=digest(data),
            )
            branches.begin(end.connection, row.id, digest(data))
        return Device(name, digest(data), self.trusted, signer)

    def revoke(self, device: Device, reason: str = "lost") -> int:
        """Revoke its key, as the office would from another process; the leaf."""
        body = {"key": device.key.thumbprint, "reason": reason}
        data = office.sign(office.act("device.revoked", DAY_MS, "test", body), self.keys.office)
        log = LogWriter(self.engine, self.keys.log_id, self.keys.log)
        with log.appending(self.now.wall_ms) as end:
            leaf = end.add(leaves.OFFICE, digest(data), data)
            row = keys.by_kid(end.connection, device.key.kid)
            assert row is not None
            keys.set_status(end.connection, row.id, keys.REVOKED, leaf)
            acts.add(end.connection, leaf, "device.revoked", device.key.thumbprint.hex())
        return leaf

    def handle(self, *frames: tuple[str, bytes]) -> Outcome:
        """Take these frames, each with the name of the device on whose topic it comes, in one round."""
        return self.ingest.handle([(frame.up_topic(name), data) for name, data in frames], self.now)

    def talk(self, sync: Sync, rounds: int = 200) -> None:
        """Carry frames between the two, in order and without loss, until neither has anything to say."""
        for _ in range(rounds):
            if not sync.sent:
                return
            sent, sync.sent = sync.sent, []
            for topic, data in self.handle(*((sync.device.name, each) for each in sent)).replies:
                assert topic == frame.down_topic(sync.device.name)
                sync.hear(data)
        raise AssertionError("they never stop talking")

    def sync(self, device: Device, seed: int = 0) -> Sync:
        """Start a sync process for the device, connect it, and let it say everything."""
        process = device.start(seed)
        process.connect()
        self.talk(process)
        return process

    def leaves(self, kind: int | None = None) -> list[Leaf]:
        """Everything logged, or everything of one kind."""
        with reading(self.engine) as connection:
            return [leaf for leaf in leaves.between(connection, 0, 1 << 40) if kind in (None, leaf.type)]

    def events(self, device: Device) -> list[bytes | None]:
        """The complete bytes logged for this device's key, in log order."""
        with reading(self.engine) as connection:
            row = keys.by_kid(connection, device.key.kid)
            assert row is not None
            return [leaf.bytes for leaf in self.leaves(leaves.EVENT) if leaf.key_id == row.id]
