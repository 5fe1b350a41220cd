"""People who work with handhelds: name, badge, role and what is kept of the PIN, as facts; the newest holds."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select

from jobseal.roster import SUPERVISOR
from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import people

HERE = "here"
GONE = "gone"


class Known(NamedTuple):
    """One fact about a person, by pseudonymous id ``technician``. ``pin``: CBOR of [salt, cost, key], None without;
    ``standing``: here or gone; ``person``: who said so."""

    technician: str
    name: str
    role: str
    badge: str | None
    pin: bytes | None
    standing: str
    at_ms: int
    person: str


_COLUMNS = [people.c[field] for field in Known._fields]
_NEWEST = select(func.max(people.c.id)).group_by(people.c.technician)
_EVERYBODY = select(*_COLUMNS).where(people.c.id.in_(_NEWEST)).order_by(people.c.technician)
_OF = (
    select(*_COLUMNS)
    .where(people.c.id.in_(_NEWEST.where(people.c.technician.in_(bindparam("ids", expanding=True)))))
    .order_by(people.c.technician)
)
_EVER_SUPERVISED = select(people.c.technician).where(people.c.role == SUPERVISOR)
_CONCERNED = or_(people.c.technician.in_(bindparam("ids", expanding=True)), people.c.technician.in_(_EVER_SUPERVISED))
_OF_HANDHELD = select(*_COLUMNS).where(people.c.id.in_(_NEWEST.where(_CONCERNED))).order_by(people.c.technician)


def say(connection: Connection, known: Known) -> None:
    """From now on this is what holds for that person."""
    connection.execute(people.insert(), known._asdict())


def of(connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """What holds for these people, by id; who was never added is not in it, who is gone is."""
    return {known.technician: known for known in many(Known, connection.execute(_OF, {"ids": list(ids)}))}


def of_handheld(connection: Connection, carriers: Iterable[str]) -> list[Known]:
    """What holds for these people and for the supervisors who are here, by id; who was never added is not in it, a
    carrier who is gone is."""
    ids = list(carriers)
    known = many(Known, connection.execute(_OF_HANDHELD, {"ids": ids}))
    return [each for each in known if each.technician in ids or (each.role, each.standing) == (SUPERVISOR, HERE)]


def everybody(connection: Connection) -> list[Known]:
    """What holds for everybody who was ever added, by id."""
    return many(Known, connection.execute(_EVERYBODY))
