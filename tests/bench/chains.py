"""The events that rows are fed with: real chains of real handhelds, signed ahead of time.

A job of the mix is thirteen events: accepted, travelled to, worked on, closed. The events that name objects (a note,
the customer's name) are left out of the mix for ingest, which measures events.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context

from jobseal import frame
from jobseal.batch import Batch
from jobseal.key import Key
from tests.devices import Device, signer_of
from tests.handheld import NAME, Handheld

HANDHELDS = 8
BATCH = 32
CHAINS_AT_ONCE = 2


def work_a_job(handheld: Handheld, job: str) -> None:
    """One visit from acceptance to the end, without objects."""
    _visit(handheld, job)
    _complete(handheld, job)
    handheld.sign("signoff.waived", job, reason="customer-absent")


def work_a_job_with_objects(handheld: Handheld, job: str) -> None:
    """The same with a note on the way, and the customer's name at the end."""
    _visit(handheld, job)
    handheld.sign("note.added", job, note=NAME)
    _complete(handheld, job)
    handheld.sign("job.signed_off", job, method="typed", name=NAME)


def _visit(handheld: Handheld, job: str) -> None:
    handheld.sign("job.accepted", job, order=bytes(32), revision=1)
    handheld.sign("travel.started", job)
    handheld.sign("travel.stopped", job, distance_m=12_300)
    handheld.sign("job.arrived", job, site="SITE-0042")
    handheld.sign("safety.acknowledged", job, item="LADDER")
    handheld.sign("labour.started", job, task="HVAC-REPAIR")
    handheld.sign("checklist.answered", job, item="LEAK-TEST", answer=True)
    handheld.sign("reading.taken", job, code="PRESSURE", value="2.5", unit="bar")
    handheld.sign("part.used", job, code="FILTER-20", quantity="2", unit="pc", source="van")
    handheld.sign("part.used", job, code="SEAL-8", quantity="4", unit="pc", source="van")
    handheld.sign("labour.stopped", job, task="HVAC-REPAIR")


def _complete(handheld: Handheld, job: str) -> None:
    handheld.sign("job.completed", job, totals=[["labour", "HVAC-REPAIR", "h", "0.5"]])


Job = Callable[[Handheld, str], None]


def chain(name: str, genesis: bytes, events: int, job: Job = work_a_job) -> list[bytes]:
    """The first ``events`` complete events of the handheld of this name, whose enrolment has this hash."""
    handheld = Handheld(name, genesis)
    handheld.signer = signer_of(name)
    handheld.thumbprint = handheld.signer.key.thumbprint
    for number in count():
        if len(handheld.chain) >= events:
            break
        # Like a device with a verified checkpoint: named in a job's first event and in its closes.
        handheld.anchor = bytes(32)
        job(handheld, f"WO-{name}-{number:05d}")
        handheld.jobs.clear()
    return [signed.data for signed in handheld.chain[:events]]


def chains(devices: Sequence[Device], events: int) -> list[list[bytes]]:
    """The chains of these handhelds, made on two cores."""
    names, genesis = [device.name for device in devices], [device.genesis for device in devices]
    with ProcessPoolExecutor(CHAINS_AT_ONCE, get_context("spawn")) as pool:
        return list(pool.map(chain, names, genesis, [events] * len(devices)))


def batches(key: Key, events: Sequence[bytes], session: bytes) -> list[bytes]:
    """Those events as frames of ``BATCH``, each as a device sends it that has verified no checkpoint yet."""
    return [
        frame.encode(
            Batch(session=session, kid=key.kid, events=list(events[at : at + BATCH]), acked=None, size=0, verdicts=0)
        )
        for at in range(0, len(events), BATCH)
    ]
