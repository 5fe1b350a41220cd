"""The ground that every run starts from: one office, its handhelds, its orders and its prices, on a fresh database.

It is made once, as the office would, on the production database, and every seed begins with what that made: in memory,
behind the same ledger functions (``database``), or, where crypto is real, on a copy of the file behind the production
engine with all its syncs.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jobseal import cbor, enrolment, office
from jobseal.authority import Authority
from jobseal_device.identity import Enrolled
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.ledger import assignments, branches, dirty, jobs, keys, leaves, orders, price_lists
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.database import connect, migrate, writing
from jobseal_gateway.log import LogWriter
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.pricing import canonical, digest, parse_price_lists
from jobseal_gateway.snapshots import tell
from tests.system.database import CommitFaults, MemoryEngine, strike_real
from tests.system.stand_in import Crypto, Signer
from tests.system.world import START_MS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from jobseal.host.crypto import Ed25519Signer
    from jobseal_gateway import ca

MEMORY = Path("/dev/shm")
LOG_ID = b"simulated log id"
TERMS = "STANDARD"
PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum,increment
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90.00,2,1
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,minute,1.37,,
STANDARD,2026-1,EUR,2020-01-01,waiting,waiting,*,hour,31.00,,
STANDARD,2026-1,EUR,2020-01-01,callout,callout,*,visit,25.00,,
STANDARD,2026-1,EUR,2020-01-01,filter,part,P-1,pc,12.35,,
"""


class Issued:
    """One handheld as it was enrolled: its signer outlives every copy of its card. ``signers``: that one and those of
    every key that was made to follow it, by seed."""

    def __init__(self, technician: str, signer: Signer, enrolled: Enrolled, crypto: Crypto) -> None:
        self.device = enrolled.identity.device
        self.technician = technician
        self.signer = signer
        self.enrolled = enrolled
        self.genesis = enrolled.identity.genesis
        self._crypto = crypto
        self.signers: dict[bytes, Signer] = {}
        self.reset()

    def reset(self) -> None:
        """As it was enrolled."""
        self.signer.signed.clear()
        self.signers = {b"": self.signer}

    def follow(self, seed: bytes) -> Signer:
        """The signer with this seed."""
        if seed not in self.signers:
            self.signers[seed] = self._crypto.signer("the next key " + seed.hex())
        return self.signers[seed]


