"""HELLO of another log: the device knows this gateway's log as it was before a restore, and is told how it went on.

What it is told proves itself (the root's statements, their places in the log, what is left of what the device had
proven), so it is not signed again. It gets no receipt before it has said HELLO of this log.
"""

from typing import TYPE_CHECKING

from jobseal import frame
from jobseal.hello import Hello
from jobseal.restart import Restarted
from jobseal_gateway.ingest.frames import Desk, Frame
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobseal_gateway.log import LogWriter, Sealed
    from jobseal_gateway.restarts import Restart


class StrayHello(Frame):
    """A HELLO that names another log; ``told`` is its answer once the round has committed."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Hello, restarts: "Sequence[Restart]") -> None:
        super().__init__(desk, enrolled, message)
        self._log = message.log
        self._restarts = restarts

    def told(self, log: "LogWriter", sealed: "Sealed") -> bytes:
        """The answer, against the checkpoint that the round left. Raises LogDamaged."""
        left = next((each.leaf for each in self._restarts if each.earlier == self._log), self._restarts[-1].leaf)
        said = Restarted(
            session=self.session,
            checkpoint=sealed.checkpoint,
            since=self.since,
            proof=log.consistency(self.since, sealed.size) if self.since <= left else [],
            restarts=[[each.statement, log.inclusion(each.leaf, sealed.size)] for each in self._restarts],
        )
        return frame.encode(said)
