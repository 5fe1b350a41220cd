"""A key is rotated from the command line, beside sync as it runs, with a real broker and ingest behind it."""

from jobseal.uplink_state import State
from jobseal_device import turns
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.uplink_file import write_uplink
from tests.device import test_sync
from tests.device.test_sync import Gateway, acknowledged, ran, syncing
from tests.servers import eventually

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
