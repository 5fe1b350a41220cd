"""The same handheld again: one that was reset or set back keeps its name, its people and its history under a new key.

The earlier key ends where the log is now, before anything is made for the new one, and with it the certificate of its
connection. What it signed and is logged stays billable; its enrolment is the one that the next names as the earlier.
What it had not finished is for people to close: nobody knows what it signed and never sent.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from jobseal.lifecycle import CREATED, WORKING
from jobseal_gateway import office, statements, succession
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import jobs, keys, leaves
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import CARDS

REASON = "replaced"


class Ended(NamedTuple):
    """The handheld whose key has ended: ``device`` and ``label`` as before, ``thumbprint`` (hex) of that key, and the
    work orders of which it has events and that are ``unfinished``."""

    device: str
    label: str
    thumbprint: str
    unfinished: tuple[str, ...]


def end(gateway: Gateway, device: str, operator: str) -> Ended:
    """End the newest key of this device, if it has not ended, so that another may be enrolled.

    Raises EnrolmentRefused (``unknown_device``), and as ``Office.revoke``.
    """
    with reading(gateway.engine) as connection:
        newest = succession.present(connection, device)
        if newest is None:
            sentence = f"No handheld was ever enrolled as {device}; enrol a new one with --label."
            raise EnrolmentRefused("unknown_device", sentence)
        found = Ended(device, _label(connection, newest), newest.thumbprint.hex(), _unfinished(connection, newest))
    if newest.status != keys.REVOKED:
        office.open_office(gateway).revoke(newest.thumbprint.hex(), REASON, operator)
    return found


def _label(connection: Connection, key: keys.Key) -> str:
    leaf = leaves.at(connection, key.enrolment_leaf)
    said = {} if leaf is None or leaf.bytes is None else statements.act(leaf.bytes).named()
    return str(said.get("label", key.device))


def _unfinished(connection: Connection, key: keys.Key) -> tuple[str, ...]:
    found = []
    for number in leaves.jobs_of_key(connection, key.id):
        card = CARDS.of_job(connection, number)
        if card is None or card.state in (CREATED, *WORKING):
            found.append(jobs.work_order(connection, number))
    return tuple(found)
