"""A handheld that was enrolled after the backup: its own copy of the statement brings it back, with all its work."""

import shutil
from pathlib import Path

import pytest

from jobseal import enrolment, frame
from jobseal.enrolment import Welcome
from jobseal.host.crypto import Verifier
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway import backup, enrol, home, restore
from jobseal_gateway.command import main
from jobseal_gateway.enrol import EnrolmentRefused, Request
from jobseal_gateway.home import Gateway
from jobseal_gateway.ingest import Ingest, Moment
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.recover import recover
from jobseal_gateway.restore import Order
from tests.devices import Device, signer_of


def talk(gateway: Gateway, device: Device) -> None:
    """The handheld syncs with this gateway until it has nothing more to say."""
    ingest = Ingest(gateway.engine, gateway.keys, gateway.log(), Verifier())
    sync = device.start(device.committed)
    sync.connect()
    while sync.sent:
        sent, sync.sent = sync.sent, []
        outcome = ingest.handle([(frame.up_topic(device.name), data) for data in sent], Moment(gateway.now_ms(), 0))
        for _, data in outcome.replies:
            sync.hear(data)


def enrolled(gateway: Gateway, name: str) -> bytes:
    """What a handheld of this name is handed."""
    return enrol.enrol(gateway, Request(signer_of(name).key.encode(), name, name), "op", [("broker", 1883)]).welcome


def restored(folder: Path) -> tuple[bytes, Device]:
    """A gateway that was restored from before ``van-2`` was there; what that was handed, and its handheld with work."""
    with home.make(folder / "shop", {"organisation": "Test"}) as gateway:
        enrolled(gateway, "van-1")
        backup.back_up(gateway, folder / "backup")
        welcome = enrolled(gateway, "van-2")
        statement = Welcome.decode(welcome, FRAME_MAX_BYTES).statement
        found = enrolment.verify(statement, gateway.keys.authority.office, Verifier())
        device = Device("van-2", found.hash, gateway.keys.authority)
        for _ in range(4):
            device.capture()
        talk(gateway, device)
        assert device.state.next == 4
    shutil.copy(folder / "shop" / "data" / "keys" / "root.seed", folder / "root.seed")
    shutil.rmtree(folder / "shop")
    restore.restore(folder / "shop", Order(folder / "backup", folder / "root.seed", "op", "fire"))
    return welcome, device


def test_its_statement_is_logged_again_and_all_its_work_is_taken(tmp_path: Path) -> None:
    welcome, device = restored(tmp_path)
    with home.open(tmp_path / "shop") as gateway:
        talk(gateway, device)
        assert device.state.next == 4, "unknown here: it keeps what it has"
        assert recover(gateway, welcome).device == "van-2"
        device.capture()
        talk(gateway, device)
        assert device.state.next == 5
        with reading(gateway.engine) as connection:
            logged = [leaf.bytes for leaf in leaves.between(connection, 0, 100) if leaf.type == leaves.EVENT]
    assert logged == device.frames
    assert device.alarms[-1] == "gateway_restored"


def test_what_the_office_did_not_sign_or_has_already_is_refused(tmp_path: Path) -> None:
    welcome, _ = restored(tmp_path)
    with home.make(tmp_path / "other", {"organisation": "Other"}) as other, pytest.raises(EnrolmentRefused) as refused:
        recover(other, welcome)
    assert refused.value.code == "request_invalid"
    with home.open(tmp_path / "shop") as gateway:
        recover(gateway, welcome)
        with pytest.raises(EnrolmentRefused) as refused:
            recover(gateway, welcome)
        assert refused.value.code == "enrolled_already"
        with pytest.raises(EnrolmentRefused) as refused:
            recover(gateway, b"no welcome")
        assert refused.value.code == "request_invalid"


def test_the_command_takes_the_handhelds_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    welcome, _ = restored(tmp_path)
    (tmp_path / "welcome.cbor").write_bytes(welcome)
    words = ["--home", str(tmp_path / "shop"), "enrol", "recover", str(tmp_path / "welcome.cbor")]
    assert main(words) == 0
    assert "van-2" in capsys.readouterr().out
    assert main(words) == 1
    assert "enrolled_already" in capsys.readouterr().err
