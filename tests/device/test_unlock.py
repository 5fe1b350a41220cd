"""Unlocking: who gets the signing key with which PIN, and what wrong ones lead to."""

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobseal import roster
from jobseal.errors import JobsealError
from jobseal.host.pin import try_pin
from jobseal.roster import SUPERVISOR
from jobseal_device import identity, vault
from jobseal_device.durable import Files
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.lockout import LOCKED_AFTER, WAITS_S
from jobseal_device.unlock import Gate, LoginRefused, Unlocked, Voucher
from jobseal_device.vault import SETUP, VaultDamaged
from jobseal_device.work_file import WorkFile
from tests.device.staff import ANNA, BERT, CHIEF, SEED, SETUP_PIN, Van, lock_of, person
from tests.device.workbench import HandClock, TestOffice, enrolled_home, key_of

PINS = {"t-1": "4821", "t-2": "9035", "s-1": "60514"}
WRONG = "0000"
BY_SETUP = Voucher(SETUP, SETUP_PIN)


@dataclass
class Door:
    """A handheld in front of somebody: ``gate`` as a process that has just started has it."""

    van: Van
    enrolled: Enrolled
    clock: HandClock

    @property
    def gate(self) -> Gate:
        return Gate(self.van.home, self.enrolled, self.clock, self.van.random, self.van.files)

    def unlock(self, who: str, voucher: Voucher | None = None, pin: str | None = None) -> Unlocked:
        return self.gate.unlock(who, PINS[who] if pin is None else pin, voucher)

    def refused(self, who: str, voucher: Voucher | None = None, pin: str | None = None) -> LoginRefused:
        with pytest.raises(LoginRefused) as refused:
            self.unlock(who, voucher, pin)
        return refused.value

    def pass_s(self, seconds: float) -> None:
        self.clock.now_ms += int(seconds * 1000)

    def fail(self, who: str, times: int) -> LoginRefused:
        """So many wrong PINs, each as soon as it is taken; the last answer."""
        for _ in range(times):
            answer = self.refused(who, pin=WRONG)
            assert answer.code in ("wrong_pin", "pin_locked")
            self.pass_s(answer.wait_s)
        return answer


@pytest.fixture
def door(tmp_path: Path) -> Door:
    van = Van(Home(tmp_path / "HH-1"))
    van.home.make()
    return Door(van, van.set_up(), HandClock())


@pytest.fixture
def opened(door: Door) -> Door:
    """One that Anna has opened, with Bert and their supervisor on the roster."""
    door.van.send([ANNA, BERT, CHIEF])
    door.unlock("t-1", BY_SETUP)
    return door


# Who


def test_the_right_pin_gives_the_key_that_was_enrolled(opened: Door) -> None:
    unlocked = opened.unlock("t-1")
    assert (unlocked.technician, unlocked.name) == ("t-1", "Name of t-1")
    assert unlocked.signer.key.thumbprint == opened.enrolled.identity.thumbprint
    assert unlocked.signer.sign(b"x") == key_of("HH-1").sign(b"x")


def test_the_seed_is_in_no_file_of_a_handheld_behind_pins(opened: Door) -> None:
    opened.unlock("t-2")
    for path in opened.van.home.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert SEED not in data
            assert SEED.hex().encode() not in data
            assert all(digits.encode() not in data for digits in (*PINS.values(), SETUP_PIN) if len(digits) > 4)


def test_before_any_roster_nobody_can_log_in_and_the_sentence_says_what_helps(door: Door) -> None:
    answer = door.refused("t-1", BY_SETUP)
    assert (answer.code, answer.fault) == ("no_roster", "operator")
    assert "sync" in answer.sentence


def test_who_is_not_on_the_roster_is_refused_and_nothing_is_counted(opened: Door) -> None:
    opened.van.send([BERT])
    assert opened.refused("t-1").code == "unknown_technician"
    assert not opened.van.home.attempts.exists() or b"t-9" not in opened.van.home.attempts.read_bytes()


def test_who_has_no_pin_yet_is_sent_to_the_office(opened: Door) -> None:
    opened.van.send([ANNA, person("t-3", None)])
    with pytest.raises(LoginRefused) as refused:
        opened.gate.unlock("t-3", "")
    assert refused.value.code == "no_pin"


