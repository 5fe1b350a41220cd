"""``enrol``: handhelds invited by a code, approved, denied; or a request that somebody carried here as a file."""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from jobseal import enrolling, fingerprint
from jobseal.errors import OPERATOR
from jobseal.office import ASSURANCE
from jobseal_gateway import admission, again, home, recover
from jobseal_gateway.admission import Invited, Ticket
from jobseal_gateway.commands import files, options, terminal_qr
from jobseal_gateway.commands.answer import Answer, count, moment, table
from jobseal_gateway.commands.options import Commands, command, looking
from jobseal_gateway.enrol import Request
from jobseal_gateway.errors import GatewayError, InputRefused
from jobseal_gateway.ledger import invitations
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.problem import Problem
from jobseal_gateway.source.csv_file import read_table
from jobseal_gateway.source.text import decode

PORT_MAX = 65_535
MINUTES = 15
MINUTES_MAX = 7 * 24 * 60
COLUMNS = ("label", "device", "technicians")


def add(commands: Commands) -> None:
    """The commands of this room."""
    help_ = "enrol a handheld: by a code (new, list, approve, deny), or by a request that was carried here as a file"
    parser = commands.add_parser("enrol", help=help_, description=help_, parents=[options.shared()])
    parser.set_defaults(run=_carried, audited="enrol")
    _carried_options(parser)
    room = parser.add_subparsers(metavar="COMMAND")

    new = command(room, "new", "make a one-time code that a handheld enrols with", _new)
    which = new.add_mutually_exclusive_group(required=True)
    which.add_argument("--label", help="what people call the handheld")
    which.add_argument(
        "--again", metavar="ID", help="a handheld that was reset: end its key, and enrol it with a new one"
    )
    which.add_argument("--csv", type=Path, metavar="FILE", help=f"many at once, with the columns {', '.join(COLUMNS)}")
    new.add_argument("--device", default="", metavar="ID", help="the handheld's id; default: one is made up")
    new.add_argument("--technician", action="append", default=[], metavar="ID", help="who carries it; repeatable")
    new.add_argument("--minutes", type=_minutes, default=MINUTES, help=f"how long a code holds (default: {MINUTES})")
    new.add_argument("--approved", action="store_true", help="approve now whatever comes with these codes")
    new.add_argument("--out", type=Path, metavar="FILE", help="with --csv: where the codes go, as CSV")
    options.operator(new)

    looking(room, "list", "codes that nobody has used, and requests that wait for approval", _list)
    approve = command(room, "approve", "let a handheld in that shows these six digits", _approve)
    approve.add_argument("device", help="its id or label")
    approve.add_argument("digits", help="as the handheld shows them")
    options.operator(approve)
    deny = command(room, "deny", "refuse a request for good", _deny)
    deny.add_argument("device", help="its id or label")
    options.operator(deny)
    recovering = command(room, "recover", "take a handheld back that was enrolled after the backup", _recover)
    recovering.add_argument("welcome", type=Path, metavar="FILE", help="its enrolment/welcome.cbor")
    options.operator(recovering)


