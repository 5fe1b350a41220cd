"""Who should not get in, and what follows when somebody did: keys that must not be enrolled, refusals that are written
down and cannot fill a disk, a server that is not the gateway, records that rest on a compromised key, copies.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.host import curve
from jobseal.key import ED25519, Key
from jobseal_device.door import Line
from jobseal_device.identity import NotEnrolled
from jobseal_gateway import ca, security_log
from jobseal_gateway.broker_lines import BrokerLines
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import connect, migrate, reading
from jobseal_gateway.office import open_office
from jobseal_gateway.security_log import BROKER, SecurityLog
from tests.gateway.api.billing import gateway_of
from tests.gateway.bureaus import Bureau
from tests.system.sentinels import Found
from tests.system.sentinels.billing import office_in

NOW_MS = 1_790_000_000_000
TRIES = 500
MIXED = (  # the base point with a point of order 2, 4 and 8 added
    "9599999999999999999999999999999999999999999999999999999999999999",
    "5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea",
    "55ae61520ca466adcc4ae4a32dc1633a5d749c64a5b50f136fc3469f27e487e6",
)
LOG_MAX_BYTES = 4_000


def weak_keys(_: Path) -> Found:
    """``weak_key_taken``: a key with a part of small order is enrolled."""
    for mixed in MIXED:
        with suppress(JobsealError):
            curve.check_key(Key(ED25519, bytes.fromhex(mixed)))
            yield "weak_key_taken", f"{mixed} passes"


def refusals(folder: Path) -> Found:
    """``refusal_unsaid``: somebody is turned away and nobody hears of it; ``refusals_unbounded``: he fills the disk."""
    heard = BrokerLines()
    lines = ["New client connected from 10.0.0.7:1 as d1 (p2, c1, k60, u'd1').", "Received SUBSCRIBE from d1"]
    lines += ["\tjobseal/1/d2/down (QoS 1)", "Denied PUBLISH from d1 (d0, q1, r0, m1, 'x', ... (1 bytes))"]
    said = [refused for line in lines for refused in heard.hear(line, 0)]
    if len(said) != 2:
        yield "refusal_unsaid", f"of a foreign subscription and message the broker tells {len(said)}"
    log = SecurityLog(folder / "minute", BROKER, lambda: NOW_MS)
    for number in range(TRIES):
        log.note(f"10.0.{number >> 8}.{number & 255}", "tls_refused", "x" * 1_000)
    if len(security_log.read(folder / "minute")) >= TRIES:
        yield "refusals_unbounded", f"{TRIES} tries of one minute make as many lines"
    later = SecurityLog(folder / "hours", BROKER, iter(range(NOW_MS, 2 * NOW_MS, 61_000)).__next__, LOG_MAX_BYTES)
    for number in range(TRIES):
        later.note(f"10.0.{number >> 8}.{number & 255}", "tls_refused", "x" * 1_000)
    if sum(path.stat().st_size for path in (folder / "hours").iterdir()) > 3 * LOG_MAX_BYTES:
        yield "refusals_unbounded", "its files have grown beyond their bound"
    counted = SecurityLog(folder / "stopped", BROKER, lambda: NOW_MS)

    async def serving() -> None:
        async with security_log.tended(counted, lambda _: None):
            for _ in range(5):
                counted.note("10.0.0.7", "tls_refused", "x")

    asyncio.run(serving())
    if sum(entry.line.times for entry in security_log.read(folder / "stopped")) != 5:
        yield "refusal_unsaid", "a part that stops takes along what it had only counted"


def copies(folder: Path) -> Found:
    """``doubt_unmarked``: a copy of a handheld goes on after a reinstatement, and its jobs are not looked at again."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    bureau = Bureau(engine, folder)
    device = bureau.enrol("hh-1")
    device.capture(job="WO-1")
    copy = device.clone()
    device.capture(job="WO-1")
    copy.capture(job="WO-2")
    for seed, each in enumerate((device, copy)):
        bureau.station.sync(each, seed)
    bureau.office.reinstate("hh-1", "it is destroyed", "boss")
    bureau.clean()
    copy.capture(job="WO-2")
    bureau.station.sync(copy, 2)
    if bureau.dirty() != {"WO-1", "WO-2"}:
        yield "doubt_unmarked", "the other jobs of the key stay as they were"
    engine.dispose()


def gateways(folder: Path) -> Found:
    """``other_server_believed``: a server whose certificate is another CA's, or has ended, passes for the gateway."""
    ours, other = (ca.found(ca.new_key(), "Jobseal CA", NOW_MS) for _ in range(2))
    for issuer, now_ms in ((other, NOW_MS), (ours, NOW_MS + (ca.SERVER_DAYS + 1) * ca.DAY_MS)):
        with _serving(folder, issuer) as port:
            unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unproven.check_hostname, unproven.verify_mode = False, ssl.CERT_NONE
            with Line("127.0.0.1", port, unproven) as line, suppress(NotEnrolled):
                line.exchange("GET", "/", None)
                line.prove(ours.der, now_ms)
                yield "other_server_believed", "it is taken for the gateway's"


@contextmanager
def _serving(folder: Path, issuer: ca.Authority) -> Iterator[int]:
    """A server with a certificate of this CA that answers one request."""
    private = ca.new_key()
    shown = issuer.issue_server(["127.0.0.1"], private.public_key(), NOW_MS)
    (folder / "server.pem").write_bytes(ca.key_pem(private) + ca.pem(shown))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                caller, _ = listener.accept()
                with context.wrap_socket(caller, server_side=True) as line:
                    line.recv(4096)
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
                    line.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def doubts(folder: Path) -> Found:
    """``doubt_unsaid``: billing does not hear that a record rests on a compromised key; ``doubt_repeated``: it hears of
    it again and again."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        phone.sync()
        office.project()
        open_office(gateway_of(office)).revoke(phone.name, "compromised", "boss", last_trusted_seq=0)
        office.project()
        office.project()
        with reading(office.engine) as connection:
            told = [each.type for each in feed.after(connection, 0, 1_000)].count("record.flagged")
        if told != 1:
            yield "doubt_unsaid" if told == 0 else "doubt_repeated", f"the feed says so {told} times"


SENTINELS = {
    "weak_keys": weak_keys,
    "refusals": refusals,
    "gateways": gateways,
    "doubts": doubts,
    "copies": copies,
}
