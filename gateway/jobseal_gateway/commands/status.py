"""``status``: the office's glance: what is in progress, what is missing and whose move it is, ready, released."""

import argparse
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from jobseal_gateway import home, security_log
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, looking
from jobseal_gateway.ledger import branches, dirty, jobs, keys, log, records
from jobseal_gateway.ledger.branches import CANONICAL
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import CARDS, RATINGS
from jobseal_gateway.office import OfficeRefused
from jobseal_gateway.policy import COLLECTING, HELD, READY
from jobseal_gateway.projector import RELEASED

ROWS_MAX = 20  # of each standing, for people; programs get all
READ_AT_ONCE = 500
DAY_MS = 86_400_000
ABOUT_MAX = 5  # of what one exception code is about, for people
STANDINGS = {COLLECTING: "in progress", HELD: "held", READY: "ready", RELEASED: "released"}

Row = dict[str, Any]


def add(commands: Commands) -> None:
    """The command of this room."""
    parser = looking(commands, "status", "what is in progress, held and why, ready, released", _status)
    parser.add_argument("--job", metavar="JOB", help="everything about this one")
    parser.add_argument("--all", action="store_true", help=f"not only the first {ROWS_MAX} of each")


def _status(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        if given.job is not None:
            return _one(_job(connection, given.job))
        data = {
            "jobs": dict.fromkeys(STANDINGS, 0) | RATINGS.counts(connection),
            "waiting_to_be_folded": dirty.waiting(connection),
            "log_size": log.head(connection).size,
            "list": list(_every(connection)),
            "devices": list(_devices(connection)),
            "turned_away": _turned_away(gateway),
        }
    return Answer(data, _text(data, given.all))


def _every(connection: Connection) -> Iterable[Row]:
    """What a list shows of each folded job."""
    names = _names(connection)
    last = 0
    while page := RATINGS.after(connection, last, READ_AT_ONCE):
        for folded in page:
            rating = json.loads(folded.document)
            card = _document(CARDS.of_job(connection, folded.job_id))
            yield {
                "job": rating["job"],
                "standing": rating["status"],
                "state": card["state"],
                "customer": card["customer_name"] or card["customer"],
                "total": rating["total"],
                "currency": rating["currency"],
                "revisions": rating["released_revisions"],
                "flagged": sorted({each["revision"] for each in rating.get("flags", [])}),
                "holding": [_why(each) for each in card["exceptions"] if each["blocks"]],
                "waiting_for": [names.get(each, each) for each in card["waiting_for"]],
            }
        last = page[-1].job_id


def _turned_away(gateway: home.Gateway) -> dict[str, int]:
    """How often each part of the gateway refused somebody within the last day."""
    return security_log.counts(security_log.read(gateway.home.security), gateway.now_ms() - DAY_MS)


def _names(connection: Connection) -> dict[str, str]:
    """The device of each key, by the key's first digits: what people know it by."""
    return {key.kid.hex(): key.device for key in keys.every(connection)}


def _document(folded: Any) -> Row:
    found: Row = json.loads(folded.document)
    return found


def _why(found: Row) -> Row:
    return {name: found[name] for name in ("code", "detail", "owner", "event", "resolution")}


def _devices(connection: Connection) -> Iterable[Row]:
    every = keys.every(connection)
    lines = branches.of_keys(connection, [key.id for key in every])
    for key in sorted(every, key=lambda key: (key.device, key.id)):
        canonical = next(line for line in lines[key.id] if line.standing == CANONICAL)
        yield {
            "device": key.device,
            "key": key.kid.hex(),
            "status": key.status,
            "last_seq": canonical.next_seq - 1,
            "forks": [
                {
                    "from": line.fork_seq,
                    "last_seq": line.next_seq - 1,
                    "head": line.head_hash.hex(),
                    "standing": line.standing,
                }
                for line in lines[key.id]
                if line.standing != CANONICAL
            ],
        }


def _text(data: Row, everything: bool) -> str:
    counted = ", ".join(f"{data['jobs'][standing]} {word}" for standing, word in STANDINGS.items())
    lines = [f"Jobs: {counted}. The log has {count(data['log_size'], 'leaf', 'leaves')}."]
    if data["waiting_to_be_folded"]:
        lines.append(f"{count(data['waiting_to_be_folded'], 'job')} changed and not folded again yet.")
    parts = ["\n".join(lines)]
    for standing in (HELD, READY, COLLECTING, RELEASED):
        rows = [row for row in data["list"] if row["standing"] == standing]
        if rows:
            parts.append(_part(standing, rows, len(rows) if everything else ROWS_MAX))
    if data["devices"]:
        parts.append(_device_table(data["devices"]))
    if any(data["turned_away"].values()):
        shown = ", ".join(f"{times} by {part}" for part, times in data["turned_away"].items() if times)
        parts.append(f"Turned away within a day: {shown}; 'jobseal-gateway security' says whom and why.")
    return "\n\n".join(parts)


def _part(standing: str, rows: list[Row], most: int) -> str:
    shown = [_line(standing, row) for row in rows[:most]]
    last = {HELD: "why", RELEASED: "revision"}.get(standing, "waiting for")
    heading = ["job", "state", "customer", "amount", "currency", last]
    lines = [f"{STANDINGS[standing].capitalize()}: {len(rows)}", table(heading, shown)]
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most} more; --all shows them.")
    return "\n".join(lines)