def test_a_badge_or_an_id_says_who_it_is(opened: Door) -> None:
    gate = opened.gate
    found = [gate.identify(scanned) for scanned in ("BADGE-2", "t-2", "s-1", "BADGE-9", "")]
    assert [each and each.id for each in found] == ["t-2", "t-2", "s-1", None, None]
    assert [each.id for each in gate.people()] == ["t-1", "t-2", "s-1"]


# Being admitted


def test_the_first_login_takes_the_pin_of_setting_up_and_no_later_one_does(door: Door) -> None:
    door.van.send([ANNA, BERT])
    assert door.refused("t-1").code == "not_admitted"
    assert door.refused("t-1", Voucher(SETUP, WRONG)).code == "wrong_pin"
    door.unlock("t-1", BY_SETUP)
    for who in ("t-1", "t-2", "t-1"):
        door.unlock(who)
    assert set(vault.read(door.van.home).locks) == {"t-1", "t-2"}  # type: ignore[union-attr]


def test_somebody_new_is_let_in_once_any_colleague_has_logged_in(opened: Door) -> None:
    opened.van.send([ANNA, BERT, CHIEF, person("t-3", "7192")])
    PINS["t-3"] = "7192"
    answer = opened.refused("t-3")
    assert answer.code == "not_admitted"
    assert "Name of t-1" in answer.sentence
    opened.unlock("t-2")
    assert opened.unlock("t-3").technician == "t-3"


@pytest.mark.parametrize("voucher", [Voucher("s-1", PINS["s-1"]), Voucher("t-2", PINS["t-2"])])
def test_somebody_new_may_be_vouched_for_without_waiting(opened: Door, voucher: Voucher) -> None:
    opened.van.send([ANNA, BERT, CHIEF, person("t-3", "7192")])
    assert opened.unlock("t-3", voucher, "7192").technician == "t-3"
    assert opened.unlock("t-3", pin="7192").technician == "t-3"


def test_a_new_pin_works_at_once_and_the_old_one_no_more(opened: Door) -> None:
    opened.van.send([person("t-1", "5309"), BERT, CHIEF])
    assert opened.refused("t-1").code == "wrong_pin"
    opened.unlock("t-2")
    assert opened.unlock("t-1", pin="5309").technician == "t-1"
    assert opened.refused("t-1").code == "wrong_pin"


def test_who_is_alone_with_a_new_pin_shows_the_old_one_once(opened: Door) -> None:
    opened.van.send([person("t-1", "5309")])
    answer = opened.refused("t-1", pin="5309")
    assert answer.code == "not_admitted"
    assert "your PIN from before" in answer.sentence
    assert opened.refused("t-1", Voucher("t-1", WRONG), "5309").code == "wrong_pin"
    assert opened.unlock("t-1", Voucher("t-1", PINS["t-1"]), "5309").technician == "t-1"
    assert opened.unlock("t-1", pin="5309").technician == "t-1"


@pytest.mark.parametrize("voucher", [Voucher("t-2", "9035"), Voucher("t-9", "1"), Voucher(SETUP, SETUP_PIN)])
def test_who_cannot_open_it_cannot_vouch(opened: Door, voucher: Voucher) -> None:
    opened.van.send([person("t-1", "5309"), person("t-2", "1470")])  # Bert's PIN was changed: perhaps it was seen
    assert opened.refused("t-1", voucher, "5309").code in ("not_admitted", "unknown_technician")


def test_who_has_left_gets_in_no_more_and_their_slot_goes_with_the_next_login(opened: Door) -> None:
    opened.van.send([ANNA])
    assert opened.refused("t-2").code == "unknown_technician"
    opened.unlock("t-1")
    assert list(vault.read(opened.van.home).locks) == ["t-1"]  # type: ignore[union-attr]


# The roster


def test_a_roster_that_the_office_did_not_sign_is_not_believed(opened: Door) -> None:
    intruder = person("t-66", "6666", SUPERVISOR)
    opened.van.send([ANNA, intruder], by=TestOffice("stranger"))
    assert [each.id for each in opened.gate.people()] == ["t-1", "t-2", "s-1"]


def test_a_document_that_the_assignment_does_not_name_is_not_believed(opened: Door) -> None:
    opened.van.send([ANNA])
    kept = WorkFile(opened.van.home)
    rows = [dict(row, data=roster.encode([BERT]).hex()) for row in kept._rows("contents")]
    kept._documents.replace({"contents": rows})
    assert [each.id for each in opened.gate.people()] == ["t-1", "t-2", "s-1"]


