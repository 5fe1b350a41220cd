"""The day itself: every event kind once at least, in an order that a technician could have lived through."""

from jobseal import bodies, merkle, rotating
from tests.vectors import keys
from tests.vectors.world import (
    CANCELLED,
    CANCELLED_ORDER,
    DAY_MS,
    ENROLLED,
    JOB,
    NAME,
    NEXT_BOOT,
    NOTE,
    ORDER,
    PHOTO,
    POSITION,
    RECEIPT_SCAN,
    SPARE_ENROLLED,
    STROKES,
    TECHNICIAN,
    TPM_ENROLLED,
    UNPLANNED,
    Handheld,
    Log,
    digest,
    named,
    third_key_enrolled,
)

WHO = {"by": TECHNICIAN}
AT_JOB = {"by": TECHNICIAN, "job": JOB}
AT_UNPLANNED = {"by": TECHNICIAN, "job": UNPLANNED}
AT_HANDED_OVER = {"by": TECHNICIAN, "job": "L-van-07-2"}


class Day:
    """``van``, ``tpm``, ``spare`` and ``third`` (the van's second and third keys): the chains; ``log``: what took in
    the van's; and three checkpoints of it."""

    def __init__(self) -> None:
        self.van = Handheld(keys.VAN, ENROLLED)
        self.tpm = Handheld(keys.TPM, TPM_ENROLLED)
        self.log = Log()
        self.log.append(merkle.ENTRY_OFFICE, ENROLLED, TPM_ENROLLED)
        self.first_checkpoint = self.log.checkpoint(DAY_MS)  # size 2: two handhelds enrolled, no event yet
        self.van.newest = self.tpm.newest = digest(self.first_checkpoint)
        _morning(self.van)
        self.log.append(merkle.ENTRY_EVENT, *self.van.events)
        self.second_checkpoint = self.log.checkpoint(DAY_MS + 900_000)  # size 4: the first batch is logged
        self.van.newest = digest(self.second_checkpoint)
        _at_the_job(self.van)
        _the_end_of_the_job(self.van)
        _an_unplanned_job(self.van)
        _a_cancelled_job(self.van)
        _the_evening(self.van)
        _the_test_bench(self.tpm)
        self.log.append(merkle.ENTRY_EVENT, *self.van.events[2:])
        self.log.append(merkle.ENTRY_OFFICE, SPARE_ENROLLED)
        self.spare = Handheld(keys.SPARE, SPARE_ENROLLED)
        self.spare.boot, self.spare.up, self.spare.newest = NEXT_BOOT, 60_000, self.van.newest
        self.spare.write("session.opened", {"follows": self.van.head}, **WHO)
        self.third_checkpoint = self.log.checkpoint(DAY_MS + 36_000_000)
        _hand_over(self.spare)
        self.third_enrolled = third_key_enrolled(self.spare.events[-1], len(self.spare.events) - 1)
        self.third = Handheld(keys.THIRD, self.spare.events[-1])
        self.third.boot, self.third.up, self.third.newest = NEXT_BOOT, 400_000, self.van.newest
        self.third.write("session.opened", {"follows": self.spare.head}, **WHO)
        self.third.write("job.arrived", {}, **AT_HANDED_OVER)


def _morning(van: Handheld) -> None:
    van.write("session.opened", {"software": "jobseal-device 0.1.0"}, **WHO)
    order = {"order": digest(ORDER), "revision": 1}
    van.write("job.accepted", order, **AT_JOB)


def _at_the_job(van: Handheld) -> None:
    van.write("travel.started", {}, **AT_JOB)
    van.write("travel.stopped", {"distance_m": 18_400}, 1_560, **AT_JOB)
    van.write("job.arrived", {"site": "HARBOUR-1"}, **AT_JOB)
    van.write("safety.acknowledged", {"item": "GAS-ISOLATED", "version": 3}, **AT_JOB)
    van.write("labour.started", {"task": "BOILER-SERVICE"}, **AT_JOB)
    van.write("checklist.answered", {"item": "FLUE-CLEAR", "answer": True, "task": "BOILER-SERVICE"}, **AT_JOB)
    van.write("checklist.answered", {"item": "BURNER-HOURS", "answer": 10_412}, **AT_JOB)
    van.write("checklist.answered", {"item": "CASING", "answer": "scratched"}, **AT_JOB)
    reading = {"code": "CO2", "value": "9.20", "unit": "%", "asset": "BOILER-3"}
    van.write("reading.taken", reading, **AT_JOB)
    gasket = {"code": "GASKET-40", "quantity": "2", "unit": "pc", "source": "van"}
    van.write("part.used", gasket, **AT_JOB)
    ignitor = {"code": "IGNITOR", "quantity": "1", "unit": "pc", "source": "site", "serial": "SN-88-0042"}
    van.write("part.used", {**ignitor, "warranty": True, "billable": False, "task": "BOILER-SERVICE"}, **AT_JOB)
    labelled = {"serial": "LOT-7", "warranty": False, "billable": True, "task": "BOILER-SERVICE"}
    van.write("part.returned", {**gasket, **labelled, "quantity": "1"}, **AT_JOB)
    van.write("photo.attached", {"photo": named(PHOTO), "purpose": "AFTER"}, **AT_JOB)
    van.write("note.added", {"note": named(NOTE)}, **AT_JOB)
    expense = {"code": "PARKING", "amount": "4.50", "currency": "EUR", "receipt": named(RECEIPT_SCAN), "billable": True}
    van.write("expense.added", expense, **AT_JOB)
    van.write("position.logged", {"position": named(POSITION)}, **AT_JOB)
    van.write("labour.stopped", {"task": "BOILER-SERVICE"}, 2_400, **AT_JOB)
    van.write("job.waiting", {"reason": "parts", "note": named(NOTE)}, **AT_JOB)
    van.write("job.resumed", {}, 900, **AT_JOB)


