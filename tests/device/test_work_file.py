"""What came down: kept as long as somebody may need it, whole or not at all, and fetched again when it is lost."""

import errno
import hashlib
from pathlib import Path

import pytest

from jobseal import cbor
from jobseal.work import Assignment
from jobseal_device.durable import Files
from jobseal_device.errors import DiskFull, DocumentsDamaged
from jobseal_device.home import Home
from jobseal_device.work_file import ALARMS_KEPT, EVIDENCE_MOST_BYTES, UNASSIGNED_KEPT, VERDICTS_KEPT, WorkFile
from tests.device.simulated_disk import SimulatedDisk


class CountedFiles(Files):
    """Real files; counts how often one was replaced."""

    def __init__(self) -> None:
        self.writes = 0

    def rename(self, source: Path, target: Path) -> None:
        self.writes += 1
        super().rename(source, target)


def document(order: str, revision: int = 1) -> bytes:
    return cbor.encode({"customer": f"customer of {order}", "revision": revision})


def assignment(version: int, *orders: str, revision: int = 1, catalogue: bytes | None = None) -> Assignment:
    rows = [[order, revision, hashlib.sha256(document(order, revision)).digest()] for order in orders]
    return Assignment(device="HH-1", version=version, at=0, orders=rows, catalogue=catalogue, roster=None)


@pytest.fixture
def files() -> CountedFiles:
    return CountedFiles()


@pytest.fixture
def work(tmp_path: Path, files: CountedFiles) -> WorkFile:
    return WorkFile(Home(tmp_path), files)


def orders(work: WorkFile) -> dict[str, tuple[bool, bool]]:
    """(assigned, its document is here) by order."""
    return {row["order"]: (row["assigned"], row["document"] is not None) for row in work.orders()}


def test_an_assignments_orders_are_here_at_once_and_their_documents_as_they_come(work: WorkFile) -> None:
    said = assignment(1, "WO-1", "WO-2")
    work.assign(said)
    assert orders(work) == {"WO-1": (True, False), "WO-2": (True, False)}
    assert work.missing(said.digests()) == said.digests()
    work.keep(document("WO-2"))
    assert work.missing(said.digests()) == said.digests()[:1]
    assert orders(work)["WO-2"] == (True, False)
    work.flush()
    assert orders(work)["WO-2"] == (True, True)
    assert work.orders()[1]["document"]["customer"] == "customer of WO-2"
    assert (work.order("WO-1") or {})["revision"] == 1
    assert work.order("WO-9") is None


def test_the_same_assignment_again_writes_nothing(work: WorkFile, files: CountedFiles) -> None:
    work.assign(assignment(1, "WO-1"))
    written = files.writes
    work.assign(assignment(2, "WO-1"))
    assert files.writes == written == 1


def test_a_burst_of_documents_is_written_together(work: WorkFile, files: CountedFiles) -> None:
    said = assignment(1, *(f"WO-{number}" for number in range(40)))
    work.assign(said)
    before = files.writes
    for number in range(40):
        work.keep(document(f"WO-{number}"))
    work.flush()
    assert work.missing(said.digests()) == []
    assert files.writes - before == 3


def test_an_order_moved_to_somebody_else_stays_readable_for_a_while(work: WorkFile) -> None:
    work.assign(assignment(1, "WO-1"))
    work.keep(document("WO-1"))
    work.flush()
    work.assign(assignment(2, "WO-2"))
    assert orders(work) == {"WO-2": (True, False), "WO-1": (False, True)}
    for number in range(3, 5):
        work.assign(assignment(number, *(f"WO-{number}{nth}" for nth in range(UNASSIGNED_KEPT))))
    assert "WO-1" not in orders(work)
    assert len(orders(work)) == 2 * UNASSIGNED_KEPT
    assert len(work._rows("contents")) == 0


def test_a_catalogue_is_kept_though_no_order_names_it(work: WorkFile) -> None:
    catalogue = b"\x80"
    said = assignment(1, "WO-1", catalogue=hashlib.sha256(catalogue).digest())
    work.assign(said)
    work.keep(catalogue)
    work.flush()
    said = assignment(2, "WO-2", catalogue=hashlib.sha256(catalogue).digest())
    work.assign(said)
    assert work.missing(said.digests()) == [said.orders[0][2]]


def test_a_new_revision_replaces_the_old_one(work: WorkFile) -> None:
    work.assign(assignment(1, "WO-1"))
    work.keep(document("WO-1"))
    work.flush()
    said = assignment(2, "WO-1", revision=2)
    work.assign(said)
    assert orders(work) == {"WO-1": (True, False)}
    assert len(work.missing(said.digests())) == 1


