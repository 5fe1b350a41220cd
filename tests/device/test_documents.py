"""Documents: TinyDB on a storage that a power cut cannot empty."""

import errno
import json
from pathlib import Path

import pytest
from tinydb import where

from jobseal_device.documents import Documents, set_aside
from jobseal_device.durable import Files
from jobseal_device.errors import DiskFull, DocumentsDamaged, StorageFailed
from tests.device.simulated_disk import SimulatedDisk, Stopped

PATH = Path("/documents/orders.json")
CALLS = 5  # of one write


def orders(path: Path, files: Files | None = None) -> list[dict[str, object]]:
    documents = Documents(path) if files is None else Documents(path, files)
    return [dict(order) for order in documents.table("orders").all()]


def test_documents_are_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    table = Documents(path).table("orders")
    table.insert({"id": "WO-1", "site": "Zürich"})
    table.upsert({"id": "WO-1", "state": "accepted"}, where("id") == "WO-1")
    assert orders(path) == [{"id": "WO-1", "site": "Zürich", "state": "accepted"}]


def test_a_file_that_was_never_written_is_empty_and_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    assert orders(path) == []
    assert not path.exists()


def test_one_process_sees_what_another_wrote_without_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    reader = Documents(path).table("orders")
    writer = Documents(path).table("orders")
    wanted = where("id") == "WO-2"
    assert reader.search(wanted) == []
    writer.insert_multiple([{"id": "WO-1"}, {"id": "WO-2"}])
    assert reader.search(wanted) == [{"id": "WO-2"}]
    writer.update({"state": "done"}, wanted)
    assert reader.search(wanted) == [{"id": "WO-2", "state": "done"}]
    assert len(reader) == 2


class Counted(SimulatedDisk):
    """Counts how often a file's contents are read."""

    reads = 0

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        self.reads += 1
        return super().pread(fd, count, offset)


def test_what_has_not_changed_is_not_read_again() -> None:
    disk = Counted()
    Documents(PATH, disk).table("orders").insert({"id": "WO-1"})
    table = Documents(PATH, disk).table("orders")
    for _ in range(10):
        assert len(table) == 1
    assert disk.reads == 1


def test_what_a_caller_does_to_its_own_object_later_changes_nothing_stored(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    table = Documents(path).table("orders")
    tasks = ["inspect"]
    table.insert({"id": "WO-1", "tasks": tasks})
    tasks.append("never stored")
    assert table.all() == orders(path) == [{"id": "WO-1", "tasks": ["inspect"]}]


@pytest.mark.parametrize("nth", range(CALLS))
@pytest.mark.parametrize("survives", [False, True])
def test_a_power_cut_at_any_step_leaves_the_old_documents_or_the_new(nth: int, survives: bool) -> None:
    disk = SimulatedDisk()
    table = Documents(PATH, disk).table("orders")
    table.insert({"id": "WO-1"})
    disk.stop(nth)
    with pytest.raises(Stopped):
        table.insert({"id": "WO-2"})
    disk = disk.power_cut((lambda below: below - 1) if survives else (lambda _: 0))
    assert orders(PATH, disk) in ([{"id": "WO-1"}], [{"id": "WO-1"}, {"id": "WO-2"}])


@pytest.mark.parametrize("nth", range(CALLS - 1))
def test_after_a_full_disk_the_old_documents_stand_in_memory_too(nth: int) -> None:
    disk = SimulatedDisk()
    table = Documents(PATH, disk).table("orders")
    table.insert({"id": "WO-1", "state": "new"})
    disk.fail(nth, errno.ENOSPC)
    with pytest.raises(DiskFull):
        table.update({"state": "done"})
    assert table.all() == orders(PATH, disk) == [{"id": "WO-1", "state": "new"}]
    table.update({"state": "done"})
    assert table.all() == orders(PATH, disk) == [{"id": "WO-1", "state": "done"}]


def test_a_value_that_json_does_not_have_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    table = Documents(path).table("orders")
    table.insert({"id": "WO-1"})
    for value in (b"bytes", float("nan")):
        with pytest.raises((TypeError, ValueError)):
            table.insert({"id": value})
    assert table.all() == orders(path) == [{"id": "WO-1"}]


def test_a_file_cut_anywhere_is_reported_on_every_access_and_never_emptied(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    Documents(path).table("orders").insert({"id": "WO-1", "site": "Zürich"})
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        table = Documents(path).table("orders")
        for access in (table.all, table.all, lambda table=table: table.insert({"id": "WO-2"})):
            with pytest.raises(DocumentsDamaged) as damaged:
                access()
            assert damaged.value.code == "documents_damaged"
        assert path.read_bytes() == data[:cut]


@pytest.mark.parametrize("value", [[], 1, None, {"orders": []}])
def test_json_that_holds_no_tables_is_damage_too(tmp_path: Path, value: object) -> None:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(value))
    with pytest.raises(DocumentsDamaged):
        orders(path)


def test_a_damaged_file_is_kept_when_its_owner_sets_it_aside_however_often(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    for contents in ('{"orders": {"1"', '{"orders'):
        path.write_text(contents)
        table = Documents(path).table("orders")
        with pytest.raises(DocumentsDamaged):
            table.all()
        kept = set_aside(path)
        assert kept.read_text() == contents
        assert table.all() == []
        table.insert({"id": "WO-1"})
        assert table.all() == [{"id": "WO-1"}]
    assert sorted(tmp_path.glob("*.damaged*")) == [
        tmp_path / "orders.json.damaged1",
        tmp_path / "orders.json.damaged2",
    ]
    path.unlink()
    with pytest.raises(StorageFailed):
        set_aside(path)
