"""``quarantine``: what nobody enrolled could have sent, kept for a person to look at."""

import argparse
from pathlib import Path

from jobseal_gateway import home
from jobseal_gateway.commands import files
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, group, looking
from jobseal_gateway.ledger import quarantine
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.quarantine import DAY_MS, Day, Item
from jobseal_gateway.office import OfficeRefused

ITEMS_AT_ONCE = 50
BYTES_IN_LINE = 32


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "quarantine", "messages that could not be attributed to any key", _list)
    listing = looking(room, "list", "what came, from which link, and why it was refused", _list)
    listing.add_argument("--after", type=int, default=0, metavar="N", help="only items behind this one")
    show = looking(room, "show", "one item, byte by byte", _show)
    show.add_argument("item", type=int, metavar="N")
    show.add_argument("--out", type=Path, metavar="FILE", help="write its bytes here")


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        items = quarantine.after(connection, getattr(given, "after", 0), ITEMS_AT_ONCE + 1)
        days = quarantine.days(connection)
    more, items = len(items) > ITEMS_AT_ONCE, items[:ITEMS_AT_ONCE]
    data = {"items": [_item(each) for each in items], "more": more, "days": [_day(each) for each in days]}
    if not days:
        return Answer(data, "The quarantine is empty.")
    heading = ["link", "day", "kept", "bytes", "only counted", "bytes"]
    totals = [[each.link, moment(each.day * DAY_MS)[:10], *each[2:]] for each in days]
    rows = [[each.id, moment(each.received_ms), each.link, each.code, len(each.bytes)] for each in items]
    text = table(heading, totals)
    if rows:
        text += "\n\n" + table(["item", "received", "link", "code", "bytes"], rows)
    if more:
        text += f"\nMore follow: --after {items[-1].id}"
    return Answer(data, text)


def _show(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        found = quarantine.after(connection, given.item - 1, 1)
    if not found or found[0].id != given.item:
        raise OfficeRefused("no_such_item", f"There is no item {given.item} in the quarantine.")
    item = found[0]
    data = _item(item) | {"content": item.bytes.hex()}
    lines = [
        item.bytes[start : start + BYTES_IN_LINE].hex(" ", 4) for start in range(0, len(item.bytes), BYTES_IN_LINE)
    ]
    if given.out is not None:
        files.write(given.out, item.bytes)
        lines = [f"Written to {given.out}."]
    head = f"Item {item.id}: {item.code}, from {item.link}, {moment(item.received_ms)}, "
    return Answer(data, "\n".join([head + count(len(item.bytes), "byte"), *lines]))


def _item(item: Item) -> dict[str, object]:
    return {
        "item": item.id,
        "link": item.link,
        "received": item.received_ms,
        "code": item.code,
        "size": len(item.bytes),
    }


def _day(day: Day) -> dict[str, object]:
    return {**day._asdict(), "day": moment(day.day * DAY_MS)[:10]}
