"""One key ends and the next goes on: what both must have signed, and how a job goes from the one to the other."""

import hashlib
import random

import pytest

from jobseal import cbor, event, rotating
from jobseal.card import Card
from jobseal.completeness import closings, missing
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.job import Job, job_from_value
from jobseal.key import ED25519, Key
from jobseal.quantity import quantities, totals
from tests.handheld import NAME, Handheld, fold_of

VERIFIER = Verifier()
Logged = list[tuple[SignedEvent, Handheld]]


def rotated(old: Handheld, new: Handheld, succession: bytes | None = None) -> SignedEvent:
    said = succession if succession is not None else rotating.succession(old.thumbprint, "pin", new.signer)
    return old.sign(rotating.KIND, None, raw=rotating.body(new.signer.key, said))


def handed_over(old: Handheld, new: Handheld, job: str = "J-1") -> SignedEvent:
    """The old handheld's last word on the job; the new one takes up what the old one knew of it."""
    said = old.sign("job.handed_over", job, to=new.thumbprint)
    new.jobs[job] = job_from_value(cbor.decode(cbor.encode(old.jobs[job].to_value()), 2**20))
    new.now, new.booted, new._boots = old.now, old.booted, old._boots
    return said


def two_keys() -> tuple[Handheld, Handheld]:
    return Handheld("old"), Handheld("new")


def both(old: Handheld, new: Handheld) -> Logged:
    return [(each, old) for each in old.chain] + [(each, new) for each in new.chain]


def test_the_next_key_and_its_assurance_follow_from_the_one_event_that_both_have_signed() -> None:
    old, new = two_keys()
    said = rotated(old, new)
    found = rotating.successor(said.event, old.thumbprint, VERIFIER)
    assert found is not None
    assert (found[0].thumbprint, found[1]) == (new.thumbprint, "pin")


def test_a_rotation_without_a_succession_brings_no_key() -> None:
    old, new = two_keys()
    said = old.sign(rotating.KIND, None, thumbprint=new.thumbprint)
    assert rotating.successor(said.event, old.thumbprint, VERIFIER) is None


