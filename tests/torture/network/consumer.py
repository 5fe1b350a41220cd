"""The billing system: follows the feed over HTTP with a cursor of its own, books each record once, acknowledges it.

What it cannot reach it tries again, for ever, and never assumes: a record counts as acknowledged only once the answer
was read. ``stop`` before looking at its books in earnest.
"""

import http.client
import json
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

WAIT_S = 2
TIMEOUT_S = 15.0
AGAIN_AFTER_S = 0.03


class Consumer:
    """``books``: record id to (digest, total); ``acknowledged``: ids; ``seen``: ids of feed entries, in order;
    ``conflicts``: what came again with other bytes, or was refused."""

    def __init__(self, address: tuple[str, int], token: str, enter: Callable[[], None] = lambda: None) -> None:
        """``enter`` is called first in its thread, to go where the gateway can be reached from."""
        self.books: dict[str, tuple[str, str]] = {}
        self.acknowledged: set[str] = set()
        self.seen: list[int] = []
        self.conflicts: list[str] = []
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._enter = enter
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """Follow from the beginning."""
        self._thread.start()

    def stop(self) -> None:
        """No more, after the request that is under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S + WAIT_S)

    def _follow(self) -> None:
        self._enter()
        while not self._stopped.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException, ValueError):  # killed, or in the middle of an answer
                self._stopped.wait(AGAIN_AFTER_S)

    def _read(self) -> None:
        with closing(http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)) as connection:
            while not self._stopped.is_set():
                cursor = self.seen[-1] if self.seen else 0
                status, page = self._ask(connection, "GET", f"/v1/feed?after={cursor}&wait={WAIT_S}")
                if status != 200:
                    self._stopped.wait(AGAIN_AFTER_S)
                    continue
                for entry in page:
                    if entry["type"].endswith("record.released") and not self._book(connection, entry["data"]):
                        break
                    self.seen.append(int(entry["id"]))

    def _book(self, connection: http.client.HTTPConnection, told: dict[str, Any]) -> bool:
        id = told["record"]
        status, record = self._ask(connection, "GET", f"/v1/records/{id}")
        if status != 200:
            return False
        booked = (record["digest"], record["total"])
        if self.books.setdefault(id, booked) != booked or record["digest"] != told["digest"]:
            self.conflicts.append(f"{id} came again with other bytes")
        said = {"revision": record["revision"], "digest": record["digest"], "status": "acknowledged"}
        status, answer = self._ask(connection, "POST", f"/v1/records/{id}/ack", said)
        if status == 200:
            self.acknowledged.add(id)
        elif status < 500:
            self.conflicts.append(f"the acknowledgement of {id} is refused with {status}: {answer}")
        return status < 500

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any]:
        connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
