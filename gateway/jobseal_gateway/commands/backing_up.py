"""``backup``, ``restore``: what belongs together of a gateway, and how to go on from it."""

import argparse
from pathlib import Path

from jobseal.host import verify
from jobseal_gateway import backup, home, restore
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, count, moment
from jobseal_gateway.commands.options import Commands, command

_DUMP = """
The ledger is on PostgreSQL: dump it now, with its own means, and keep the dump beside this folder. It must be younger
than the folder:
  pg_dump --format=custom --file={folder}/ledger.dump DATABASE"""

_AFTER = """
The gateway was restored as it was at {made}. Its log goes on as {log}, and the root key says so.

Handhelds follow by themselves and send again what the log has lost. What people did here after the backup is not known
any more; see "Backup and restore" in docs/operating.md. In particular, do these again if they were done since:
  - revocations and suspensions of handhelds, ended API tokens, changed passwords and PINs
  - imports of orders and prices, overrides, closures
  - enrolments: a handheld that was enrolled since is unknown here
Billing hears of it in the feed before anything else.

Take {root} away again. Start with: jobseal-gateway serve"""


def add(commands: Commands) -> None:
    """The commands of this room."""
    backing = command(commands, "backup", "copy a gateway, running or not, into a new folder", _backup)
    backing.add_argument("folder", type=Path, metavar="DIR")
    restoring = command(commands, "restore", "make a gateway from a backup, and declare its log restarted", _restore)
    restoring.add_argument("folder", type=Path, metavar="DIR", help="the backup; --home says where to")
    restoring.add_argument(
        "--root", type=Path, required=True, metavar="FILE", help="the root key, from where it is kept"
    )
    restoring.add_argument(
        "--rotations", type=Path, metavar="FILE", help="what rotate-root wrote, if the root gave way after the backup"
    )
    restoring.add_argument("--reason", required=True, metavar="TEXT", help="why, for the log")
    options.operator(restoring)


def _backup(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        made = backup.back_up(gateway, given.folder.absolute())
    data = {
        "folder": str(given.folder),
        "log": made.log,
        "size": made.size,
        "root": made.root,
        "database": made.database,
        "files": len(made.files),
    }
    text = f"{given.folder}: {count(len(made.files), 'file')}, and a log of {count(made.size, 'leaf', 'leaves')}."
    if made.database == backup.POSTGRESQL:
        text += _DUMP.format(folder=given.folder)
    return Answer(data, text + "\nThe root key is not in it: keep that by itself, offline.")


def _restore(given: argparse.Namespace) -> Answer:
    rotations = None if given.rotations is None else verify.rotations_in(files.read(given.rotations))
    order = restore.Order(given.folder.absolute(), given.root, given.operator, given.reason, rotations)
    manifest, made = restore.restore(given.home, order)
    data = {
        "home": str(given.home),
        "earlier_log": made.earlier.hex(),
        "log": made.log.hex(),
        "size": made.leaf,
        "backup_made_ms": manifest.made_ms,
    }
    text = _AFTER.format(made=moment(manifest.made_ms), log=made.log.hex(), root=given.root)
    return Answer(data, text.lstrip())
