"""The day of three jobs, killed with SIGKILL at 50 random moments: nothing signed is lost, nothing is doubled, and the
application opens where it was.
"""

import time
from pathlib import Path

import pytest

from jobseal import event
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.ui import demo
from tests.device.ui.battery import Battery, Dead
from tests.device.ui.day import DAY, Step, play
from tests.device.ui.test_day import check, log_in

KILLS = 50
SEED = 5
KEYS_OF_A_STEP = {"type": 4, "scan": 1}  # about as many as it takes; more, and it dies when all is done


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


def signed(home: Home) -> list[bytes]:
    """Complete bytes of what is signed for jobs."""
    found = [data for _seq, data in JournalReader(home.journal).readable()]
    return [data for data in found if event.parse(data).event.job is not None]


def keys_of(step: Step) -> int:
    """About how many keys a step takes, from the screen before."""
    return 3 + sum(KEYS_OF_A_STEP.get(key.partition(":")[0], 1) for key in step.keys)


class Day:
    """``known``: what was signed by the last look."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.known: list[bytes] = []
        self.battery = Battery(home.folder, SEED)
        self.terminal = self.battery.start()

    def look(self) -> int:
        """How much is signed; it never becomes less, and never something else."""
        now = signed(self.home)
        assert now[: len(self.known)] == self.known
        self.known = now
        return len(now)

    def step(self, step: Step, before: int, kills: int) -> None:
        """One step through ``kills`` kills; ``before``: how much was signed when it began."""
        after = self.battery.kills + kills
        while self.look() < before + len(step.signs) or self.battery.kills < after:
            done = self.look() - before
            assert done <= len(step.signs)
            if self.battery.kills < after:
                self.battery.weaken(self.terminal, keys_of(step))
            else:
                self.terminal.keys = None
            try:
                if done < len(step.signs):
                    play(self.terminal, step, done)
                if self.battery.kills < after:  # it held out
                    self.terminal.kill()
                    raise Dead
            except Dead:
                self.battery.kills += 1
                self.terminal = self.battery.start(after - self.battery.kills)


def test_the_day_killed_at_fifty_random_moments_loses_and_doubles_nothing(home: Home) -> None:
    day = Day(home)
    try:
        log_in(day.terminal)
        before = 0
        for number, step in enumerate(DAY):
            quota = KILLS * (number + 1) // len(DAY) - KILLS * number // len(DAY)
            day.step(step, before, quota)
            before += len(step.signs)
            assert day.look() == before
        assert b"Traceback" not in day.terminal.raw
    finally:
        day.terminal.kill()
    assert day.battery.kills >= KILLS
    check(home)
