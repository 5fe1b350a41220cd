"""Keys that give way to others: nobody brings in a key that is not his, and who has ended has ended."""

from contextlib import suppress
from itertools import count
from pathlib import Path

from jobseal import cose, office, restart, root_line, rotating
from jobseal.enrolling import REQUEST_MAX_BYTES
from jobseal.errors import JobsealError
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import Key
from jobseal.root_line import RootRotation
from jobseal_device import enrolling, identity, passed_over, renewing, turns
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.rotating import rotate
from jobseal_device.turns import KeyEnded
from jobseal_device.work_file import WorkFile
from jobseal_gateway.ledger import keys, leaves
from jobseal_gateway.ledger.database import connect, migrate, reading
from jobseal_gateway.office import OfficeRefused
from tests.device.workbench import HandClock, TestOffice, Workbench, key_of
from tests.devices import Device, digest, signer_of
from tests.gateway.bureaus import Bureau
from tests.gateway.ingest.talk import batch, send, verdicts_of
from tests.protocol.test_proof_of_rotation import behind_its_end, findings_of, rotation
from tests.stations import Station
from tests.system.sentinels import Found
from tests.system.sentinels.ledger import station_in

HEIR = signer_of("heir")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _status(station: Station, signer: Ed25519Signer) -> str:
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, signer.key.kid)
    return "" if row is None else row.status


def _ended(device: Device, succession: bytes) -> None:
    device.capture(rotating.KIND, raw=rotating.body(HEIR.key, succession), job=None)


def endings(folder: Path) -> Found:
    """``old_key_accepted``: what a key signs behind its end counts; ``stranger_enrolled``: a key is enrolled that did
    not say that it follows; ``fork_inherited``: the key after one with two holders is trusted; ``assurance_raised``: a
    key says of itself that it is better kept, and is believed."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        _ended(device, rotating.succession(device.key.thumbprint, "hardware", HEIR))
        device.capture()
        send(station, device, device.events(0, 2, 1 << 20))
        if "key_revoked" not in verdicts_of(station, device).get((0, 1), []):
            yield "old_key_accepted", "an event behind key.rotated is logged without a word"
        said = [leaf.bytes or b"" for leaf in station.leaves(leaves.OFFICE)]
        acts = [office.verify(data, station.trusted.office, station.verifier) for data in said]
        if any(act.named().get("assurance") == "hardware" for act in acts):
            yield "assurance_raised", "a key of assurance none has brought in one of assurance hardware"
    yield from _strangers(folder)
    with station_in(_made(folder / "forked")) as station:
        device = station.enrol("hh-1")
        clone = device.clone()
        device.capture()
        clone.capture(job="WO-2")
        send(station, device, device.events(0, 1, 1 << 20))
        send(station, clone, clone.events(0, 1, 1 << 20))
        _ended(device, rotating.succession(device.key.thumbprint, "none", HEIR))
        send(station, device, device.events(1, 1, 1 << 20))
        if _status(station, HEIR) == keys.ACTIVE:
            yield "fork_inherited", "one of two holders of a key has named the next, and that is trusted"


def _strangers(folder: Path) -> Found:
    other = signer_of("other")
    unsigned = rotating.Succession(earlier=signer_of("hh-1").key.thumbprint, key=HEIR.key.encode(), assurance="none")
    by_another = bytearray(cose.sign(unsigned.encode(), cose.SUCCESSION, other))
    by_another[8:16] = HEIR.key.kid
    for number, succession in enumerate(
        (bytes(by_another), rotating.succession(other.key.thumbprint, "none", HEIR))  # unsigned; said to somebody else
    ):
        with station_in(_made(folder / f"stranger-{number}")) as station:
            device = station.enrol("hh-1")
            _ended(device, succession)
            send(station, device, device.events(0, 1, 1 << 20))
            if _status(station, HEIR):
                yield "stranger_enrolled", "a key is enrolled that never said that it follows this one"


def heirs(folder: Path) -> Found:
    """``two_heirs``: two keys go on for one handheld, or a fork's does before anybody has adopted it;
    ``revoked_inherited``: who holds a revoked key brings in another that is trusted; ``heir_lost``: what such a key has
    signed is not even kept."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    try:
        migrate(engine)
        bureau = Bureau(engine, folder)
        device = bureau.enrol("hh-1", "t-1")
        copy = device.clone()
        device.capture()
        copy.capture(job="WO-2")
        own, other = signer_of("own"), signer_of("other")
        for each, heir in ((device, own), (copy, other)):
            succession = rotating.succession(each.key.thumbprint, "none", heir)
            each.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)
            send(bureau.station, each, each.events(0, 2, 1 << 20))
        yield from _reinstated(bureau, other, "two_heirs", "the key that a fork has named is trusted")
        bureau.office.reinstate(own.key.thumbprint.hex(), "looked into it", "op")
        bureau.office.adopt(device.key.thumbprint.hex(), digest(copy.frames[-1] or b"").hex(), "it was that", "op")
        yield from _reinstated(bureau, other, "two_heirs", "a handheld goes on with two keys")
        yield from _revoked(bureau)
    finally:
        engine.dispose()


def _reinstated(bureau: Bureau, signer: Ed25519Signer, code: str, why: str) -> Found:
    with suppress(OfficeRefused):
        bureau.office.reinstate(signer.key.thumbprint.hex(), "looked into it", "op")
        yield code, why


