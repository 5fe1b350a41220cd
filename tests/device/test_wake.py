"""The wake-up: capture rings, sync wakes at once, and nothing that goes wrong with it disturbs either."""

import select
import socket
import threading
import time
from pathlib import Path

import pytest

from jobseal_device import wake
from jobseal_device.errors import StorageFailed
from jobseal_device.wake import Sleeper


def is_readable(sleeper: Sleeper) -> bool:
    poller = select.poll()
    poller.register(sleeper, select.POLLIN)
    return bool(poller.poll(0))


@pytest.fixture(params=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Also in a folder whose name is too long for a socket's address."""
    folder = tmp_path / ("d" * 120) if request.param == "long" else tmp_path
    folder.mkdir(exist_ok=True)
    return folder / "wake.sock"


def test_a_ring_is_heard_until_it_is_drained(path: Path) -> None:
    sleeper = Sleeper(path)
    assert not is_readable(sleeper)
    assert wake.ring(path)
    assert is_readable(sleeper)
    sleeper.drain()
    assert not is_readable(sleeper)
    sleeper.close()


def test_nobody_rings_in_vain_and_nobody_waits_for_a_full_socket(path: Path) -> None:
    assert not wake.ring(path)  # no sync has ever run
    sleeper = Sleeper(path)
    assert [wake.ring(path) for _ in range(1000)] == [True] * 1000
    sleeper.drain()
    assert not is_readable(sleeper)
    sleeper.close()
    assert not wake.ring(path)
    assert not path.exists()


def test_the_socket_of_a_killed_sync_is_taken_over(path: Path) -> None:
    killed = Sleeper(path)
    killed._socket.close()
    assert path.exists()
    assert not wake.ring(path)
    sleeper = Sleeper(path)
    assert wake.ring(path)
    assert is_readable(sleeper)
    sleeper.close()


def test_an_empty_message_of_a_stranger_is_drained_too(tmp_path: Path) -> None:
    sleeper = Sleeper(tmp_path / "wake.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        stranger.connect(str(tmp_path / "wake.sock"))
        for content in (b"", b"x", b""):
            stranger.send(content)
    sleeper.drain()
    assert not is_readable(sleeper)
    sleeper.close()


def test_a_wait_ends_with_a_ring_or_with_its_time(path: Path) -> None:
    sleeper = Sleeper(path)
    began = time.monotonic()
    sleeper.wait(0.05)
    assert time.monotonic() - began >= 0.05
    ringer = threading.Timer(0.05, wake.ring, [path])
    ringer.start()
    sleeper.wait(60)
    assert time.monotonic() - began < 30
    assert not is_readable(sleeper)
    ringer.join()
    sleeper.close()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        Sleeper(tmp_path / "nowhere" / "wake.sock")
