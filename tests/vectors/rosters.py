"""Vectors of rosters: who may log in on a handheld, and what is kept of a PIN."""

from typing import Any

from jobseal import cbor, roster
from jobseal.host import pin
from jobseal.host.pin import Cost
from jobseal.roster import SUPERVISOR, TECHNICIAN, Person
from tests.vectors.entry import Entry, File, invalid, valid

PIN_DIGITS = "482193"
SALT = bytes(range(16))
COST = Cost(memory_kib=64, passes=2, lanes=2)  # cheap on purpose: whoever checks this derives it often


def _roster() -> list[Entry]:
    lock = pin.lock(PIN_DIGITS, SALT, COST).to_value()
    anna = Person(id="t-17", name="A. Technician", role=TECHNICIAN, badge="0042", pin=lock)
    chief = Person(id="s-1", name="A. Supervisor", role=SUPERVISOR, badge=None, pin=None)
    entries = []
    for name, shows, people in [
        ("nobody", "nobody may log in", []),
        ("crew", f"the PIN of t-17 is {PIN_DIGITS}; s-1 has neither badge nor PIN yet", [anna, chief]),
    ]:
        data = roster.encode(people)
        entries.append(valid(name, shows, data, cbor.decode(data, len(data))))
    fields = anna.to_map()
    bad: list[tuple[str, str, Any]] = [
        ("role-unknown", "a role that there is not", {**fields, 3: "boss"}),
        ("id-empty", "a person without an id", {**fields, 1: ""}),
        ("name-with-line", "a name of two lines", {**fields, 2: "A\nB"}),
        ("badge-null", "an absent badge is absent, not null", {**fields, 4: None}),
        ("salt-of-15", "a salt of 15 bytes", {**fields, 5: [bytes(15), *lock[1:]]}),
        ("key-of-31", "a key of 31 bytes", {**fields, 5: [*lock[:2], bytes(31)]}),
        ("cost-too-small", "less memory than its lanes need", {**fields, 5: [SALT, [63, 2, 2], lock[2]]}),
        ("cost-too-large", "more memory than a handheld has", {**fields, 5: [SALT, [262145, 2, 2], lock[2]]}),
        ("no-lanes", "a cost of two parts", {**fields, 5: [SALT, [64, 2], lock[2]]}),
        ("unknown-field", "a field that nobody knows", {**fields, 6: 0}),
    ]
    for name, shows, person in bad:
        entries.append(invalid(name, shows, cbor.encode({1: [person]}), "malformed"))
    entries.append(invalid("people-missing", "no people at all, not even none", cbor.encode({}), "malformed"))
    return entries


FILES: dict[str, File] = {"roster": ("who may log in on a handheld (SPEC.md, Work)", _roster)}