def _recover(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        found = recover.recover(gateway, files.read(given.welcome))
    data = {"device": found.device, "key": found.key.thumbprint.hex(), "label": found.label}
    text = f"""{found.device} ({found.label}) is enrolled again as it was. Say who carries it:
  jobseal-gateway technicians bind ID {found.device}"""
    return Answer(data, text)


def _carried_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--request", type=Path, metavar="FILE", help="from 'jobseal-device enrol request'")
    parser.add_argument("--label", help="what people call the handheld")
    parser.add_argument("--device", default="", metavar="ID", help="the handheld's id; default: one is made up")
    parser.add_argument("--technician", action="append", default=[], metavar="ID", help="who carries it; repeatable")
    parser.add_argument("--assurance", choices=ASSURANCE.values, help="how it keeps its key, if not as it says itself")
    parser.add_argument(
        "--broker", action="append", default=[], type=_broker, metavar="HOST:PORT", help="as it reaches it; repeatable"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="for 'jobseal-device enrol accept'")
    options.operator(parser)


def _broker(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 1 <= int(port) <= PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host, int(port)


def _minutes(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= MINUTES_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes from 1 to {MINUTES_MAX}")
    return int(text)


def _new(given: argparse.Namespace) -> Answer:
    rows = [] if given.csv is None else _rows(given.csv)
    if given.label is not None:
        rows = [Invited(given.label, given.device, given.technician)]
    approved_by = given.operator if given.approved else None
    with home.open(given.home) as gateway:
        ended = None if given.again is None else again.end(gateway, given.again, given.operator)
        if ended is not None:
            rows = [Invited(ended.label, ended.device, given.technician)]
        tickets = admission.invite(gateway, rows, given.operator, given.minutes * 60_000, approved_by)
    data = {"invited": [{"device": each.device, "label": each.label, "code": each.code} for each in tickets]}
    if ended is not None:
        told = {**data, "ended": ended.thumbprint, "unfinished": list(ended.unfinished)}
        return Answer(told, _shown(tickets[0], given.minutes, given.approved) + _of_ended(ended))
    if given.out is not None:
        files.write(given.out, _as_csv(tickets))
        return Answer(data, f"{count(len(tickets), 'code')} in {given.out}; each lets one handheld in.")
    return Answer(data, "\n\n".join(_shown(each, given.minutes, given.approved) for each in tickets))


def _of_ended(ended: again.Ended) -> str:
    said = f"\n\nThe key {ended.thumbprint[:16]} has ended. What it signed, and is logged by now, counts as before."
    if ended.unfinished:
        jobs = ", ".join(ended.unfinished)
        said += f"\nIt has not finished {jobs}: go on with the new key, and close the old one's part with\n"
        said += f"  jobseal-gateway office close JOB --key {ended.thumbprint[:16]} --reason TEXT"
    return said


def _shown(ticket: Ticket, minutes: int, approved: bool) -> str:
    then = "" if approved else f"\nThen compare the digits:  jobseal-gateway enrol approve {ticket.device} DIGITS"
    return f"""{ticket.label} ({ticket.device}): scan this, or type it, at  jobseal-device enrol
{terminal_qr.drawn(ticket.code)}
{ticket.code}
It holds for {minutes} minutes and lets one handheld in.{then}"""


def _rows(path: Path) -> list[Invited]:
    """Raises FileUnusable, InputRefused with every mistake."""
    text, problems = decode(files.read(path), str(path))
    found, more = read_table(text, str(path), None, COLUMNS)
    problems += more
    if found is not None and "label" not in found.heading:
        sentence = f"There must be a column label; these are known: {', '.join(COLUMNS)}."
        problems.append(Problem(str(path), found.heading_line, None, "missing_column", sentence))
    if found is None or problems:
        raise InputRefused(problems)
    named = [dict(zip(found.heading, row.cells, strict=True)) for row in found.rows]
    return [Invited(row["label"], row.get("device", ""), row.get("technicians", "").split()) for row in named]


def _as_csv(tickets: Sequence[Ticket]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("label", "device", "code"))
    writer.writerows((each.label, each.device, each.code) for each in tickets)
    return text.getvalue().encode()


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        unused = invitations.unused(connection, gateway.now_ms())
        waiting = invitations.undecided(connection)
    shown = [(each, enrolling.digits(each.data, each.nonce)) for each in waiting]
    data = {
        "unused": [{"device": each.device, "label": each.label, "expires_ms": each.expires_ms} for each in unused],
        "waiting": [
            {"device": each.device, "label": each.label, "digits": digits, "source": each.source, "at_ms": each.at_ms}
            for each, digits in shown
        ],
    }
    parts = []
    if waiting:
        rows = [(each.device, each.label, digits, each.source, moment(each.at_ms)) for each, digits in shown]
        parts.append("Waiting for approval\n" + table(("device", "label", "digits", "from", "since"), rows))
    if unused:
        open_rows = [(each.device, each.label, moment(each.expires_ms)) for each in unused]
        parts.append("Codes that nobody has used\n" + table(("device", "label", "until"), open_rows))
    return Answer(data, "\n\n".join(parts) or "No code is open, and no request waits.")


def _approve(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        thumbprint = admission.approve(gateway, given.device, given.digits, given.operator)
    return Answer({"device": given.device, "thumbprint": thumbprint}, f"{given.device} is enrolled.")


def _deny(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        admission.deny(gateway, given.device, given.operator)
    return Answer({"device": given.device}, f"The request for {given.device} is refused.")


def _carried(given: argparse.Namespace) -> Answer:
    missing = [f"--{name}" for name in ("request", "label", "out") if getattr(given, name) is None]
    if missing:
        sentence = f"Say {', '.join(missing)}, or one of new, list, approve, deny."
        raise GatewayError("command_incomplete", sentence, OPERATOR)
    data = files.read(given.request)
    with home.open(given.home) as gateway:
        wanted = Request(b"", given.label, given.device, given.assurance or "", given.technician)
        enrolled = admission.carried(gateway, data, wanted, given.operator, given.broker)
        trusted = fingerprint.to_text(gateway.keys.authority.root.thumbprint)
    files.write(given.out, enrolled.grant)
    kid = enrolled.key.kid.hex()
    answer = {
        "device": enrolled.device,
        "key": kid,
        "thumbprint": enrolled.key.thumbprint.hex(),
        "created": enrolled.is_new,
        "out": str(given.out),
        "fingerprint": trusted,
    }
    what = "is enrolled" if enrolled.is_new else "was enrolled already; this is its enrolment again"
    text = f"""{enrolled.device} (key {kid}) {what}. Take {given.out} to the handheld, and there:
  jobseal-device enrol accept {given.out.name} --trust {trusted}"""
    return Answer(answer, text)
