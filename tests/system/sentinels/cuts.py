"""Real power cuts: the gateway's ledger on a real file system that is cut off between any two of its writes.

Needs what the block campaign needs, and changes the mounts of its process: so it is for a mutant's child alone and no
part of a test run. Where it cannot run, what SQLite says of its own setting has to do.
"""

from pathlib import Path

from tests.system.sentinels import Found
from tests.system.sentinels.ledger import synced

CUTS = 30


def ledger(folder: Path) -> Found:
    """``committed_lost``, ``acknowledged_missing`` and their like, as the block campaign has them; ``commit_unsynced``
    where it cannot run, or no cut fell where it would show."""
    from tests.torture.storage import block_states  # knows libraries of one kernel

    if block_states.missing() is not None:
        yield from synced(folder)
        return
    block_states.own_mounts()
    recorded = folder / "recorded"
    recorded.mkdir()
    block_states.recordings.record(block_states.GATEWAY, "ext4", recorded)
    made = block_states.Made(recorded, block_states.GATEWAY, "ext4")
    for cut, wrong in block_states.judged(made, [made.recording.cut(number) for number in range(CUTS)]):
        yield wrong.check, f"power cut after write {cut.after}: {wrong.words}"
    yield from synced(folder)  # where a cut falls is not the same in every recording


SENTINELS = {"ledger": ledger}
