"""Backup and restore by command: what is in it, what is refused, and what a crash or a damaged byte leaves."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobseal import cbor, restart, root_line
from jobseal.errors import JobsealError
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal_gateway import authority, backup, durable, home, restarts, restore
from jobseal_gateway.backup import BackupRefused
from jobseal_gateway.command import main
from jobseal_gateway.home import HomeUnwritable
from jobseal_gateway.ledger import leaves, log
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.log_check import LogUnsound
from jobseal_gateway.restore import Order
from tests.devices import digest
from tests.servers import free_port
from tests.stations import DAY_MS


def make(folder: Path, statements: int = 5) -> Path:
    """A gateway with a few leaves in its log; the folder of its backup, in which the root key is not."""
    given: dict[str, str | int] = {"organisation": "Test", "mqtt.port": free_port()}
    with home.make(folder / "shop", given) as gateway:
        grow(gateway, statements)
        backup.back_up(gateway, folder / "backup")
        grow(gateway, 3)
    return folder / "backup"


def grow(gateway: home.Gateway, statements: int) -> None:
    for number in range(statements):
        data = b"statement %d" % number
        with gateway.log().appending(gateway.now_ms()) as end:
            acts.add(end.connection, end.add(leaves.OFFICE, digest(data), data), "device.suspended", None)


def lose(folder: Path) -> Order:
    """The gateway burns down; the order that brings it back, with the root key from the safe."""
    safe = folder / "root.seed"
    shutil.copy(folder / "shop" / "data" / "keys" / "root.seed", safe)
    shutil.rmtree(folder / "shop")
    return Order(folder / "backup", safe, "test", "fire")


def refusal(folder: Path, order: Order) -> str:
    with pytest.raises(JobsealError) as refused:
        restore.restore(folder / "shop", order)
    return refused.value.code


def test_a_backup_has_all_that_belongs_together_and_never_the_root_key(tmp_path: Path) -> None:
    folder = make(tmp_path)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    keys = {f"keys/{name}" for name in ("authority.cbor", "log.seed", "office.seed", "ca.key", "ca.pem")}
    assert there == {"manifest.json", "gateway.toml", "gateway.db", "api.token", *keys}
    manifest = backup.read(folder)
    assert set(manifest.files) == there - {"manifest.json"}
    root = (tmp_path / "shop" / "data" / "keys" / "root.seed").read_bytes()
    assert not any(root in (folder / name).read_bytes() for name in there)
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}
    with home.open(tmp_path / "shop") as gateway, reading(gateway.engine) as connection:
        assert log.head(connection).size == manifest.size + 3


def test_a_restored_gateway_goes_on_under_a_new_log_that_begins_with_the_old_one(tmp_path: Path) -> None:
    make(tmp_path)
    order = lose(tmp_path)
    manifest, made = restore.restore(tmp_path / "shop", order)
    assert (made.earlier.hex(), made.leaf) == (manifest.log, manifest.size)
    with home.open(tmp_path / "shop") as gateway:
        assert gateway.keys.log_id == made.log != made.earlier
        with reading(gateway.engine) as connection:
            assert log.head(connection).size == manifest.size + 1
        backup.back_up(gateway, tmp_path / "again")  # which checks all of it
    assert not (tmp_path / "shop" / "data" / "keys" / "root.seed").exists()
    assert not (tmp_path / "shop" / "data" / restore.MARK).exists()
    assert (tmp_path / "shop" / "data" / "api.token").exists()


def test_a_backup_from_before_the_root_gave_way_goes_on_under_the_root_of_today(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path)
    with home.open(tmp_path / "shop") as gateway:
        old = gateway.keys.authority
    lose(tmp_path)
    copied = tmp_path / "elsewhere"  # where the root was rotated after the backup
    shutil.copytree(tmp_path / "backup" / "keys", copied)
    newest = authority.rotate_root(copied, tmp_path / "root.seed", tmp_path / "new.seed", DAY_MS, Verifier())
    (tmp_path / "rotations.cbor").write_bytes(cbor.encode(newest.rotations))
    words = ["--home", str(tmp_path / "shop"), "--json", "restore", str(tmp_path / "backup"), "--reason", "fire"]
    assert main([*words, "--root", str(tmp_path / "new.seed")]) != 0, "nothing says how that root came about"
    told = ["--rotations", str(tmp_path / "rotations.cbor")]
    assert main([*words, *told, "--root", str(tmp_path / "root.seed")]) != 0, "that root has given way"
    assert not (tmp_path / "shop" / "gateway.toml").exists()
    assert main([*words, *told, "--root", str(tmp_path / "new.seed")]) == 0
    capsys.readouterr()
    with home.open(tmp_path / "shop") as gateway, reading(gateway.engine) as connection:
        assert gateway.keys.authority.root.thumbprint == newest.authority.root.thumbprint
        assert (gateway.keys.log.key.thumbprint, gateway.keys.office.key.thumbprint) == (
            old.log.thumbprint,
            old.office.thumbprint,
        )
        (made,) = restarts.every(connection)
        reigns = root_line.reigns(gateway.keys.rotations, Verifier())
        assert restart.declared(made.statement, reigns, Verifier()).named()["log"] == gateway.keys.log_id


def test_rotations_of_another_root_bring_nothing_back(tmp_path: Path) -> None:
    make(tmp_path)
    order = lose(tmp_path)
    other = [root_line.rotate(Ed25519Signer(bytes(31) + b"\1"), Ed25519Signer(order.root.read_bytes()), DAY_MS)]
    foreign = [root_line.rotate(Ed25519Signer(bytes(31) + b"\1"), Ed25519Signer(bytes(31) + b"\2"), DAY_MS)]
    (tmp_path / "two.seed").write_bytes(bytes(31) + b"\2")
    assert refusal(tmp_path, replace(order, rotations=foreign, root=tmp_path / "two.seed")) == "authority_unusable"
    assert refusal(tmp_path, replace(order, rotations=[], root=order.root)) == "authority_unusable"
    restore.restore(tmp_path / "shop", replace(order, rotations=other))


def test_a_gateway_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    folder = make(tmp_path)
    keys = tmp_path / "shop" / "data" / "keys"
    before = {path: path.read_bytes() for path in keys.iterdir()}
    order = Order(folder, keys / "root.seed", "test", "fire")
    assert refusal(tmp_path, order) == "gateway_there"
    (tmp_path / "shop" / "gateway.toml").unlink()
    assert refusal(tmp_path, order) == "database_there"
    assert {path: path.read_bytes() for path in keys.iterdir()} == before
    assert refusal(tmp_path, Order(tmp_path, keys / "root.seed", "test", "fire")) == "no_backup"


def test_another_root_key_declares_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    order = lose(tmp_path)
    order.root.write_bytes(bytes(32))
    assert refusal(tmp_path, order) == "authority_unusable"
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("name", ["gateway.toml", "gateway.db", "keys/office.seed", "keys/authority.cbor"])
def test_a_damaged_file_is_noticed_before_anything_is_written(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path)
    order = lose(tmp_path)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert refusal(tmp_path, order) == "backup_damaged"
    assert not (tmp_path / "shop").exists()


def _manifest_fits(folder: Path) -> None:
    """Whoever alters a backup can alter its manifest too."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["gateway.db"] = backup._digest(folder / "gateway.db")
    (folder / "manifest.json").write_text(json.dumps(manifest))


