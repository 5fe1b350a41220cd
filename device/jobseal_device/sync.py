"""The sync process: one per handheld (its lock sees to it), the only one that touches the network."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from jobseal.errors import JobsealError
from jobseal_device import identity, passed_over, renewing, trusting, turn_pump, turns, wake
from jobseal_device.back_off import BackOff
from jobseal_device.home import Home
from jobseal_device.settings import Settings
from jobseal_device.uplink_file import UplinkDamaged, read_uplink
from jobseal_device.work_file import WorkFile

RENEWAL_RETRY_S = 3600.0
LOOK_AGAIN_S = 60.0
RECALL_MOST_MS = 60_000
RECONSIDER_MOST_MS = 10_000


def run(home: Home, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Sync until ``stopped()``: what an earlier key has signed first, then what the newest does. Raises
    ``sync_running``, :class:`NotEnrolled`, :class:`StorageError`."""
    _reconsider(home, settings, stopped)
    while not stopped():
        until_s = time.monotonic() + _renewed(turns.current(home))
        _recall(home, settings, stopped)
        turn = turns.to_send(home)
        with turn_pump.opened(turn, settings) as pump:
            back_off = BackOff(random.random, settings.outage_first_retry_s, settings.reconnect_most_s)
            ends = _until(_until_over(turn, stopped), until_s)
            pump.run(back_off, _until_mistrusting(home, ends))


def once(home: Home, settings: Settings, timeout_s: float, stopped: Callable[[], bool]) -> bool:
    """Sync until everything committed is acknowledged and everything sent for is here; False if time ran out.

    Raises as :func:`run`, and what the link raises.
    """
    _renewed(turns.current(home))
    give_up_s = time.monotonic() + timeout_s
    _reconsider(home, settings, stopped)
    _recall(home, settings, stopped)
    recalled = False
    while True:
        turn = turns.to_send(home)
        with turn_pump.opened(turn, settings) as pump:
            ends = _until_passed_over(turn, stopped)
            done = pump.until_quiet(int((give_up_s - time.monotonic()) * 1000), ends)
        if passed_over.is_noted(turn):
            continue
        if done and not recalled and _to_recall(home):
            recalled = True
            _recall(home, settings, stopped)
            continue
        if not done or turns.following(turn) is None:
            return done and not _to_recall(home)
        if not _is_over(turn):
            return False


def _recall(home: Home, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Let earlier keys speak again where the gateway may have lost what it had acknowledged to them."""
    for turn in _to_recall(home):
        with suppress(JobsealError), turn_pump.opened(turn, settings) as pump:
            pump.until_quiet(RECALL_MOST_MS, stopped)


def _to_recall(home: Home) -> list[Home]:
    """All earlier turns where the gateway does not know the newest key: it may have been restored from before the
    rotation. Else those that know the log only as it was before a restart of which another turn has heard."""
    earlier = [turn for turn in turns.every(home)[:-1] if not passed_over.is_noted(turn)]
    return earlier if _is_forgotten(home) else [turn for turn in earlier if turns.is_behind(turn)]


def _reconsider(home: Home, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Ask once more for each turn that is passed over: who refused it may not have been the gateway, or may have been
    restored since. A crash in between leaves the mark away: then it is asked for in its turn, and refused again."""
    for turn in passed_over.every(home):
        before = _receipt(turn)
        passed_over.forget(turn)
        with suppress(JobsealError), turn_pump.opened(turn, settings) as pump:
            pump.until_quiet(RECONSIDER_MOST_MS, _until_passed_over(turn, stopped))
        if _receipt(turn) == before:
            passed_over.mark(turn)


def _receipt(turn: Home) -> bytes | None:
    try:
        return read_uplink(turn).receipt
    except UplinkDamaged:
        return None


def _is_forgotten(home: Home) -> bool:
    newest = turns.current(home)
    if not turns.is_rotated_to(newest):
        return False
    try:
        return any(alarm["code"] == "unknown_kid" for alarm in WorkFile(newest).alarms())
    except JobsealError:
        return False  # a damaged file is begun anew where it is written


def _until_over(turn: Home, stopped: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: stopped() or _is_over(turn)


def _until_passed_over(turn: Home, stopped: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: stopped() or passed_over.is_noted(turn)


def _until_mistrusting(home: Home, ends: Callable[[], bool]) -> Callable[[], bool]:
    """Also when what answers cannot prove to be the gateway, which may have another CA by now and say so elsewhere, or
    has lost what earlier keys had sent. Looked at once a minute: it costs a file."""
    look_at_s = time.monotonic() + LOOK_AGAIN_S

    def mistrusts() -> bool:
        nonlocal look_at_s
        if time.monotonic() < look_at_s:
            return False
        look_at_s = time.monotonic() + LOOK_AGAIN_S
        with suppress(JobsealError):
            trouble = WorkFile(home).trouble()
            return (trouble is not None and trouble["code"] == "link_untrusted") or bool(_to_recall(home))
        return False

    return lambda: ends() or mistrusts()


def _is_over(turn: Home) -> bool:
    """Whether there is a newer key, and nothing of this one's is left to send, or nobody there to take it."""
    return turns.following(turn) is not None and (turns.is_sent(turn) or passed_over.is_noted(turn))


def is_running(home: Home) -> bool:
    """Whether a sync process listens."""
    return wake.ring(home.wake)


def _until(stopped: Callable[[], bool], until_s: float) -> Callable[[], bool]:
    return lambda: stopped() or time.monotonic() >= until_s


def _renewed(home: Home) -> float:
    """Hear what the gateway's root has become, and renew the link certificate if that is due; seconds until to look
    again."""
    with suppress(JobsealError):  # the gateway may not be there now; what is trusted stays trusted
        trusting.look(home, identity.load_pinned(home).identity.authority)
    try:
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