def test_an_older_roster_does_not_bring_anybody_back(opened: Door) -> None:
    opened.van.send([ANNA])
    assert [each.id for each in opened.gate.people()] == ["t-1"]
    opened.van.send([ANNA, BERT], version=1)
    assert [each.id for each in opened.gate.people()] == ["t-1"]


def test_login_works_when_what_sync_keeps_is_gone_or_damaged(opened: Door) -> None:
    opened.van.home.work.write_text("{")
    opened.van.home.uplink.write_bytes(b"\xff")
    assert opened.unlock("t-2").technician == "t-2"
    opened.van.home.uplink.unlink()
    assert opened.unlock("t-1").technician == "t-1"


def test_a_roster_that_came_while_the_screen_was_open_counts_at_once(opened: Door) -> None:
    gate = opened.gate
    assert len(gate.people()) == 3
    opened.van.send([ANNA])
    assert [each.id for each in gate.people()] == ["t-1"]


# Wrong PINs


def test_wrong_pins_make_wait_longer_and_longer_and_then_lock(opened: Door) -> None:
    answers = []
    for _ in range(LOCKED_AFTER):
        answers.append(opened.fail("t-1", 1))
    waits = [answer.wait_s for answer in answers]
    assert waits == [*WAITS_S[1:], 0]
    assert waits[:-1] == sorted(waits[:-1])
    assert [answer.left for answer in answers] == list(range(LOCKED_AFTER - 1, -1, -1))
    assert [answer.code for answer in answers] == ["wrong_pin"] * (LOCKED_AFTER - 1) + ["pin_locked"]
    assert opened.refused("t-1").code == "pin_locked"


def test_a_right_pin_too_early_is_not_tried_and_not_counted(opened: Door) -> None:
    for _ in range(4):
        answer = opened.refused("t-1", pin=WRONG)
        opened.pass_s(answer.wait_s)
    opened.pass_s(-answer.wait_s)
    early = opened.refused("t-1")
    assert (early.code, early.wait_s, early.left) == ("pin_wait", answer.wait_s, answer.left)
    opened.pass_s(answer.wait_s - 1)
    assert opened.refused("t-1").wait_s == 1
    opened.pass_s(1)
    assert opened.unlock("t-1").technician == "t-1"
    assert opened.refused("t-1", pin=WRONG).left == LOCKED_AFTER - 1


def test_setting_the_clock_does_not_shorten_a_wait(opened: Door) -> None:
    for _ in range(5):
        answer = opened.fail("t-1", 1)
    opened.pass_s(-answer.wait_s)
    opened.clock.wrong_ms = 365 * 86_400_000
    assert opened.refused("t-1").code == "pin_wait"


def test_a_restart_does_not_shorten_a_wait_and_begins_it_only_once(opened: Door) -> None:
    for _ in range(7):
        answer = opened.fail("t-1", 1)
    opened.pass_s(-1)
    opened.clock.restart()
    opened.pass_s(10)
    assert opened.refused("t-1").wait_s == answer.wait_s
    opened.pass_s(answer.wait_s)
    assert opened.unlock("t-1").technician == "t-1"


def test_ten_wrong_pins_then_a_power_cut_then_again_still_locked(opened: Door) -> None:
    opened.fail("t-1", LOCKED_AFTER)
    opened.clock.restart()
    opened.pass_s(86_400)
    assert opened.refused("t-1").code == "pin_locked"
    assert opened.unlock("t-2").technician == "t-2"  # it is a person's lock, not the handheld's


def test_a_supervisor_lifts_a_lock_here_with_a_pin_of_their_own(opened: Door) -> None:
    opened.fail("t-1", LOCKED_AFTER)
    for supervisor, pin, code in (("t-2", PINS["t-2"], "not_supervisor"), ("s-1", WRONG, "wrong_pin")):
        with pytest.raises(LoginRefused) as refused:
            opened.gate.lift("t-1", supervisor, pin)
        assert refused.value.code == code
    opened.gate.lift("t-1", "s-1", PINS["s-1"])
    assert opened.unlock("t-1").technician == "t-1"


