"""Limits on who calls our HTTP servers: how long and how large a request may be before it is read to its end.

uvicorn waits for ever for a request that never ends, and keeps whatever comes of its head; then 256 silent connections,
or one endless head, would be all that it takes to keep a gateway from everybody else. Who is within the limits sees
none of this; who is not is hung up on.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 65_536  # request line and headers; browsers stay below 16 KiB
REQUEST_MOST_S = 30.0  # from the connection, or the request's first byte, to its last one


class HttpCaller(HttpToolsProtocol):
    """uvicorn's own reading of HTTP/1.1 (RFC 9112) for one connection, within those limits."""

    _hangs_up: asyncio.TimerHandle | None = None
    _is_in_head = True
    _head_bytes = 0  # what has come since the last request ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP, and TLS where it is asked for, stand."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Either side has hung up."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The next bytes of one or more requests."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> Any:
        """The last byte of its head."""
        self._is_in_head = False
        return super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its last byte."""
        self._wait_no_more()
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _wait(self) -> None:
        self._wait_no_more()
        self._hangs_up = self.loop.call_later(REQUEST_MOST_S, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._hangs_up is not None:
            self._hangs_up.cancel()
            self._hangs_up = None
