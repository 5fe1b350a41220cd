"""``jobseal-device --demo``: the screen on sample work in a temporary folder, with nothing else installed or running.

The office is played by keys that are made here and thrown away, so that everything down to the signed assignment is
what a real gateway would have sent.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobseal import authority, cbor, enrolment, key, office, work
from jobseal.authority import Certification
from jobseal.enrolment import Welcome
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal.uplink_state import State
from jobseal.work import Assignment
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_device.ui import start
from jobseal_device.uplink_file import write_uplink
from jobseal_device.work_file import WorkFile

if TYPE_CHECKING:
    from jobseal.cose import Signer

DEVICE = "DEMO-1"
HOUR_MS = 3_600_000

CATALOGUE: dict[str, Any] = {
    "parts": {
        "FLT-10": {"name": "Filter F7", "unit": "pc"},
        "VLV-2": {"name": "Valve 1/2", "unit": "pc"},
        "PMP-7": {"name": "Pump", "unit": "pc", "serial": True},
        "CBL-3": {"name": "Cable 3x1.5", "unit": "m"},
    },
    "tasks": {
        "INSPECT": {
            "name": "Inspection",
            "safety": ["LADDER"],
            "checklist": [
                {"item": "LEAK", "text": "Leak?", "answer": "yes_no", "mandatory": True},
                {"item": "BELT", "text": "Belt worn?", "answer": "yes_no"},
                {"item": "DP", "text": "Pressure drop (Pa)", "answer": "number", "low": "20", "high": "250"},
            ],
        },
        "FILTERS": {"name": "Filter change"},
        "REPAIR": {"name": "Repair", "safety": ["LADDER", "POWER-OFF"]},
    },
    "safety": {
        "LADDER": {"text": "The ladder stands firm and somebody holds it.", "version": 2},
        "POWER-OFF": {"text": "Power is off, locked and tested.", "version": 1},
    },
    "readings": {"TEMP": {"name": "Supply air", "unit": "C", "low": "16", "high": "24"}},
    "expenses": {"PARKING": {"name": "Parking"}},
}

# id, customer, site, address, what about, task, hours from now
_JOBS = (
    ("WO-1001", "Hotel Post", "S-101", "Fleischmarkt 24, 1010 Wien", "Inspection, kitchen exhaust", "INSPECT", 0),
    ("WO-1002", "Kaffeehaus Rosner", "S-102", "Josefstaedter Strasse 5, Wien", "Filter change, lobby", "FILTERS", 1),
    ("WO-1003", "Klinik am Park", "S-103", "Gregor-Mendel-Strasse 12, 1180 Wien", "Heating valve leaks", "REPAIR", 2),
    ("WO-1004", "Schule Nordwest", "S-104", "Schulgasse 40, 1180 Wien", "Circulation pump makes noise", "REPAIR", 4),
    ("WO-1005", "Baeckerei Gruber", "S-106", "Landstrasser Hauptstrasse 71", "Filter change, shop", "FILTERS", 6),
)  # fmt: skip

_TARGETS = {"respond_by": 1, "on_site_by": 5, "complete_by": 9}  # of repairs: hours from now


class Office:
    """Keys for as long as the demonstration lasts."""

    def __init__(self, now_ms: int, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._root, self._log, self._office = (Ed25519Signer(random(SEED_BYTES)) for _each in range(3))
        self._now_ms = now_ms
        roles = ((authority.LOG, self._log), (authority.OFFICE, self._office))
        self._certifications = [
            authority.certify(Certification(role=role, key=signer.key.encode(), at=now_ms), self._root)
            for role, signer in roles
        ]

    def enrol(self, home: Home) -> None:
        """Make the handheld's key and take it up."""
        public = key.decode(identity.make_key(home, self._random(SEED_BYTES)))
        said = enrolment.statement(DEVICE, public, "none", bytes(16), self._now_ms, "demo", DEVICE)
        welcome = Welcome(
            statement=office.sign(said, self._office),
            root=self._root.key.encode(),
            authority=self._certifications,
            brokers=[["localhost", 1883]],
        )
        identity.accept(home, welcome.encode(), self._root.key.thumbprint.hex())

    def assign(self, home: Home, orders: list[dict[str, Any]], catalogue: dict[str, Any]) -> None:
        """Sign an assignment of these orders (snapshots) and leave it where sync would."""
        assign(home, self._office, DEVICE, self._now_ms, orders, catalogue)


def assign(
    home: Home, office_key: "Signer", device: str, at: int, orders: list[dict[str, Any]], catalogue: dict[str, Any]
) -> None:
    """What sync has when an assignment and its documents have come."""
    documents = [cbor.encode(order) for order in orders]
    known = cbor.encode(catalogue)
    assignment = Assignment(
        device=device,
        version=1,
        at=at,
        orders=[[order["id"], 1, work.digest(data)] for order, data in zip(orders, documents, strict=True)],
        catalogue=work.digest(known),
        roster=None,
    )
    state = State()
    state.assignment = work.sign(assignment, office_key)
    write_uplink(home, state)
    file = WorkFile(home)
    file.assign(assignment)
    for data in [*documents, known]:
        file.keep(data)
    file.flush()


def sample_orders(now_ms: int) -> list[dict[str, Any]]:
    """Appointments around now, as a handheld gets them."""
    start = now_ms - now_ms % HOUR_MS
    return [
        {
            "id": id,
            "customer": f"C-{id[-3:]}",
            "customer_name": customer,
            "site": site,
            "site_address": address,
            "description": about,
            "currency": "EUR",
            "time_zone": "Europe/Vienna",
            "tasks": [task],
            "technicians": ["t-11"],
            "window_start": start + hours * HOUR_MS,
            "window_end": start + (hours + 1) * HOUR_MS,
            "required_evidence": ["photo", "checklist", "signoff"] if task == "INSPECT" else ["signoff"],
            **({name: start + after * HOUR_MS for name, after in _TARGETS.items()} if task == "REPAIR" else {}),
        }
        for id, customer, site, address, about, task, hours in _JOBS
    ]


def furnish(
    folder: Path,
    now_ms: int,
    orders: list[dict[str, Any]] | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> Home:
    """An enrolled handheld with work, as sync would have left it. ``random(n)``: n random bytes, for the keys."""
    home = Home(folder)
    played = Office(now_ms, random)
    played.enrol(home)
    played.assign(home, sample_orders(now_ms) if orders is None else orders, CATALOGUE)
    return home


def run(built_ms: int) -> None:
    """Until the screen is closed; then everything is gone."""
    with tempfile.TemporaryDirectory(prefix="jobseal-demo-") as folder:
        start.start(furnish(Path(folder) / "handheld", time.time_ns() // 1_000_000), built_ms)