def _the_end_of_the_job(van: Handheld) -> None:
    totals = [
        ["labour", "BOILER-SERVICE", "ms", "3060000"],
        ["travel", "travel", "ms", "1560000"],
        ["waiting", "parts", "ms", "900000"],
        ["visit", "visit", "visit", "1"],
        ["part", "GASKET-40", "pc", "1"],
        ["part", "IGNITOR", "pc", "1"],
        ["expense", "PARKING", "EUR", "4.50"],
    ]
    finished = {"totals": totals, "missing": [["PHOTO-BEFORE", "FORGOTTEN"]]}
    van.write("job.completed", finished, closing=True, **AT_JOB)
    signed = {"method": "strokes", "name": named(NAME), "strokes": named(STROKES), "role": "CARETAKER"}
    van.write("job.signed_off", {**signed, "summary": digest(b"what the screen showed")}, closing=True, **AT_JOB)
    wrong = digest(van.events[11])
    right = {1: "GASKET-40", 2: "3", 3: "pc", 4: "van"}
    correction = {"reason": 2, "body": right, "note": named(NOTE)}
    van.write("event.corrected", correction, amends=wrong, closing=True, **AT_JOB)
    van.write("job.reopened", {"reason": "CUSTOMER-CALLED", "note": named(NOTE)}, closing=True, **AT_JOB)
    corrected = [*totals[:4], ["part", "GASKET-40", "pc", "2"], *totals[5:]]
    van.write("job.completed", {"totals": corrected}, closing=True, **AT_JOB)
    van.write("job.signed_off", {"method": "typed", "name": named(NAME)}, closing=True, **AT_JOB)


def _an_unplanned_job(van: Handheld) -> None:
    unplanned = {"order": None, "revision": None, "site": "HARBOUR-2", "details": named(NOTE)}
    van.write("job.accepted", unplanned, **AT_UNPLANNED)
    van.write("job.arrived", {}, **AT_UNPLANNED)
    van.write("job.completed", {"totals": []}, closing=True, **AT_UNPLANNED)
    waiver = {"reason": "NOBODY-THERE", "note": named(NOTE)}
    van.write("signoff.waived", waiver, closing=True, **AT_UNPLANNED)
    forgotten = {"reason": 7, "body": None, "at": DAY_MS}
    van.write("event.corrected", forgotten, amends=digest(van.events[-3]), closing=True, **AT_UNPLANNED)


def _a_cancelled_job(van: Handheld) -> None:
    about = {"by": TECHNICIAN, "job": CANCELLED}
    van.write("job.accepted", {"order": digest(CANCELLED_ORDER), "revision": 3}, **about)
    cancelled = {"reason": "CUSTOMER-WITHDREW", "note": named(NOTE)}
    van.write("job.cancelled", cancelled, closing=True, **about)


def _the_evening(van: Handheld) -> None:
    van.write("clock.adjusted", {"shift_ms": -3_600_000, "source": "NTP"})
    van.write("session.closed", {"reason": "idle"}, **WHO)
    van.boot, van.up, van.clock_offset = NEXT_BOOT, 0, None  # the battery was out: the clock knows nothing
    van.write("session.opened", {}, 9, **WHO)
    van.write("key.rotated", {"thumbprint": keys.SPARE.key.thumbprint})


def _hand_over(spare: Handheld) -> None:
    spare.write("job.accepted", {"order": None, "revision": None}, **AT_HANDED_OVER)
    to = keys.THIRD.key
    spare.write("job.handed_over", {"to": to.thumbprint}, closing=True, **AT_HANDED_OVER)
    succession = rotating.succession(keys.SPARE.key.thumbprint, "pin", keys.THIRD)
    spare.write(rotating.KIND, bodies.named(rotating.KIND, rotating.body(to, succession)))


def _the_test_bench(tpm: Handheld) -> None:
    for _ in range(3):
        tpm.write("session.opened", {})
    tpm.write("range.lost", {"from": 1, "to": 2})


DAY = Day()
