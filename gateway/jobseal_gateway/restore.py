"""Restoring a backup: a new home with what was backed up, and the log in it declared restarted by the root key.

Rules:

- It never writes over a gateway: a home with a configuration, or a database that is there already, is refused.
- Everything is checked before anything is written, and the log again, to the last leaf, where it will be used.
- ``gateway.toml`` is written last: before that there is no gateway there, and what a crash left is marked
  ``restoring`` and begun anew.
- The log's new id stands in the keys' folder before the database says it, so that no checkpoint under the new id is
  signed by a gateway that does not know it.
"""

import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url

from jobseal.host.clock import Clock, SystemClock
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal_gateway import authority, backup, durable, home, log_check, restarts, session_key
from jobseal_gateway.authority import LOG_ID_BYTES, GatewayKeys
from jobseal_gateway.backup import BackupRefused, Manifest
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.home import BUILT_MS, CONFIG, Home, HomeUnwritable
from jobseal_gateway.ledger.database import connect, migrate, reading
from jobseal_gateway.log import ClockUnsynchronised
from jobseal_gateway.restarts import Restart
from jobseal_gateway.settings import Settings, parse_settings

MARK = "restoring"


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks for. ``backup``: the folder; ``root``: the file with the root key's seed; ``rotations``:
    how the root came from the backup's, if it has given way since."""

    backup: Path
    root: Path
    operator: str
    reason: str
    rotations: list[list[bytes]] | None = None


def restore(folder: Path, order: Order, clock: Clock | None = None) -> tuple[Manifest, Restart]:
    """Make ``folder`` the home of the gateway that was backed up.

    Raises BackupRefused (``no_backup``, ``backup_damaged``, ``gateway_there``, ``database_there``, ``other_log``),
    AuthorityUnusable for a root key that is not the gateway's or rotations that do not lead to it, LogUnsound,
    ClockUnsynchronised, HomeUnwritable.
    """
    now_ms = (clock or SystemClock(BUILT_MS)).wall_ms()
    if now_ms is None:
        raise ClockUnsynchronised
    manifest = backup.read(order.backup)
    where, settings = _destination(folder.absolute(), order.backup)
    keys = authority.load(order.backup / backup.KEYS, Verifier())
    root = _root(order, keys)
    try:
        _free(where, settings)
        _put(where, settings, order.backup, manifest)
        made = _restarted(where, settings, manifest, root, order, now_ms)
        _finish(where, order.backup)
    except OSError as error:
        raise HomeUnwritable(folder, error) from error
    return manifest, made


def _root(order: Order, keys: GatewayKeys) -> Ed25519Signer:
    if order.rotations is None:
        return authority.root_in(order.root, keys)
    return authority.later_root(order.root, keys, order.rotations, Verifier())


def _destination(folder: Path, source: Path) -> tuple[Home, Settings]:
    config = folder / CONFIG
    if config.exists():
        raise BackupRefused("gateway_there", f"There is a gateway in {folder}; restore into a folder without one.")
    settings, problems = parse_settings((source / CONFIG).read_bytes(), str(source / CONFIG), folder)
    if settings is None:
        raise InputRefused(problems)
    return Home(folder, Path(settings.data)), settings


def _ledger(settings: Settings) -> Path | None:
    """The file that the ledger is, None for PostgreSQL."""
    url = make_url(settings.database)
    return Path(str(url.database)) if url.get_backend_name() == backup.SQLITE else None


def _free(where: Home, settings: Settings) -> None:
    """Nothing is in the way but what an earlier restore left that did not come to its end."""
    ledger = _ledger(settings)
    mark = where.data / MARK
    if mark.exists():
        shutil.rmtree(where.keys, ignore_errors=True)
        for end in ("", "-wal", "-shm", ".new"):
            if ledger is not None:
                ledger.with_name(ledger.name + end).unlink(missing_ok=True)
    in_the_way = [path for path in (where.keys, ledger) if path is not None and path.exists()]
    if in_the_way:
        raise BackupRefused("database_there", f"{in_the_way[0]} is there already; restore where there is nothing.")
    where.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.replace(mark, b"")


def _put(where: Home, settings: Settings, source: Path, manifest: Manifest) -> None:
    where.keys.mkdir(mode=0o700)
    where.run.mkdir(mode=0o700, exist_ok=True)
    for name in manifest.files:
        if name.startswith(f"{backup.KEYS}/"):
            durable.replace(where.data / name, (source / name).read_bytes())
    ledger = _ledger(settings)
    if (ledger is None) != (manifest.database == backup.POSTGRESQL):
        sentence = "The backup is of another kind of database than its gateway.toml names; put the right one into it."
        raise BackupRefused("other_database", sentence)
    if ledger is not None:
        ledger.parent.mkdir(parents=True, exist_ok=True)
        durable.copy(source / backup.LEDGER, ledger)


def _restarted(
    where: Home, settings: Settings, manifest: Manifest, root: Ed25519Signer, order: Order, now_ms: int
) -> Restart:
    engine = connect(settings.database)
    try:
        migrate(engine)
        if order.rotations is not None:
            authority.follow_root(where.keys, root, order.rotations, now_ms, Verifier())
        keys = authority.load(where.keys, Verifier())
        _is_the_log(engine, keys, manifest)
        new_log = secrets.token_bytes(LOG_ID_BYTES)
        authority.rename_log(where.keys, new_log, Verifier())
        return restarts.restart(engine, keys, root, new_log, order.operator, order.reason, now_ms)
    finally:
        engine.dispose()


def _is_the_log(engine: Engine, keys: GatewayKeys, manifest: Manifest) -> None:
    """The log that was backed up, or one that has gone on from it: a dump is made after the rest."""
    with reading(engine) as connection:
        found = log_check.check(connection, keys.authority.log, Verifier(), manifest.size)
    if found.marked.hex() != manifest.root:
        raise BackupRefused("other_log", "The log in the database is not the one that the manifest names.")


def _finish(where: Home, source: Path) -> None:
    with suppress(FileNotFoundError):
        durable.replace(where.token, (source / backup.TOKEN).read_bytes())
    session_key.rotate(where.session_key)  # the ledger brings back sessions that were ended since
    (where.data / MARK).unlink()
    durable.sync_folder(where.data)
    durable.create(where.folder / CONFIG, (source / CONFIG).read_bytes(), home.READABLE)
