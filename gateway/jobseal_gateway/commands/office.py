"""``office``: acts of the office, each signed, logged and naming who did it."""

import argparse

from jobseal.errors import OPERATOR
from jobseal.exceptions import RULES
from jobseal.office import SHAPES
from jobseal_gateway import home, office
from jobseal_gateway.commands import options
from jobseal_gateway.commands.answer import Answer
from jobseal_gateway.commands.options import Commands, Run, command, group
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.office import Act, Office

HASH_BYTES = 32


class NotAHash(GatewayError):
    """What stands where a hash should."""

    def __init__(self, text: str) -> None:
        super().__init__("not_a_hash", f"{text} is not a hash; write its 64 hex digits. Nothing was done.", OPERATOR)


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "office", "what the office decides: closing, overriding, suspending, revoking ...")
    close = _act(room, "close", "take a job as complete as it stands", _close)
    close.add_argument("job", metavar="JOB")
    close.add_argument("--key", metavar="KEY", help="only for this handheld's part")
    override = _act(room, "override", "set an open exception of a job aside", _override)
    override.add_argument("job", metavar="JOB")
    override.add_argument("code", metavar="CODE", choices=sorted(RULES), help="as status --job shows it")
    about = override.add_mutually_exclusive_group()
    about.add_argument("--event", metavar="HASH", help="only that about this event")
    about.add_argument("--subject", metavar="TEXT", help="only that with this detail")
    suspend = _act(room, "suspend", "bill nothing of a key from here on", _suspend)
    suspend.add_argument("key", metavar="KEY", help="a device, or the first digits of a key")
    reinstate = _act(room, "reinstate", "end a suspension; open forks of the key stay out of billing", _reinstate)
    reinstate.add_argument("key", metavar="KEY")
    adopt = _act(room, "adopt", "make a fork of a key billable", _adopt)
    adopt.add_argument("key", metavar="KEY")
    adopt.add_argument("--head", required=True, metavar="HASH", help="the fork's newest event, as status shows it")
    write_off = _act(room, "write-off", "stop waiting for events that a handheld lost", _write_off)
    write_off.add_argument("key", metavar="KEY")
    write_off.add_argument("first", type=int, metavar="FROM")
    write_off.add_argument("last", type=int, metavar="TO")
    erase = _act(room, "erase", "forget the bytes of photos, names or texts for good", _erase)
    erase.add_argument("digests", nargs="+", metavar="DIGEST")
    revoke = command(room, "revoke", "trust nothing of a key that is logged after this", _revoke)
    revoke.add_argument("key", metavar="KEY")
    reasons = SHAPES["device.revoked"].by_name["reason"].of.values
    revoke.add_argument("--reason", required=True, choices=reasons)
    revoke.add_argument(
        "--last-trusted-seq", type=int, metavar="N", help="with compromised: trust no later one; -1: none"
    )
    options.operator(revoke)


def _act(room: Commands, name: str, help: str, run: Run) -> argparse.ArgumentParser:
    parser = command(room, name, help, run)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for the log")
    options.operator(parser)
    return parser


def _close(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).close(given.job, given.reason, given.operator, given.key)
    return _logged(act, f"{given.job} is closed by the office.")


def _override(given: argparse.Namespace) -> Answer:
    event = None if given.event is None else _hash(given.event)
    with home.open(given.home) as gateway:
        act = _office(gateway).override(
            given.job, given.code, given.reason, given.operator, event=event, subject=given.subject
        )
    return _logged(act, f"{given.code} of {given.job} is set aside.")


def _suspend(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).suspend(given.key, given.reason, given.operator)
    return _logged(act, f"{given.key} is suspended.")


def _reinstate(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).reinstate(given.key, given.reason, given.operator)
    return _logged(act, f"{given.key} is reinstated.")


def _revoke(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).revoke(given.key, given.reason, given.operator, given.last_trusted_seq)
    return _logged(act, f"{given.key} is revoked.")


def _adopt(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).adopt(given.key, given.head, given.reason, given.operator)
    return _logged(act, f"The fork of {given.key} is adopted.")


def _write_off(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        act = _office(gateway).write_off(given.key, given.first, given.last, given.reason, given.operator)
    return _logged(act, f"{given.first} to {given.last} of {given.key} are written off.")


def _erase(given: argparse.Namespace) -> Answer:
    digests = [_hash(text) for text in given.digests]
    with home.open(given.home) as gateway:
        act = _office(gateway).erase(digests, given.reason, given.operator)
    return _logged(act, f"{len(digests)} erased; every proof over them still holds.")


def _office(gateway: home.Gateway) -> Office:
    return office.open_office(gateway)


def _logged(act: Act, what: str) -> Answer:
    data = {"kind": act.kind, "leaf": act.leaf, "hash": act.hash.hex(), "at": act.at_ms}
    return Answer(data, f"{what} Logged as {act.kind} at {act.leaf}.")


def _hash(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != HASH_BYTES:
        raise NotAHash(text)
    return digest
