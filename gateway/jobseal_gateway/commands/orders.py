"""``orders``: work orders in, and what is stored of them."""

import argparse
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jobseal import cbor
from jobseal.limits import DOCUMENT_MAX_BYTES
from jobseal_gateway import home, work
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.ledger import assignments, jobs
from jobseal_gateway.ledger import orders as stored
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import RATINGS
from jobseal_gateway.office import OfficeRefused
from jobseal_gateway.orders import PLAIN, Mapping, WorkOrder, parse_csv, parse_json, parse_mapping
from jobseal_gateway.orders.columns import COLUMNS, NO, TIME, YES


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "orders", "work orders from a CSV or JSON file, and what is stored of them")
    importing = command(room, "import", "store all orders of a file, or none and name every bad row", _import)
    importing.add_argument("file", type=Path, metavar="FILE", help="CSV, or JSON if its name ends so; docs/import.md")
    importing.add_argument("--mapping", type=Path, metavar="FILE", help="how its columns are named (TOML)")
    importing.add_argument("--dry-run", action="store_true", help="say what would happen, and store nothing")
    options.operator(importing)
    looking(room, "list", "every order, with where it stands", _list)
    show = looking(room, "show", "one order as it was imported, with its revisions and technicians", _show)
    show.add_argument("order", metavar="ID")


def parsed(path: Path, mapping_path: Path | None) -> tuple[list[WorkOrder], bytes]:
    """The orders in a file, and its contents. Raises InputRefused with every mistake, FileUnusable."""
    mapping: Mapping | None = PLAIN
    if mapping_path is not None:
        mapping, wrong = parse_mapping(files.read(mapping_path), str(mapping_path))
        if mapping is None:
            raise InputRefused(wrong)
    data = files.read(path)
    parse = parse_json if path.suffix.lower() == ".json" else parse_csv
    found, problems = parse(data, mapping or PLAIN, str(path))
    if problems:
        raise InputRefused(problems)
    return found, data


def _import(given: argparse.Namespace) -> Answer:
    found, data = parsed(given.file, given.mapping)
    with home.open(given.home) as gateway:
        if given.dry_run:
            done = work.preview(gateway, found, str(given.file))
        else:
            done = work.store(gateway, found, str(given.file), data, given.operator)
    answer = {
        "stored": not given.dry_run,
        "orders": len(found),
        "new": done.new,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "told": list(done.told),
        "unequipped": list(done.unequipped),
    }
    lines = [f"{count(len(found), 'order')}: {done.new} new, {done.changed} changed, {done.unchanged} unchanged."]
    if given.dry_run:
        lines = [f"The file is good, and nothing is stored. It has {lines[0]}"]
    if done.told:
        lines.append(f"New work for {', '.join(done.told)}.")
    if done.unequipped:
        lines.append(f"Without a handheld yet: {', '.join(done.unequipped)}.")
    return Answer(answer, "\n".join(lines))


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        rows = [_summary(connection, row) for row in stored.every(connection)]
    heading = ["order", "revision", "customer", "window", "technicians", "status"]
    lines = [
        [
            row["order"],
            row["revision"],
            row["customer_name"] or row["customer"],
            moment(row["window_start"]),
            " ".join(row["technicians"]),
            row["status"],
        ]
        for row in rows
    ]
    return Answer({"orders": rows}, table(heading, lines) if rows else "No order was imported yet.")


def _summary(connection: Connection, row: stored.WorkOrder) -> dict[str, Any]:
    record = cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES)
    folded = RATINGS.of_job(connection, jobs.known(connection, [row.order_id])[row.order_id])
    shown = ("customer", "customer_name", "window_start", "window_end", "technicians")
    return {
        "order": row.order_id,
        "revision": row.revision,
        **{name: record[name] for name in shown},
        "status": None if folded is None else folded.state,
    }


def _show(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        revisions = stored.revisions(connection, given.order)
        if not revisions:
            raise OfficeRefused("unknown_order", f"No order {given.order} was imported.")
        said = assignments.history(connection, given.order)
    newest = revisions[-1]
    record = cbor.decode(newest.snapshot, DOCUMENT_MAX_BYTES)
    answer = {
        "order": given.order,
        "revision": newest.revision,
        "digest": newest.digest.hex(),
        "content": record,
        "revisions": [{"revision": row.revision, "imported": row.imported_ms} for row in revisions],
        "assignments": [{"technician": each.technician, "act": each.act, "at": each.at_ms} for each in said],
    }
    known = [(name, record[name]) for name in COLUMNS if name in record]  # columns are added over the years
    content = [[name, _shown(name, value)] for name, value in known if value not in (None, [], {})]
    lines = [
        table(["field", "content"], content),
        table(["revision", "imported"], [[row.revision, moment(row.imported_ms)] for row in revisions]),
        table(["technician", "act", "at"], [[each.technician, each.act, moment(each.at_ms)] for each in said]),
    ]
    return Answer(answer, "\n\n".join(lines if said else lines[:2]))


def _shown(name: str, value: Any) -> str:
    if COLUMNS[name].kind == TIME:
        return moment(value)
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, dict):
        return " ".join(f"{system}={id}" for system, id in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)
