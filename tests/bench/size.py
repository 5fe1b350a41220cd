"""Bytes per event: in a handheld's journal, and on the wire in batches of 32 with MQTT around them.

Over the journals of the newest demo that was played here (``make demo EXIT=1``). Where there is none a full run plays
one; a quick run makes up a mix of the same kinds, in which every event names a checkpoint: the worst there is.
"""

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence

from jobseal import event, frame
from jobseal.batch import Batch
from jobseal_device.journal_frames import HEADER_BYTES
from jobseal_device.journal_reader import JournalReader
from tests.bench.chains import BATCH, work_a_job_with_objects
from tests.bench.ground import ROOT
from tests.bench.row import AT_MOST, Row
from tests.handheld import Handheld

DEMOS = ROOT / "var" / "demo"
EVENTS_LEAST = 600  # of a whole demo; one that was cut short has fewer
MADE_UP_JOBS = 60
DEVICE = "HH-1"
LOG_SIZE = 100_000  # as a device names it that has been in use for a while


def rows(quick: bool) -> Iterator[Row]:
    """The journal's frames and the wire."""
    chains, source = demo_journals(), "the demo's journals"
    if not chains and not quick:
        play_demo()
        chains = demo_journals()
    if not chains:
        chains, source = [made_up()], "a made-up mix, for want of a demo"
    sizes = [len(data) for chain in chains for data in chain]
    note = f"{len(sizes)} events of {source}"
    yield Row("journal_frame", statistics.fmean(sizes) + HEADER_BYTES, None, None, f"{AT_MOST} 260", "bytes", note)
    whole = [chain[at : at + BATCH] for chain in chains for at in range(0, len(chain) - BATCH + 1, BATCH)]
    wire = sum(map(wire_bytes, whole)) / (BATCH * len(whole))
    note = f"PUBLISH packets with {BATCH} events of {source} each; objects travel beside them and count for themselves"
    yield Row("wire_event", wire, None, None, f"{AT_MOST} 275", "bytes", note)


def demo_journals() -> list[list[bytes]]:
    """The complete events of each handheld of the newest demo; none if that was cut short or never played."""
    for played in sorted(DEMOS.glob("*"), reverse=True):
        readers = [JournalReader(path) for path in sorted(played.glob("*/journal"))]
        chains = [[data for _, data in reader.readable(0)] for reader in readers]
        if sum(map(len, chains)) >= EVENTS_LEAST:
            return chains
    return []


def play_demo() -> None:
    """Play a working day, which takes about a minute."""
    command = [sys.executable, "-m", "jobseal_gateway.command", "demo", "--exit"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def made_up() -> list[bytes]:
    """A chain with all kinds of events that a visit has, a checkpoint in each."""
    handheld = Restating(DEVICE)
    for number in range(MADE_UP_JOBS):
        work_a_job_with_objects(handheld, f"WO-{number:04d}")
    return [signed.data for signed in handheld.chain]


class Restating(Handheld):
    """A handheld that hears of a new checkpoint before each event."""

    def sign(self, kind: str, *about: object, **body: object) -> event.SignedEvent:  # type: ignore[override]
        self.anchor = bytes(32)
        return super().sign(kind, *about, **body)  # type: ignore[arg-type]


def wire_bytes(events: Sequence[bytes]) -> int:
    """The bytes of the QoS 1 PUBLISH packet (MQTT 3.1.1 section 3.3) with a batch of these events."""
    first = event.parse(events[0])
    said = Batch(
        session=bytes(8),
        kid=first.envelope.kid,
        events=list(events),
        acked=[first.event.seq, first.event.prev],
        size=LOG_SIZE,
        verdicts=first.event.seq,
    )
    topic, payload = frame.up_topic(DEVICE).encode(), frame.encode(said)
    rest = 2 + len(topic) + 2 + len(payload)  # topic with its length, packet id, payload
    return 1 + _length_bytes(rest) + rest


def _length_bytes(rest: int) -> int:
    return 1 if rest < 128 else 2 if rest < 16_384 else 3
