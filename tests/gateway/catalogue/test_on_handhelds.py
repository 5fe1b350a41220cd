"""From the operator's file to the technician's screen: what was imported is what the handheld looks a code up in."""

from pathlib import Path

from jobseal.uplink_state import State
from jobseal_device.home import Home
from jobseal_device.ui import catalogue as screen
from jobseal_device.ui.catalogue import Catalogue
from jobseal_device.uplink_file import read_uplink, write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway import catalogues
from jobseal_gateway.catalogue import parse
from jobseal_gateway.ledger import assignments
from jobseal_gateway.ledger.database import reading
from tests.devices import Device
from tests.gateway.bureaus import OPERATOR, Bureau

PARTS = "".join(f"P-{number:05d},Part number {number} of the large catalogue,pc,yes\n" for number in range(10_000))


def imported(bureau: Bureau, csv: str) -> None:
    found, problems = parse([("parts.csv", csv.encode())])
    assert problems == []
    catalogues.store(bureau.gateway, found, "parts.csv", csv.encode(), OPERATOR)


def synced(bureau: Bureau, device: Device, home: Home) -> None:
    """The handheld talks with the gateway, and keeps what comes as sync keeps it."""
    bureau.station.talk(bureau.station.sync(device))
    said = bureau.told("hh-1")
    assert said is not None
    state = State()
    with reading(bureau.engine) as connection:
        newest = assignments.newest_snapshot(connection, "hh-1")
    assert newest is not None
    state.assignment = newest.bytes
    write_uplink(home, state)
    work = WorkFile(home)
    work.assign(said)
    for named in work.missing(said.digests()):
        work.keep(device.documents[named])
    work.flush()


def looked_up(home: Home, bureau: Bureau) -> tuple[Catalogue, str]:
    """What the screen has of it, read as another process does."""
    assert read_uplink(home).assignment is not None
    said = bureau.told("hh-1")
    assert said is not None
    work = WorkFile(home)
    return screen.read([work.document(named) for named in said.catalogue_digests()])


def test_a_scanned_part_of_ten_thousand_is_known_by_name_unit_and_serial(bureau: Bureau, tmp_path: Path) -> None:
    home = Home(tmp_path / "hh-1")
    home.make()
    device = bureau.enrol("hh-1", "t-1")
    imported(bureau, "code,name,unit,serial\n" + PARTS)
    synced(bureau, device, home)
    catalogue, state = looked_up(home, bureau)
    assert state == screen.HERE
    assert len(catalogue.codes("parts")) == 10_000
    for number in (0, 4_711, 9_999):
        code = f"P-{number:05d}"
        assert catalogue.name("parts", code) == f"Part number {number} of the large catalogue"
        assert (catalogue.unit("parts", code), catalogue.wants_serial(code)) == ("pc", True)
    assert not catalogue.knows("parts", "P-99999")

    imported(bureau, "code,name\nP-00001,Another\n")
    assert looked_up(home, bureau)[1] == screen.AWAITED
    synced(bureau, device, home)
    catalogue, state = looked_up(home, bureau)
    assert (state, catalogue.codes("parts"), catalogue.name("parts", "P-00001")) == (
        screen.HERE,
        ["P-00001"],
        "Another",
    )
    assert len(list(home.large.iterdir())) == 0


def test_a_catalogue_of_which_a_part_is_missing_flags_nothing(bureau: Bureau, tmp_path: Path) -> None:
    home = Home(tmp_path / "hh-1")
    home.make()
    device = bureau.enrol("hh-1", "t-1")
    imported(bureau, "code,name,unit,serial\n" + PARTS)
    synced(bureau, device, home)
    next(home.large.iterdir()).unlink()
    catalogue, state = looked_up(home, bureau)
    assert (state, catalogue.knows("parts", "P-99999")) == (screen.AWAITED, True)
