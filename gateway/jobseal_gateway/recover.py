"""Taking an enrolment back that was lost with a gateway: the very statement, from the handheld that was given it.

A handheld that was enrolled after the backup chains its events to the hash of its statement, so another one would be of
no use to it. This one was signed by the office key, which the backup brought back: it is true whoever carries it here.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import enrolment
from jobseal.enrolment import Enrolment, Welcome
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway import snapshots, succession
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.errors import KeyTaken

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway


def recover(gateway: "Gateway", welcome: bytes) -> Enrolment:
    """Log the enrolment in a handheld's ``welcome.cbor`` again. Who carries it is for the operator to say anew.

    Raises EnrolmentRefused: ``request_invalid`` (not a statement of this office, or of a key that followed another,
    whose own last word brings it back), ``enrolled_already``, ``device_has_key``, ``kid_taken``; ClockUnsynchronised.
    """
    found = _verified(gateway, welcome)
    with gateway.log().appending(gateway.now_ms()) as end:
        _is_free(end.connection, found)
        leaf = end.add(leaves.OFFICE, found.hash, found.data)
        end.flush()
        acts.add(end.connection, leaf, "device.enrolled", found.key.thumbprint.hex())
        try:
            added = keys.enrol(
                end.connection,
                thumbprint=found.key.thumbprint,
                cose_key=found.key.encode(),
                device=found.device,
                enrolment_leaf=leaf,
                enrolment_hash=found.hash,
            )
        except KeyTaken as error:
            raise EnrolmentRefused(
                "kid_taken", "Another key with this identifier is enrolled; make a new key."
            ) from error
        branches.begin(end.connection, added.id, found.genesis)
        snapshots.tell(end.connection, found.device, end.at_ms, gateway.keys.office)
    gateway.ring()
    return found


def _verified(gateway: "Gateway", welcome: bytes) -> Enrolment:
    try:
        statement = Welcome.decode(welcome, FRAME_MAX_BYTES).statement
        found = enrolment.verify(statement, gateway.keys.authority.office, Verifier())
        enrolment.check_key(found.key)
    except JobsealError as error:
        sentence = f"This is not the enrolment of a handheld by this gateway's office ({error.sentence})."
        raise EnrolmentRefused("request_invalid", sentence) from error
    if found.ended_at is not None:
        sentence = "This key followed another; recover that one's enrolment, and the handheld sends the rest itself."
        raise EnrolmentRefused("request_invalid", sentence)
    return found


def _is_free(connection: Connection, found: Enrolment) -> None:
    if keys.by_kid(connection, found.key.kid) is not None:
        raise EnrolmentRefused("enrolled_already", f"The key of {found.device} is enrolled already; nothing was done.")
    other = succession.present(connection, found.device)
    if other is not None and other.status == keys.ACTIVE:
        sentence = f"{found.device} has another key, which is active; suspend or revoke that first."
        raise EnrolmentRefused("device_has_key", sentence)