ALTERED = {
    "a statement": "UPDATE leaves SET bytes = x'00' WHERE idx = 2",
    "a hash": "UPDATE leaves SET hash = zeroblob(32), bytes = NULL WHERE idx = 2",
    "a leaf less": "DELETE FROM leaves WHERE idx = 2",
    "another size": "UPDATE log_head SET size = size - 1",
}


@pytest.mark.parametrize("sql", ALTERED.values(), ids=ALTERED)
def test_an_altered_log_is_not_restored_whatever_the_manifest_says(tmp_path: Path, sql: str) -> None:
    folder = make(tmp_path)
    order = lose(tmp_path)
    altering = sqlite3.connect(folder / "gateway.db")
    altering.execute(sql)
    altering.commit()
    altering.close()
    _manifest_fits(folder)
    assert refusal(tmp_path, order) in ("log_unsound", "log_damaged")
    assert not (tmp_path / "shop" / "gateway.toml").exists()


def test_another_size_or_root_in_the_manifest_is_another_log(tmp_path: Path) -> None:
    folder = make(tmp_path)
    order = lose(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    for changed, code in (({"root": "00" * 32}, "other_log"), ({"size": manifest["size"] + 1}, "log_unsound")):
        (folder / "manifest.json").write_text(json.dumps({**manifest, **changed}))
        assert refusal(tmp_path, order) == code


class Crash(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("place", range(12))
def test_a_restore_that_is_cut_short_anywhere_is_begun_anew_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    make(tmp_path)
    order = lose(tmp_path)
    writes: list[str] = []

    def crashing(function: Callable[..., None]) -> Callable[..., None]:
        def call(*given: object) -> None:
            if len(writes) == place:
                raise Crash
            writes.append(function.__name__)
            function(*given)

        return call

    with monkeypatch.context() as patched:
        for name in ("create", "replace", "copy", "sync_folder"):
            patched.setattr(durable, name, crashing(getattr(durable, name)))
        try:
            restore.restore(tmp_path / "shop", order)
        except Crash:
            assert not (tmp_path / "shop" / "gateway.toml").exists()
            patched.undo()
            restore.restore(tmp_path / "shop", order)
    with home.open(tmp_path / "shop") as gateway, reading(gateway.engine) as connection:
        found = acts.of_kind(connection, "log.restarted")
        assert len(found) == 1
        assert backup.read(tmp_path / "backup").size == found[0].idx


def test_a_backup_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    with home.make(tmp_path / "shop", {"organisation": "Test"}) as gateway:
        with pytest.raises(LogUnsound):  # nothing was ever logged
            backup.back_up(gateway, tmp_path / "empty")
        assert not (tmp_path / "empty").exists()
        grow(gateway, 1)
        backup.back_up(gateway, tmp_path / "one")
        with pytest.raises(BackupRefused):
            backup.back_up(gateway, tmp_path / "one")
        (tmp_path / "file").write_text("")
        with pytest.raises(BackupRefused):
            backup.back_up(gateway, tmp_path / "file" / "below")


def test_a_backup_of_a_ledger_in_use_is_one_moment_of_it(tmp_path: Path) -> None:
    with home.make(tmp_path / "shop", {"organisation": "Test"}) as gateway:
        grow(gateway, 4)
        with writing(gateway.engine) as connection:  # not committed: not in it
            connection.exec_driver_sql("UPDATE log_head SET checkpoint_ms = checkpoint_ms")
            made = backup.back_up(gateway, tmp_path / "backup")
    assert made.size == 4


def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with home.make(tmp_path / "shop", {"organisation": "Test"}) as gateway:
        grow(gateway, 2)
    shop = ["--home", str(tmp_path / "shop")]
    assert main([*shop, "backup", str(tmp_path / "backup")]) == 0
    assert "log of 2 leaves" in capsys.readouterr().out
    order = lose(tmp_path)
    words = ["restore", str(tmp_path / "backup"), "--root", str(order.root), "--reason", "fire", "--operator", "Huber"]
    assert main([*shop, "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == 2
    assert main([*shop, *words]) == 1
    assert "gateway_there" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    make(tmp_path)
    order = lose(tmp_path)
    (tmp_path / "shop").write_text("a file in its place")
    with pytest.raises((HomeUnwritable, BackupRefused)):
        restore.restore(tmp_path / "shop", order)
    assert os.path.isfile(tmp_path / "shop")


def test_on_postgresql_the_folder_and_a_later_dump_belong_together(tmp_path: Path, postgres_url: str) -> None:
    with home.make(tmp_path / "shop", {"organisation": "Test", "database": postgres_url}) as gateway:
        grow(gateway, 4)
        made = backup.back_up(gateway, tmp_path / "backup")
        grow(gateway, 2)  # and now it is dumped, and the dump brought back into a database of this name
    assert made.database == backup.POSTGRESQL
    assert not (tmp_path / "backup" / backup.LEDGER).exists()
    order = lose(tmp_path)
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    (tmp_path / "backup" / "manifest.json").write_text(json.dumps({**manifest, "root": "00" * 32}))
    assert refusal(tmp_path, order) == "other_log"
    (tmp_path / "backup" / "manifest.json").write_text(json.dumps(manifest))
    _, restarted = restore.restore(tmp_path / "shop", order)
    assert (restarted.earlier.hex(), restarted.leaf) == (made.log, made.size + 2)
    with home.open(tmp_path / "shop") as gateway, reading(gateway.engine) as connection:
        assert log.head(connection).size == made.size + 3


def test_no_cookie_that_was_given_out_before_a_restore_holds_after_it(tmp_path: Path) -> None:
    """The ledger comes back with the sessions of the backup, among them those that were ended since."""
    make(tmp_path)
    before = home.Home(tmp_path / "shop", tmp_path / "shop" / "data").session_key
    key = before.read_bytes()
    order = lose(tmp_path)
    before.parent.mkdir(parents=True)
    before.write_bytes(key)  # the disk burnt, and this was on another one
    restore.restore(tmp_path / "shop", order)
    with home.open(tmp_path / "shop") as gateway:
        assert gateway.home.session_key == before
        assert gateway.home.session_key.read_bytes() != key
