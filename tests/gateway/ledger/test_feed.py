"""The feed's positions are gapless and in commit order, whoever writes and whoever fails; a reader misses nothing."""

import random
import threading

from sqlalchemy import Engine

from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.feed import Entry, News

WRITERS = 4
APPENDS_EACH = 12


def news(subject: str) -> News:
    return News("jobcard.changed", subject, '{"b":1, "a":2}', 1_790_000_000_000)


class GaveUp(Exception):
    """A writer that fails after it has appended."""


def test_entries_come_back_to_the_byte_and_in_order(engine: Engine) -> None:
    with writing(engine) as connection:
        assert feed.append(connection, [news("WO-1"), news("WO-2")]) == 2
        assert feed.append(connection, []) == 2
        assert feed.append(connection, [news("WO-3")]) == 3

    with reading(engine) as connection:
        entries = [Entry(position, *news(f"WO-{position}")) for position in (1, 2, 3)]
        assert feed.after(connection, 0, 9) == entries
        assert feed.after(connection, 1, 1) == entries[1:2]
        assert feed.after(connection, 3, 9) == []
        assert feed.last(connection) == 3


def test_a_reader_of_many_writers_misses_nothing_and_sees_no_gap(engine: Engine) -> None:
    done = threading.Event()
    failures: list[Exception] = []
    committed: list[str] = []

    def write(writer: int) -> None:
        chance = random.Random(writer)
        for count in range(APPENDS_EACH):
            subject = f"{writer}/{count}"
            try:
                with writing(engine) as connection:
                    feed.append(connection, [news(subject), news(subject + "b")])
                    if chance.random() < 0.3:
                        raise GaveUp
            except GaveUp:
                continue
            except Exception as error:
                failures.append(error)
                return
            committed.append(subject)

    seen: list[Entry] = []

    def follow() -> None:
        finished = False
        while not finished:
            finished = done.is_set()  # asked before reading, so that the last round sees everything
            with reading(engine) as connection:
                seen.extend(feed.after(connection, seen[-1].position if seen else 0, 5))
                finished = finished and feed.last(connection) == len(seen)

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()

    assert failures == []
    assert len(committed) > WRITERS
    assert [entry.position for entry in seen] == list(range(1, 2 * len(committed) + 1))
    assert sorted(entry.subject for entry in seen[::2]) == sorted(committed)
