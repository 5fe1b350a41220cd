"""A backup: what belongs together of a gateway, as one folder that appears whole or not at all.

    manifest.json     what is in it, by SHA-256, and which log it holds: id, size, root, newest checkpoint
    gateway.toml      the settings
    keys/             log, office and CA keys, and the root's word for them; never the root's own seed
    api.token         the billing system's first token, if it is there
    gateway.db        the ledger, where that is SQLite; PostgreSQL is dumped by its own means, after this

The gateway may run: SQLite's online backup sees one moment, with everything that was committed by then. The copy is
checked to the last leaf before the folder gets its name, so a backup that is there is one that can be restored.
Every file is synced before the manifest, the manifest before the folder's name; a crash leaves ``NAME.part`` at most.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from jobseal.errors import OPERATOR
from jobseal.host.crypto import Verifier
from jobseal_gateway import durable, log_check
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger.database import connect, reading
from jobseal_gateway.log_check import Standing

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway

FORMAT = "jobseal/1/backup"
MANIFEST = "manifest.json"
CONFIG = "gateway.toml"
KEYS = "keys"
TOKEN = "api.token"
LEDGER = "gateway.db"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_BLOCK_BYTES = 1 << 20


class BackupRefused(GatewayError):
    """A backup cannot be made there, or is not one."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``made_ms``: Unix ms UTC; ``root_key``: thumbprint of the gateway's root; ``log``, ``size``, ``root`` and
    ``checkpoint`` of the log; all four and the former in hex. ``files``: SHA-256 in hex by name."""

    format: str
    made_ms: int
    organisation: str
    root_key: str
    log: str
    size: int
    root: str
    checkpoint: str
    database: str
    files: Mapping[str, str]


def back_up(gateway: "Gateway", folder: Path) -> Manifest:
    """Make ``folder`` a backup of this gateway. Raises BackupRefused (``backup_exists``, ``backup_unwritable``),
    LogUnsound, ClockUnsynchronised, LedgerUnavailable."""
    if folder.exists():
        raise BackupRefused("backup_exists", f"{folder} is there already; name one that is not.")
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # what a crash left
        part.mkdir(mode=0o700, parents=True)
        made = _filled(gateway, part)
        os.rename(part, folder)
        durable.sync_folder(folder.parent)
    except OSError as error:
        raise BackupRefused("backup_unwritable", f"{folder} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise BackupRefused("backup_unwritable", f"The ledger cannot be copied: {error}.") from error
    return made


def read(folder: Path) -> Manifest:
    """The manifest of a backup, each of its files checked. Raises BackupRefused (``no_backup``, ``backup_damaged``)."""
    try:
        value = json.loads((folder / MANIFEST).read_bytes())
        found = Manifest(**value)
    except (OSError, ValueError, TypeError) as error:
        raise BackupRefused("no_backup", f"{folder} holds no backup, or its manifest cannot be read.") from error
    if found.format != FORMAT:
        raise BackupRefused("no_backup", f"{folder} is a backup of another version of this program.")
    for name, digest in found.files.items():
        path = folder / name
        if path.resolve().parent not in (folder.resolve(), (folder / KEYS).resolve()) or _digest(path) != digest:
            raise BackupRefused("backup_damaged", f"{path} is not the file that was backed up; use another backup.")
    return found


def _filled(gateway: "Gateway", part: Path) -> Manifest:
    config = gateway.home.folder / CONFIG
    names = [_copied(config, part / CONFIG)]
    (part / KEYS).mkdir(mode=0o700)
    for each in sorted(gateway.home.keys.iterdir()):
        if not _is_the_roots(each.name) and each.suffix != ".new":
            names.append(_copied(each, part / KEYS / each.name))
    if gateway.home.token.exists():
        names.append(_copied(gateway.home.token, part / TOKEN))
    database = gateway.engine.dialect.name
    if database == SQLITE:
        names.append(_ledger_copied(Path(str(make_url(gateway.settings.database).database)), part / LEDGER))
        standing = _checked(gateway, f"sqlite:///{part / LEDGER}")
        _settle(part / LEDGER)
    else:
        standing = _checked(gateway, gateway.settings.database)
    durable.sync_folder(part / KEYS)
    made = Manifest(
        format=FORMAT,
        made_ms=gateway.now_ms(),
        organisation=gateway.settings.organisation,
        root_key=gateway.keys.authority.root.thumbprint.hex(),
        log=standing.log.hex(),
        size=standing.size,
        root=standing.root.hex(),
        checkpoint=standing.checkpoint.hex(),
        database=database,
        files={name.relative_to(part).as_posix(): _digest(name) for name in names},
    )
    durable.create(part / MANIFEST, json.dumps(_plain(made), indent=1, ensure_ascii=False).encode())
    return made


def _plain(made: Manifest) -> dict[str, Any]:
    return asdict(made)


def _is_the_roots(name: str) -> bool:
    """The root key is kept offline, by itself: whoever has a backup must not be able to declare restarts with it."""
    return name.startswith("root") and name.endswith(".seed")


def _copied(source: Path, target: Path) -> Path:
    durable.create(target, source.read_bytes())
    return target


def _ledger_copied(source: Path, target: Path) -> Path:
    """One moment of a database in use; its writers are not held up for longer than a page takes."""
    origin, copy = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        os.chmod(target, durable.PRIVATE)
        origin.backup(copy)
    finally:
        copy.close()
        origin.close()
    return target


def _checked(gateway: "Gateway", database: str) -> Standing:
    engine = connect(database)
    try:
        with reading(engine) as connection:
            return log_check.check(connection, gateway.keys.authority.log, Verifier())
    finally:
        engine.dispose()


def _settle(ledger: Path) -> None:
    """One file, and nothing beside it: what was looked at left a write-ahead log."""
    copy = sqlite3.connect(ledger)
    try:
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
    with ledger.open("rb") as file:
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    """SHA-256 in hex; empty where the file cannot be read."""
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                hashed.update(block)
    except OSError:
        return ""
    return hashed.hexdigest()
