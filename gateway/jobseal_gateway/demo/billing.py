"""The billing system of the demo: follows the feed as any would, acknowledges each record, and says what it hears.

Of jobs that are held it speaks only when they stay so for a while: most only wait for the customer to sign.
"""

import json
import urllib.error
import urllib.request
from threading import Event, Thread
from time import monotonic
from typing import Any

from jobseal_gateway.demo.technician import Tell

WAIT_S = 0.5
HELD_TOLD_AFTER_S = 0.7
_RETRY_S = 0.2
_TIMEOUT_S = 10.0


class Billing:
    """Reads on a thread of its own, from ``start`` to ``stop``."""

    def __init__(self, address: str, token: str, tell: Tell) -> None:
        self._address = address
        self._token = token
        self._tell = tell
        self._ending = Event()
        self._thread = Thread(target=self._follow, daemon=True)
        self._heard_s = monotonic()
        self._held: dict[str, tuple[list[str], float]] = {}  # job: why, and since when; not told yet
        self._told: dict[str, list[str]] = {}

    def start(self) -> None:
        """Begin with the first entry of the feed."""
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._ending.set()
        self._thread.join(_TIMEOUT_S)

    def quiet_s(self) -> float:
        """For how long there has been no news."""
        return monotonic() - self._heard_s

    def _follow(self) -> None:
        after = 0
        while not self._ending.is_set():
            try:
                page = self._ask(f"/v1/feed?after={after}&wait={WAIT_S}")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                self._ending.wait(_RETRY_S)
                continue
            for entry in page:
                after = int(entry["id"])
                self._heard_s = monotonic()
                self._hear(entry)
            self._tell_held()

    def _hear(self, entry: dict[str, Any]) -> None:
        data = entry["data"]
        if entry["type"] == "record.released":
            again = "" if data["revision"] == 1 else f", revision {data['revision']} ({data['kind']})"
            self._tell("billing", f"gets {data['work_order']}{again}: {data['total']} {data['currency']}")
            said = {"revision": data["revision"], "digest": data["digest"], "status": "acknowledged"}
            self._acknowledge(data["record"], said)
        elif entry["type"] == "jobcard.changed":
            self._held.pop(data["job"], None)
            if data["status"] == "held":
                self._held[data["job"]] = data["blocking"], monotonic()

    def _tell_held(self) -> None:
        for job, (why, since_s) in list(self._held.items()):
            if monotonic() - since_s < HELD_TOLD_AFTER_S:
                continue
            if self._told.get(job) != why:
                self._tell("gateway", f"holds {job}: {', '.join(why)}")
            self._told[job] = why
            del self._held[job]

    def _acknowledge(self, record: str, said: dict[str, Any]) -> None:
        try:
            self._ask(f"/v1/records/{record}/ack", said)
        except urllib.error.HTTPError as refused:
            if refused.code != 409:  # a later revision was released meanwhile: that one is acknowledged in its turn
                raise

    def _ask(self, path: str, said: dict[str, Any] | None = None) -> Any:
        body = None if said is None else json.dumps(said).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, body, headers)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            return json.load(answer)
