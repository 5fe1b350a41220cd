"""The pump: drives the pure uplink over a real link, and carries out what it decides, in its order.

The pump owns waiting and nothing else: which broker, when to connect again, how long to poll. It is woken by the
broker or by capture's bell, never by polling in between. A crash between two effects loses nothing: the uplink's state
is saved before anything that rests on it, and everything else is asked for again. Where a write fails, what is in
memory is forgotten, and the disk believed.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from jobseal import cose, frame, work
from jobseal.errors import JobsealError
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.uplink import Uplink
from jobseal_device import durable, passed_over, turns
from jobseal_device.back_off import STEADY_AFTER_S, BackOff
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.link.contract import Link, LinkDown
from jobseal_device.objects import ObjectStore
from jobseal_device.uplink_file import write_uplink
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile

CONNECT_TIMEOUT_S = 15.0
POLL_MOST_MS = 5000  # the link's keep-alive happens inside poll
BURST_MS = 50  # documents that come closer than this are written together
QUIET_MS = 300  # a gateway that has said nothing for so long has no more to say


class Pump:
    """One sync process. ``now_ms()`` is monotonic; ``begin()`` makes the uplink from what is on the disk."""

    def __init__(
        self,
        home: Home,
        begin: Callable[[], Uplink],
        links: Sequence[Link],
        sleeper: Sleeper,
        work_file: WorkFile,
        objects: ObjectStore,
        now_ms: Callable[[], int],
        files: Files = REAL,
    ) -> None:
        """``links``: one for each broker, in order of preference. Raises what ``begin`` raises."""
        self._home = home
        self._begin = begin
        self._uplink = begin()
        self._receipt = self._uplink.state.receipt
        self._links = links
        self._nth = 0
        self._sleeper = sleeper
        self._work = work_file
        self._objects = objects
        self._now_ms = now_ms
        self._files = files
        self._up = frame.up_topic(self._uplink.identity.device)
        # What HELLO was answered with: "" for a receipt, else the code of the alarm; None as long as it was not.
        self.answer: str | None = None

    def run(self, back_off: BackOff, stopped: Callable[[], bool]) -> None:
        """Until ``stopped()``, which is looked at whenever the sleeper is woken: connect, pump, wait, try again."""
        while not stopped():
            wait_s = self._live(back_off, stopped)
            end = self._now_ms() + int(wait_s * 1000)
            while not stopped() and (left := end - self._now_ms()) > 0:
                self._sleeper.wait(left / 1000)

    def until_quiet(self, timeout_ms: int, stopped: Callable[[], bool]) -> bool:
        """Connect and pump until the gateway has answered all there is; False if time ran out.

        Raises what the last of the brokers raised when none can be reached, and whatever ends the connection.
        """
        if timeout_ms <= 0:
            return False
        end = self._now_ms() + timeout_ms
        try:
            self._connect_to_any(end)
            heard = self._now_ms()
            while not stopped() and self._now_ms() < end:
                if self.turn(QUIET_MS) or not self._uplink.is_idle(self._now_ms()):
                    heard = self._now_ms()
                elif self._now_ms() - heard >= QUIET_MS:
                    return True
            return False
        finally:
            self._disconnect()

    def connect(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Connect to the broker whose turn it is and say HELLO. Raises what the link raises."""
        self.answer = None
        self._catch_up_with_disk()
        link = self._links[self._nth]
        link.connect(timeout_s)
        link.subscribe(frame.down_topic(self._uplink.identity.device))
        self._carry_out(self._uplink.connected(self._now_ms()))

    def turn(self, most_ms: int) -> bool:
        """Wait for the broker, the bell or the next deadline, and do what is due; whether a message came.

        Raises :class:`LinkDown`, :class:`StorageError`.
        """
        now = self._now_ms()
        due = self._uplink.wake_at(now)
        wait_ms = most_ms if due is None else max(0, min(most_ms, due - now))
        if not self._work.is_flushed:
            wait_ms = min(wait_ms, BURST_MS)
        message = self._links[self._nth].poll(wait_ms, self._sleeper)
        self._sleeper.drain()
        if message is not None:
            self._carry_out(self._heard(message[1]))
        else:
            self._work.flush()
        while effects := self._uplink.tick(self._now_ms()):
            self._carry_out(effects)
        return message is not None

    # Connections

    def _live(self, back_off: BackOff, stopped: Callable[[], bool]) -> float:
        """One connection from its beginning to its end; the seconds to wait before the next."""
        try:
            self.connect()
        except JobsealError as error:
            self._end(error)
            # The others are tried at once: a fleet's retries were spread when the connection was lost.
            return 0.0 if self._turn_to_next() else back_off.failed()
        began = self._now_ms()
        with suppress(JobsealError):
            self._work.note_trouble("", "")
        try:
            while not stopped():
                self.turn(POLL_MOST_MS)
            self._disconnect()
            back_off.left((self._now_ms() - began) / 1000)
            return 0.0
        except JobsealError as error:  # the link is down, or this disk is full: both pass
            self._end(error)
        lived_s = (self._now_ms() - began) / 1000
        if lived_s >= STEADY_AFTER_S:
            self._nth = 0
        else:
            self._turn_to_next()
        return back_off.lost(lived_s)

    def _connect_to_any(self, end: int) -> None:
        while True:
            try:
                return self.connect(min(CONNECT_TIMEOUT_S, max(0, end - self._now_ms()) / 1000))
            except JobsealError:
                self._disconnect()
                if not self._turn_to_next():
                    raise

    def _turn_to_next(self) -> bool:
        """Whether there is a broker that was not tried in this round."""
        self._nth = (self._nth + 1) % len(self._links)
        return self._nth != 0

    def _disconnect(self) -> None:
        with suppress(JobsealError):
            self._work.flush()
        self._uplink.disconnected()
        self._links[self._nth].close()

    def _end(self, error: JobsealError) -> None:
        self._disconnect()
        if not isinstance(error, LinkDown):
            self._uplink = self._begin_again()
            with suppress(JobsealError):  # a full disk cannot even keep the note about itself
                self._work.note_trouble(error.code, error.sentence)

    def _begin_again(self) -> Uplink:
        """The uplink as the disk has it; where even that cannot be read now, the next connection tries again."""
        try:
            return self._begin()
        except JobsealError:
            return self._uplink

    def _catch_up_with_disk(self) -> None:
        """A crash can come between a saved assignment and the work file, and the work file can be damaged."""
        self._work.start_anew_if_damaged()
        assignment = self._uplink.state.assignment
        if assignment is not None:
            self._work.assign(_assignment(assignment))

    # Effects

    def _heard(self, data: bytes) -> list[Any]:
        """What a frame from the gateway leads to; noted is whether HELLO was answered by an alarm."""
        answers_hello = self._uplink.is_fresh
        effects = self._uplink.handle(data, self._now_ms())
        if answers_hello:
            self.answer = next((effect[1] for effect in effects if effect[0] == "alarm"), self.answer)
        return effects

    def _carry_out(self, effects: list[Any]) -> None:
        for effect in effects:
            name, values = effect[0], effect[1:]
            if name == "send":
                self._links[self._nth].publish(self._up, values[0])  # confirmed or not: only a receipt counts
            elif name == "save":
                write_uplink(self._home, values[0], self._files)
                self._note_receipt(values[0].receipt)
            else:
                self._keep(name, values)

    def _note_receipt(self, receipt: bytes | None) -> None:
        """The gateway knows this key: if it had said otherwise, nobody has to look at that any more."""
        if receipt is not None and receipt != self._receipt:
            self._receipt = receipt
            self.answer = ""
            if turns.following(self._home, self._files) is None:  # the alarm is about the newest key
                self._work.lift_alarm(passed_over.UNKNOWN_KEY)
            else:
                passed_over.lift(self._home, self._uplink.identity.thumbprint[:8], self._work, self._files)

    def _keep(self, name: str, values: tuple[Any, ...]) -> None:
        if name == "work":
            self._work.assign(_assignment(values[0]))
        elif name == "document":
            self._work.keep(values[0])
        elif name == "stored":
            for digest in values[0]:
                self._objects.mark_stored(digest)
        elif name == "verdicts":
            self._work.judge(values[0])
        elif name == "restarted":
            self._objects.offer_again()
            sentence = "The gateway was restored from a backup. What it has lost of this handheld is sent again."
            self._work.raise_alarm("gateway_restored", sentence, values[0])
        elif name == "alarm" and values[0] == passed_over.UNKNOWN_KEY and passed_over.may_be(self._home, self._files):
            passed_over.note(self._home, self._work, self._files)
        elif name == "alarm":
            self._work.raise_alarm(*values)
            self._leave_refused()
        elif name == "rolled_back":
            durable.replace(self._files, self._home.rolled_back, values[0])
            sentence = "The gateway knows later events of this key: this handheld was set back, or copied."
            self._work.raise_alarm("device_rolled_back", sentence, [values[0]])

    def _leave_refused(self) -> None:
        """Of a key that has ended, objects that the gateway refuses although it has every event keep nobody waiting."""
        is_over = self._uplink.unwanted and turns.following(self._home, self._files) is not None
        if is_over and turns.are_events_sent(self._home, self._files):
            for digest in self._uplink.unwanted:
                self._objects.mark_refused(digest)


def _assignment(data: bytes) -> work.Assignment:
    """The uplink, which knows the gateway's key, has verified it; here it is only read."""
    return work.Assignment.decode(cose.parse(data, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
