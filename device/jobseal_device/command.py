"""``jobseal-device``: the technician's command. Everything that the screen does can be done, and scripted, here.

Exit codes: 0 done; 1 refused or not finished, with a sentence on standard error; 2 a wrong command line.

What a command needs beyond capture (TLS, certificates, PINs) is imported in it: the screen is to be there at once.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jobseal import bodies
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import SignedEvent
from jobseal.host.clock import Clock, SystemClock
from jobseal.host.crypto import SEED_BYTES
from jobseal.host.readable import printable
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_device import forms, given_file, identity, logins, passed_over, report, settings, turns
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.report import Answer, describe
from jobseal_device.work_file import WorkFile

if TYPE_CHECKING:
    from jobseal.cose import Signer

_ENROL_USAGE = "jobseal-device enrol [CODE | request FILE | accept FILE --trust FINGERPRINT]"
BUILT_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z: a clock that shows less was never set


def main(arguments: list[str] | None = None) -> int:
    """The command line's entry point; returns the exit code."""
    given = _parsed(arguments)
    try:
        answer = given.run(given, turns.current(Home(given.home)))
    except JobsealError as error:
        if given.json:
            _print(json.dumps({"error": error.code, "sentence": error.sentence, "fault": error.fault}))
        print(f"jobseal-device: {printable(error.sentence)} [{error.code}]", file=sys.stderr)
        return 1
    if answer or given.json:
        _print(json.dumps(answer) if given.json else "\n".join(_lines(answer)))
    return 0 if answer.get("done", True) else 1


def open_capture(home: Home, clock: Clock, by: str | None = None) -> Capture:
    """Capture on this data folder, for ``by`` or whoever is logged in; asks for the PIN where there is one.

    Raises what loading the enrolment, logging in and opening the journal raise.
    """
    from jobseal_device import pin_entry, renewing

    enrolled = identity.load(home)
    signer = pin_entry.signer_of(home, enrolled, clock, by)
    renewing.prepare(home, signer)
    return Capture(home, enrolled.identity, signer, clock, os.urandom)


def capture_event(
    capture: Capture,
    work: WorkFile,
    kind: str,
    fields: dict[str, str],
    job: str | None = None,
    by: str | None = None,
    amends: bytes | None = None,
) -> SignedEvent:
    """Fill the form of ``kind`` and sign it. Raises as :mod:`jobseal_device.forms` and :meth:`Capture.sign` do."""
    capture.settle()
    so_far = None if job is None else capture.fold.job(job)
    if kind == "event.corrected" and so_far is not None and amends is not None:
        filled = forms.fill_correction(fields, so_far, amends, capture.attachment)
    else:
        filled = forms.fill(kind, fields, so_far, capture.attachment, work)
    return capture.sign(kind, filled.body, job, by, amends, filled.attachments)


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
    parser.add_argument("--demo", action="store_true", help="without a command: the screen on sample work")
    parser.set_defaults(run=_screen)
    # The same options may stand behind the command; there they only speak when they are given.
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--home", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(metavar="COMMAND", description="Without a command, the screen is shown.")

    capture = commands.add_parser("capture", parents=[shared], help="sign what happened", description=_kinds())
    capture.add_argument("kind", help="the event kind, such as job.accepted")
    capture.add_argument("fields", nargs="*", metavar="NAME=VALUE", help="the event's fields; @PATH for a file")
    capture.add_argument("--job", help="the work order's id")
    capture.add_argument("--by", help="the technician's id; default: who opened the session")
    capture.add_argument("--amends", metavar="HASH", help="hash of the event that this one corrects")
    capture.set_defaults(run=_capture)

    logins.add(commands, shared, BUILT_MS)

    following = commands.add_parser("next", parents=[shared], help="what may happen next in a job, or in which jobs")
    following.add_argument("--job")
    following.add_argument("--by")
    following.set_defaults(run=lambda given, home: report.following(home, given.job, given.by))

    status = commands.add_parser("status", parents=[shared], help="what is signed, acknowledged and waiting")
    status.set_defaults(run=lambda _, home: report.status(home))

    journal = commands.add_parser("journal", parents=[shared], help="list the signed events")
    journal.add_argument("--from", dest="first", type=_count, default=0, metavar="SEQ")
    journal.add_argument("--count", type=_count, default=50)
    journal.add_argument("--job", help="only this job's events")
    journal.set_defaults(run=lambda given, home: report.journal(home, given.first, given.count, given.job))

    syncing = commands.add_parser("sync", parents=[shared], help="send what is signed, fetch what is new")
    syncing.add_argument("--once", action="store_true", help="stop when everything is acknowledged")
    syncing.add_argument("--timeout", type=float, default=60.0, metavar="S", help="with --once: give up after")
    syncing.set_defaults(run=_sync)

    enrol = commands.add_parser(
        "enrol", parents=[shared], help="enrol with a gateway's code, scanned or typed", usage=_ENROL_USAGE
    )
    enrol.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    enrol.add_argument("--trust", metavar="FINGERPRINT", help="with accept: the gateway's, as its operator reads it")
    enrol.add_argument("--pin", action="store_true", help="keep the signing key behind PINs; asks for the first")
    enrol.add_argument("--tpm", action="store_true", help="the same, with a key that this machine's TPM keeps")
    enrol.add_argument("--again", action="store_true", help="with a new key, once the office has ended the present one")
    enrol.add_argument("--timeout", type=float, default=900.0, metavar="S", help="how long to wait for an approval")
    enrol.set_defaults(run=_enrol, wrong=enrol.error)
    rotation = commands.add_parser("rotate-key", parents=[shared], help="end the signing key and go on with a new one")
    rotation.add_argument("--by", help="the technician's id; default: who opened the session")
    rotation.set_defaults(run=_rotate)
    return parser


