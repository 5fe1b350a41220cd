"""Leaves come back as they were appended, are found by job, branch and key, and are never there twice."""

import itertools
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from jobseal_gateway.ledger import branches, leaves, office, verdicts
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.database import connect, reading, writing
from jobseal_gateway.ledger.verdicts import Verdict
from tests.gateway.ledger.ledger_rows import act, digest, enrolled, event, job


def test_leaves_come_back_as_they_were_appended(engine: Engine) -> None:
    with writing(engine) as connection:
        chain = enrolled(connection)
        rows = [
            act(0),
            event(1, chain.branch, 0, job(connection), data=bytes(range(256))),
            event(2, chain.branch, 2**53 - 1)._replace(hash=b"\x00" * 32),
        ]
        leaves.append(connection, rows)

    with reading(engine) as connection:
        assert leaves.between(connection, 0, 9) == rows
        assert leaves.between(connection, 1, 2) == rows[1:2]
        assert leaves.at(connection, 2) == rows[2]
        assert leaves.at(connection, 3) is None
        assert leaves.entries(connection, 0, 9) == [(row.type, row.hash) for row in rows]


def test_appending_nothing_writes_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        leaves.append(connection, [])

    with reading(engine) as connection:
        assert leaves.between(connection, 0, 9) == []


@pytest.mark.parametrize("clash", ["index", "slot"])
def test_a_place_or_a_slot_is_taken_once_and_the_whole_batch_fails(engine: Engine, clash: str) -> None:
    with writing(engine) as connection:
        branch = enrolled(connection).branch
        leaves.append(connection, [event(0, branch, 0)])
    second = event(0, branch, 2) if clash == "index" else event(2, branch, 0)

    with pytest.raises(IntegrityError), writing(engine) as connection:
        leaves.append(connection, [event(1, branch, 1), second])

    with reading(engine) as connection:
        assert [leaf.idx for leaf in leaves.between(connection, 0, 9)] == [0]


def test_a_job_gives_its_events_and_acts_in_log_order_and_nobody_elses(engine: Engine) -> None:
    with writing(engine) as connection:
        one, other = enrolled(connection, "van-1", 0).branch, enrolled(connection, "van-2", 1).branch
        ours, theirs = job(connection, "WO-1"), job(connection, "WO-2")
        rows = [event(0, one, 0, ours), event(1, other, 0, theirs), event(2, other, 1, ours), act(3, ours), act(4)]
        leaves.append(connection, rows)

    with reading(engine) as connection:
        assert leaves.of_job(connection, ours) == [rows[0], rows[2], rows[3]]
        assert leaves.of_job(connection, theirs) == [rows[1]]


def test_a_forked_slot_gives_every_event_that_was_signed_for_it(engine: Engine) -> None:
    with writing(engine) as connection:
        key, branch = enrolled(connection)
        fork = branches.fork(connection, branch, 1, digest("prev"))
        stranger = enrolled(connection, "van-2", 9).branch
        rows = [event(0, branch, 0), event(1, branch, 1), event(2, fork, 1), event(3, fork, 2), event(4, stranger, 1)]
        leaves.append(connection, rows)

    with reading(engine) as connection:
        assert leaves.events_at(connection, key.id, 1) == rows[1:3]
        assert leaves.events_at(connection, key.id, 2) == rows[3:4]
        assert leaves.events_at(connection, key.id, 7) == []
        assert leaves.of_key(connection, key.id, 0, 2) == rows[:3]
        assert leaves.of_branch(connection, fork.id, 0, 9) == rows[2:4]
        assert leaves.slots(connection, branch.id, 1, 9) == {1: rows[1].hash}
        assert leaves.slots(connection, fork.id, 0, 2) == {1: rows[2].hash}


def test_the_newest_event_of_a_branch_is_its_last_or_one_that_came_late(engine: Engine) -> None:
    with writing(engine) as connection:
        one, other = enrolled(connection, "van-1", 0).branch, enrolled(connection, "van-2", 1).branch
        assert leaves.newest_of_branch(connection, one.id) == -1
        leaves.append(connection, [event(0, one, 0), event(1, one, 3), event(2, other, 0)])
        assert leaves.newest_of_branch(connection, one.id) == 1
        leaves.append(connection, [event(3, one, 1), event(4, other, 1)])
        verdicts.add(connection, [Verdict(one.id, 1, leaves.LATE), Verdict(other.id, 0, "unknown_kind")])
        assert leaves.newest_of_branch(connection, one.id) == 3
        leaves.append(connection, [event(5, one, 4)])
        assert leaves.newest_of_branch(connection, one.id) == 5


def test_the_newest_event_of_a_branch_is_found_without_reading_the_branch(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        short, long = enrolled(connection, "van-1", 0).branch, enrolled(connection, "van-2", 1).branch
        leaves.append(connection, [event(0, short, 0), *(event(seq + 1, long, seq) for seq in range(2_000))])

    def steps(branch: Branch) -> int:
        taken = itertools.count()
        with reading(engine) as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: next(taken) and 0, 1)  # once for each step of the query
            leaves.newest_of_branch(connection, branch.id)
            driver.set_progress_handler(None, 0)
        return next(taken)

    assert steps(long) <= steps(short)
    engine.dispose()


def test_the_jobs_of_a_key_are_those_that_it_has_an_event_for(engine: Engine) -> None:
    with writing(engine) as connection:
        key, branch = enrolled(connection, "van-1", 0)
        fork = branches.fork(connection, branch, 1, digest("prev"))
        stranger = enrolled(connection, "van-2", 1)
        first, second, third = (job(connection, f"WO-{index}") for index in range(3))
        rows = [
            event(0, branch, 0, second),
            event(1, branch, 1, second),
            event(2, fork, 1, first),
            event(3, branch, 2),
            event(4, stranger.branch, 0, third),
        ]
        leaves.append(connection, rows)

    with reading(engine) as connection:
        assert leaves.jobs_of_key(connection, key.id) == [first, second]
        assert leaves.jobs_of_key(connection, stranger.key.id) == [third]


def test_erasing_a_leaf_forgets_its_bytes_and_nothing_else(engine: Engine) -> None:
    with writing(engine) as connection:
        rows = [act(0), act(1)]
        leaves.append(connection, rows)
        leaves.erase(connection, 1)

    with reading(engine) as connection:
        assert leaves.between(connection, 0, 9) == [rows[0], rows[1]._replace(bytes=None)]


def test_office_acts_are_found_by_kind_and_by_what_they_are_about(engine: Engine) -> None:
    with writing(engine) as connection:
        rows = [act(idx) for idx in range(3)]
        leaves.append(connection, rows)
        office.add(connection, 0, "device.enrolled", "van-1")
        office.add(connection, 1, "device.enrolled", "van-2")
        office.add(connection, 2, "log.restarted", None)

    with reading(engine) as connection:
        assert office.of_kind(connection, "device.enrolled") == rows[:2]
        assert office.about(connection, "device.enrolled", "van-2") == rows[1:2]
        assert office.of_kind(connection, "log.restarted") == rows[2:]