def _line(standing: str, row: Row) -> list[object]:
    last = ", ".join(row["waiting_for"])
    if standing == HELD:
        last = ", ".join(dict.fromkeys(f"{each['code']} ({each['owner']})" for each in row["holding"]))
    elif standing == RELEASED:
        last = str(row["revisions"][-1])
        if row["flagged"]:
            last += f", flagged: {', '.join(map(str, row['flagged']))}"
    return [row["job"], row["state"], row["customer"], row["total"], row["currency"], last]


def _amount(row: Row) -> str:
    return "-" if row["total"] is None else f"{row['total']} {row['currency']}"


def _device_table(devices: list[Row]) -> str:
    rows = [[each["device"], each["key"], each["status"], each["last_seq"], len(each["forks"])] for each in devices]
    lines = [table(["handheld", "key", "status", "last seq", "forks"], rows)]
    for each in devices:
        for fork in each["forks"]:
            where = f"from seq {fork['from']} to {fork['last_seq']}, {fork['standing']}"
            lines.append(f"{each['device']}: fork {where}, head {fork['head']}")
    return "\n".join(lines)


def _job(connection: Connection, name: str) -> Row:
    number = jobs.known(connection, [name]).get(name)
    if number is None:
        raise OfficeRefused("unknown_job", f"No order and no event names the job {name}.")
    card, rating = CARDS.of_job(connection, number), RATINGS.of_job(connection, number)
    if card is None or rating is None:
        raise OfficeRefused("not_folded", f"{name} was not folded yet; 'jobseal-gateway serve' does that.")
    released = [
        {
            "revision": each.revision,
            "kind": each.kind,
            "digest": each.digest.hex(),
            "released": each.released_ms,
            "statuses": [status._asdict() for status in records.statuses(connection, each.id)],
        }
        for each in records.of_work_order(connection, name)
    ]
    found = {"job": name, "card": _document(card), "rating": _document(rating), "records": released}
    return found | {"handhelds": _names(connection)}


def _one(data: Row) -> Answer:
    card, rating, names = data["card"], data["rating"], data["handhelds"]
    standing = STANDINGS.get(rating["status"], rating["status"])
    head = f"{data['job']}: {standing}, {card['state']}, {_amount(rating)}, {count(len(card['events']), 'event')}"
    parts = [head]
    if card["exceptions"]:
        parts.append("\n".join(_exceptions(card["exceptions"])))
    if card["handhelds"]:
        rows = [[names.get(each["key"], ""), each["key"], each["state"], each["events"]] for each in card["handhelds"]]
        parts.append(table(["handheld", "key", "state", "events"], rows))
    if card["waiting_for"]:
        parts.append(f"Nothing yet from: {', '.join(names.get(each, each) for each in card['waiting_for'])}")
    if rating["lines"]:
        shown = ("kind", "code", "billed", "unit", "rate", "amount")
        rows = [[line[name] for name in shown] for line in rating["lines"]]
        parts.append(table(shown, rows))
    if data["records"]:
        rows = [
            [each["revision"], each["kind"], moment(each["released"]), each["statuses"][-1]["status"], each["digest"]]
            for each in data["records"]
        ]
        parts.append(table(["revision", "kind", "released", "status", "digest"], rows))
    return Answer(data, "\n\n".join(parts))


def _exceptions(found: list[Row]) -> Iterable[str]:
    """Each code once, with everything that it is about, so that what is said fifteen times is read once."""
    by_code: dict[tuple[str, str], list[Row]] = {}
    for each in found:
        word = "holds" if each["blocks"] else "overridden" if each["overridden_by"] else "noted"
        by_code.setdefault((word, each["code"]), []).append(each)
    for (word, code), same in by_code.items():
        yield f"{word}: {code}"
        yield f"    {same[0]['sentence']}"
        if same[0]["blocks"]:
            yield f"    {same[0]['owner']}: {same[0]['resolution']}"
        abouts = [about for each in same if (about := _about(each))]
        yield from (f"      {about}" for about in abouts[:ABOUT_MAX])
        if len(abouts) > ABOUT_MAX:
            yield f"      ... and {len(abouts) - ABOUT_MAX} more; --json shows them."


def _about(found: Row) -> str:
    event = f"event {found['event']}" if found["event"] else ""
    return ": ".join(part for part in (event, found["detail"]) if part)