class Ground:
    """``engine`` is open on the copy of this seed after :meth:`reset`. ``work``: order id -> technicians."""

    def __init__(self, handhelds: int, is_real: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="jobseal-simulation-", dir=MEMORY if MEMORY.is_dir() else None))
        self._template = self._folder / "template.db"
        self._file = self._folder / "ledger.db"
        self.crypto = Crypto(is_real)
        self.keys = _keys(self.crypto)
        self.root = self.crypto.signer("root")
        self.issued: list[Issued] = []
        self.work: dict[str, tuple[str, ...]] = {}
        self.orders: dict[str, bytes] = {}
        self.commits = CommitFaults()
        self.engine = connect(f"sqlite:///{self._template}")
        self._make(handhelds)
        self.engine.dispose()
        self._memory: MemoryEngine | None = None
        if is_real:
            self.engine = connect(f"sqlite:///{self._file}")
            strike_real(self.engine, self.commits)
        else:
            self._memory = MemoryEngine(str(self._template), self.commits)
            self.engine = cast("Engine", self._memory)

    def reset(self) -> None:
        """The ground as it was made."""
        self.commits.plan = None
        self.keys.log_id = LOG_ID
        if self._memory is not None:
            self._memory.reset()
        else:
            self.engine.dispose()
            for path in (self._file, *self._leftovers()):
                path.unlink(missing_ok=True)
            shutil.copyfile(self._template, self._file)
        for each in self.issued:
            each.reset()

    def backup(self) -> bytes | None:
        """A backup of the ledger; None where it is the production one on a file."""
        return None if self._memory is None else self._memory.backup()

    def restore(self, backup: bytes) -> None:
        """Put a backup in its place."""
        assert self._memory is not None
        self._memory.restore(backup)

    def close(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _leftovers(self) -> list[Path]:
        return [self._file.with_name(self._file.name + end) for end in ("-wal", "-shm")]

    def _make(self, handhelds: int) -> None:
        migrate(self.engine)
        self._price()
        self.issued = [self._enrol(number) for number in range(1, handhelds + 1)]
        for number, each in enumerate(self.issued):
            neighbour = self.issued[(number + 1) % handhelds].technician
            # Every second job is for two technicians, who each close their own part of it.
            self._order(f"WO-{number + 1}", (each.technician, neighbour) if number % 2 == 0 else (each.technician,))
        with writing(self.engine) as connection:
            for each in self.issued:
                tell(connection, each.device, START_MS, self.keys.office)

    def _price(self) -> None:
        lists, problems = parse_price_lists(PRICES, "prices.csv")
        assert not problems, problems
        with writing(self.engine) as connection:
            for each in lists:
                row = price_lists.PriceList(each.id, each.version, digest(each), canonical(each).decode(), START_MS)
                price_lists.add(connection, row)

    def _enrol(self, number: int) -> Issued:
        device, technician = f"hh-{number}", f"t-{number}"
        signer = self.crypto.signer(device)
        said = enrolment.statement(device, signer.key, "none", LOG_ID, START_MS, "test", device)
        data = office.sign(said, self.keys.office)
        hashed = hashlib.sha256(data).digest()
        with LogWriter(self.engine, LOG_ID, self.keys.log).appending(START_MS) as end:
            leaf = end.add(leaves.OFFICE, hashed, data)
            acts.add(end.connection, leaf, said.kind, device)
            row = keys.enrol(
                end.connection,
                thumbprint=signer.key.thumbprint,
                cose_key=signer.key.encode(),
                device=device,
                enrolment_leaf=leaf,
                enrolment_hash=hashed,
            )
            branches.begin(end.connection, row.id, hashed)
            assignments.bind(end.connection, technician, device, START_MS)
        known = enrolment.verify(data, self.keys.authority.office, self.crypto.verifier)
        return Issued(
            technician, signer, Enrolled(known, self.keys.authority, [], self.crypto.verifier), self.crypto
        )  # fmt: skip

    def _order(self, id: str, technicians: tuple[str, ...]) -> None:
        plain: dict[str, Any] = {"customer": "C-1", "currency": "EUR", "time_zone": "UTC", "tasks": ("FIT",)}
        order = WorkOrder(id=id, technicians=technicians, revision=1, **plain)
        document = cbor.encode(order.snapshot())
        named = hashlib.sha256(document).digest()
        with writing(self.engine) as connection:
            number = orders.add_import(
                connection, at_ms=START_MS, source="test", digest=named, person="test", summary="{}"
            )
            orders.keep_document(connection, named, orders.ORDER, document)
            snapshot = cbor.encode(order.record())
            orders.put(connection, id, snapshot=snapshot, digest=named, import_id=number, imported_ms=START_MS)
            for technician in technicians:
                assignments.say(connection, id, technician, assignments.ASSIGNED, at_ms=START_MS)
            dirty.mark(connection, jobs.numbers(connection, [id]).values(), START_MS)
        self.work[id] = technicians
        self.orders[id] = named


def _keys(crypto: Crypto) -> GatewayKeys:
    root, log, office_key = (crypto.signer(role) for role in ("root", "log", "office"))
    public = Authority(root.key, log.key, office_key.key)
    # Nothing here connects, so nothing asks for certificates.
    return GatewayKeys(
        public, [], LOG_ID, cast("Ed25519Signer", log), cast("Ed25519Signer", office_key), cast("ca.Authority", None)
    )
