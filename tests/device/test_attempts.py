"""The counts of wrong PINs, as files: what is damaged forgives nobody."""

from pathlib import Path

from jobseal_device.attempts import Attempts
from jobseal_device.home import Home
from jobseal_device.lockout import LOCKED_AFTER
from tests.device.workbench import HandClock

ANNA = ("t-1", b"\x01" * 32)


def test_no_flipped_bit_gives_whoever_is_locked_out_more_than_one_try(tmp_path: Path) -> None:
    home, clock = Home(tmp_path / "HH-1"), HandClock()
    home.make()
    attempts = Attempts(home, clock)
    for _ in range(LOCKED_AFTER):
        attempts.begin(ANNA)
    whole = home.attempts.read_bytes()
    for bit in range(len(whole) * 8):
        at = bit // 8
        home.attempts.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit % 8]) + whole[at + 1 :])
        assert attempts.standing(ANNA).left <= 1
        attempts.begin(ANNA)
        assert attempts.standing(ANNA).is_locked
