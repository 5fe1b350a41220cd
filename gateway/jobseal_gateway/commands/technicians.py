"""``technicians``: who works with handhelds, with which PIN, and who carries which."""

import argparse
from pathlib import Path

from jobseal.errors import OPERATOR
from jobseal.roster import SUPERVISOR, TECHNICIAN
from jobseal_gateway import home, people, work
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import assignments
from jobseal_gateway.ledger import people as stored
from jobseal_gateway.ledger.database import reading

_PIN_FILE_HELP = "the PIN, alone in a file; default: one is made up and shown once"


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "technicians", "who works with handhelds, and who carries which")
    new = command(room, "add", "a person who may log in on the handhelds that they carry", _add)
    new.add_argument("technician", metavar="ID")
    new.add_argument("--name", required=True, help="as the handheld shows it")
    new.add_argument("--role", choices=(TECHNICIAN, SUPERVISOR), default=TECHNICIAN, help="supervisors: everywhere")
    new.add_argument("--badge", metavar="CODE", help="what scanning their badge gives")
    pin = new.add_mutually_exclusive_group()
    pin.add_argument("--pin-file", type=Path, metavar="FILE", help=_PIN_FILE_HELP)
    pin.add_argument("--no-pin", action="store_true", help="none: they can log in where no PIN is asked for")
    options.operator(new)

    changed = command(room, "change", "change a person's name, role or badge", _change)
    changed.add_argument("technician", metavar="ID")
    changed.add_argument("--name")
    changed.add_argument("--role", choices=(TECHNICIAN, SUPERVISOR))
    changed.add_argument("--badge", metavar="CODE", help="an empty one: none any more")
    options.operator(changed)

    again = command(room, "pin", "give a person another PIN, also when wrong ones have locked theirs", _pin)
    again.add_argument("technician", metavar="ID")
    again.add_argument("--pin-file", type=Path, metavar="FILE", help=_PIN_FILE_HELP)
    options.operator(again)

    gone = command(room, "remove", "a person has left: no handheld lets them in any more", _remove)
    gone.add_argument("technician", metavar="ID")
    options.operator(gone)

    bind = command(room, "bind", "a technician carries this handheld from now on", _bind)
    bind.add_argument("technician", metavar="ID")
    bind.add_argument("device", metavar="DEVICE")
    unbind = command(room, "unbind", "a technician carries no handheld from now on", _bind)
    unbind.add_argument("technician", metavar="ID")
    unbind.set_defaults(device=None)
    command(room, "tell", "tell handhelds what they do not know yet, after an interruption", _tell)
    looking(room, "list", "everybody, and every handheld that somebody carries", _list)


def _add(given: argparse.Namespace) -> Answer:
    pin, shown = (None, "") if given.no_pin else _pin_of(given)
    with home.open(given.home) as gateway:
        told = people.add(gateway, given.technician, given.name, given.operator, pin, given.role, given.badge)
    return _answer(given.technician, f"{given.technician} may log in from now on, as {given.name}.", told, shown)


def _change(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        told = people.change(gateway, given.technician, given.operator, given.name, given.role, given.badge)
    return _answer(given.technician, f"{given.technician} is changed.", told)


def _pin(given: argparse.Namespace) -> Answer:
    pin, shown = _pin_of(given)
    with home.open(given.home) as gateway:
        told = people.set_pin(gateway, given.technician, pin, given.operator)
    return _answer(given.technician, f"{given.technician} has another PIN from now on.", told, shown)


def _remove(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        told = people.remove(gateway, given.technician, given.operator)
    text = (
        f"{given.technician} is gone. A handheld lets them in until it has synced; one that is lost: 'office revoke'."
    )
    return _answer(given.technician, text, told)


def _tell(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        told = people.tell_everybody(gateway)
    return Answer({"told": list(told)}, _told(told) or "Every handheld knows what there is to know.")


def _bind(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        told = work.bind(gateway, given.technician, given.device)
    what = "no handheld" if given.device is None else given.device
    news = f" New work for {', '.join(told)}." if told else ""
    data = {"technician": given.technician, "device": given.device, "told": list(told)}
    return Answer(data, f"{given.technician} carries {what} from now on.{news}")


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        carried = assignments.everybody(connection)
        known = {each.technician: each for each in stored.everybody(connection) if each.standing == stored.HERE}
        everybody = sorted({*carried, *known})
        orders = {person: len(assignments.of_technician(connection, person)) for person in everybody}
    rows = []
    for who in everybody:
        row: dict[str, object] = {"technician": who, "device": carried.get(who), "orders": orders[who]}
        person = known.get(who)
        if person is not None:
            has_pin = person.pin is not None
            row |= {"name": person.name, "role": person.role, "badge": person.badge, "pin": "set" if has_pin else None}
        rows.append(row)
    heading = ["technician", "name", "role", "badge", "pin", "handheld", "orders"]
    cells = [[row.get("device" if name == "handheld" else name) for name in heading] for row in rows]
    return Answer({"technicians": rows}, table(heading, cells) if rows else "Nobody is here yet: 'technicians add'.")


def _pin_of(given: argparse.Namespace) -> tuple[str, str]:
    """The PIN, and the PIN again if it has to be shown because it was made here."""
    if given.pin_file is None:
        made = people.new_pin()
        return made, made
    try:
        return files.read(given.pin_file).decode("ascii").strip(), ""
    except UnicodeDecodeError:
        raise GatewayError("pin_unfit", f"{given.pin_file} holds more than the digits of a PIN.", OPERATOR) from None


def _answer(technician: str, text: str, told: tuple[str, ...], shown: str = "") -> Answer:
    data: dict[str, object] = {"technician": technician, "told": list(told)}
    if shown:
        data["pin"] = shown
        text += f"\nThe PIN is {shown}. It is not shown again; hand it over in person."
    return Answer(data, "\n".join([text, _told(told)]).rstrip())


def _told(told: tuple[str, ...]) -> str:
    if not told:
        return ""
    return f"Told: {', '.join(told)}. Each takes it up with its next sync."
