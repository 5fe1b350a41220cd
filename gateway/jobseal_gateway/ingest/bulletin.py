"""The bulletin: new assignments, sent to their devices as soon as they are made and not only when those say HELLO.

A device that misses one hears of it at its next HELLO, so this remembers only what was there when it last looked.
"""

from sqlalchemy import Connection

from jobseal import frame
from jobseal_gateway.ledger import assignments


class Bulletin:
    """Which version of its work each device had when this was last asked."""

    def __init__(self) -> None:
        self._versions: dict[str, int] | None = None

    def fresh(self, connection: Connection) -> list[tuple[str, bytes]]:
        """(topic, frame) of each assignment made since the last call; the first call finds nothing new."""
        present = assignments.versions(connection)
        known, self._versions = self._versions, present
        if known is None:
            return []
        changed = sorted(device for device, version in present.items() if known.get(device) != version)
        found = [assignments.newest_snapshot(connection, device) for device in changed]
        return [
            (frame.down_topic(newest.device), frame.encode_signed(frame.ASSIGNMENT, newest.bytes))
            for newest in found
            if newest is not None
        ]
