"""The office's acts: signed, logged with the operator's name, and in force in the same moment."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from jobseal import checkpoint, merkle
from jobseal_gateway.ledger import branches, dirty, exceptions, jobs, keys, leaves, log, objects, overrides
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.exceptions import Found
from jobseal_gateway.log import ClockUnsynchronised
from jobseal_gateway.office import Act, Office, OfficeRefused
from jobseal_gateway.policy import FIRM
from tests.devices import Device, digest
from tests.gateway.bureaus import OPERATOR, Bureau

NOWHERE = bytes(32)


def worked(bureau: Bureau, name: str = "hh-1", job: str = "WO-1") -> Device:
    """An enrolled handheld with two events of a job in the log."""
    device = bureau.enrol(name)
    device.capture(job=job)
    device.capture("labour.stopped", job=job)
    bureau.station.sync(device)
    return device


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(OfficeRefused) as caught:
        act()
    return caught.value.code


def raise_exception(bureau: Bureau, job: str, code: str) -> None:
    """As if the job had been folded to this exception."""
    with writing(bureau.engine) as connection:
        number = jobs.known(connection, [job])[job]
        exceptions.replace(connection, number, [Found(code, None, None, "warning", "dispatcher", True, "text")])


def test_every_act_is_a_leaf_signed_by_the_office_key_and_names_the_operator(bureau: Bureau) -> None:
    device = worked(bureau)
    act = bureau.office.suspend("hh-1", "seen twice", OPERATOR)
    leaf = bureau.station.leaves(leaves.OFFICE)[-1]
    said = bureau.act(leaf)
    assert (leaf.idx, leaf.hash, leaf.logged_ms) == (act.leaf, act.hash, said.at)
    assert (said.kind, said.operator) == ("device.suspended", OPERATOR)
    assert said.named() == {"key": device.key.thumbprint, "reason": "seen twice"}
    assert bureau.said("device.suspended", device.key.thumbprint.hex()) == [leaf]


def test_an_act_stands_under_the_checkpoint_that_its_transaction_signed(bureau: Bureau) -> None:
    worked(bureau)
    act = bureau.office.suspend("hh-1", "lost", OPERATOR)
    with reading(bureau.engine) as connection:
        head = log.head(connection)
    stated = checkpoint.verify(head.checkpoint or b"", bureau.station.trusted.log, bureau.station.verifier)
    assert (head.size, stated.size) == (act.leaf + 1, act.leaf + 1)
    path = bureau.gateway.log().inclusion(act.leaf, stated.size)
    logged = merkle.leaf_hash(merkle.entry(merkle.ENTRY_OFFICE, act.hash))
    assert merkle.verify_inclusion(logged, act.leaf, stated.size, path, stated.root)


def test_a_suspended_key_is_suspended_once_and_its_jobs_are_folded_again(bureau: Bureau) -> None:
    worked(bureau)
    bureau.clean()
    bureau.office.suspend("hh-1", "lost", OPERATOR)
    assert bureau.key("hh-1").status == keys.SUSPENDED
    assert bureau.dirty() == {"WO-1"}
    assert refused(lambda: bureau.office.suspend("hh-1", "again", OPERATOR)) == "key_not_active"


def test_a_suspended_handheld_goes_on_being_acknowledged(bureau: Bureau) -> None:
    device = worked(bureau)
    bureau.office.suspend("hh-1", "lost", OPERATOR)
    device.capture("labour.started")
    bureau.station.pass_ms(1_000)
    bureau.station.sync(device, seed=1)
    assert device.state.next == device.committed == 3


def test_a_revocation_marks_the_orders_that_wait_for_the_handheld_too(bureau: Bureau) -> None:
    worked(bureau)
    bureau.order("WO-7", "t-1")
    bureau.welcome("hh-1", "t-1")
    bureau.clean()
    bureau.office.revoke("hh-1", "lost", OPERATOR)
    assert bureau.dirty() == {"WO-1", "WO-7"}
    assert bureau.key("hh-1").status == keys.REVOKED


def test_a_compromised_key_needs_the_last_seq_that_is_trusted_and_no_other_reason_has_one(bureau: Bureau) -> None:
    worked(bureau)
    assert refused(lambda: bureau.office.revoke("hh-1", "compromised", OPERATOR)) == "last_trusted_seq"
    assert refused(lambda: bureau.office.revoke("hh-1", "lost", OPERATOR, 0)) == "last_trusted_seq"
    bureau.office.revoke("hh-1", "compromised", OPERATOR, 0)
    assert (bureau.key("hh-1").status, bureau.key("hh-1").trusted_seq) == (keys.REVOKED, 0)


def test_a_lost_handheld_can_turn_out_to_be_compromised_but_is_not_lost_twice(bureau: Bureau) -> None:
    worked(bureau)
    bureau.office.revoke("hh-1", "lost", OPERATOR)
    assert refused(lambda: bureau.office.revoke("hh-1", "retired", OPERATOR)) == "key_revoked"
    bureau.office.revoke("hh-1", "compromised", OPERATOR, -1)
    assert bureau.key("hh-1").trusted_seq == -1
    assert refused(lambda: bureau.office.revoke("hh-1", "compromised", OPERATOR, -1)) == "key_revoked"


def forked(bureau: Bureau) -> tuple[Device, Device]:
    device = worked(bureau)
    clone = device.clone()
    device.capture("labour.started")
    bureau.station.sync(device, seed=1)
    clone.capture("labour.started", {"task": "OTHER"})
    bureau.station.sync(clone, seed=2)
    return device, clone


def test_a_fork_is_adopted_by_the_hash_of_its_newest_event(bureau: Bureau) -> None:
    _, clone = forked(bureau)
    bureau.clean()
    bureau.office.adopt("hh-1", clone.prev.hex()[:12], "the clone did the work", OPERATOR)
    with reading(bureau.engine) as connection:
        standings = [line.standing for line in branches.of_key(connection, bureau.key("hh-1").id)]
    assert standings == [branches.CANONICAL, branches.ADOPTED]
    assert bureau.dirty() == {"WO-1"}
    assert refused(lambda: bureau.office.adopt("hh-1", clone.prev.hex(), "again", OPERATOR)) == "unknown_branch"


def test_the_canonical_branch_cannot_be_adopted_nor_one_that_is_not_named(bureau: Bureau) -> None:
    device, _ = forked(bureau)
    for head in (device.prev.hex(), "", "00"):
        assert refused(partial(bureau.office.adopt, "hh-1", head, "why", OPERATOR)) == "unknown_branch"


def test_only_a_range_that_the_handheld_lost_is_written_off(bureau: Bureau) -> None:
    device = worked(bureau)
    for _ in range(3):
        device.capture("labour.started")
    device.lose(2, 3)
    bureau.station.sync(device, seed=1)
    bureau.clean()
    for first, last in ((0, 1), (2, 4), (3, 2), (1, 2)):
        act = partial(bureau.office.write_off, "hh-1", first, last, "gone", OPERATOR)
        assert refused(act) == "range_not_lost"
    bureau.office.write_off("hh-1", 2, 3, "card destroyed", OPERATOR)
    assert bureau.dirty() == {"WO-1"}
    [leaf] = bureau.said("range.written_off", device.key.thumbprint.hex())
    assert bureau.act(leaf).named() == {
        "key": device.key.thumbprint,
        "from": 2,
        "to": 3,
        "reason": "card destroyed",
    }


def test_a_job_is_closed_whole_or_for_one_key_and_the_leaf_is_the_jobs(bureau: Bureau) -> None:
    device = worked(bureau)
    bureau.clean()
    whole = bureau.office.close("WO-1", "handheld destroyed", OPERATOR)
    part = bureau.office.close("WO-1", "hers only", OPERATOR, key=device.key.thumbprint.hex()[:8])
    with reading(bureau.engine) as connection:
        of_job = leaves.of_job(connection, jobs.known(connection, ["WO-1"])["WO-1"])
    closings = [leaf for leaf in of_job if leaf.type == leaves.OFFICE]
    assert [leaf.idx for leaf in closings] == [whole.leaf, part.leaf]
    said = [bureau.act(leaf) for leaf in closings]
    assert [each.named().get("key") for each in said] == [None, device.key.thumbprint]
    assert {each.job for each in said} == {"WO-1"}
    assert bureau.dirty() == {"WO-1"}


def test_an_override_is_a_leaf_of_the_job_and_a_row_with_person_and_reason(bureau: Bureau) -> None:
    worked(bureau)
    raise_exception(bureau, "WO-1", "clock_unset")
    bureau.clean()
    about = digest(b"event")
    act = bureau.office.override("WO-1", "clock_unset", "time is on paper", OPERATOR, event=about)
    with reading(bureau.engine) as connection:
        [row] = overrides.of_job(connection, jobs.known(connection, ["WO-1"])["WO-1"])
    assert (row.code, row.subject, row.person, row.reason, row.leaf) == (
        "clock_unset",
        about.hex(),
        OPERATOR,
        "time is on paper",
        act.leaf,
    )
    assert bureau.dirty() == {"WO-1"}


def test_an_exception_that_the_job_does_not_have_cannot_be_overridden_in_advance(bureau: Bureau) -> None:
    worked(bureau)
    raise_exception(bureau, "WO-1", "clock_unset")
    assert refused(lambda: bureau.office.override("WO-1", "over_budget", "why", OPERATOR)) == "no_such_exception"
    assert refused(lambda: bureau.office.override("WO-1", "no_such", "why", OPERATOR)) == "unknown_exception"


@pytest.mark.parametrize("code", sorted(FIRM))
def test_what_no_override_can_help_is_not_overridden_and_leaves_no_act_in_the_log(bureau: Bureau, code: str) -> None:
    worked(bureau)
    raise_exception(bureau, "WO-1", code)
    before = bureau.station.leaves(leaves.OFFICE)
    assert refused(lambda: bureau.office.override("WO-1", code, "why", OPERATOR)) == "not_overridable"
    assert bureau.station.leaves(leaves.OFFICE) == before


def test_an_erased_object_is_gone_for_good_and_its_jobs_are_folded_again(bureau: Bureau) -> None:
    device = bureau.enrol("hh-1")
    salted = device.note(b"the customer's name")
    bureau.station.sync(device)
    bureau.clean()
    bureau.office.erase([digest(salted)], "asked to be forgotten", OPERATOR)
    with reading(bureau.engine) as connection:
        known = objects.by_digests(connection, [digest(salted)])[digest(salted)]
        assert (known.state, objects.content(connection, known.id)) == (objects.ERASED, b"")
    assert bureau.dirty() == {"WO-1"}
    assert len(bureau.said("object.erased", digest(salted).hex())) == 1
    assert refused(lambda: bureau.office.erase([digest(salted)], "again", OPERATOR)) == "object_unknown"


def test_of_several_objects_all_are_erased_or_none(bureau: Bureau) -> None:
    device = bureau.enrol("hh-1")
    salted = device.note(b"the customer's name")
    bureau.station.sync(device)
    assert refused(lambda: bureau.office.erase([digest(salted), NOWHERE], "why", OPERATOR)) == "object_unknown"
    with reading(bureau.engine) as connection:
        assert objects.by_digests(connection, [digest(salted)])[digest(salted)].state == objects.STORED


ACTS: dict[str, Callable[[Office], Act]] = {
    "suspend": lambda office: office.suspend("hh-9", "why", OPERATOR),
    "revoke": lambda office: office.revoke("abcdef0123", "lost", OPERATOR),
    "adopt": lambda office: office.adopt("hh-9", "00", "why", OPERATOR),
    "write_off": lambda office: office.write_off("hh-9", 0, 1, "why", OPERATOR),
    "close": lambda office: office.close("WO-9", "why", OPERATOR),
    "close for an unknown key": lambda office: office.close("WO-1", "why", OPERATOR, key="hh-9"),
    "override": lambda office: office.override("WO-9", "clock_unset", "why", OPERATOR),
    "erase": lambda office: office.erase([NOWHERE], "why", OPERATOR),
    "a reason that is too long": lambda office: office.suspend("hh-1", "x" * 257, OPERATOR),
    "a reason on two lines": lambda office: office.close("WO-1", "one\ntwo", OPERATOR),
    "no operator": lambda office: office.suspend("hh-1", "why", ""),
    "a reason that is not one of them": lambda office: office.revoke("hh-1", "bored", OPERATOR),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_cannot_be_done_is_refused_and_leaves_no_trace(bureau: Bureau, act: Callable[[Office], Act]) -> None:
    worked(bureau)
    bureau.clean()
    before = bureau.station.leaves()
    refused(lambda: act(bureau.office))
    assert bureau.station.leaves() == before
    assert bureau.dirty() == set()
    assert bureau.key("hh-1").status == keys.ACTIVE


def test_a_few_digits_do_not_name_a_key_nor_do_those_of_two_keys(bureau: Bureau) -> None:
    device = worked(bureau)
    digits = device.key.thumbprint.hex()
    assert refused(lambda: bureau.office.suspend(digits[:7], "why", OPERATOR)) == "unknown_key"
    bureau.office.suspend(digits[:8].upper(), "why", OPERATOR)
    assert bureau.key("hh-1").status == keys.SUSPENDED


def test_nothing_is_decided_while_the_clock_is_not_synchronised(bureau: Bureau) -> None:
    worked(bureau)
    bureau.station.now = bureau.station.now._replace(wall_ms=None)
    with pytest.raises(ClockUnsynchronised):
        bureau.office.suspend("hh-1", "lost", OPERATOR)
    assert bureau.key("hh-1").status == keys.ACTIVE


def test_the_office_and_ingest_take_turns_at_the_log(bureau: Bureau) -> None:
    device = worked(bureau)
    for number in range(3):
        bureau.office.close("WO-1", f"time {number}", OPERATOR)
        device.capture("labour.started")
        bureau.station.sync(device, seed=number + 1)
    kinds = [leaf.type for leaf in bureau.station.leaves()]
    assert kinds[-6:] == [leaves.OFFICE, leaves.EVENT] * 3
    assert device.alarms == []  # every consistency proof held
    assert device.state.next == device.committed


def test_whoever_waits_for_changes_is_told_after_the_commit(bureau: Bureau) -> None:
    worked(bureau)
    bureau.clean()
    seen: list[int] = []

    def look() -> None:
        with reading(bureau.engine) as connection:
            seen.append(dirty.waiting(connection))

    station = bureau.station
    office = Office(station.log, station.keys.office, bureau.gateway.clock, look)
    office.close("WO-1", "done", OPERATOR)
    assert seen == [1]
    refused(lambda: office.close("WO-9", "done", OPERATOR))
    assert seen == [1]


def test_a_reinstatement_ends_a_suspension_and_nothing_else(bureau: Bureau) -> None:
    bureau.station.enrol("hh-9")
    with pytest.raises(OfficeRefused, match="not suspended") as refused:
        bureau.office.reinstate("hh-9", "looked into it", OPERATOR)
    assert refused.value.code == "key_not_suspended"
    bureau.office.suspend("hh-9", "somebody saw a copy", OPERATOR)
    act = bureau.office.reinstate("hh-9", "looked into it", OPERATOR)
    assert act.kind == "device.reinstated"
    bureau.office.suspend("hh-9", "once more", OPERATOR)
    bureau.office.revoke("hh-9", "lost", OPERATOR)
    with pytest.raises(OfficeRefused, match="revoked"):
        bureau.office.reinstate("hh-9", "it is found", OPERATOR)
