"""Jobs: the small number behind each work order's id, so that hot rows and indexes hold a number.

A job is there from the first time that anything names it, an import or an event; it is never removed.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, text

from jobseal_gateway.ledger.schema import jobs

NAMES_AT_ONCE = 500  # parameters in one statement; both databases have a bound far above

_BY_NAME = select(jobs.c.work_order, jobs.c.id).where(jobs.c.work_order.in_(bindparam("work_orders", expanding=True)))
_INSERT = text("INSERT INTO jobs (work_order) VALUES (:work_order) ON CONFLICT (work_order) DO NOTHING")
_NAME = select(jobs.c.work_order).where(jobs.c.id == bindparam("id"))
_EVERY = select(jobs.c.id, jobs.c.work_order).order_by(jobs.c.id)


def known(connection: Connection, work_orders: Iterable[str]) -> dict[str, int]:
    """The number of each of these work orders that has one."""
    names = list(work_orders)
    found: dict[str, int] = {}
    for start in range(0, len(names), NAMES_AT_ONCE):
        rows = connection.execute(_BY_NAME, {"work_orders": names[start : start + NAMES_AT_ONCE]})
        found.update((name, job_id) for name, job_id in rows)
    return found


def numbers(connection: Connection, work_orders: Iterable[str]) -> dict[str, int]:
    """The number of each of these work orders, given now where there was none."""
    names = list(dict.fromkeys(work_orders))
    found = known(connection, names)
    missing = [name for name in names if name not in found]
    if missing:
        # Always in one order: two transactions that add the same names then never wait for each other in a circle.
        connection.execute(_INSERT, [{"work_order": name} for name in sorted(missing)])
        found.update(known(connection, missing))
    return found


def work_order(connection: Connection, job_id: int) -> str:
    """The work order's id behind this number. Raises NoResultFound for a number never given."""
    return str(connection.execute(_NAME, {"id": job_id}).scalar_one())


def every(connection: Connection) -> list[tuple[int, str]]:
    """(number, work order's id) of all jobs, in the order in which they were first named."""
    return [(job_id, name) for job_id, name in connection.execute(_EVERY)]