@pytest.mark.parametrize("wrong", ["of_another_key", "not_signed_by_it", "another_thumbprint", "itself", "weak", "bit"])
def test_a_succession_that_is_not_of_these_two_keys_is_refused(wrong: str) -> None:
    old, new, third = Handheld("old"), Handheld("new"), Handheld("third")
    if wrong == "itself":
        said = rotated(old, old)
    elif wrong == "another_thumbprint":
        said = rotated(old, new, rotating.succession(old.thumbprint, "pin", third.signer))
    elif wrong == "of_another_key":
        said = rotated(old, new, rotating.succession(third.thumbprint, "pin", new.signer))
    elif wrong == "not_signed_by_it":
        said = rotated(old, new, rotating.succession(old.thumbprint, "pin", Impostor(new.signer.key, third.signer)))
    elif wrong == "weak":
        weak = Impostor(Key(ED25519, (1).to_bytes(32, "little")), new.signer)
        body = rotating.body(weak.key, rotating.succession(old.thumbprint, "pin", weak))
        said = old.sign(rotating.KIND, None, raw=body)
    else:
        whole = rotating.succession(old.thumbprint, "pin", new.signer)
        said = rotated(old, new, whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(JobsealError) as refused:
        rotating.successor(said.event, old.thumbprint, VERIFIER)
    assert refused.value.code in ("malformed_body", "signature_invalid", "weak_key")


class Impostor:
    """Says that it is one key and signs with another."""

    def __init__(self, key: Key, signer: Ed25519Signer) -> None:
        self.key = key
        self._signer = signer

    def sign(self, data: bytes) -> bytes:
        return self._signer.sign(data)


def test_a_job_begun_under_one_key_and_finished_under_the_next_is_complete_by_a_close_of_each() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    old.sign("labour.started", task="repair")
    over = handed_over(old, new)
    half = fold_of(both(old, new))
    assert (half.state(), missing(half)) == ("on_site", [])
    new.skip(30)
    new.sign("labour.stopped", task="repair")
    new.sign("job.completed", totals=[])
    signed_off = new.sign("job.signed_off", method="typed", name=NAME)
    job = fold_of(both(old, new))
    assert job.state() == "signed_off"
    assert [(each.key, each.hash, each.matches) for each in closings(job)] == [
        (old.thumbprint, over.hash, True),
        (new.thumbprint, signed_off.hash, True),
    ]
    assert Card(job).exceptions() == []
    assert totals(quantities(job)) == [["labour", "repair", "ms", str(32 * 60_000)], ["visit", "visit", "visit", "1"]]


def test_without_the_old_keys_word_its_part_is_not_complete() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    new.work()
    job = fold_of(both(old, new))
    assert missing(job) == [old.thumbprint]
    assert job.state() == "on_site"


def test_what_the_old_key_says_behind_it_takes_the_handing_over_back() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    handed_over(old, new)
    old.sign("labour.started", task="repair")
    job = fold_of(both(old, new))
    assert missing(job) == [old.thumbprint]
    again = handed_over(old, new)
    assert again.event.close == [4, close_of(old.chain[:4])]
    assert missing(fold_of(both(old, new))) == []


def close_of(chain: list[SignedEvent]) -> bytes:
    return hashlib.sha256(b"".join(each.hash for each in chain)).digest()


def test_a_completed_job_is_signed_off_and_corrected_under_the_next_key() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    part = old.sign("part.used", code="filter", quantity="2", unit="pc", source="van")
    old.sign("job.completed", totals=[])
    handed_over(old, new)
    new.correct(part, {"code": "filter", "quantity": "3", "unit": "pc", "source": "van"})
    new.sign("job.signed_off", method="typed", name=NAME)
    job = fold_of(both(old, new))
    assert (job.state(), missing(job), Card(job).exceptions()) == ("signed_off", [], [])
    assert ["part", "filter", "pc", "3"] in totals(quantities(job))


def test_a_handing_over_cut_away_from_the_end_of_the_old_keys_part_is_missed() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    handed_over(old, new)
    new.sign("job.arrived")
    assert missing(fold_of(both(old, new)[1:])) == [old.thumbprint, new.thumbprint]


@pytest.mark.parametrize("seed", range(60))
def test_in_whatever_order_late_events_come_the_job_is_the_same(seed: int) -> None:
    draw = random.Random(seed)
    old, new, third = Handheld("old"), Handheld("new"), Handheld("third")
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    old.sign("labour.started", task="repair")
    handed_over(old, new)
    if draw.random() < 0.5:
        new.sign("labour.stopped", task="repair")
        new.sign("job.waiting", reason="parts")
    handed_over(new, third)
    third.sign("job.resumed") if len(new.chain) > 1 else third.sign("labour.stopped", task="repair")
    third.sign("job.completed", totals=[])
    events = both(old, new) + [(each, third) for each in third.chain]
    whole = fold_of(events)
    mixed = events[:]
    draw.shuffle(mixed)
    late = Job("J-1")
    for signed, by in mixed:
        late.add(signed, by.thumbprint)
        late = job_from_value(cbor.decode(cbor.encode(late.to_value()), 2**20))
    assert late.state() == whole.state() == "complete"
    assert sorted(missing(late)) == sorted(missing(whole)) == []
    assert sorted(map(str, totals(quantities(late)))) == sorted(map(str, totals(quantities(whole))))
    lanes = {lane.key: (lane.state, lane.successor, lane.inherited, len(lane.entries)) for lane in whole.lanes}
    assert lanes == {lane.key: (lane.state, lane.successor, lane.inherited, len(lane.entries)) for lane in late.lanes}


def test_two_keys_that_hand_a_job_to_each_other_end_nowhere_and_hang_nobody() -> None:
    old, new = two_keys()
    old.sign("job.accepted", order=None, revision=None)
    new.sign("job.accepted", order=None, revision=None)
    old.sign("job.handed_over", to=new.thumbprint)
    new.sign("job.handed_over", to=old.thumbprint)
    job = fold_of(both(old, new))
    assert [lane.state for lane in job.lanes] == ["dispatched", "dispatched"]
    assert job.state() != "signed_off"


def test_an_event_that_ends_a_key_reads_the_same_on_the_wire() -> None:
    old, new = two_keys()
    said = rotated(old, new)
    again = event.parse(said.data)
    assert rotating.successor(again.event, old.thumbprint, VERIFIER) is not None
