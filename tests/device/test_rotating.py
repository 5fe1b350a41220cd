"""Ending a key and going on with the next, on a disk that loses power in any call: one key signs, never two or none."""

from contextlib import suppress
from pathlib import Path

import pytest

from jobseal import event as events
from jobseal import rotating as word
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal_device import durable, rotating, turns, vault
from jobseal_device.capture import Capture
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.journal_reader import JournalReader
from jobseal_device.turns import KeyEnded
from jobseal_device.unlock import Gate, Unlocked, Voucher
from jobseal_device.uplink_file import read_uplink, write_uplink
from jobseal_device.vault import SETUP
from tests.device.simulated_disk import DROP, KEEP, TEAR, SimulatedDisk, Stopped
from tests.device.staff import ANNA, BERT, CHIEF, SETUP_PIN, Van
from tests.device.workbench import HandClock

RIGHT = "4821"
CALLS = 78  # more than a rotation makes
OPEN = {1: None, 2: None}


class Handheld:
    """A van's handheld behind PINs, on a simulated disk; each thing that it does is a process of its own."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk()
        self.van = Van(Home(Path("/handheld")), self.disk)
        self.first = self.van.set_up()
        self.van.send([ANNA, BERT, CHIEF])
        self.clock = HandClock()
        self.unlock(voucher=Voucher(SETUP, SETUP_PIN))

    @property
    def home(self) -> Home:
        return turns.current(self.van.home, self.disk)

    @property
    def enrolled(self) -> Enrolled:
        found = self.first
        for turn in turns.every(self.van.home, self.disk)[1:]:
            found = found.ended_by(turns.ending(turn, self.disk))
        return found

    def unlock(self, who: str = "t-1", pin: str = RIGHT, voucher: Voucher | None = None) -> Unlocked:
        self.clock.now_ms += 3_600_000
        return Gate(self.home, self.enrolled, self.clock, self.van.random, self.disk).unlock(who, pin, voucher)

    def capture(self) -> Capture:
        """As a screen opens it: where the key turns out to have ended, it starts again."""
        for _ in range(2):
            signer = self.unlock().signer
            with suppress(KeyEnded):
                return Capture(self.home, self.enrolled.identity, signer, self.clock, self.van.random, files=self.disk)
        raise AssertionError("no key may sign")

    def sign(self, kind: str, body: dict[int, object], job: str | None = "WO-1") -> SignedEvent:
        capture = self.capture()
        try:
            self.clock.now_ms += 1000
            return capture.sign(kind, body, job, "t-1")
        finally:
            capture.kill()

    def rotate(self) -> None:
        signer = self.unlock().signer
        rotating.rotate(self.home, self.enrolled, signer, self.clock, self.van.random, files=self.disk)

    def cut(self, fate: int) -> None:
        """The power fails, and comes back."""
        self.disk = self.van.files = self.disk.power_cut(lambda count: fate % count)
        self.clock.restart()

    def chain(self, turn: Home) -> list[SignedEvent]:
        return [events.parse(data) for _, data in JournalReader(turn.journal, self.disk).readable()]


def at_work() -> Handheld:
    handheld = Handheld()
    handheld.sign("job.accepted", OPEN)  # type: ignore[arg-type]
    handheld.sign("job.arrived", {})
    handheld.sign("labour.started", {1: "FIT"})
    return handheld


def unbroken(handheld: Handheld) -> None:
    """Each chain follows from the one before, and nothing is behind the end of a key."""
    genesis = handheld.first.identity.genesis
    enrolled = handheld.first
    for turn in turns.every(handheld.van.home, handheld.disk):
        chain = handheld.chain(turn)
        if turn.turn:
            enrolled = enrolled.ended_by(turns.ending(turn, handheld.disk))
            genesis = enrolled.identity.genesis
        for place, signed in enumerate(chain):
            before = genesis if place == 0 else chain[place - 1].hash
            assert (signed.event.seq, signed.event.prev) == (place, before)
            assert signed.envelope.kid == enrolled.key.kid
        ends = [place for place, signed in enumerate(chain) if signed.event.kind == word.KIND]
        assert ends in ([], [len(chain) - 1])


def test_the_next_key_opens_with_everybodys_pin_and_the_earlier_one_is_gone() -> None:
    handheld = at_work()
    handheld.rotate()
    assert handheld.home.turn == 1
    assert vault.read(handheld.van.home, handheld.disk) is None
    for who, pin in (("t-1", RIGHT), ("t-2", "9035"), ("s-1", "60514")):
        assert handheld.unlock(who, pin).signer.key.thumbprint == handheld.enrolled.key.thumbprint
    handheld.sign("labour.stopped", {1: "FIT"})
    kinds = [signed.event.kind for signed in handheld.chain(handheld.home)]
    assert kinds == ["session.opened", "labour.stopped"]
    unbroken(handheld)


def test_a_screen_that_was_locked_meanwhile_says_that_the_handheld_goes_on_with_another_key() -> None:
    handheld = at_work()
    locked = Gate(handheld.home, handheld.enrolled, handheld.clock, handheld.van.random, handheld.disk)
    handheld.rotate()
    handheld.clock.now_ms += 3_600_000
    with pytest.raises(KeyEnded):
        locked.unlock("t-1", RIGHT)


def test_what_the_handheld_knows_of_the_log_and_of_its_work_goes_on() -> None:
    handheld = at_work()
    before = read_uplink(handheld.home, handheld.disk)
    handheld.rotate()
    after = read_uplink(handheld.home, handheld.disk)
    assert (after.assignment, after.checkpoint) == (before.assignment, before.checkpoint)
    assert (after.next, after.head, after.receipt) == (0, None, None)


def test_a_turn_whose_receipts_are_damaged_counts_as_not_sent() -> None:
    handheld = at_work()
    handheld.rotate()
    durable.replace(handheld.disk, handheld.van.home.uplink, b"something else")
    assert turns.to_send(handheld.van.home, handheld.disk).turn == 0


def test_a_key_that_ends_announces_first_what_nobody_has_noticed_to_be_unreadable() -> None:
    handheld = at_work()
    lost = handheld.chain(handheld.van.home)[1]
    assert handheld.disk.rot(lost.data)
    handheld.rotate()
    said = [signed.event for signed in handheld.chain(handheld.van.home)]
    assert [(event.body[1], event.body[2]) for event in said if event.kind == "range.lost"] == [(1, 1)]
    assert said[-1].kind == word.KIND


@pytest.mark.parametrize("fate", [DROP, TEAR])
def test_a_power_cut_after_a_rotation_hides_the_earlier_keys_end_from_nobody(fate: int) -> None:
    handheld = at_work()
    sent = JournalReader(handheld.van.home.journal, handheld.disk).head()
    assert sent is not None
    state = read_uplink(handheld.home, handheld.disk)
    state.next, state.head = sent.seq + 1, sent.hash
    write_uplink(handheld.home, state, handheld.disk)  # all of it was acknowledged before
    handheld.rotate()
    handheld.cut(fate)
    assert turns.to_send(handheld.van.home, handheld.disk).turn == 0
    assert handheld.chain(handheld.van.home)[-1].event.kind == word.KIND
    handheld.sign("labour.stopped", {1: "FIT"})  # the next key reads there what it knows of its jobs


@pytest.mark.parametrize("fate", [DROP, TEAR, KEEP])
def test_wherever_the_power_fails_one_key_goes_on_and_no_other(fate: int) -> None:
    ended = 0
    for stop_at in range(fate, CALLS, 2):
        handheld = at_work()
        handheld.disk.stop(stop_at)
        with suppress(Stopped):
            handheld.rotate()
        handheld.cut(fate)
        handheld.sign("labour.stopped", {1: "FIT"})
        unbroken(handheld)
        turn = handheld.home.turn
        ended += turn
        earlier = handheld.chain(handheld.van.home)
        assert (earlier[-1].event.kind == word.KIND) == (turn == 1)
        handheld.rotate()  # and the next one works from there
        handheld.sign("job.completed", {1: []})
        assert handheld.home.turn == turn + 1
        unbroken(handheld)
    assert 0 < ended < CALLS, "the calls take in the whole of it"


@pytest.mark.parametrize("stop_at", range(0, CALLS, 6))
def test_a_kill_without_a_power_cut_costs_no_key_either(stop_at: int) -> None:
    handheld = at_work()
    handheld.disk.stop(stop_at)
    with suppress(Stopped):
        handheld.rotate()
    handheld.disk.killed()
    handheld.sign("labour.stopped", {1: "FIT"})
    unbroken(handheld)


@pytest.mark.parametrize("error", [5, 28])
@pytest.mark.parametrize("nth", range(1, CALLS, 7))
def test_a_disk_that_fails_in_between_leaves_one_key_that_signs(nth: int, error: int) -> None:
    handheld = at_work()
    handheld.disk.fail(nth, error)
    with suppress(StorageError, JobsealError):
        handheld.rotate()
    handheld.disk.heal()
    handheld.disk.killed()
    handheld.sign("labour.stopped", {1: "FIT"})
    unbroken(handheld)


def test_a_copy_of_the_end_that_somebody_else_wrote_begins_nothing() -> None:
    handheld, stranger = at_work(), at_work()
    stranger.van._randoms = iter(range(1000, 2000))  # type: ignore[assignment]
    stranger.rotate()
    forged = bytearray(durable.read(stranger.disk, stranger.home.rotated))
    forged[-1] ^= 1
    later = handheld.van.home.next_turn()
    later.make(handheld.disk)
    durable.replace(handheld.disk, later.rotated, bytes(forged))
    with pytest.raises(JobsealError) as refused:
        handheld.enrolled  # noqa: B018
    assert refused.value.code == "signature_invalid"


def test_a_key_that_was_kept_for_an_enrolment_that_did_not_come_about_is_not_the_next_ones() -> None:
    """An enrolment again begins with a vault in the next turn's place; nobody asked any further, and the key is
    rotated instead."""
    handheld = at_work()
    later = handheld.home.next_turn()
    later.make(handheld.disk)
    stale = Ed25519Signer(b"\x07" * SEED_BYTES)
    durable.replace(handheld.disk, later.seed, b"\x08" * SEED_BYTES)
    made = vault.read(handheld.home, handheld.disk)
    assert made is not None
    vault.write(later, vault.ED25519, stale.key, b"\x07" * SEED_BYTES, made.locks, handheld.van.random, handheld.disk)
    handheld.rotate()
    assert later.seed.name not in handheld.disk.names(later.seed.parent), "no other key lies beside the one that signs"
    assert handheld.unlock().signer.key.thumbprint == handheld.enrolled.key.thumbprint != stale.key.thumbprint


def test_a_handheld_without_pins_is_not_kept_out_by_a_vault_of_such_an_enrolment() -> None:
    handheld = at_work()
    later = handheld.home.next_turn()
    later.make(handheld.disk)
    made = vault.read(handheld.home, handheld.disk)
    assert made is not None
    stale, random = Ed25519Signer(b"\x07" * SEED_BYTES), handheld.van.random
    vault.write(later, vault.ED25519, stale.key, b"\x07" * SEED_BYTES, made.locks, random, handheld.disk)
    signer = handheld.unlock().signer
    handheld.disk.unlink(handheld.home.vault)  # as one that was enrolled without PINs
    rotating.rotate(handheld.home, handheld.enrolled, signer, handheld.clock, random, files=handheld.disk)
    assert vault.read(handheld.home, handheld.disk) is None
    seed = durable.read(handheld.disk, handheld.home.seed)
    assert Ed25519Signer(seed).key.thumbprint == handheld.enrolled.key.thumbprint
