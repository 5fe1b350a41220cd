"""The commands around logging in: ``login``, ``people`` and ``lift``, for scripts and for when there is no screen."""

import argparse
import os
from typing import TYPE_CHECKING

from jobseal.host.clock import SystemClock
from jobseal.roster import Person
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_device.report import Answer

if TYPE_CHECKING:
    from jobseal_device.unlock import Gate

BY_SETUP = "setup"


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser, built_ms: int
) -> None:
    """These commands. ``built_ms``: a clock that shows less was never set."""
    login = commands.add_parser("login", parents=[shared], help="open a technician's session; asks for the PIN")
    login.add_argument("technician")
    words = f"whose PIN opens this handheld for you, the first time: an id, or '{BY_SETUP}'"
    login.add_argument("--voucher", metavar="WHO", help=words)
    login.set_defaults(run=lambda given, home: _login(given, home, SystemClock(built_ms)))

    people = commands.add_parser("people", parents=[shared], help="who may log in here, and who has to wait")
    people.set_defaults(run=lambda _, home: _people(home, SystemClock(built_ms)))

    lift = commands.add_parser("lift", parents=[shared], help="a supervisor ends what wrong PINs have led to")
    lift.add_argument("technician")
    lift.add_argument("--supervisor", required=True, metavar="ID")
    lift.set_defaults(run=lambda given, home: _lift(given, home, SystemClock(built_ms)))


def _login(given: argparse.Namespace, home: Home, clock: SystemClock) -> Answer:
    from jobseal_device.pin_entry import ask
    from jobseal_device.session import Session
    from jobseal_device.unlock import Voucher
    from jobseal_device.vault import SETUP

    session = Session(home, identity.load(home), clock, os.urandom)
    pin, voucher = "", None
    if session.gate.needs_pin:
        pin = ask(f"PIN of {given.technician}")
        if given.voucher is not None:
            who = SETUP if given.voucher == BY_SETUP else given.voucher
            whose = "PIN that this handheld was set up with" if who == SETUP else f"PIN with which {who} opened it"
            voucher = Voucher(who, ask(whose))
    capture = session.unlock(given.technician, pin, voucher)
    capture.close()  # the session stays open until the next one, or session.closed
    return {"technician": given.technician, "name": session.name, "session": "opened"}


def _people(home: Home, clock: SystemClock) -> Answer:
    from jobseal_device.unlock import Gate

    gate = Gate(home, identity.load(home), clock, os.urandom)
    return {"pin": gate.needs_pin, "people": [_row(gate, person) for person in gate.people()]}


def _row(gate: "Gate", person: Person) -> Answer:
    row: Answer = {"id": person.id, "name": person.name, "role": person.role, "badge": person.badge}
    if person.pin is None:
        return {**row, "login": "no PIN yet"}
    now = gate.standing(person.id)
    return {**row, "login": "locked" if now.is_locked else "possible", "wait_s": now.wait_s, "left": now.left}


def _lift(given: argparse.Namespace, home: Home, clock: SystemClock) -> Answer:
    from jobseal_device.pin_entry import ask
    from jobseal_device.unlock import Gate

    gate = Gate(home, identity.load(home), clock, os.urandom)
    gate.lift(given.technician, given.supervisor, ask(f"PIN of {given.supervisor}"))
    return {"technician": given.technician, "login": "possible"}