def test_a_supervisor_can_be_locked_out_too(opened: Door) -> None:
    for _ in range(LOCKED_AFTER):
        with pytest.raises(LoginRefused) as refused:
            opened.gate.lift("t-1", "s-1", WRONG)
        opened.pass_s(refused.value.wait_s)
    assert refused.value.code == "pin_locked"
    assert opened.refused("s-1").code == "pin_locked"


def test_a_new_pin_from_the_office_ends_the_lock(opened: Door) -> None:
    opened.fail("t-1", LOCKED_AFTER)
    opened.van.send([person("t-1", "5309"), BERT, CHIEF])
    opened.unlock("t-2")
    assert opened.unlock("t-1", pin="5309").technician == "t-1"


def test_a_damaged_count_leaves_everybody_one_try_after_the_longest_wait(opened: Door) -> None:
    opened.van.home.attempts.write_bytes(b"\x00garbage")
    answer = opened.refused("t-1")
    assert (answer.code, answer.wait_s, answer.left) == ("pin_wait", WAITS_S[-1], 1)
    opened.pass_s(WAITS_S[-1])
    assert opened.unlock("t-1").technician == "t-1"
    assert opened.refused("t-2").code == "pin_wait"


def test_two_logins_at_the_same_time_are_counted_one_after_the_other(opened: Door) -> None:
    gate = opened.gate
    with gate._attempts.alone(), pytest.raises(JobsealError) as refused:
        opened.unlock("t-1", pin=WRONG)
    assert refused.value.code == "login_running"
    assert opened.refused("t-1", pin=WRONG).left == LOCKED_AFTER - 1


class Failing(Files):
    """A disk that takes nothing new."""

    def rename(self, source: Path, target: Path) -> None:
        raise OSError(errno.EIO, "no", str(source), None, str(target))


def test_a_try_that_cannot_be_counted_is_not_made(opened: Door) -> None:
    opened.van.files = Failing()
    with pytest.raises(StorageError):
        opened.unlock("t-1")


@pytest.mark.parametrize("pin", ["", "4821 ", "x" * 4096, "\x00", "\ud800", "\uff14\uff18\uff12\uff11", "4821\n"])
def test_whatever_is_typed_as_a_pin_is_a_wrong_one_and_no_more(opened: Door, pin: str) -> None:
    assert opened.refused("t-1", pin=pin).code == "wrong_pin"


# The file


def test_a_stolen_key_file_opens_with_no_pin_but_the_right_ones(opened: Door, tmp_path: Path) -> None:
    elsewhere = Home(tmp_path / "thief")
    elsewhere.make()
    elsewhere.vault.write_bytes(opened.van.home.vault.read_bytes())
    stolen = vault.read(elsewhere)
    assert stolen is not None
    for who, lock in stolen.locks.items():
        assert try_pin(WRONG, lock) is None
        wrong = try_pin("1470", lock_of("1470", who))
        assert wrong is not None
        assert stolen.secret(who, wrong) is None
        right = try_pin(PINS[who], lock)
        assert right is not None
        assert stolen.secret(who, right) == SEED
        for other in set(stolen.locks) - {who}:
            assert stolen.secret(other, right) is None


def test_a_flipped_bit_anywhere_in_the_key_file_is_noticed_or_does_not_matter(opened: Door) -> None:
    whole = opened.van.home.vault.read_bytes()
    right = try_pin(PINS["t-1"], lock_of(PINS["t-1"], "t-1"))
    assert right is not None
    for at in range(len(whole)):
        opened.van.home.vault.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with suppress(VaultDamaged):
            found = vault.read(opened.van.home)
            assert found is not None
            if found.public.thumbprint == opened.enrolled.identity.thumbprint:
                assert found.secret("t-1", right) in (None, SEED)


def test_a_handheld_without_pins_asks_for_none(tmp_path: Path) -> None:
    office = TestOffice()
    home = enrolled_home(tmp_path / "HH-1", office)
    gate = Gate(home, identity.load(home), HandClock(), os.urandom)
    assert not gate.needs_pin
    assert gate.unlock("anybody").technician == "anybody"


def test_a_handheld_behind_pins_says_so(opened: Door) -> None:
    assert opened.gate.needs_pin
    assert identity.assurance(opened.van.home) == "pin"
    with pytest.raises(identity.NotEnrolled):
        identity.signer(opened.van.home)