def _rotate(given: argparse.Namespace, home: Home) -> Answer:
    from jobseal_device import pin_entry, rotating

    enrolled, clock = identity.load(home), SystemClock(BUILT_MS)
    signer = pin_entry.signer_of(home, enrolled, clock, given.by)
    later = rotating.rotate(home, enrolled, signer, clock, os.urandom, given.by)
    found = identity.load(later).key
    return {"key": found.kid.hex(), "earlier": enrolled.key.kid.hex(), "turn": later.turn}


def _screen(given: argparse.Namespace, home: Home) -> Answer:
    from jobseal_device.ui import demo, start  # Textual is loaded by those who look at it only

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("jobseal-device: the screen needs a terminal; --help lists the commands.", file=sys.stderr)
        sys.exit(2)
    if given.demo:
        demo.run(BUILT_MS)
    else:
        start.start(home, BUILT_MS)
    return {}


def _kinds() -> str:
    return "Event kinds: " + ", ".join(kind for kind in bodies.SHAPES if kind not in forms.OWN_KINDS)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 0 or more")
    return int(text)


def _capture(given: argparse.Namespace, home: Home) -> Answer:
    fields: dict[str, str] = {}
    for word in given.fields:
        name, equals, value = word.partition("=")
        if not equals or name in fields:
            why = "is there twice" if equals else "is not NAME=VALUE"
            raise JobsealError("command", f"{name} {why}; nothing was signed.", OPERATOR)
        fields[name] = value
    amends = _hash(given.amends)
    capture = open_capture(home, SystemClock(BUILT_MS), given.by)
    try:
        signed = capture_event(capture, WorkFile(home), given.kind, fields, given.job, given.by, amends)
        return {"signed": describe(signed)}
    finally:
        capture.close()


def _hash(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError:
        raise JobsealError("command", f"{text} is not an event's hash; nothing was signed.", OPERATOR) from None


def _sync(given: argparse.Namespace, home: Home) -> Answer:
    from jobseal_device import sync

    chosen = settings.load(home.config)
    with sync.stop_signals(home) as stopped:
        if not given.once:
            sync.run(home, chosen, stopped)
            return {"sync": "stopped"}
        done = sync.once(home, chosen, given.timeout, stopped)
    said = "everything is acknowledged" if done else "not finished"
    if done and passed_over.every(home):
        said += ", but for what the gateway does not take: see status"
    return {"done": done, "sync": said}


def _enrol(given: argparse.Namespace, home: Home) -> Answer:
    from jobseal.enrolling import parse_code
    from jobseal_device import enrolling

    if given.again or home.rolled_back.exists():
        home = home.next_turn()  # the present key stays as it is: what it signed is still sent
    words: list[str] = given.words
    if len(words) == 2 and words[0] == "request":
        return _enrol_request(Path(words[1]), home, _keep(given))
    if len(words) == 2 and words[0] == "accept" and given.trust:
        return _enrol_accept(Path(words[1]), given.trust, home)
    if not words and sys.stdin.isatty():
        words = [input("Code: ")]
    if len(words) != 1:
        given.wrong("give a code, or 'request FILE', or 'accept FILE --trust FINGERPRINT'")
    code = parse_code(words[0])
    signer, assurance = _signing_key(home, _keep(given))
    enrolled = enrolling.enrol(home, code, signer, assurance, _show_digits, given.timeout)
    return {"device": enrolled.identity.device, "label": enrolled.enrolment.label, "enrolled": True}


def _keep(given: argparse.Namespace) -> str:
    """How a new key is to be kept, in the words of the enrolment."""
    if given.tpm:
        return identity.HARDWARE_ASSURANCE
    return identity.PIN_ASSURANCE if given.pin else identity.NO_ASSURANCE


def _signing_key(home: Home, keep: str) -> tuple["Signer", str]:
    """The signing key, made if there is none, and how it is kept."""
    if keep != identity.NO_ASSURANCE or home.vault.exists():
        from jobseal_device import pin_entry

        return pin_entry.new_key(home, keep), identity.assurance(home)
    identity.make_key(home, os.urandom(SEED_BYTES))
    return identity.signer(home), identity.assurance(home)


def _show_digits(digits: str) -> None:
    print(f"Compare these digits with the operator, who approves:  {digits}", file=sys.stderr, flush=True)


def _enrol_request(file: Path, home: Home, keep: str) -> Answer:
    from jobseal_device import enrolling

    signer, assurance = _signing_key(home, keep)
    given_file.write(file, enrolling.make_request(home, signer, assurance))
    return {"request": str(file), "next": "have the gateway's operator run: jobseal-gateway enrol --request FILE"}


def _enrol_accept(file: Path, trust: str, home: Home) -> Answer:
    from jobseal_device import enrolling

    enrolled = enrolling.take(home, given_file.read(file, FRAME_MAX_BYTES), trust)
    return {"device": enrolled.identity.device, "label": enrolled.enrolment.label, "enrolled": True}


def _lines(answer: Answer) -> list[str]:
    lines: list[str] = []
    for name, value in answer.items():
        if isinstance(value, list):
            lines.append(f"{name}:")
            lines += ["  " + (_row(row) if isinstance(row, dict) else str(row)) for row in value]
        else:
            lines.append(f"{name}: {_row(value) if isinstance(value, dict) else value}")
    return [printable(line) for line in lines]


def _row(row: Answer) -> str:
    return "  ".join(f"{name}={value}" for name, value in row.items() if value not in (None, [], {}))


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever reads has seen enough; the exit code still says it all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
