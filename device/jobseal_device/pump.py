"""The pump: drives the pure uplink over a real link, and carries out what it decides, in its order.

The pump owns waiting and nothing else: when to connect again, how long to poll. It is woken by the broker or by
capture's bell, never by polling in between. A crash between two effects loses nothing: the uplink's state is saved
before anything that rests on it, and everything else is asked for again.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jobseal import cbor, cose, frame, work
from jobseal.errors import JobsealError
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.uplink import Uplink
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.link.contract import Link, LinkDown
from jobseal_device.objects import ObjectStore
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile

CONNECT_TIMEOUT_S = 15.0
POLL_MOST_MS = 5000  # the link's keep-alive happens inside poll


class BackOff:
    """When to try a connection again. ``draw()`` gives a random number from 0 to 1.

    The n-th failure in a row waits U(0, min(most, 2**n)) seconds; after a connection was lost the first wait is
    U(0, ``after_outage``), so that a fleet does not come back in one moment.
    """

    def __init__(self, draw: Callable[[], float], after_outage_s: float, most_s: float) -> None:
        self._draw = draw
        self._after_outage_s = after_outage_s
        self._most_s = most_s
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait after a connection that did not come about."""
        self._failures += 1
        return self._draw() * min(self._most_s, 2.0**self._failures)

    def lost(self) -> float:
        """Seconds to wait after a connection that had been up."""
        self._failures = 0
        return self._draw() * self._after_outage_s


class Pump:
    """One sync process; ``now_ms()`` is monotonic."""

    def __init__(
        self,
        home: Home,
        uplink: Uplink,
        link: Link,
        sleeper: Sleeper,
        work_file: WorkFile,
        objects: ObjectStore,
        now_ms: Callable[[], int],
        files: Files = REAL,
    ) -> None:
        self._home = home
        self._uplink = uplink
        self._link = link
        self._sleeper = sleeper
        self._work = work_file
        self._objects = objects
        self._now_ms = now_ms
        self._files = files
        self._up = frame.up_topic(uplink.identity.device)
        self.online = False

    def run(self, back_off: BackOff, wait: Callable[[float], None], stopped: Callable[[], bool]) -> None:
        """Until ``stopped()``: connect, pump, and wait ``wait(seconds)`` before the next try."""
        while not stopped():
            try:
                self.connect()
            except JobsealError as error:
                self._note_trouble(error)
                wait(back_off.failed())
                continue
            try:
                while not stopped():
                    self.turn(POLL_MOST_MS)
            except JobsealError as error:  # the link is down, or this disk is full: both pass
                self._note_trouble(error)
            self.disconnect()
            if not stopped():
                wait(back_off.lost())

    def connect(self) -> None:
        """Open the link and say HELLO. Raises what the link raises."""
        self._link.connect(CONNECT_TIMEOUT_S)
        self._link.subscribe(frame.down_topic(self._uplink.identity.device))
        self.online = True
        self._carry_out(self._uplink.connected(self._now_ms()))

    def turn(self, most_ms: int) -> None:
        """Wait for the broker, the bell or the next deadline, and do what is due. Raises :class:`LinkDown`."""
        now = self._now_ms()
        due = self._uplink.wake_at(now)
        wait_ms = most_ms if due is None else max(0, min(most_ms, due - now))
        message = self._link.poll(wait_ms, self._sleeper)
        self._sleeper.drain()
        if message is not None:
            self._carry_out(self._uplink.handle(message[1], self._now_ms()))
        while effects := self._uplink.tick(self._now_ms()):
            self._carry_out(effects)

    def is_idle(self) -> bool:
        """Nothing is under way and nothing is due: the gateway has answered all there is."""
        return self._uplink.is_idle(self._now_ms())

    def disconnect(self) -> None:
        """The link is gone, or goes now."""
        self.online = False
        self._uplink.disconnected()
        self._link.close()

    def _carry_out(self, effects: list[Any]) -> None:
        for effect in effects:
            name, values = effect[0], effect[1:]
            if name == "send":
                self._link.publish(self._up, values[0])  # unanswered or not: only a receipt counts
            elif name == "save":
                durable.replace(self._files, self._home.uplink, cbor.encode(values[0].to_list()))
            else:
                self._keep(name, values)

    def _keep(self, name: str, values: tuple[Any, ...]) -> None:
        if name == "work":
            # Verified by the uplink, which knows the key; here it is only read.
            self._work.assign(_assignment(values[0]))
        elif name == "document":
            self._work.keep(values[0])
        elif name == "stored":
            for digest in values[0]:
                self._objects.mark_stored(digest)
        elif name == "verdicts":
            self._work.judge(values[0])
        elif name == "alarm":
            self._work.raise_alarm(*values)
        elif name == "rolled_back":
            durable.replace(self._files, self._home.rolled_back, values[0])
            sentence = "The gateway knows later events of this key: this handheld was set back, or copied."
            self._work.raise_alarm("device_rolled_back", sentence, [values[0]])

    def _note_trouble(self, error: JobsealError) -> None:
        if isinstance(error, LinkDown):
            return
        with suppress(JobsealError):  # a full disk cannot even keep the alarm about itself
            self._work.raise_alarm(error.code, error.sentence, [])


def _assignment(data: bytes) -> work.Assignment:
    return work.Assignment.decode(cose.parse(data, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
