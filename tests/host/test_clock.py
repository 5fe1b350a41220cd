"""The clock: what the machine says, what it does not know, and a day that fits into a minute."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jobseal.errors import JobsealError
from jobseal.host import clock
from jobseal.host.clock import Clock, ScaledClock, SystemClock

BOOT = b"bootboot"
DAY_START_MS = 1_700_000_000_000


def scaled(factor: float = 1000.0, offset_ms: int = 0, started: float | None = None) -> ScaledClock:
    return ScaledClock(DAY_START_MS, factor, time.monotonic() if started is None else started, offset_ms, BOOT)


def test_the_system_clock_tells_the_time_of_this_machine() -> None:
    before = time.time_ns() // 1_000_000
    wall = SystemClock(built_ms=0).wall_ms()
    assert wall is not None
    assert before <= wall <= time.time_ns() // 1_000_000


def test_a_clock_that_shows_a_time_before_the_build_was_never_set() -> None:
    built = time.time_ns() // 1_000_000 + 3_600_000
    assert SystemClock(built).wall_ms() is None


def test_time_since_boot_counts_sleep_and_never_goes_back() -> None:
    system = SystemClock(0)
    ups = [system.up_ms() for _ in range(1000)]
    assert ups == sorted(ups)
    seconds = float(Path("/proc/uptime").read_text().split()[0])  # the kernel's own count, sleep included
    assert abs(ups[-1] / 1000 - seconds) < 1


def test_all_processes_of_one_boot_agree_on_it_and_another_boot_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "from jobseal.host.clock import SystemClock; print(SystemClock(0).boot().hex())"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    mine = SystemClock(0).boot()
    assert bytes.fromhex(other.stdout) == mine
    assert len(mine) == 8
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("9a1ad55e-5ed4-4e8b-b7a5-0c02bb0cfdd5\n")
    monkeypatch.setattr(clock, "_BOOT_ID", boot_id)
    assert SystemClock(0).boot() == bytes.fromhex("b7a50c02bb0cfdd5")


@pytest.mark.parametrize("contents", [None, "", "not a uuid", "abcd"])
def test_a_machine_without_a_boot_id_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: str | None
) -> None:
    boot_id = tmp_path / "boot_id"
    if contents is not None:
        boot_id.write_text(contents)
    monkeypatch.setattr(clock, "_BOOT_ID", boot_id)
    with pytest.raises(JobsealError) as refused:
        SystemClock(0)
    assert (refused.value.code, refused.value.fault) == ("clock_unavailable", "ours")


def test_a_scaled_clock_starts_where_it_is_told_and_runs_as_fast_as_it_is_told() -> None:
    a_second_ago = time.monotonic() - 1
    quick = scaled(3600, started=a_second_ago)
    up = quick.up_ms()
    wall = quick.wall_ms()
    assert 3_600_000 <= up <= 3_600_000 * 5
    assert wall is not None
    assert up <= wall - DAY_START_MS <= 3_600_000 * 5
    assert quick.boot() == BOOT
    assert scaled(started=time.monotonic() + 1000).up_ms() == 0


def test_two_processes_with_the_same_arguments_agree() -> None:
    started = time.monotonic()
    program = (
        "import sys; from jobseal.host.clock import ScaledClock\n"
        f"print(ScaledClock({DAY_START_MS}, 1000.0, {started!r}, 0, b'bootboot').wall_ms())"
    )
    before = scaled(started=started).wall_ms()
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    after = scaled(started=started).wall_ms()
    assert before is not None
    assert after is not None
    assert before <= int(other.stdout) <= after


def test_a_wall_clock_set_by_hand_leaves_the_time_since_boot_alone() -> None:
    started = time.monotonic() - 10
    right, wrong = scaled(1.0, started=started), scaled(1.0, -3_600_000, started)
    right_wall, wrong_wall = right.wall_ms(), wrong.wall_ms()
    assert right_wall is not None
    assert wrong_wall is not None
    assert 3_599_000 <= right_wall - wrong_wall <= 3_600_000
    assert abs(right.up_ms() - wrong.up_ms()) < 1000


@pytest.mark.parametrize("make", [lambda: SystemClock(0), lambda: scaled(1.0)])
def test_no_clock_sleeps_for_nothing_or_less(make: Callable[[], Clock]) -> None:
    before = time.monotonic()
    make().sleep(0)
    make().sleep(-5)
    assert time.monotonic() - before < 1


def test_sleep_takes_its_time_on_the_clock_that_sleeps() -> None:
    quick = scaled(1000)
    before = time.monotonic()
    start = quick.up_ms()
    quick.sleep(50)
    assert quick.up_ms() - start >= 50_000
    assert 0.05 <= time.monotonic() - before < 10
    SystemClock(0).sleep(0.05)
    assert time.monotonic() - before >= 0.1


@pytest.mark.parametrize(("factor", "boot"), [(0.0, BOOT), (-1.0, BOOT), (1.0, b"short")])
def test_a_scaled_clock_that_could_not_run_is_refused(factor: float, boot: bytes) -> None:
    with pytest.raises(JobsealError):
        ScaledClock(0, factor, 0.0, 0, boot)
