"""``init``, ``serve``, ``rebuild``, ``demo``: a gateway's life."""

import argparse
from pathlib import Path

from jobseal import fingerprint
from jobseal_gateway import home
from jobseal_gateway.commands.answer import Answer, count
from jobseal_gateway.commands.options import Commands, command, looking
from jobseal_gateway.projector import Projector
from jobseal_gateway.settings import SETTINGS


def add(commands: Commands) -> None:
    """The commands of this room."""
    init = command(commands, "init", "make a gateway, or finish one; what is there stays as it is", _init)
    init.add_argument("--organisation", metavar="NAME", help="the name on records and screens")
    init.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="another setting of the new gateway.toml, such as mqtt.port=1884; may be said several times",
    )
    command(commands, "serve", "run broker, ingest and API until stopped", _serve)
    command(commands, "rebuild", "drop all cards, ratings and exceptions, and fold them again", _rebuild)
    demo = looking(commands, "demo", "run a working day of four handhelds through a gateway of its own", _demo)
    demo.add_argument("--exit", action="store_true", help="end by itself, with a JSON summary as the last line")


def _setting(text: str) -> tuple[str, str | int]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    numbers = {".".join(each.path) for each in SETTINGS if isinstance(each.default, int)}
    return name, int(value) if name in numbers and value.lstrip("-").isdigit() else value


def _init(given: argparse.Namespace) -> Answer:
    folder: Path = given.home.absolute()
    is_new = not (folder / home.CONFIG).exists()
    if is_new and given.organisation is None:
        raise home.NoGateway(f"There is no gateway in {folder} yet; to make one, say --organisation NAME.")
    settings = dict(given.set) | ({} if given.organisation is None else {"organisation": given.organisation})
    with home.make(folder, settings) as gateway:
        print_of = fingerprint.to_text(gateway.keys.authority.root.thumbprint)
        data = {
            "home": str(folder),
            "organisation": gateway.settings.organisation,
            "fingerprint": print_of,
            "created": is_new,
            "config": str(folder / home.CONFIG),
            "root_key": str(gateway.home.keys / "root.seed"),
        }
        what = "is ready" if is_new else "was there already; its settings and keys are unchanged"
        text = f"""The gateway of {gateway.settings.organisation} in {folder} {what}.

Fingerprint  {print_of}
Handhelds and everybody who verifies evidence compare this one: keep it where people can read it.

Keep a copy of {data["root_key"]} offline; the gateway can run without it.
Settings are in {data["config"]}.

Next:
  jobseal-gateway prices import prices.csv
  jobseal-gateway orders import orders.csv
  jobseal-gateway enrol new --label NAME --technician ID
  jobseal-gateway serve"""
    return Answer(data, text)


def _serve(given: argparse.Namespace) -> Answer:
    from jobseal_gateway import serve  # with the web framework, which no other command should wait for

    serve.run(given.home)
    return Answer({}, "")


def _demo(given: argparse.Namespace) -> Answer:
    from jobseal_gateway.demo import main

    return Answer({}, "", main(["--exit"] if given.exit else []))


def _rebuild(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        billing, wide_after_ms = gateway.settings.billing, gateway.settings.intervals.wide_after_s * 1000
        projector = Projector(
            gateway.engine, gateway.log(), gateway.keys, gateway.clock, billing.terms, wide_after_ms, gateway.ring
        )
        folded = projector.rebuild()
    return Answer({"jobs": folded}, f"{count(folded, 'job')} folded again; records and feed are untouched.")