def test_another_process_sees_what_was_written(work: WorkFile, tmp_path: Path) -> None:
    beside = WorkFile(Home(tmp_path))
    assert beside.orders() == []
    for version in range(1, 20):
        work.assign(assignment(version, f"WO-{version}"))
        assert beside.orders()[0]["order"] == f"WO-{version}"


def test_a_document_that_is_not_what_was_kept_is_not_shown(work: WorkFile, tmp_path: Path) -> None:
    work.assign(assignment(1, "WO-1"))
    work.keep(document("WO-1"))
    work.flush()
    path = tmp_path / "work.json"
    for garbage in ("zz", "ff00"):
        path.write_text(path.read_text().replace(document("WO-1").hex(), garbage))
        assert orders(WorkFile(Home(tmp_path))) == {"WO-1": (True, False)}
        path.write_text(path.read_text().replace(f'"{garbage}"', f'"{document("WO-1").hex()}"'))


def test_a_damaged_file_is_set_aside_by_its_writer_and_said(work: WorkFile, tmp_path: Path) -> None:
    work.assign(assignment(1, "WO-1"))
    (tmp_path / "work.json").write_text('{"orders": {')
    with pytest.raises(DocumentsDamaged):
        work.orders()
    assert work.start_anew_if_damaged()
    assert work.orders() == []
    assert work.alarms()[0]["code"] == "documents_damaged"
    assert "work.json.damaged1" in work.alarms()[0]["sentence"]
    assert (tmp_path / "work.json.damaged1").read_text() == '{"orders": {'
    assert not work.start_anew_if_damaged()


def test_a_full_disk_leaves_the_old_contents_and_the_documents_in_memory() -> None:
    disk = SimulatedDisk()
    work = WorkFile(Home(Path("/nowhere")), disk)
    said = assignment(1, "WO-1")
    work.assign(said)
    work.keep(document("WO-1"))
    disk.fail(0, errno.ENOSPC, times=100)
    with pytest.raises(DiskFull):
        work.flush()
    with pytest.raises(DiskFull):
        work.assign(assignment(2, "WO-2"))
    disk.heal()
    assert orders(work) == {"WO-1": (True, False)}
    work.flush()
    assert orders(work) == {"WO-1": (True, True)}


def test_verdicts_are_kept_by_number_and_written_together(work: WorkFile, files: CountedFiles) -> None:
    work.judge([[3, ["late_event"]], [9, ["unknown_code", "clock_unset"]]])
    work.judge([[3, ["chain_fork"]]])
    assert work.verdicts() == {3: ["chain_fork"], 9: ["unknown_code", "clock_unset"]}
    assert files.writes == 2
    work.judge([[3, ["chain_fork"]]])
    assert files.writes == 2
    work.judge([[seq, ["late_event"]] for seq in range(100, 100 + VERDICTS_KEPT)])
    assert len(work.verdicts()) == VERDICTS_KEPT
    assert 3 not in work.verdicts()


def test_the_same_alarm_is_counted_and_its_flood_is_hardly_written(work: WorkFile, files: CountedFiles) -> None:
    for _ in range(1000):
        work.raise_alarm("frame", "this is not a Jobseal frame", [b"evidence"])
    assert [(row["code"], row["count"]) for row in work.alarms()] == [("frame", 512)]
    assert work.alarms()[0]["evidence"] == [b"evidence".hex()]
    assert files.writes == 10


def test_many_different_alarms_crowd_out_none_that_matters(work: WorkFile, files: CountedFiles) -> None:
    for number in range(2 * ALARMS_KEPT):
        work.raise_alarm("frame", f"garbage number {number}", [bytes(EVIDENCE_MOST_BYTES + 1)])
    assert len(work.alarms()) == ALARMS_KEPT
    assert files.writes == ALARMS_KEPT
    assert all(row["evidence"] == [] for row in work.alarms())
    work.raise_alarm("log_inconsistent", "the gateway's log does not continue what it was", [b"old", b"new"])
    assert work.alarms()[-1]["evidence"] == [b"old".hex(), b"new".hex()]


def test_trouble_is_there_while_it_lasts(work: WorkFile, files: CountedFiles) -> None:
    assert work.trouble() is None
    for _ in range(3):
        work.note_trouble("link_refused", "the broker refuses HH-1")
    assert (work.trouble() or {})["code"] == "link_refused"
    for _ in range(3):
        work.note_trouble("", "")
    assert work.trouble() is None
    assert files.writes == 2
