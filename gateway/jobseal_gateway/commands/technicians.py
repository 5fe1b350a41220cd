"""``technicians``: who carries which handheld."""

import argparse

from jobseal_gateway import home, work
from jobseal_gateway.commands.answer import Answer, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.ledger import assignments
from jobseal_gateway.ledger.database import reading


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "technicians", "who carries which handheld")
    bind = command(room, "bind", "a technician carries this handheld from now on", _bind)
    bind.add_argument("technician", metavar="ID")
    bind.add_argument("device", metavar="DEVICE")
    unbind = command(room, "unbind", "a technician carries no handheld from now on", _bind)
    unbind.add_argument("technician", metavar="ID")
    unbind.set_defaults(device=None)
    looking(room, "list", "every technician and handheld", _list)


def _bind(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        told = work.bind(gateway, given.technician, given.device)
    what = "no handheld" if given.device is None else given.device
    news = f" New work for {', '.join(told)}." if told else ""
    data = {"technician": given.technician, "device": given.device, "told": list(told)}
    return Answer(data, f"{given.technician} carries {what} from now on.{news}")


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        everybody = assignments.everybody(connection)
        orders = {person: len(assignments.of_technician(connection, person)) for person in everybody}
    rows = [{"technician": who, "device": device, "orders": orders[who]} for who, device in everybody.items()]
    text = table(["technician", "handheld", "orders"], [list(row.values()) for row in rows])
    return Answer({"technicians": rows}, text if rows else "No technician carries a handheld yet.")
