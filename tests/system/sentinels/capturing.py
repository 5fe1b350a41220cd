"""Capture on a disk that ends in the middle: what a signed event must carry, and what must be there beside it."""

from contextlib import suppress
from pathlib import Path

from jobseal import bodies, event
from jobseal.errors import JobsealError
from jobseal.job import close_over
from jobseal_device import durable
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from tests.device.simulated_disk import DROP, KEEP, SimulatedDisk, Stopped
from tests.device.workbench import Workbench
from tests.system.sentinels import Found

CALLS_MOST = 40
NEVER = 1 << 40


def anchors(folder: Path) -> Found:
    """``anchor_missing``: an event does not say behind which checkpoint it was made, where it must."""
    bench = Workbench(folder, SimulatedDisk())
    anchor = bench.checkpoint(5)
    said = {"the first event": bench.sign("job.accepted"), "a job's first event": bench.sign("job.accepted", "WO-2")}
    bench.clock.restart()
    said["a boot's first event"] = bench.sign("job.arrived")
    anchor_later = bench.checkpoint(9)
    said["the next after a newer checkpoint"] = bench.sign(
        "part.used", code="P-1", quantity="1", unit="pc", source="van"
    )
    said["a close"] = bench.sign("job.completed")
    for what, signed in said.items():
        newest = anchor if what in list(said)[:3] else anchor_later
        if signed.event.anchor != newest:
            yield "anchor_missing", f"{what} does not state the newest checkpoint"
    bench.close()


def closes(folder: Path) -> Found:
    """``close_wrong``: a completion, or what comes behind it, does not commit to all that this key has of the job."""
    bench = Workbench(folder, SimulatedDisk())
    bench.visit()
    part = next(signed for signed in bench.signed if signed.event.kind == "part.used")
    bench.capture.sign("event.corrected", {1: 2, 2: {**part.event.body, 2: "4"}}, "WO-1", "t-1", part.hash)
    said = [event.parse(data) for _, data in JournalReader(bench.home.journal, bench.files).readable(0)]
    own = [signed for signed in said if signed.event.job == "WO-1"]
    done = [signed.event.kind for signed in own].index("job.completed")
    for place, signed in enumerate(own):
        due = close_over([each.hash for each in own[:place]]) if place >= done else None
        if signed.event.close != due:
            yield "close_wrong", f"{signed.event.kind} commits to {signed.event.close and signed.event.close[0]} events"
    bench.close()


def stopped(folder: Path) -> Found:
    """``signed_after_set_back``: a handheld signs on that was told that it was set back."""
    bench = Workbench(folder, SimulatedDisk())
    bench.arrive()
    durable.replace(bench.files, bench.home.rolled_back, b"the receipt that says so")
    try:
        bench.sign("job.completed")
        yield "signed_after_set_back", "it was told never to sign with this key again, and has signed"
    except JobsealError:
        pass
    bench.close()


def contents(folder: Path) -> Found:
    """``object_lost``: an event is committed, and the words that it names are not on the disk."""
    for cut in (True, False):
        for nth in range(CALLS_MOST):
            bench = Workbench(folder, SimulatedDisk())
            bench.arrive()
            attached = bench.capture.attachment(b"the customer's words", "text/plain")
            body = bodies.SHAPES["note.added"].keyed({"note": attached.named})
            bench.files.stop(nth)  # type: ignore[attr-defined]
            with suppress(Stopped):
                bench.capture.sign("note.added", body, "WO-1", "t-1", None, [attached])
            disk = bench.files
            assert isinstance(disk, SimulatedDisk)
            disk.stop(NEVER)
            bench.capture.kill()
            left = disk.power_cut(lambda count: DROP if count == KEEP + 1 else count - 1) if cut else disk.killed()
            bench.files = left
            bench.capture = bench.open()
            there = {named for named, _ in ObjectStore(bench.home, left).pending()}
            for _, data in JournalReader(bench.home.journal, left).readable(0):
                signed = event.parse(data)
                for digest, _, _ in bodies.objects(signed.event.kind, signed.event.body):
                    if digest not in there:
                        how = "a power cut" if cut else "a kill"
                        yield "object_lost", f"after {how} at call {nth} a note is committed without its words"
            bench.close()


SENTINELS = {each.__name__: each for each in (anchors, closes, stopped, contents)}
