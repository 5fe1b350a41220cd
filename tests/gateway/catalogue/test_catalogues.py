"""The catalogue at the gateway: versions stored whole, told to every handheld, and pulled by it."""

import pytest

from jobseal import work
from jobseal_gateway import catalogues
from jobseal_gateway.catalogue import Entry, TooLarge, parse
from jobseal_gateway.catalogues import Taken, content, preview
from jobseal_gateway.ledger import catalogues as stored
from jobseal_gateway.ledger import orders, schema
from jobseal_gateway.ledger.database import reading
from tests.gateway.bureaus import OPERATOR, Bureau
from tests.gateway.catalogue.test_parse import parts


def store(bureau: Bureau, found: list[Entry], data: bytes = b"csv") -> Taken:
    return catalogues.store(bureau.gateway, found, "parts.csv", data, OPERATOR)


def entries(csv: str) -> list[Entry]:
    found, problems = parse([("parts.csv", csv.encode())])
    assert problems == []
    return found


def rows_everywhere(bureau: Bureau) -> dict[str, int]:
    with reading(bureau.engine) as connection:
        return {table.name: len(connection.execute(table.select()).all()) for table in schema.metadata.sorted_tables}


def told(bureau: Bureau, device: str) -> list[bytes]:
    """The digests of the catalogue that this handheld is told of."""
    said = bureau.told(device)
    return [] if said is None else said.catalogue_digests()


def test_every_handheld_is_told_of_a_new_version_whoever_carries_it(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    bureau.enrol("hh-2")
    taken = store(bureau, entries("code,name\nP-1,Filter\nP-2,Pump\n"))
    assert (taken.version, taken.is_new, taken.counts, taken.told) == (1, True, {"part": 2}, ("hh-1", "hh-2"))
    with reading(bureau.engine) as connection:
        newest = stored.newest(connection)
        assert newest is not None
        assert [entry.code for entry in content(connection, newest)] == ["P-1", "P-2"]
        assert (newest.person, newest.source) == (OPERATOR, "parts.csv")
    assert told(bureau, "hh-1") == told(bureau, "hh-2") == newest.pages()


def test_the_same_catalogue_again_is_no_version_and_tells_nobody(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    store(bureau, entries("code,name\nP-1,Filter\nP-2,Pump\n"))
    before = rows_everywhere(bureau)
    again = store(bureau, entries("name;code\nPump;P-2\nFilter;P-1\n"))
    assert (again.version, again.is_new, again.told) == (1, False, ())
    after = rows_everywhere(bureau)
    assert {name for name in after if after[name] != before[name]} == {"imports"}


def test_an_earlier_catalogue_can_come_back_as_a_new_version(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    first = entries("code,name\nP-1,Filter\n")
    store(bureau, first)
    before = told(bureau, "hh-1")
    second = store(bureau, entries("code,name\nP-1,Filter 2\nP-2,Pump\n"))
    assert (second.version, second.added, second.changed, second.gone) == (2, 1, 1, 0)
    third = store(bureau, first)
    assert (third.version, third.added, third.changed, third.gone) == (3, 0, 1, 1)
    assert told(bureau, "hh-1") == before
    with reading(bureau.engine) as connection:
        assert [each.version for each in stored.every(connection)] == [3, 2, 1]
        second_one = stored.version(connection, 2)
        assert second_one is not None
        assert len(content(connection, second_one)) == 2


def test_a_preview_says_what_would_happen_and_stores_nothing(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    before = rows_everywhere(bureau)
    taken = preview(bureau.gateway, entries("code\nP-1\n"))
    assert (taken.version, taken.is_new, taken.added, taken.told) == (1, True, 1, ())
    with pytest.raises(TooLarge):
        store(bureau, parts(30_000))
    assert rows_everywhere(bureau) == before


def test_a_handheld_pulls_a_catalogue_of_ten_thousand_parts(bureau: Bureau) -> None:
    device = bureau.enrol("hh-1", "t-1")
    bureau.order("WO-1", "t-1")
    taken = store(bureau, parts(10_000))
    sync = bureau.station.sync(device)
    bureau.station.talk(sync)
    wanted = told(bureau, "hh-1")
    assert len(wanted) == taken.documents > 1
    assert set(wanted) <= set(device.documents)
    with reading(bureau.engine) as connection:
        kept = orders.pulled(connection, wanted)
    assert {work.digest(data) for data in kept.values()} == set(wanted)


def test_a_handheld_that_is_enrolled_later_is_told_of_it_with_its_first_work(bureau: Bureau) -> None:
    store(bureau, entries("code\nP-1\n"))
    bureau.enrol("hh-1", "t-1")
    assert len(told(bureau, "hh-1")) == 1
