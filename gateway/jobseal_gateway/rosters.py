"""Rosters: who may log in on one handheld, as the document that it pulls.

It has who carries the handheld and every supervisor, and nobody else: whoever has a roster can guess at the PINs in
it. Without anybody in it who was ever added here there is none. Beyond what one document holds, who carries the
handheld has it, then the first supervisors by id.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from jobseal import cbor, roster
from jobseal.limits import DOCUMENT_MAX_BYTES, ROSTER_MAX
from jobseal.roster import TECHNICIAN, Person
from jobseal_gateway.ledger import people
from jobseal_gateway.ledger.people import Known

_PIN_MAX_BYTES = 256


def document(connection: Connection, carriers: Sequence[str]) -> bytes | None:
    """The roster of the handheld that these technicians carry, None while there is nobody to put in."""
    known = {each.technician: each for each in people.of_handheld(connection, carriers)}
    crew = [known[id] for id in carriers if id in known and known[id].standing == people.HERE]
    strangers = [id for id in carriers if id not in known]
    chiefs = [each for each in known.values() if each.technician not in carriers]
    if not crew and not chiefs:
        return None
    persons = [_person(each) for each in crew]
    persons += [Person(id=id, name=id, role=TECHNICIAN, badge=None, pin=None) for id in strangers]
    persons += [_person(each) for each in chiefs]
    del persons[ROSTER_MAX:]
    while len(data := roster.encode(persons)) > DOCUMENT_MAX_BYTES:
        persons.pop()
    return data


def _person(known: Known) -> Person:
    pin = None if known.pin is None else cbor.decode(known.pin, _PIN_MAX_BYTES)
    return Person(id=known.technician, name=known.name, role=known.role, badge=known.badge, pin=pin)
