"""News between processes: heard at once, never in the way of whoever says it, wherever the folder lies."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobseal_gateway.news import RING, Bell, Listener


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "web.sock"


@pytest.fixture
def listener(path: Path) -> Iterator[Listener]:
    with closing(Listener(path)) as found:
        yield found


@pytest.fixture
def bell(path: Path) -> Iterator[Bell]:
    with closing(Bell(path)) as found:
        yield found


def wakes(listener: Listener) -> bool:
    return bool(select.select([listener.fileno()], [], [], 0)[0])


def test_a_ring_wakes_the_listener_until_it_is_drained(listener: Listener, bell: Bell) -> None:
    assert not wakes(listener)
    bell.ring()
    bell.ring()
    assert wakes(listener)
    listener.drain()
    assert not wakes(listener)


def test_notes_are_heard_in_order_and_rings_between_them(listener: Listener, bell: Bell) -> None:
    bell.note(b"one")
    bell.ring()
    bell.note(b"two")
    assert listener.hear() == [b"one", RING, b"two"]
    assert listener.hear() == []


def test_ringing_where_nobody_listens_is_no_failure_and_takes_no_time(path: Path, bell: Bell) -> None:
    bell.ring()  # there is not even a folder
    listener = Listener(path)
    listener.close()
    bell.ring()
    assert not path.exists()


def test_a_listener_that_does_not_listen_never_holds_up_the_one_who_rings(listener: Listener, bell: Bell) -> None:
    started_s = time.monotonic()
    for _ in range(5_000):
        bell.ring()
    assert time.monotonic() - started_s < 5
    assert wakes(listener)


def test_a_listener_takes_the_place_of_one_that_crashed_and_the_bell_finds_it(path: Path, bell: Bell) -> None:
    crashed = Listener(path)
    with closing(Listener(path)) as successor:
        bell.ring()
        assert wakes(successor)
        crashed.close()
        bell.ring()
        assert path.exists(), "what was taken over is not the first one's to remove"


def test_a_folder_too_deep_for_a_socket_address_works_as_well(tmp_path: Path) -> None:
    path = tmp_path / ("d" * 120) / ("e" * 120) / "web.sock"
    with closing(Listener(path)) as listener, closing(Bell(path)) as bell:
        with pytest.raises(OSError, match="too long"), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
            plain.sendto(RING, str(path))
        bell.ring()
        assert listener.hear() == [RING]


def test_the_folder_of_sockets_is_the_owners_alone(path: Path, listener: Listener) -> None:
    assert listener.fileno() >= 0
    assert path.parent.stat().st_mode & 0o777 == 0o700
