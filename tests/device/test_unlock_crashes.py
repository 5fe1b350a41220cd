"""Logging in on a disk that loses power in any call: no try is ever won by it, and no key is ever lost."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal_device import vault
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.lockout import LOCKED_AFTER
from jobseal_device.unlock import Gate, LoginRefused, Voucher
from jobseal_device.vault import SETUP
from tests.device.simulated_disk import DROP, KEEP, TEAR, SimulatedDisk, Stopped
from tests.device.staff import ANNA, BERT, CHIEF, SEED, SETUP_PIN, Van, person
from tests.device.workbench import HandClock

RIGHT, WRONG = "4821", "0000"
LONGEST_MS = 3_600_000


@dataclass
class Room:
    """A handheld on a simulated disk; each login is a process of its own."""

    van: Van
    enrolled: Enrolled
    clock: HandClock
    disk: SimulatedDisk

    def gate(self) -> Gate:
        return Gate(self.van.home, self.enrolled, self.clock, self.van.random, self.disk)

    def unlock(self, pin: str, who: str = "t-1", voucher: Voucher | None = None) -> str:
        """What came of it: unlocked, the code of a refusal, or ``stopped``."""
        try:
            self.gate().unlock(who, pin, voucher)
        except (LoginRefused, StorageError) as refused:
            return refused.code
        except Stopped:
            return "stopped"
        return "unlocked"

    def restart(self, choice: int | None) -> None:
        """Another process, or (with a choice) another boot after a power cut that does that with what is unsynced."""
        if choice is None:
            self.disk.killed()
        else:
            self.disk = self.van.files = self.disk.power_cut(lambda count: choice % count)
            self.clock.restart()


def room(people: list[object]) -> Room:
    disk = SimulatedDisk()
    van = Van(Home(Path("/handheld")), disk)
    enrolled = van.set_up()
    van.send(people)  # type: ignore[arg-type]
    made = Room(van, enrolled, HandClock(), disk)
    assert made.unlock(RIGHT, voucher=Voucher(SETUP, SETUP_PIN)) == "unlocked"
    return made


STEP = st.tuples(st.integers(0, 12), st.one_of(st.none(), st.integers(0, 5)))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=12, max_size=30))
def test_whoever_cuts_the_power_during_tries_gets_no_more_answers_than_others(
    steps: list[tuple[int, int | None]],
) -> None:
    handheld = room([ANNA, BERT, CHIEF])
    answers = 0
    for stop_at, choice in steps:
        handheld.clock.now_ms += LONGEST_MS
        handheld.disk.stop(stop_at)
        came = handheld.unlock(WRONG)
        answers += came in ("wrong_pin", "pin_locked") and not handheld_was_locked(answers)
        handheld.restart(choice)
        handheld.clock.now_ms += LONGEST_MS
    handheld.disk.heal()
    for _ in range(LOCKED_AFTER):
        handheld.disk.killed()
        handheld.clock.now_ms += LONGEST_MS
        answers += handheld.unlock(WRONG) == "wrong_pin"
    assert answers <= LOCKED_AFTER
    handheld.disk.killed()
    assert handheld.unlock(RIGHT) == "pin_locked"


def handheld_was_locked(answers: int) -> bool:
    """Once locked, ``pin_locked`` tells nothing of the PIN."""
    return answers >= LOCKED_AFTER


@pytest.mark.parametrize("fate", [DROP, TEAR, KEEP])
@pytest.mark.parametrize("stop_at", range(14))
def test_a_power_cut_while_slots_are_made_leaves_a_key_file_that_somebody_opens(stop_at: int, fate: int) -> None:
    handheld = room([ANNA, CHIEF])
    handheld.van.send([person("t-1", "5309"), BERT, CHIEF])
    handheld.disk.stop(stop_at)
    came = handheld.unlock("60514", "s-1")
    handheld.disk = handheld.van.files = handheld.disk.power_cut(lambda count: fate % count)
    handheld.clock.restart()
    handheld.clock.now_ms += LONGEST_MS
    assert handheld.unlock("60514", "s-1") == "unlocked", came
    handheld.disk.killed()
    assert handheld.unlock("5309") == "unlocked"
    handheld.disk.killed()
    assert handheld.unlock("9035", "t-2") == "unlocked"


@pytest.mark.parametrize("stop_at", range(10))
def test_a_power_cut_while_the_key_is_made_leaves_none_or_a_whole_one(stop_at: int) -> None:
    disk = SimulatedDisk()
    van = Van(Home(Path("/handheld")), disk)
    disk.stop(stop_at)
    with suppress(Stopped):
        van.set_up()
    for fate in (DROP, TEAR, KEEP):
        after = disk.power_cut(lambda count, fate=fate: fate % count)  # type: ignore[misc]
        found = vault.read(van.home, after)
        assert found is None or set(found.locks) == {SETUP}


def test_a_full_disk_keeps_nobody_from_logging_in_who_could_before_but_counts_no_try() -> None:
    handheld = room([ANNA, CHIEF])
    handheld.disk.fail(0, 28, times=1000)
    assert handheld.unlock(RIGHT) == "disk_full"
    handheld.disk.heal()
    handheld.disk.killed()
    assert handheld.unlock(RIGHT) == "unlocked"
    assert SEED not in b"".join(bytes(handheld.disk.contents(path)) for path in handheld.disk._visible)
