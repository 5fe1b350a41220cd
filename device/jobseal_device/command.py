"""``jobseal-device``: the technician's command. Everything that the screen does can be done, and scripted, here.

Exit codes: 0 done; 1 refused or not finished, with a sentence on standard error; 2 a wrong command line.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobseal import bodies
from jobseal import event as events
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import SignedEvent
from jobseal.host.clock import Clock, SystemClock
from jobseal.host.crypto import SEED_BYTES
from jobseal_device import forms, identity, settings, sync
from jobseal_device.capture import Capture, read_uplink
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.work_file import WorkFile

BUILT_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z: a clock that shows less was never set

Answer = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """The command line's entry point; returns the exit code."""
    given = _parsed(arguments)
    try:
        answer = given.run(given, Home(given.home))
    except JobsealError as error:
        if given.json:
            print(json.dumps({"error": error.code, "sentence": error.sentence, "fault": error.fault}))
        print(f"jobseal-device: {error.sentence} [{error.code}]", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _say(answer)
    return 0 if answer.get("done", True) else 1


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    # argparse gives up on positional arguments behind an option; NAME=VALUE may stand anywhere.
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    if rest and (not hasattr(given, "fields") or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        given.fields += rest
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobseal-device", description="Sign job events as they happen.")
    default = os.environ.get("JOBSEAL_HOME") or Path.home() / ".local/share/jobseal-device"
    parser.add_argument("--home", type=Path, default=Path(default), help="the handheld's data folder")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    capture = commands.add_parser("capture", help="sign what happened", description=_kinds())
    capture.add_argument("kind", help="the event kind, such as job.accepted")
    capture.add_argument("fields", nargs="*", metavar="NAME=VALUE", help="the event's fields; @PATH for a file")
    capture.add_argument("--job", help="the work order's id")
    capture.add_argument("--by", help="the technician's id; default: who opened the session")
    capture.add_argument("--amends", metavar="HASH", help="hash of the event that this one corrects")
    capture.set_defaults(run=_capture)

    following = commands.add_parser("next", help="what may happen next in a job, or the jobs to choose from")
    following.add_argument("--job")
    following.add_argument("--by")
    following.set_defaults(run=_next)

    commands.add_parser("status", help="what is signed, acknowledged and waiting").set_defaults(run=_status)

    journal = commands.add_parser("journal", help="list the signed events")
    journal.add_argument("--from", dest="first", type=int, default=0, metavar="SEQ")
    journal.add_argument("--count", type=int, default=50)
    journal.add_argument("--job", help="only this job's events")
    journal.set_defaults(run=_journal)

    syncing = commands.add_parser("sync", help="send what is signed, fetch what is new; runs until stopped")
    syncing.add_argument("--once", action="store_true", help="stop when everything is acknowledged")
    syncing.add_argument("--timeout", type=float, default=60.0, metavar="S", help="with --once: give up after")
    syncing.set_defaults(run=_sync)

    enrol = commands.add_parser("enrol", help="make a key and take up an enrolment")
    steps = enrol.add_subparsers(required=True, metavar="STEP")
    request = steps.add_parser("request", help="make the signing key; writes the public key for the gateway")
    request.add_argument("file", type=Path)
    request.set_defaults(run=_enrol_request)
    accept = steps.add_parser("accept", help="take the gateway's answer")
    accept.add_argument("file", type=Path)
    accept.add_argument("--trust", required=True, metavar="FINGERPRINT", help="the gateway's, as its operator reads it")
    accept.set_defaults(run=_enrol_accept)
    return parser


def _kinds() -> str:
    return "Event kinds: " + ", ".join(bodies.SHAPES)


def open_capture(home: Home, clock: Clock) -> Capture:
    """Capture on this data folder. Raises what loading the enrolment and opening the journal raise."""
    enrolled = identity.load(home)
    return Capture(home, enrolled.identity, identity.signer(home), clock, os.urandom)


def capture_event(capture: Capture, work: WorkFile, kind: str, fields: dict[str, str], **about: Any) -> SignedEvent:
    """Fill the form of ``kind`` and sign it; ``about``: job, by, amends as :meth:`Capture.sign` takes them."""
    job, amends = about.get("job"), about.get("amends")
    if kind == "event.corrected" and job is not None and amends is not None:
        return capture.sign(kind, forms.fill_correction(fields, job, amends, capture), **about)
    return capture.sign(kind, forms.fill(kind, fields, job, capture, work), **about)


def _with_capture(home: Home, use: Callable[[Capture], Answer]) -> Answer:
    capture = open_capture(home, SystemClock(BUILT_MS))
    try:
        return use(capture)
    finally:
        capture.close()


def _capture(given: argparse.Namespace, home: Home) -> Answer:
    wrong = [field for field in given.fields if "=" not in field]
    if wrong:
        raise JobsealError("command", f"{wrong[0]} is not NAME=VALUE; nothing was signed.", OPERATOR)
    fields = dict(field.split("=", 1) for field in given.fields)
    amends = _hash(given.amends)

    def use(capture: Capture) -> Answer:
        work = WorkFile(home)
        signed = capture_event(capture, work, given.kind, fields, job=given.job, by=given.by, amends=amends)
        return {"signed": describe(signed)}

    return _with_capture(home, use)


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise JobsealError("command", f"{text} is not an event's hash; nothing was signed.", OPERATOR) from None


def _next(given: argparse.Namespace, home: Home) -> Answer:
    def use(capture: Capture) -> Answer:
        if given.job is None:
            orders = [_order(capture, row) for row in WorkFile(home).orders() if row["assigned"]]
            return {"technician": capture.technician, "jobs": orders}
        steps = [{"kind": kind, "fields": forms.fields(kind)} for kind in capture.steps(given.job, given.by)]
        return {"job": given.job, "state": capture.state(given.job), "next": steps}

    return _with_capture(home, use)


def _order(capture: Capture, row: dict[str, Any]) -> Answer:
    document = row["document"] or {}
    return {
        "job": row["order"],
        "state": capture.state(row["order"]),
        "customer": document.get("customer"),
        "site": document.get("site"),
        "window_start": document.get("window_start"),
    }


def _status(_: argparse.Namespace, home: Home) -> Answer:
    enrolled = identity.load(home)
    state, work = read_uplink(home), WorkFile(home)
    head = JournalReader(home.journal).head()
    signed = 0 if head is None else head.seq + 1
    return {
        "device": enrolled.identity.device,
        "key": enrolled.identity.thumbprint[:8].hex(),
        "gateway": enrolled.identity.authority.root.thumbprint.hex(),
        "signed": signed,
        "acknowledged": min(state.next, signed),
        "attachments_waiting": len(ObjectStore(home).pending()),
        "orders": len([row for row in work.orders() if row["assigned"]]),
        "sync": "running" if sync.is_running(home) else "not running",
        "rolled_back": home.rolled_back.exists(),
        "verdicts": {str(seq): codes for seq, codes in sorted(work.verdicts().items())},
        "alarms": [{name: row[name] for name in ("code", "sentence", "count")} for row in work.alarms()],
    }


def _journal(given: argparse.Namespace, home: Home) -> Answer:
    reader, seq = JournalReader(home.journal), given.first
    rows: list[Answer] = []
    state, verdicts = read_uplink(home), WorkFile(home).verdicts()
    while len(rows) < given.count and (batch := reader.read(seq, 512, 262144)):
        for signed in map(events.parse, batch):
            if given.job is None or signed.event.job == given.job:
                acked = "acked" if signed.event.seq < state.next else "signed"
                row = dict(describe(signed), state=acked, verdicts=verdicts.get(signed.event.seq, []))
                rows.append(row)
        seq += len(batch)
    return {"events": rows[: given.count]}


def describe(signed: SignedEvent) -> Answer:
    """An event for a person or a script; hashes in hex."""
    event = signed.event
    named = bodies.named(event.kind, event.body) if not bodies.problem(event.kind, event.body) else {}
    return {
        "seq": event.seq,
        "hash": signed.hash.hex(),
        "kind": event.kind,
        "job": event.job,
        "by": event.by,
        "at": event.at,
        "body": _plain(named),
        "amends": None if event.amends is None else event.amends.hex(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _sync(given: argparse.Namespace, home: Home) -> Answer:
    chosen = settings.load(home.config)
    if given.once:
        done = sync.once(home, chosen, given.timeout)
        return {"done": done, "sync": "everything is acknowledged" if done else "time ran out"}
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: stop.append(got))
    sync.run(home, chosen, None, lambda: bool(stop))
    return {"sync": "stopped"}


def _enrol_request(given: argparse.Namespace, home: Home) -> Answer:
    public = identity.make_key(home, os.urandom(SEED_BYTES))
    given.file.write_bytes(public)
    return {"request": str(given.file), "next": "have the gateway's operator run: jobseal-gateway enrol --request FILE"}


def _enrol_accept(given: argparse.Namespace, home: Home) -> Answer:
    enrolled = identity.accept(home, identity.read_file(given.file), given.trust)
    return {"device": enrolled.identity.device, "label": enrolled.enrolment.label, "enrolled": True}


def _say(answer: Answer) -> None:
    for name, value in answer.items():
        if isinstance(value, list):
            print(f"{name}:")
            for row in value:
                print("  " + (_row(row) if isinstance(row, dict) else str(row)))
        elif isinstance(value, dict):
            print(f"{name}: {_row(value)}")
        else:
            print(f"{name}: {value}")


def _row(row: Answer) -> str:
    return "  ".join(f"{name}={value}" for name, value in row.items() if value not in (None, [], {}))


if __name__ == "__main__":
    sys.exit(main())
