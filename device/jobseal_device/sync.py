"""The sync process: one per handheld (its lock sees to it), the only one that touches the network."""

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from jobseal.errors import JobsealError
from jobseal_device import identity, passed_over, renewing, trusting, turn_pump, turns, wake
from jobseal_device.back_off import BackOff, Repeat
from jobseal_device.home import Home
from jobseal_device.pump import Pump
from jobseal_device.recall import Recall, to_recall
from jobseal_device.settings import Settings
from jobseal_device.turn_pump import now_s
from jobseal_device.work_file import WorkFile

RENEWAL_RETRY_S = 3600.0
LOOK_AGAIN_S = 60.0
DOUBT_AGAIN_MOST_S = 3600.0


def run(home: Home, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Sync until ``stopped()``: what an earlier key has signed first, then what the newest does. Raises
    ``sync_running``, :class:`NotEnrolled`, :class:`StorageError`."""
    back_off = BackOff(random.random, settings.outage_first_retry_s, settings.reconnect_most_s)
    recall, doubts = Recall(home, settings, stopped), Repeat(LOOK_AGAIN_S, DOUBT_AGAIN_MOST_S)
    while not stopped():
        until_s = now_s() + _renewed(turns.current(home))
        recall.ask()
        turn = turns.to_send(home)
        with turn_pump.opened(turn, settings) as pump:
            ends = _until(_until_over(turn, stopped), until_s)
            pump.run(back_off, _until_needed(ends, partial(_is_doubtful, turn, pump, doubts), recall.is_due))


def once(home: Home, settings: Settings, timeout_s: float, stopped: Callable[[], bool]) -> bool:
    """Sync until everything committed is acknowledged and everything sent for is here; False if time ran out.

    Raises as :func:`run`, and what the link raises.
    """
    give_up_s = now_s() + timeout_s
    _renewed(turns.current(home), give_up_s)
    recall = Recall(home, settings, stopped)
    recall.ask(give_up_s)
    recalled = False
    while True:
        turn = turns.to_send(home)
        with turn_pump.opened(turn, settings) as pump:
            ends = _until_passed_over(turn, stopped)
            done = pump.until_quiet(int((give_up_s - now_s()) * 1000), ends)
        if passed_over.is_noted(turn):
            continue
        if done and not recalled and to_recall(home):
            recalled = True
            recall.recall(give_up_s)
            continue
        if not done or turns.following(turn) is None:
            return done and not to_recall(home)
        if not _is_over(turn):
            return False


def _until_over(turn: Home, stopped: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: stopped() or _is_over(turn)


def _until_passed_over(turn: Home, stopped: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: stopped() or passed_over.is_noted(turn)


def _until_needed(ends: Callable[[], bool], *needs: Callable[[], bool]) -> Callable[[], bool]:
    """Also once there is something else to do than to pump. Looked at once a minute: it costs a few files."""
    look_at_s, found = now_s() + LOOK_AGAIN_S, False

    def is_needed() -> bool:
        nonlocal look_at_s, found
        if not found and now_s() >= look_at_s:
            look_at_s = now_s() + LOOK_AGAIN_S
            found = any(need() for need in needs)
        return found

    return lambda: ends() or is_needed()


def _is_doubtful(turn: Home, pump: Pump, doubts: Repeat) -> bool:
    """Whether to ask now what the gateway has become: what answers cannot prove to be the gateway, or says what another
    root than the one trusted has signed. Where asking does not help, it is done ever more rarely."""
    if pump.answer == "":
        doubts.begin_anew()
    if pump.answer != trusting.UNPROVEN and not _is_untrusted(turn):
        return False
    if not doubts.is_due(now_s()):
        return False
    doubts.in_vain(now_s())
    return True


def _is_untrusted(turn: Home) -> bool:
    with suppress(JobsealError):
        trouble = WorkFile(turn).trouble()
        return trouble is not None and trouble["code"] == "link_untrusted"
    return False


def _is_over(turn: Home) -> bool:
    """Whether there is a newer key, and nothing of this one's is left to send, or nobody there to take it."""
    return turns.following(turn) is not None and (turns.is_sent(turn) or passed_over.is_noted(turn))


def is_running(home: Home) -> bool:
    """Whether a sync process listens."""
    return wake.ring(home.wake)


def _until(stopped: Callable[[], bool], until_s: float) -> Callable[[], bool]:
    return lambda: stopped() or now_s() >= until_s


def _renewed(home: Home, give_up_s: float = float("inf")) -> float:
    """Hear what the gateway's root has become, and renew the link certificate if that is due; seconds until to look
    again."""
    with suppress(JobsealError):  # the gateway may not be there now; what is trusted stays trusted
        most_s = min(trusting.ANSWER_MOST_S, max(0.0, give_up_s - now_s()))
        trusting.look(home, identity.load_pinned(home).identity.authority, most_s=most_s)
    try:
        if now_s() < give_up_s:
            renewing.renew(home)
        left_ms = renewing.due_in_ms(home)
    except JobsealError:
        left_ms = 0  # the certificate holds for months yet
    return float("inf") if left_ms is None else min(trusting.LOOK_EVERY_S, max(RENEWAL_RETRY_S, left_ms / 1000))


@contextmanager
def stop_signals(home: Home) -> Iterator[Callable[[], bool]]:
    """Gives ``stopped()``: whether SIGTERM or SIGINT came. They ring the bell, so that nothing sleeps through them."""
    stop: list[int] = []

    def note(number: int, _: object) -> None:
        stop.append(number)
        wake.ring(home.wake)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
