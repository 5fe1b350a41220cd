"""Where an event belongs, decided from hashes alone: a table of cases, and one law over any delivery order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import event
from jobseal.chain import APPEND, DUPLICATE, EARLY, FORK, LATE, UNLINKED, Branch, Chain, Known, lost_range
from jobseal.errors import Malformed
from jobseal.event import SignedEvent
from tests.devices import Device
from tests.vectors import keys
from tests.vectors.world import digest

GENESIS = digest(b"enrolment")


class Ledger:
    """A chain with what was logged behind it; ``take`` does what the gateway does with a valid event."""

    def __init__(self) -> None:
        self.logged: dict[int, list[Known]] = {}
        self.chain = Chain(GENESIS, [Branch(0, 0, GENESIS)], lambda seq: self.logged.get(seq, []))

    def place(self, data: bytes) -> tuple[str, int]:
        placement = self.chain.place(event.parse(data))
        return placement.verdict, placement.branch

    def take(self, data: bytes) -> str:
        signed = event.parse(data)
        placement = self.chain.place(signed)
        seq, number = signed.event.seq, placement.branch
        if placement.verdict == FORK:
            number = self.chain.fork(seq, signed.hash).number
        elif placement.verdict == APPEND:
            self.chain.advance(number, seq, signed.hash)
        if placement.needs_signature:
            self.note(seq, Known(number, signed.hash, signed.envelope.payload))
        return placement.verdict

    def note(self, seq: int, known: Known) -> None:
        self.logged.setdefault(seq, []).append(known)


def holder(technician: str = "t-1", after: Device | None = None) -> Device:
    """Somebody with the key; ``after``: who copied the card of another."""
    device = after.clone() if after else Device("van-1", GENESIS, None, keys.VAN)  # type: ignore[arg-type]
    device.technician = technician
    return device


def captured(count: int) -> tuple[Ledger, Device]:
    """A ledger that holds so many events of one device."""
    device, ledger = holder(), Ledger()
    for _ in range(count):
        assert ledger.take(device.capture()) == APPEND
    return ledger, device


def frame_of(device: Device, seq: int) -> bytes:
    data = device.frames[seq]
    assert data is not None
    return data


def test_the_next_event_is_appended_and_the_same_one_again_is_a_duplicate() -> None:
    ledger, device = captured(3)
    data = device.capture()
    assert ledger.place(data) == (APPEND, 0)
    ledger.take(data)
    assert ledger.place(data) == (DUPLICATE, 0)
    assert ledger.place(frame_of(device, 0)) == (DUPLICATE, 0)


def test_the_same_content_signed_once_more_is_a_duplicate_and_not_a_fork() -> None:
    ledger, device = captured(2)
    data = frame_of(device, 1)
    other = data[:-1] + bytes([data[-1] ^ 1])  # placing looks at hashes alone, so any other signature will do
    assert ledger.place(other) == (DUPLICATE, 0)


def test_an_event_beyond_the_next_is_early_whatever_it_names() -> None:
    ledger, device = captured(2)
    device.capture()
    assert ledger.place(device.capture()) == (EARLY, 0)
    assert ledger.place(device.make(prev=bytes(32))) == (EARLY, 0)


def test_the_next_seq_with_another_predecessor_is_unlinked() -> None:
    ledger, device = captured(2)
    assert ledger.place(device.make(prev=bytes(32))) == (UNLINKED, 0)


def test_an_event_zero_of_another_enrolment_is_unlinked() -> None:
    device = Device("van-1", digest(b"another enrolment"), None, keys.VAN)  # type: ignore[arg-type]
    assert Ledger().place(device.capture()) == (UNLINKED, 0)


@pytest.mark.parametrize("common", [0, 1, 3])
def test_other_content_at_a_taken_seq_is_a_fork_of_the_branch_that_holds_its_predecessor(common: int) -> None:
    ledger, device = captured(common)
    clone = holder("t-2", device)
    for _ in range(3):
        ledger.take(device.capture())
    assert ledger.place(clone.capture()) == (FORK, 0)
    assert ledger.take(frame_of(clone, common)) == FORK
    assert ledger.place(clone.capture()) == (APPEND, 1)
    assert ledger.place(device.capture()) == (APPEND, 0)


def test_a_fork_of_a_fork_names_it_as_its_parent() -> None:
    ledger, device = captured(1)
    clone = holder("t-2", device)
    for _ in range(3):
        ledger.take(device.capture())
    ledger.take(clone.capture())
    third = holder("t-3", clone)
    ledger.take(clone.capture())
    assert ledger.place(third.capture()) == (FORK, 1)


def test_what_follows_a_fork_that_is_not_logged_is_unlinked() -> None:
    ledger, device = captured(1)
    clone = holder("t-2", device)
    for _ in range(3):
        ledger.take(device.capture())
    clone.capture()
    assert ledger.place(clone.capture()) == (UNLINKED, 0)


def test_behind_an_announced_hole_the_chain_goes_on_with_any_predecessor() -> None:
    ledger, device = captured(2)
    missing = [device.capture() for _ in range(3)]
    after = device.capture()
    assert ledger.chain.skip(2, 4)
    assert ledger.take(after) == APPEND
    assert [ledger.place(data) for data in missing] == [(LATE, 0)] * 3
    assert ledger.place(device.make(seq=2, prev=bytes(32))) == (UNLINKED, 0)  # its predecessor is here, and another


def test_a_hole_that_the_chain_does_not_wait_before_changes_nothing() -> None:
    ledger, _ = captured(4)
    for first, last in ((0, 3), (5, 9)):
        assert not ledger.chain.skip(first, last)
    assert (ledger.chain.branches[0].next, ledger.chain.branches[0].head is None) == (4, False)


def test_two_holders_who_both_go_on_behind_a_hole_are_told_apart() -> None:
    ledger, device = captured(2)
    clone = holder("t-2", device)
    for each in (device, clone):
        each.capture()
    ledger.chain.skip(2, 2)
    assert ledger.take(clone.capture()) == APPEND  # nobody can say what it must name
    assert ledger.take(device.capture()) == FORK
    assert ledger.place(device.capture()) == (APPEND, 1)
    assert ledger.place(clone.capture()) == (APPEND, 0)


def test_two_versions_of_a_late_event_are_a_fork() -> None:
    ledger, device = captured(1)
    for _ in range(4):
        device.capture()
    ledger.chain.skip(1, 3)
    ledger.take(frame_of(device, 4))
    assert ledger.take(frame_of(device, 2)) == LATE
    assert ledger.place(device.make(seq=2, prev=bytes(32))) == (FORK, 0)


# Bytes whose signature does not verify

Bad = list[tuple[bytes, SignedEvent | None]]


def bad_run(device: Device, *data: bytes) -> Bad:
    """These as the next of the journal, as refused items."""
    for each in data:
        device.keep(each)
    return [(digest(each), event.parse(each) if each[:1] == b"\xd2" else None) for each in data]


def test_a_valid_follower_proves_the_refused_bytes_before_it() -> None:
    ledger, device = captured(2)
    run = bad_run(device, device.make()) + bad_run(device, device.make())
    assert ledger.chain.refused_before(event.parse(device.capture()), run) == 0


def test_bytes_that_cannot_even_be_parsed_are_proven_by_their_hash_alone_when_they_come_first() -> None:
    ledger, device = captured(2)
    run = bad_run(device, b"rubbish on the disk")
    assert ledger.chain.refused_before(event.parse(device.capture()), run) == 0
    two = bad_run(device, b"more rubbish")
    assert ledger.chain.refused_before(event.parse(device.capture()), run + two) is None


def test_only_the_run_that_fills_the_gap_is_settled() -> None:
    ledger, device = captured(2)
    run = bad_run(device, device.make())
    stray = [(digest(b"stray"), None)]
    after = event.parse(device.capture())
    assert ledger.chain.refused_before(after, stray + run) == 0
    assert ledger.chain.refused_before(after, run + stray) is None
    assert ledger.chain.refused_before(after, []) is None


def test_refused_bytes_that_do_not_join_onto_a_branch_settle_nothing() -> None:
    ledger, device = captured(2)
    elsewhere = holder("t-2", device)
    elsewhere.prev = bytes(32)
    run = bad_run(elsewhere, elsewhere.make())
    assert ledger.chain.refused_before(event.parse(elsewhere.capture()), run) is None


def test_a_lost_range_must_be_before_its_announcement() -> None:
    device = holder()
    for _ in range(5):
        device.capture()
    assert lost_range(event.parse(device.make("range.lost", {"from": 1, "to": 4}))) == (1, 4)
    for body in ({"from": 3, "to": 2}, {"from": 2, "to": 5}):
        with pytest.raises(Malformed):
            lost_range(event.parse(device.make("range.lost", body)))
    with pytest.raises(Malformed):
        lost_range(event.parse(device.make()))


@given(st.integers(0, 6), st.integers(1, 8), st.integers(1, 8), st.randoms(use_true_random=False))
def test_whatever_the_order_of_arrival_each_holder_gets_one_branch_and_no_event_is_lost(
    common: int, first: int, second: int, chance: random.Random
) -> None:
    one = holder()
    for _ in range(common):
        one.capture()
    other = holder("t-2", one)
    for _ in range(first):
        one.capture()
    for _ in range(second):
        other.capture()
    everything = [data for data in one.frames + other.frames if data is not None]
    ledger = Ledger()
    for _ in range(len(everything) + 1):  # each pass takes at least the next of each holder
        chance.shuffle(everything)
        for data in everything:
            ledger.take(data)
    assert len(ledger.chain.branches) == 2
    assert sum(len(found) for found in ledger.logged.values()) == common + first + second
    assert sorted(branch.next for branch in ledger.chain.branches) == sorted([common + first, common + second])