def _revoked(bureau: Bureau) -> Found:
    device = bureau.enrol("hh-2", "t-2")
    bureau.office.revoke("hh-2", "replaced", "op")
    _ended(device, rotating.succession(device.key.thumbprint, "none", HEIR))
    send(bureau.station, device, device.events(0, 1, 1 << 20))
    if _status(bureau.station, HEIR) == keys.ACTIVE:
        yield "revoked_inherited", "a revoked key has named the next, and that is trusted"
    heir = Device("hh-2", device.prev, device.trusted, HEIR)
    heir.capture()
    bureau.station.handle(batch(heir, heir.events(0, 1, 1 << 20)))
    if heir.frames[0] not in [leaf.bytes for leaf in bureau.station.leaves(leaves.EVENT)]:
        yield "heir_lost", "what was signed with the key after a revoked one is not in the log"


def roots(_: Path) -> Found:
    """``root_by_one``: a root is taken that only one of the two has signed; ``root_line_broken``: one that follows
    another root than the last; ``ended_root_declares``: one that gave way declares the log restarted, or
    ``root_of_the_day_unheard``: one that had not cannot."""
    first, second, third = (signer_of(name) for name in ("root 1", "root 2", "root 3"))
    payload = RootRotation(earlier=first.key.encode(), next=second.key.encode(), at=1).encode()
    by_first, by_second = cose.sign(payload, cose.ROOT, first), cose.sign(payload, cose.ROOT, second)
    for both in ([by_first, by_first], [by_second, by_second]):
        if _leads(first, second, [both]):
            yield "root_by_one", "one of the two roots has signed, and the next is taken"
    broken = [root_line.rotate(first, second, 1), root_line.rotate(signer_of("thief"), third, 2)]
    if _leads(first, third, broken):
        yield "root_line_broken", "a root is taken that a stranger has named"
    reigns = root_line.reigns([root_line.rotate(first, second, 100)], Verifier())
    if not _declares(first, 100, reigns):
        yield "root_of_the_day_unheard", "a restart is refused that the root of its day has declared"
    if _declares(first, 101, reigns):
        yield "ended_root_declares", "a root that has given way declares the log restarted"


def _leads(pinned: Ed25519Signer, root: Ed25519Signer, rotations: list[list[bytes]]) -> bool:
    try:
        return root_line.leads(pinned.key, root.key, rotations, Verifier())
    except JobsealError:
        return False


def _declares(root: Ed25519Signer, at_ms: int, reigns: list[tuple[Key, int | None]]) -> bool:
    body = {"earlier_log": bytes(16), "size": 0, "root": bytes(32), "reason": "fire", "log": bytes(16)}
    try:
        restart.declared(office.sign(office.act(office.RESTART, at_ms, "test", body), root), reigns, Verifier())
    except JobsealError:
        return False
    return True


def proofs(_: Path) -> Found:
    """``ended_key_proven``: a record holds that rests on what a key signed behind its end; ``foreign_heir_proven``: or
    on a job that was handed over to somebody else's key."""
    if findings_of(behind_its_end()).status == "ok":
        yield "ended_key_proven", "a line rests on an event behind key.rotated, and the bundle is accepted"
    gateway, _, _ = rotation(earlier=bytes(32))
    if findings_of(gateway).status == "ok":
        yield "foreign_heir_proven", "a job was handed over to a key that does not follow, and the bundle is accepted"


def handhelds(folder: Path) -> Found:
    """``old_key_signs``: a handheld signs with a key that has ended."""
    bench = Workbench(folder / "HH-1")
    bench.sign("job.accepted")
    who = bench.identity
    bench.capture.end(HEIR.key, rotating.succession(who.thumbprint, "none", HEIR), "t-1")
    bench.capture.kill()
    try:
        again = Capture(bench.home, who, key_of("HH-1"), bench.clock, bench.salt)
    except KeyEnded:
        return
    yield "old_key_signs", "capture opens with a key that has ended"
    again.kill()


def turns_left(folder: Path) -> Found:
    """``held_up``: what a handheld signs waits for ever behind a key that the gateway will never know;
    ``left_in_silence``: it goes on without a word about what it leaves behind."""
    office_keys, first = TestOffice(), Home(folder / "HH-1")
    salts = count()
    _enrolled(office_keys, first, b"1" * 32)
    clock, signer = HandClock(), identity.signer(first)
    unknown = rotate(first, identity.load(first), signer, clock, lambda n: b"%d" % next(salts) * n, "t-1")
    newest = unknown.next_turn()
    _enrolled(office_keys, newest, b"2" * 32)
    first.rolled_back.write_bytes(b"proof")
    work = WorkFile(unknown)
    passed_over.note(unknown, work)
    if turns.to_send(first).turn != newest.turn:
        yield "held_up", "sync goes on with a turn that nobody will ever answer"
    if passed_over.ALARM not in [row["code"] for row in work.alarms()]:
        yield "left_in_silence", "signed events are left behind and nobody is told"


def words(folder: Path) -> Found:
    """``no_way_back``: a handheld has rotated, its link certificate ends, and nothing that the gateway knows vouches
    for it any more."""
    office_keys, first, salts = TestOffice(), Home(folder / "HH-1"), count()
    identity.make_key(first, b"1" * 32)
    signer = identity.signer(first)
    request = enrolling.make_request(first, signer, "none")
    enrolling.take(first, office_keys.grant(request), office_keys.fingerprint)
    later = rotate(first, identity.load(first), signer, HandClock(), lambda n: b"%d" % next(salts) * n, "t-1")
    renewing.prepare(later, identity.signer(later))
    said = [cose.parse(word, REQUEST_MAX_BYTES).kid for word in renewing._words(later)]
    if signer.key.kid not in said:
        yield "no_way_back", "the earlier key has left no word for a renewal, and the next one is unknown"


def _enrolled(office_keys: TestOffice, home: Home, seed: bytes) -> None:
    identity.accept(home, office_keys.welcome(identity.make_key(home, seed)), office_keys.fingerprint)


SENTINELS = {each.__name__: each for each in (endings, heirs, roots, proofs, handhelds, turns_left, words)}
