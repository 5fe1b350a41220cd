"""Nobody keeps a server from others by not ending a request; who keeps within the limits sees nothing of them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobseal_gateway import http_caller
from jobseal_gateway.http_caller import HEAD_MAX_BYTES
from jobseal_gateway.listening import configured, listening
from tests.servers import eventually

MOST_S = 1.0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patched, listening("127.0.0.1", 0) as listener:
        patched.setattr(http_caller, "REQUEST_MOST_S", MOST_S)
        server = uvicorn.Server(configured(Starlette(routes=[Route("/", _length, methods=["POST"])]), 60, 100))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


async def _length(request: Request) -> Response:
    return Response(str(len(await request.body())))


def _said(caller: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    said = b""
    with suppress(ConnectionError):  # hung up in the middle of what we said
        while data := caller.recv(65_536):
            said += data
    return said


def _called(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def _post(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % length


@pytest.mark.parametrize("begun", [b"", b"POS", _post(5)[:-1], _post(5), _post(5) + b"1234"])
def test_a_request_that_does_not_end_is_hung_up_on(port: int, begun: bytes) -> None:
    began_s = time.monotonic()
    with _called(port) as caller:
        caller.sendall(begun)
        assert _said(caller) == b""
    assert time.monotonic() - began_s >= MOST_S * 0.9


def test_one_that_dribbles_is_hung_up_on_all_the_same(port: int) -> None:
    with _called(port) as caller:
        caller.settimeout(MOST_S / 20)
        caller.sendall(b"POST /")
        for _ in range(200):
            try:
                caller.sendall(b"o")
                if caller.recv(4096) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("nobody hung up")


def test_a_head_without_an_end_is_refused(port: int) -> None:
    line = b"X-More: 0123456789\r\n"
    most = HEAD_MAX_BYTES // len(line)
    with _called(port) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\n" + line * (most + 1))
        assert _said(caller).startswith(b"HTTP/1.1 400")
    with _called(port) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\n" + line * (most - 10) + b"Content-Length: 2\r\n\r\n12")
        assert caller.recv(65_536).startswith(b"HTTP/1.1 200")


def test_the_second_request_of_a_connection_has_its_own_time_and_its_own_head(port: int) -> None:
    body = b"x" * (HEAD_MAX_BYTES * 4)
    with _called(port) as caller:
        for _ in range(4):
            caller.sendall(_post(len(body)) + body)
            answer = caller.recv(65_536)
            assert answer.endswith(str(len(body)).encode())
            time.sleep(MOST_S * 0.4)  # longer than one request has, over the four of them


def test_a_connection_that_rests_between_two_requests_is_kept(port: int) -> None:
    with _called(port) as caller:
        for _ in range(2):
            caller.sendall(_post(1) + b"x")
            assert caller.recv(65_536).endswith(b"1")
            time.sleep(MOST_S * 1.5)
