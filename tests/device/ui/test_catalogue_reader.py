"""A large catalogue is read beside the screen, a small one at once, and neither flags anything before it is here."""

import pytest

from jobseal import cbor
from jobseal.work import digest
from jobseal_device.ui.catalogue import AWAITED, HERE, NONE, UNREADABLE
from jobseal_device.ui.catalogue_reader import CatalogueReader
from tests.servers import eventually

LARGE = [
    cbor.encode({"parts": {f"P-{page}-{number}": {"name": f"Part {number}"} for number in range(1_500)}})
    for page in range(5)
]
SMALL = cbor.encode({"parts": {"P-1": {"name": "Filter"}}})


def store(*pages: bytes) -> dict[bytes, bytes]:
    return {digest(page): page for page in pages}


def test_a_small_one_is_there_at_once() -> None:
    reader = CatalogueReader()
    assert (reader.state, reader.catalogue.is_here) == (NONE, False)
    kept = store(SMALL)
    reader.look(list(kept), kept.get)
    assert (reader.state, reader.catalogue.name("parts", "P-1"), reader.take()) == (HERE, "Filter", False)
    reader.look([], kept.get)
    assert (reader.state, reader.catalogue.is_here) == (NONE, False)


def test_a_large_one_comes_later_and_until_then_no_code_is_flagged() -> None:
    reader = CatalogueReader()
    kept = store(*LARGE)
    reader.look(list(kept), kept.get)
    assert (reader.state, reader.catalogue.knows("parts", "P-9-9")) == (AWAITED, True)
    reader.look(list(kept), lambda _: pytest.fail("they are not fetched again while they are read"))
    eventually(reader.take, 30)
    assert reader.state == HERE
    assert reader.catalogue.name("parts", "P-4-1499") == "Part 1499"
    assert not reader.catalogue.knows("parts", "P-9-9")
    assert not reader.take()


def test_one_of_which_a_document_is_still_on_its_way_is_looked_for_again() -> None:
    reader = CatalogueReader()
    kept = store(*LARGE)
    named = list(kept)
    there = dict(list(kept.items())[:-1])
    reader.look(named, there.get)
    assert (reader.state, reader.take()) == (AWAITED, False)
    reader.look(named, kept.get)
    eventually(reader.take, 30)
    assert reader.state == HERE


def test_of_two_that_follow_each_other_the_newer_counts() -> None:
    reader = CatalogueReader()
    kept = store(*LARGE, SMALL)
    named = list(kept)
    reader.look(named[:-1], kept.get)
    reader.look(named[-1:], kept.get)
    assert (reader.state, reader.catalogue.codes("parts")) == (HERE, ["P-1"])
    assert not reader.take()


def test_one_that_cannot_be_read_is_said_and_forbids_nothing() -> None:
    reader = CatalogueReader()
    kept = store(LARGE[0], LARGE[1][:-5])
    reader.look(list(kept), kept.get)
    eventually(reader.take, 30)
    assert (reader.state, reader.catalogue.knows("parts", "ANY")) == (UNREADABLE, True)
