"""The anchor: the newest checkpoint that sync has verified, as capture finds it in the folder that they share."""

from jobseal import checkpoint
from jobseal.errors import JobsealError
from jobseal_device.durable import Files
from jobseal_device.home import Home
from jobseal_device.uplink_file import read_uplink


class Anchor:
    """Reads ``uplink.cbor`` when it was replaced, and only then. Never raises: an event can do without news."""

    def __init__(self, home: Home, files: Files) -> None:
        self._home = home
        self._files = files
        self._stamp: tuple[int, int, int] | None = None
        self._hash: bytes | None = None

    def newest(self) -> bytes | None:
        """Hash of the newest checkpoint known here; None before the first, or where the file cannot be read."""
        try:
            stamp = self._newest_stamp()
            if stamp != self._stamp:
                state = read_uplink(self._home, self._files)
                self._hash = None if state.checkpoint is None else checkpoint.hash_of(state.checkpoint)
                self._stamp = stamp
        except (OSError, JobsealError):
            return None
        return self._hash

    def _newest_stamp(self) -> tuple[int, int, int]:
        """That of this turn's file; where sync has not come to this turn yet, that of the turn before."""
        home = self._home
        while True:
            try:
                return self._files.stamp(home.uplink)
            except FileNotFoundError:
                if not home.turn:
                    raise
                home = home.earlier_turn()
