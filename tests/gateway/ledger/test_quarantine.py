"""Quarantine keeps what could not be attributed, within bounds for each link and day, and counts the rest."""

import threading

from sqlalchemy import Engine

from jobseal_gateway.ledger import quarantine
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.quarantine import BYTES_PER_DAY, DAY_MS, ITEMS_PER_DAY, Day, Item

NOON_MS = 20_000 * DAY_MS + DAY_MS // 2


def test_refused_messages_are_kept_as_they_came(engine: Engine) -> None:
    with writing(engine) as connection:
        assert quarantine.put(connection, "van-1", NOON_MS, "signature_invalid", b"\x00\xff")
        assert quarantine.put(connection, "van-2", NOON_MS + 1, "malformed", b"")

    with reading(engine) as connection:
        items = [
            Item(1, "van-1", NOON_MS, "signature_invalid", b"\x00\xff"),
            Item(2, "van-2", NOON_MS + 1, "malformed", b""),
        ]
        assert quarantine.after(connection, 0, 9) == items
        assert quarantine.after(connection, 1, 9) == items[1:]
        assert quarantine.after(connection, 0, 1) == items[:1]
        assert quarantine.days(connection) == [Day("van-1", 20_000, 1, 2, 0, 0), Day("van-2", 20_000, 1, 0, 0, 0)]


def test_beyond_the_days_items_one_link_is_only_counted_and_its_neighbour_is_not(engine: Engine) -> None:
    with writing(engine) as connection:
        kept = [quarantine.put(connection, "van-1", NOON_MS, "malformed", b"x") for _ in range(ITEMS_PER_DAY + 2)]
        neighbour = quarantine.put(connection, "van-2", NOON_MS, "malformed", b"x")
        tomorrow = quarantine.put(connection, "van-1", NOON_MS + DAY_MS, "malformed", b"x")

    assert kept == [True] * ITEMS_PER_DAY + [False] * 2
    assert neighbour
    assert tomorrow
    with reading(engine) as connection:
        assert Day("van-1", 20_000, ITEMS_PER_DAY, ITEMS_PER_DAY, 2, 2) in quarantine.days(connection)
        assert len(quarantine.after(connection, 0, 2 * ITEMS_PER_DAY)) == ITEMS_PER_DAY + 2


def test_beyond_the_days_bytes_only_what_still_fits_is_kept(engine: Engine) -> None:
    large = bytes(BYTES_PER_DAY // 2)
    with writing(engine) as connection:
        kept = [quarantine.put(connection, "van-1", NOON_MS, "too_large", data) for data in (large, b"", large, b"x")]

    assert kept == [True, True, True, False]
    with reading(engine) as connection:
        assert quarantine.days(connection) == [Day("van-1", 20_000, 3, BYTES_PER_DAY, 1, 1)]


def test_many_at_once_are_kept_as_one_by_one(engine: Engine) -> None:
    large = bytes(BYTES_PER_DAY // 2 + 1)
    items = [("malformed", b"a"), ("too_large", large), ("too_large", large), ("malformed", b"b")]
    with writing(engine) as connection:
        kept = quarantine.put_all(connection, "van-1", NOON_MS, items)
        assert quarantine.put_all(connection, "van-2", NOON_MS, []) == 0

    assert kept == 3
    with reading(engine) as connection:
        assert [item.bytes for item in quarantine.after(connection, 0, 9)] == [b"a", large, b"b"]
        assert quarantine.days(connection)[0] == Day("van-1", 20_000, 3, len(large) + 2, 1, len(large))


def test_workers_that_quarantine_at_once_keep_to_the_bound_together(engine: Engine) -> None:
    with writing(engine) as connection:
        for _ in range(ITEMS_PER_DAY - 3):
            quarantine.put(connection, "van-1", NOON_MS, "malformed", b"x")
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(3):
                with writing(engine) as connection:
                    quarantine.put(connection, "van-1", NOON_MS, "malformed", b"x")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with reading(engine) as connection:
        assert quarantine.days(connection) == [Day("van-1", 20_000, ITEMS_PER_DAY, ITEMS_PER_DAY, 6, 6)]
