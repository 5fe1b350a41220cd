"""Changed jobs are folded after every change, by one taker at a time, and ingest never waits for a fold."""

import threading

import pytest
from sqlalchemy import Engine

from jobseal_gateway.ledger import dirty, jobs
from jobseal_gateway.ledger.database import connect, reading, writing


def marked(engine: Engine, *work_orders: str, now_ms: int = 1_000) -> list[int]:
    """Mark these jobs in one transaction; their numbers."""
    with writing(engine) as connection:
        numbers = jobs.numbers(connection, work_orders)
        found = [numbers[name] for name in work_orders]
        dirty.mark(connection, found, now_ms)
    return found


def taken(engine: Engine, most: int = 10) -> list[int]:
    with writing(engine) as connection:
        return dirty.take(connection, most)


def test_a_job_marked_often_is_taken_once_and_the_longest_waiting_comes_first(engine: Engine) -> None:
    first, second = marked(engine, "WO-1", "WO-2", now_ms=5)
    marked(engine, "WO-1", now_ms=6)
    (third,) = marked(engine, "WO-3", now_ms=7)

    with reading(engine) as connection:
        assert dirty.waiting(connection) == 3
        assert dirty.oldest_ms(connection) == 5
    assert set(taken(engine, 2)) == {first, second}
    assert taken(engine, 2) == [third]
    assert taken(engine, 2) == []
    with reading(engine) as connection:
        assert (dirty.waiting(connection), dirty.oldest_ms(connection)) == (0, None)


def test_a_fold_that_fails_leaves_its_jobs_waiting(engine: Engine) -> None:
    (job_id,) = marked(engine, "WO-1")

    def take_and_fail() -> None:
        with writing(engine) as connection:
            assert dirty.take(connection, 1) == [job_id]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        take_and_fail()

    assert taken(engine) == [job_id]


def test_every_job_can_be_marked_at_once(engine: Engine) -> None:
    found = marked(engine, "WO-1", "WO-2", "WO-3")
    taken(engine)

    with writing(engine) as connection:
        dirty.mark_every(connection, 9)

    assert sorted(taken(engine)) == sorted(found)


def test_marking_nothing_is_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        dirty.mark(connection, [], 1)

    assert taken(engine) == []


def test_two_takers_get_different_jobs_and_a_mark_made_meanwhile_stays(postgres_url: str) -> None:
    engine = connect(postgres_url)
    try:
        first, second = marked(engine, "WO-1", "WO-2")
        with writing(engine) as one:
            assert dirty.take(one, 1) == [first]
            with writing(engine) as two:
                assert dirty.take(two, 2) == [second]
                # A batch with events for both jobs commits while both are being folded.
                marked(engine, "WO-1", "WO-2")
                assert taken(engine) == []
        assert sorted(taken(engine)) == [first, second]
    finally:
        engine.dispose()


def test_no_change_is_ever_left_unfolded_however_takers_and_markers_race(engine: Engine) -> None:
    """Each change is a mark beside a counter; after the race every job was folded at its final count."""
    names = ["WO-1", "WO-2", "WO-3"]
    numbers = marked(engine, *names)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE changes (job BIGINT, at_change BIGINT)")
        connection.exec_driver_sql("CREATE TABLE folds (job BIGINT PRIMARY KEY, changes BIGINT)")
        for number in numbers:
            connection.exec_driver_sql(f"INSERT INTO folds VALUES ({number}, -1)")
    failures: list[Exception] = []
    stop = threading.Event()

    def change(seed: int) -> None:
        try:
            for count in range(20):
                job_id = numbers[(seed + count) % 3]
                with writing(engine) as connection:
                    connection.exec_driver_sql(f"INSERT INTO changes VALUES ({job_id}, {count})")
                    dirty.mark(connection, [job_id], count)
        except Exception as error:
            failures.append(error)

    def fold() -> None:
        try:
            idle = 0
            while idle < 2:
                finished = stop.is_set()
                with writing(engine) as connection:
                    found = dirty.take(connection, 2)
                    for job_id in found:
                        connection.exec_driver_sql(
                            f"UPDATE folds SET changes = (SELECT count(*) FROM changes WHERE job = {job_id})"
                            f" WHERE job = {job_id}"
                        )
                idle = idle + 1 if finished and not found else 0
        except Exception as error:
            failures.append(error)

    markers = [threading.Thread(target=change, args=(seed,)) for seed in range(2)]
    takers = [threading.Thread(target=fold) for _ in range(2)]
    for thread in (*markers, *takers):
        thread.start()
    for thread in markers:
        thread.join()
    stop.set()
    for thread in takers:
        thread.join()

    assert failures == []
    with reading(engine) as connection:
        folded = dict(map(tuple, connection.exec_driver_sql("SELECT job, changes FROM folds").all()))
        counted = dict(map(tuple, connection.exec_driver_sql("SELECT job, count(*) FROM changes GROUP BY job").all()))
        assert dirty.waiting(connection) == 0
    assert folded == counted
