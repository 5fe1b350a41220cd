"""``enrol``: a handheld's key in, its welcome out."""

import argparse
from pathlib import Path

from jobseal import fingerprint
from jobseal.office import ASSURANCE
from jobseal_gateway import enrol, home
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer
from jobseal_gateway.commands.options import Commands, command

PORT_MAX = 65_535


def add(commands: Commands) -> None:
    """The command of this room."""
    parser = command(commands, "enrol", "enrol a handheld's key; the same key again gives the same answer", _enrol)
    parser.add_argument(
        "--request", type=Path, required=True, metavar="FILE", help="from 'jobseal-device enrol request'"
    )
    parser.add_argument("--label", required=True, help="what people call the handheld")
    parser.add_argument("--device", default="", metavar="ID", help="the handheld's id; default: one is made up")
    parser.add_argument("--technician", action="append", default=[], metavar="ID", help="who carries it; repeatable")
    parser.add_argument("--assurance", choices=ASSURANCE.values, default="none", help="how it keeps its signing key")
    parser.add_argument(
        "--broker", action="append", default=[], type=_broker, metavar="HOST:PORT", help="as it reaches it; repeatable"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="for 'jobseal-device enrol accept'")
    options.operator(parser)


def _broker(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 1 <= int(port) <= PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host, int(port)


def _enrol(given: argparse.Namespace) -> Answer:
    data = files.read(given.request)
    request = enrol.Request(data, given.label, given.device, given.assurance, given.technician)
    with home.open(given.home) as gateway:
        enrolled = enrol.enrol(gateway, request, given.operator, given.broker)
        trusted = fingerprint.to_text(gateway.keys.authority.root.thumbprint)
    files.write(given.out, enrolled.welcome)
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
