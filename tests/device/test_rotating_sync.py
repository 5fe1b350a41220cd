"""A key is rotated from the command line, beside sync as it runs, with a real broker and ingest behind it."""

from jobseal import checkpoint, cose
from jobseal.checkpoint import Checkpoint
from jobseal.enrolment import Welcome
from jobseal.host.crypto import Ed25519Signer
from jobseal.uplink_state import State
from jobseal_device import identity, passed_over, turns
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.uplink_file import read_uplink, write_uplink
from tests.device import test_sync
from tests.device.test_sync import Gateway, _enrolment_bytes, acknowledged, ran, syncing
from tests.servers import eventually
from tests.stations import Station

broker, gateway, home = test_sync.broker, test_sync.gateway, test_sync.home


def signed(home: Home, kind: str, *words: str) -> None:
    code, said = ran(home, "capture", kind, *words, "--by", "t-1")
    assert code == 0, said


def begun(home: Home) -> None:
    signed(home, "session.opened")
    signed(home, "session.closed")


def test_once_sends_what_the_earlier_keys_signed_and_then_what_the_newest_did(home: Home, gateway: Gateway) -> None:
    begun(home)
    first = ran(home, "status")[1]["key"]
    code, said = ran(home, "rotate-key", "--by", "t-1")
    assert (code, said["earlier"], said["turn"]) == (0, first, 1)
    assert ran(home, "rotate-key", "--by", "t-1")[1]["turn"] == 2
    signed(home, "session.opened")
    assert ran(home, "status")[1]["acknowledged"] == 0
    assert ran(home, "sync", "--once") == (0, {"done": True, "sync": "everything is acknowledged"})
    told = ran(home, "status")[1]
    assert told["acknowledged"] == told["signed"] > 0
    assert told["alarms"] == []
    assert [turns.is_sent(turn) for turn in turns.every(home)] == [True, True, True]
    kids = list(dict.fromkeys(each.kid for _, each in gateway.batches()))
    assert [kid.hex() for kid in kids] == [first, said["key"], told["key"]]


def test_a_sync_that_runs_goes_on_with_the_next_key_by_itself(home: Home, gateway: Gateway) -> None:
    with syncing(home):
        begun(home)
        eventually(lambda: turns.is_sent(home))
        assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
        signed(home, "session.opened")
        later = turns.current(home)
        assert later.turn == 1
        eventually(lambda: acknowledged(later) >= 2)
    assert gateway.batches()


def test_a_gateway_that_lost_a_rotation_is_told_again_by_the_key_that_it_knows(home: Home, gateway: Gateway) -> None:
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    signed(home, "session.opened")
    head = JournalReader(home.journal).head()
    assert head is not None
    believed = State()
    believed.next, believed.head = head.seq + 1, head.hash
    write_uplink(home, believed)  # as if the gateway had had it all, before it was restored
    assert turns.to_send(home).turn == 1
    assert ran(home, "sync", "--once", "--timeout", "3")[1]["done"] is False
    assert ran(home, "sync", "--once")[1]["done"] is True
    assert all(turns.is_sent(turn) for turn in turns.every(home))
    assert ran(home, "status")[1]["acknowledged"] == 2
    assert gateway.batches()


def enrolled_again(home: Home, station: Station) -> Home:
    """The same handheld with a key that the office has enrolled for it, behind all that it has."""
    later = turns.current(home).next_turn()
    identity.make_key(later, bytes(range(1, 33)))
    device = station.enrol("HH-1", Ed25519Signer(bytes(range(1, 33))))
    welcome = Welcome(
        statement=_enrolment_bytes(station, device),
        root=station.keys.authority.root.encode(),
        authority=station.keys.certifications,
        brokers=[[host, port] for host, port in identity.load(home).brokers],
    )
    identity.accept(later, welcome.encode(), station.keys.fingerprint)
    return later


def with_an_unknown_turn(home: Home, station: Station) -> tuple[Home, Home]:
    """(a turn of which the gateway never heard, the newest): what came before the first was set back."""
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    unknown = turns.current(home)
    begun(home)
    home.rolled_back.write_bytes(b"proof")
    newest = enrolled_again(home, station)
    begun(home)
    return unknown, newest


def test_a_turn_whose_key_the_gateway_will_never_know_holds_up_nothing_and_is_reported(
    home: Home, gateway: Gateway
) -> None:
    unknown, newest = with_an_unknown_turn(home, gateway.station)
    kept = list(JournalReader(unknown.journal).readable())
    code, said = ran(home, "sync", "--once", "--timeout", "30")
    assert (code, said["done"], "see status" in said["sync"]) == (0, True, True)
    assert turns.is_sent(newest)
    told = ran(home, "status")[1]
    assert told["passed_over"] == [{"folder": str(unknown.own), "events": len(kept)}]
    [alarm] = [row for row in told["alarms"] if row["code"] == "key_passed_over"]
    assert f"{len(kept)} events" in alarm["sentence"]
    assert list(JournalReader(unknown.journal).readable()) == kept, "what was signed stays"


def test_a_sync_that_runs_passes_over_such_a_turn_and_what_can_be_delivered_after_all_is(
    home: Home, gateway: Gateway
) -> None:
    unknown, newest = with_an_unknown_turn(home, gateway.station)
    with syncing(home):
        eventually(lambda: turns.is_sent(newest), 30)
    assert passed_over.is_noted(unknown)
    home.rolled_back.unlink()  # somebody has found that the proof was none
    gateway.station.pass_ms(61_000)  # a refusal a minute
    assert ran(home, "sync", "--once")[1]["done"]
    assert turns.is_sent(home)
    assert ran(home, "sync", "--once")[1] == {"done": True, "sync": "everything is acknowledged"}
    assert turns.is_sent(unknown)
    told = ran(home, "status")[1]
    assert "passed_over" not in told
    assert "key_passed_over" not in [row["code"] for row in told["alarms"]]


def test_the_newest_key_is_never_passed_over(home: Home, gateway: Gateway) -> None:
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    home.rolled_back.write_bytes(b"proof")
    code, said = ran(home, "sync", "--once", "--timeout", "3")
    assert (code, said["done"]) == (1, False)
    assert not passed_over.every(home)
    assert gateway.seen


def test_a_turn_that_knows_the_log_only_as_it_was_before_a_restart_is_behind(home: Home, gateway: Gateway) -> None:
    """Also where the next key was enrolled by itself, and has never known another log than the new one."""
    begun(home)
    assert ran(home, "sync", "--once")[1]["done"]
    newest = enrolled_again(home, gateway.station)
    assert not turns.is_behind(home)
    known = read_uplink(home)
    assert known.checkpoint is not None
    said = Checkpoint.decode(cose.parse(known.checkpoint, 4096).payload, 4096)
    ours, theirs = gateway.station.keys.log, Ed25519Signer(bytes(range(2, 34)))
    for log, at_ms, key, behind in (
        (bytes(16), said.at - 1, ours, False),
        (bytes(16), said.at + 1, ours, True),
        (said.log, said.at + 1, ours, False),  # it has only grown
        (bytes(16), said.at + 1, theirs, False),  # another gateway, at which the newest key was enrolled
    ):
        later = State()
        later.checkpoint = checkpoint.sign(Checkpoint(log=log, size=1, root=bytes(32), at=at_ms), key)
        write_uplink(newest, later)
        assert turns.is_behind(home) is behind
        assert not turns.is_behind(newest) or not behind
