"""The revocation list never ends while the gateway runs: an ended one would lock every handheld out."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jobseal_device import link_identity
from jobseal_device.home import Home
from jobseal_gateway import ca, home
from jobseal_gateway.credentials import BrokerFiles
from jobseal_gateway.mosquitto import CA_NAME, CRL_NAME, MosquittoSettings
from jobseal_gateway.warden import Warden

DAYS = 100


class Calendar:
    """A clock that tests move by days."""

    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def wall_ms(self) -> int:
        return self.now_ms

    def up_ms(self) -> int:
        return self.now_ms

    def boot(self) -> bytes:
        return b"\x01" * 8

    def sleep(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


class Folder:
    """What the broker's process reads when it is told to: the files, written anew as the broker writes them."""

    running = True

    def __init__(self, files: BrokerFiles) -> None:
        self._files = files
        self.written: Mapping[str, bytes] = files()
        self.reloads = 0

    def reload(self) -> None:
        self.written = self._files()
        self.reloads += 1


def test_for_a_hundred_days_openssl_accepts_an_honest_handheld_by_the_list_of_that_day(tmp_path: Path) -> None:
    clock = Calendar()
    gateway = home.make(tmp_path / "shop", {"organisation": "Test"}, clock)
    shown = gateway.keys.ca.issue_link("hh-1", link_identity.make_key(Home(tmp_path / "hh")).key, clock.now_ms)
    (tmp_path / "shown.pem").write_bytes(ca.pem(shown))
    files = BrokerFiles(gateway, MosquittoSettings(port=1))
    folder: Any = Folder(files)
    said: list[str] = []
    warden = Warden(gateway, folder, files, said.append, lambda: clock.now_ms / 1000)
    for day in range(DAYS):
        clock.now_ms += ca.DAY_MS
        warden.tend()
        assert accepted(tmp_path, folder.written, clock.now_ms), f"day {day}"
    assert 2 <= folder.reloads <= DAYS / 5, "long before it ends, and not every day"
    assert said == []
    gateway.close()


@pytest.mark.parametrize("age_days", [0, ca.CRL_DAYS + 1])
def test_a_list_that_nobody_renews_ends_and_locks_everybody_out(tmp_path: Path, age_days: int) -> None:
    clock = Calendar()
    gateway = home.make(tmp_path / "shop", {"organisation": "Test"}, clock)
    shown = gateway.keys.ca.issue_link("hh-1", link_identity.make_key(Home(tmp_path / "hh")).key, clock.now_ms)
    (tmp_path / "shown.pem").write_bytes(ca.pem(shown))
    written = BrokerFiles(gateway, MosquittoSettings(port=1))()
    assert accepted(tmp_path, written, clock.now_ms + age_days * ca.DAY_MS) is (age_days == 0)
    gateway.close()


def accepted(folder: Path, files: Mapping[str, bytes], now_ms: int) -> bool:
    for name in (CA_NAME, CRL_NAME):
        (folder / name).write_bytes(files[name])
    words = ("-CAfile", CA_NAME, "-CRLfile", CRL_NAME, "-crl_check", "-attime", str(now_ms // 1000), "shown.pem")
    asked = subprocess.run(["openssl", "verify", *words], cwd=folder, capture_output=True, timeout=30, check=False)
    return asked.returncode == 0
