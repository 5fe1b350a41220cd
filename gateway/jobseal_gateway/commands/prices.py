"""``prices``: price list versions in, and which there are."""

import argparse
from pathlib import Path

from jobseal_gateway import home, prices
from jobseal_gateway.commands import files
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import price_lists
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.pricing import PriceList, parse_price_lists


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "prices", "price lists from a CSV file, and which there are")
    importing = command(room, "import", "store all versions of a file, or none and name every bad row", _import)
    importing.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="default: billing.price_list's; docs/pricing.md"
    )
    importing.add_argument("--dry-run", action="store_true", help="say what would happen, and store nothing")
    looking(room, "list", "every version of every price list", _list)


def parsed(path: Path) -> list[PriceList]:
    """The versions in a file. Raises InputRefused with every mistake, FileUnusable."""
    found, problems = parse_price_lists(files.read(path), str(path))
    if problems:
        raise InputRefused(problems)
    return found


def _import(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        path = given.file or _configured(gateway)
        taken = (prices.preview if given.dry_run else prices.store)(gateway, parsed(path), str(path))
    answer = {
        "stored": not given.dry_run,
        "new": [[each.id, each.version] for each in taken.new],
        "known": [[each.id, each.version] for each in taken.known],
    }
    lines = [f"{each.id} {each.version}: {count(len(each.rules), 'rule')}, new." for each in taken.new]
    lines += [f"{each.id} {each.version}: known already." for each in taken.known]
    if given.dry_run:
        lines.append("The file is good, and nothing is stored.")
    return Answer(answer, "\n".join(lines))


def _configured(gateway: Gateway) -> Path:
    named = gateway.settings.billing.price_list
    if not named:
        raise files.FileUnusable("Say which FILE, or set billing.price_list in gateway.toml.")
    return Path(named)


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        rows = [_row(stored) for stored in price_lists.every(connection)]
    heading = ["price list", "version", "currency", "valid from", "valid until", "rules", "stored"]
    lines = [[*list(row.values())[:6], moment(row["stored"])] for row in rows]  # type: ignore[arg-type]
    return Answer({"price_lists": rows}, table(heading, lines) if rows else "No price list is stored yet.")


def _row(stored: price_lists.PriceList) -> dict[str, str | int | None]:
    [content] = parse_price_lists(stored.source.encode(), stored.name)[0]
    return {
        "price_list": stored.name,
        "version": stored.version,
        "currency": content.currency,
        "valid_from": content.valid_from.isoformat(),
        "valid_until": None if content.valid_until is None else content.valid_until.isoformat(),
        "rules": len(content.rules),
        "stored": stored.at_ms,
        "digest": stored.digest.hex(),
    }
