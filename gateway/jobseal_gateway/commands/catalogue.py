"""``catalogue``: what handhelds know of parts, tasks and other codes, from files; and which versions there are."""

import argparse
import json
from pathlib import Path
from typing import Any

from jobseal_gateway import catalogues, home
from jobseal_gateway.catalogue import Entry, parse
from jobseal_gateway.catalogue.columns import KINDS
from jobseal_gateway.catalogues import Taken
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.ledger import catalogues as stored
from jobseal_gateway.ledger.catalogues import Catalogue
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.office import OfficeRefused

SHOWN_AT_MOST = 50  # rows for people; programs get everything


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "catalogue", "what handhelds know of parts, tasks and other codes")
    importing = command(room, "import", "make these files the catalogue, or name every bad row", _import)
    help = "CSV, or JSON if its name ends so; several are one catalogue; docs/catalogue.md"
    importing.add_argument("files", type=Path, nargs="+", metavar="FILE", help=help)
    importing.add_argument("--dry-run", action="store_true", help="say what would happen, and store nothing")
    options.operator(importing)
    looking(room, "list", "every version, the newest first", _list)
    show = looking(room, "show", "what a version says", _show)
    show.add_argument("--version", dest="number", type=int, metavar="N", help="default: the newest")
    show.add_argument("--kind", choices=tuple(KINDS), help="only entries of this kind")
    show.add_argument("--code", metavar="CODE", help="only entries with this code")


def parsed(paths: list[Path]) -> tuple[list[Entry], bytes]:
    """The entries in these files, and their contents. Raises InputRefused with every mistake, FileUnusable."""
    given = [(str(path), files.read(path)) for path in paths]
    found, problems = parse(given)
    if problems:
        raise InputRefused(problems)
    return found, b"".join(data for _, data in given)


def _import(given: argparse.Namespace) -> Answer:
    found, data = parsed(given.files)
    with home.open(given.home) as gateway:
        if given.dry_run:
            taken = catalogues.preview(gateway, found)
        else:
            taken = catalogues.store(gateway, found, " ".join(map(str, given.files)), data, given.operator)
    answer = {
        "stored": not given.dry_run,
        "version": taken.version,
        "new": taken.is_new,
        "entries": taken.counts,
        "documents": taken.documents,
        "added": taken.added,
        "changed": taken.changed,
        "gone": taken.gone,
        "told": list(taken.told),
    }
    return Answer(answer, "\n".join(_lines(taken, given.dry_run)))


def _lines(taken: Taken, is_dry_run: bool) -> list[str]:
    said = ", ".join(f"{number} {kind}" for kind, number in taken.counts.items())
    news = f"{taken.added} added, {taken.changed} changed, {taken.gone} gone"
    what = f"version {taken.version}: {news}" if taken.is_new else f"what version {taken.version} says already"
    lines = [f"{said} in {count(taken.documents, 'document')}; {what}."]
    if is_dry_run:
        lines = [f"The catalogue is good, and nothing is stored. It has {lines[0]}"]
    if taken.told:
        lines.append(f"{count(len(taken.told), 'handheld')} told; each takes it up with its next sync.")
    return lines


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        rows = [_row(each) for each in stored.every(connection)]
    heading = ["version", "entries", "documents", "imported", "by", "from"]
    lines = [
        [
            row["version"],
            sum(row["entries"].values()),
            row["documents"],
            moment(row["imported"]),
            row["by"],
            row["from"],
        ]
        for row in rows
    ]
    return Answer({"catalogues": rows}, table(heading, lines) if rows else "No catalogue was imported yet.")


def _row(each: Catalogue) -> dict[str, Any]:
    return {
        "version": each.version,
        "entries": json.loads(each.summary),
        "documents": len(each.pages()),
        "imported": each.at_ms,
        "by": each.person,
        "from": each.source,
    }


def _show(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        one = stored.newest(connection) if given.number is None else stored.version(connection, given.number)
        if one is None:
            what = "No catalogue was imported yet." if given.number is None else f"There is no version {given.number}."
            raise OfficeRefused("unknown_catalogue", what)
        found = catalogues.content(connection, one)
    found = [each for each in found if given.kind in (None, each.kind) and given.code in (None, each.code)]
    answer = {"version": one.version, "entries": [_entry(each) for each in found]}
    lines = [[each.kind, each.code, each.of, *_said(each)] for each in found[:SHOWN_AT_MOST]]
    text = table(["kind", "code", "of", "name", "more"], lines) if lines else "Nothing of it is in this version."
    if len(found) > SHOWN_AT_MOST:
        text += f"\n... and {len(found) - SHOWN_AT_MOST} more; --json has all, --kind and --code choose."
    return Answer(answer, text)


def _entry(entry: Entry) -> dict[str, Any]:
    of = {"of": entry.of} if entry.of else {}
    return {"kind": entry.kind, "code": entry.code, **of, **dict(entry.said)}


def _said(entry: Entry) -> tuple[str, str]:
    said = dict(entry.said)
    name = str(said.pop("name", ""))
    return name, " ".join(f"{key}={value}" for key, value in said.items())
