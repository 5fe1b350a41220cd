"""``keys``: the gateway's own keys, and how the root and the CA give way to others."""

import argparse
from pathlib import Path

from jobseal import cbor, fingerprint
from jobseal.errors import OPERATOR
from jobseal.host.crypto import Verifier
from jobseal_gateway import authority, home, restarts
from jobseal_gateway.authority import ROOT
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, count
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger.database import reading

ROTATIONS = "root-rotations.cbor"


class KeysUnwritable(GatewayError):
    """The new root or the statement about it could not be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__("keys_unwritable", f"{error.filename} cannot be written: {error.strerror}.", OPERATOR, False)


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "keys", "the gateway's own keys: show them, rotate the root or the CA")
    looking(room, "show", "which keys these are, and how the root came from earlier ones", _show)
    rotate = command(room, "rotate-root", "let the root give way to another, signed by both", _rotate)
    rotate.add_argument("--root", type=Path, metavar="FILE", help="the present root's seed, if it is kept elsewhere")
    rotate.add_argument(
        "--new-root", type=Path, required=True, metavar="FILE", help="the new one; made if it is missing"
    )
    rotate.add_argument("--out", type=Path, default=Path(ROTATIONS), metavar="FILE", help="for whoever verifies")
    options.operator(rotate)
    ca = command(
        room, "rotate-ca", "give certificates out under another CA; those that are out stay accepted", _rotate_ca
    )
    ca.add_argument("--root", type=Path, metavar="FILE", help="the root's seed, if it is kept elsewhere")
    options.operator(ca)
    options.operator(command(room, "retire-ca", "accept no certificate of an earlier CA any more", _retire))


def _rotate_ca(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        folder, now_ms = gateway.home.keys, gateway.now_ms()
    try:
        rotated = authority.rotate_ca(folder, given.root or folder / f"{ROOT}.seed", now_ms, Verifier())
    except OSError as error:
        raise KeysUnwritable(error) from error
    data, told = _told(rotated)
    then = "Start the gateway again. Handhelds hear of it when they sync, and renew their certificates by themselves;"
    return Answer(data, f"{told}\n{then}\nwhen all have been there:  jobseal-gateway keys retire-ca")


def _retire(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        folder = gateway.home.keys
    try:
        return Answer(*_told(authority.retire_cas(folder, Verifier())))
    except OSError as error:
        raise KeysUnwritable(error) from error


def _show(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        return Answer(*_told(gateway.keys))


def _rotate(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        folder, now_ms = gateway.home.keys, max(gateway.now_ms(), restarts.newest_ms(connection))
    try:
        rotated = authority.rotate_root(
            folder, given.root or folder / f"{ROOT}.seed", given.new_root, now_ms, Verifier()
        )
    except OSError as error:
        raise KeysUnwritable(error) from error
    files.write(given.out, cbor.encode(rotated.rotations))
    data, told = _told(rotated)
    then = f"""
Keep {given.new_root} offline, and a copy of it; start the gateway again, so that handhelds hear of it.
Give {given.out} to whoever verifies older evidence:
  jobseal verify BUNDLE --trust FINGERPRINT --rotations {given.out}"""
    return Answer(data | {"out": str(given.out)}, told + then)


def _told(keys: authority.GatewayKeys) -> tuple[dict[str, object], str]:
    public = keys.authority
    named = {"root": public.root, "log": public.log, "office": public.office, "ca": keys.ca.key}
    data: dict[str, object] = {name: key.thumbprint.hex() for name, key in named.items()}
    lines = [f"{name:7} {fingerprint.to_text(key.thumbprint)}" for name, key in named.items()]
    lines.append(f"The root was rotated {count(len(keys.rotations), 'time')}.")
    lines += [f"A CA from before is still accepted: {each.key.kid.hex()}." for each in keys.earlier_cas]
    data["earlier_cas"] = [each.key.thumbprint.hex() for each in keys.earlier_cas]
    return data | {"rotations": len(keys.rotations)}, "\n".join(lines)
