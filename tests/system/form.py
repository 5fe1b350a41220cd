"""What a technician fills in: the body of an event and the objects that it names, by chance."""

from typing import Any

from jobseal import bodies
from jobseal.quantity import quantities, totals
from jobseal_device.capture import Capture
from jobseal_device.objects import Attachment
from tests.system.faults import Faults
from tests.system.world import World

OBJECT_MOST_BYTES = 80_000  # three chunks

Filled = tuple[dict[int, Any], list[Attachment]]


def fill(world: World, faults: Faults, capture: Capture, kind: str, job: str, by: str, order: bytes) -> Filled:
    """Body and attachments for an event of this kind; ``order``: the digest of the job's order."""
    lane = capture.fold.lane(job)
    if kind in ("note.added", "job.signed_off"):
        words = b"words of %d bytes" % world.now_ms
        if faults.strikes("large_object"):
            words += world.bytes(world.chance.randrange(OBJECT_MOST_BYTES))
        attached = capture.attachment(words, "text/plain")
        named = {"note": attached.named} if kind == "note.added" else {"method": "typed", "name": attached.named}
        return bodies.SHAPES[kind].keyed(named), [attached]
    quantity = str(world.chance.randrange(1, 9))
    running = lane.open_tasks(by) if lane is not None else []
    by_kind: dict[str, dict[str, Any]] = {
        "job.accepted": {"order": order, "revision": 1},
        "labour.started": {"task": "FIT"},
        "labour.stopped": {"task": running[0] if running else "FIT"},
        "part.used": {"code": "P-1", "quantity": quantity, "unit": "pc", "source": "van"},
        "part.returned": {"code": "P-1", "quantity": "1", "unit": "pc", "source": "van"},
        "job.waiting": {"reason": "parts"},
        "signoff.waived": {"reason": "absent"},
        "job.reopened": {"reason": "again"},
        "job.cancelled": {"reason": "called off"},
    }
    named = by_kind.get(kind, {})
    if kind in ("job.completed", "job.cancelled") and "totals" in bodies.SHAPES[kind].by_name:
        named = {**named, "totals": totals(quantities(capture.fold.job(job)))}
    return bodies.SHAPES[kind].keyed(named), []
