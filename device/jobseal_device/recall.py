"""Recall: which earlier turns sync asks again, and when.

Where the gateway may have lost what it had acknowledged, earlier turns are *recalled*: each says HELLO again, and sends
what the answer lacks. A turn that was passed over, or of which an object was refused, is *reconsidered*: who refused
may not have been the gateway, or may have been restored since. The mark that it is passed over stays while it is
asked; only a receipt removes that (``passed_over``).

Neither must keep the newest turn waiting for ever. A recall that changed nothing comes again after a minute, then after
ever more, an hour at most; one whose HELLO is answered by an alarm ends there. Turns are reconsidered when sync starts,
then ever more rarely, but once a day, and when a recall did change something: the gateway is back.
"""

from collections.abc import Callable

from jobseal.errors import JobsealError
from jobseal_device import passed_over, turn_pump, turns
from jobseal_device.back_off import Repeat
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.link.contract import LinkDown, LinkRefused, LinkUntrusted
from jobseal_device.objects import ObjectStore
from jobseal_device.settings import Settings
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile

RECALL_MOST_S = 120.0  # a gateway refuses once a minute, and HELLO comes again after 30 s and after 60 more
RECALL_AGAIN_S, RECALL_AGAIN_MOST_S = 60.0, 3600.0
RECONSIDER_MOST_S = 10.0
RECONSIDER_AGAIN_S, RECONSIDER_AGAIN_MOST_S = 3600.0, 86_400.0


class Recall:
    """What one sync process has asked again, and when it will next. ``now_s()`` is monotonic."""

    def __init__(
        self, home: Home, settings: Settings, stopped: Callable[[], bool], now_s: Callable[[], float] = turn_pump.now_s
    ) -> None:
        self._home = home
        self._settings = settings
        self._stopped = stopped
        self._now_s = now_s
        self._recalls = Repeat(RECALL_AGAIN_S, RECALL_AGAIN_MOST_S)
        self._reconsiders = Repeat(RECONSIDER_AGAIN_S, RECONSIDER_AGAIN_MOST_S)

    def is_due(self) -> bool:
        """Whether there is somebody to ask, and it is time. It costs a few files."""
        now_s, wants = self._now_s(), False
        for repeat, turns_to_ask in ((self._recalls, to_recall), (self._reconsiders, to_reconsider)):
            if turns_to_ask(self._home):
                wants = wants or repeat.is_due(now_s)
            else:
                repeat.begin_anew()
        return wants

    def ask(self, give_up_s: float = float("inf")) -> None:
        """Whatever is due, until ``give_up_s``. What fails on the way is no more than in vain."""
        if self._recalls.is_due(self._now_s()):
            self.recall(give_up_s)
        if self._reconsiders.is_due(self._now_s()):
            self._reconsider(give_up_s)

    def recall(self, give_up_s: float = float("inf")) -> None:
        """Let earlier turns speak again where the gateway may have lost them, whether or not that is due."""
        wanted = to_recall(self._home)
        if not wanted:
            return
        before = [proven(turn) for turn in wanted]
        heard = [self._hear(turn, RECALL_MOST_S, give_up_s) for turn in wanted]
        now_s = self._now_s()
        if [proven(turn) for turn in wanted] != before:
            self._recalls.begin_anew()
            self._recalls.put_off(now_s)
            self._reconsiders.begin_anew()
        elif any(heard):
            self._recalls.in_vain(now_s)
        else:
            self._recalls.put_off(now_s)  # nobody was there, and for that the pump has its own back-off

    def _reconsider(self, give_up_s: float) -> None:
        heard = [self._hear(turn, RECONSIDER_MOST_S, give_up_s) for turn in to_reconsider(self._home)]
        if any(heard):
            self._reconsiders.in_vain(self._now_s())
        elif heard:
            self._reconsiders.put_off(self._now_s())

    def _hear(self, turn: Home, most_s: float, give_up_s: float) -> bool:
        """Let this turn say HELLO and what follows, until it is answered by an alarm; whether a broker let it."""
        most_s = min(most_s, give_up_s - self._now_s())
        if self._stopped() or most_s <= 0:
            return False
        objects = ObjectStore(turn)
        refused = objects.refused()
        try:
            objects.offer_refused()
            with turn_pump.opened(turn, self._settings) as pump:
                pump.until_quiet(int(most_s * 1000), lambda: self._stopped() or bool(pump.answer))
        except (LinkDown, LinkRefused, LinkUntrusted):
            return False
        except JobsealError:
            pass  # a disk that is full, or a turn that cannot be read: the same as an answer that changes nothing
        finally:
            for digest in refused:
                objects.mark_refused(digest)  # but for those that are stored now: nothing newer waits for an answer
        return True


def to_recall(home: Home, files: Files = REAL) -> list[Home]:
    """All earlier turns where the gateway does not know the newest key: it may have been restored from before the
    rotation. Else those that know the log only as it was before a restart of which another turn has heard."""
    earlier = [turn for turn in turns.every(home, files)[:-1] if not passed_over.is_noted(turn, files)]
    if _is_forgotten(home, files):
        return earlier
    return [turn for turn in earlier if turns.is_behind(turn, files)]


def to_reconsider(home: Home) -> list[Home]:
    """The turns that are passed over, and those of which the gateway refuses an object."""
    return [turn for turn in turns.every(home) if passed_over.is_noted(turn) or ObjectStore(turn).refused()]


def proven(turn: Home, files: Files = REAL) -> tuple[bytes, int] | None:
    """Which log has acknowledged how much of this turn. That the same log has grown would say no more than that
    somebody answered."""
    known = turns.known_log(turn, files)
    try:
        return None if known is None else (known.log, read_uplink(turn, files).next)
    except JobsealError:
        return None


def _is_forgotten(home: Home, files: Files) -> bool:
    newest = turns.current(home, files)
    if not turns.is_rotated_to(newest, files):
        return False
    try:
        return any(alarm["code"] == passed_over.UNKNOWN_KEY for alarm in WorkFile(newest, files).alarms())
    except JobsealError:
        return False  # a damaged file is begun anew where it is written
