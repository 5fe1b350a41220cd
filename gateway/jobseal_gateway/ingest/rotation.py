"""The end of a key by its own word: what a ``key.rotated`` that was just logged makes of it and of the key it names.

The key that follows is enrolled in the same transaction, since the event has the word of both keys: its first frame
finds it enrolled, and what it signed is logged whatever becomes of it. What nobody vouches for does not count:

- the key after one that is suspended is suspended with it, by an act of its own that billing minds;
- the key after one that is revoked is revoked with it: a person ended the handheld's key, and has to enrol it again;
- where the chain has forked, nobody knows whose word it was: a key that is suspended for that stays so, and the next
  one is suspended, and that which another branch names. ``succession`` has which of them may count one day;
- a key that a person has reinstated has ended when its first-logged line has: it does not go on beside the next one;
- a line ends once: what it says behind its end, or late, brings in nothing;
- the next key never counts as better kept than this one: only a person who enrols a handheld can say that.
"""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from jobseal import office, rotating
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.key import Key
from jobseal.office import ASSURANCE
from jobseal_gateway import statements
from jobseal_gateway.ingest.key_chain import KeyChain
from jobseal_gateway.ingest.placing import Entry
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.log import Appending
from jobseal_gateway.merkle_log import LogDamaged
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from jobseal.cose import Signer, Verifier

OPERATOR = "gateway"  # who enrols the next key: nobody was asked
NOT_FIT = ("malformed_body",)  # it says that another key follows, and that is not so
UNFOUNDED = "the key that it follows is suspended, or has two holders"


class Ended(NamedTuple):
    """What came of it: ``codes`` to say of the event; ``heir``: row of the key that follows, None without one."""

    codes: tuple[str, ...]
    heir: keys.Key | None


def end_key(end: Appending, signer: "Signer", verifier: "Verifier", keyed: KeyChain, entry: Entry, leaf: int) -> Ended:
    """Let the key of this chain end with what ``entry`` says, logged at ``leaf``, and enrol the key that it brings.

    ``signer``: the office's.
    """
    connection, enrolled, ending = end.connection, keyed.enrolled, entry.signed
    row = keys.by_id(connection, enrolled.id)  # a fork of an earlier key may have suspended it a moment ago
    before = enrolled.status if row is None else row.status
    forked = len(keyed.rows) > 1
    is_suspended = forked or before == keys.SUSPENDED
    is_over = before == keys.ACTIVE or (before == keys.SUSPENDED and not forked)
    if is_over and keyed.rows[entry.number].standing == branches.CANONICAL:
        keys.set_status(connection, enrolled.id, keys.ROTATED, leaf)
        enrolled.status = keys.ROTATED
    try:
        found = rotating.successor(ending.event, enrolled.key.thumbprint, verifier)
    except JobsealError:
        return Ended(NOT_FIT, None)
    if found is None:
        return Ended((), None)  # a person will enrol it
    key, assurance = found
    if keys.by_kid(connection, key.kid) is not None:
        return Ended(NOT_FIT, None)
    heir = _enrol(end, signer, enrolled, key, assurance, ending)
    if before == keys.REVOKED:
        _revoke(end, signer, heir, enrolled)
    elif is_suspended:
        suspend(end, signer, heir)
    return Ended((), heir)


def suspend(end: Appending, signer: "Signer", heir: keys.Key) -> None:
    """Bill nothing of a key that follows another, from here on: nobody knows any more who named it."""
    leaf = _log(end, signer, "device.suspended", {"key": heir.thumbprint, "reason": UNFOUNDED}, heir.thumbprint)
    keys.set_status(end.connection, heir.id, keys.SUSPENDED, leaf)


def _revoke(end: Appending, signer: "Signer", heir: keys.Key, earlier: Enrolled) -> None:
    """End a key with the one before it, for the reason for which that was ended."""
    row = keys.by_id(end.connection, earlier.id)
    leaf = None if row is None else leaves.at(end.connection, row.status_leaf)
    if leaf is None or leaf.bytes is None:
        raise LogDamaged(f"The revocation of {earlier.device} is not in the log any more.")
    said = statements.act(leaf.bytes).named()
    last_trusted = None if said.get("last_trusted_seq") is None else -1
    body = {"key": heir.thumbprint, "reason": said["reason"], "last_trusted_seq": last_trusted}
    ended = _log(end, signer, "device.revoked", body, heir.thumbprint)
    keys.set_status(end.connection, heir.id, keys.REVOKED, ended, last_trusted)


def _enrol(
    end: Appending, signer: "Signer", earlier: Enrolled, key: Key, assurance: str, ending: SignedEvent
) -> keys.Key:
    was = _enrolment(end.connection, earlier)
    body = {
        "device": earlier.device,
        "key": key.encode(),
        "assurance": max(assurance, was["assurance"], key=ASSURANCE.values.index),  # hardware, pin, none
        "earlier": earlier.key.thumbprint,
        "log": was["log"],
        "label": was.get("label"),
        "follows": [ending.event.seq, ending.hash],
    }
    leaf = _log(end, signer, "device.enrolled", body, key.thumbprint)
    added = keys.enrol(
        end.connection,
        thumbprint=key.thumbprint,
        cose_key=key.encode(),
        device=earlier.device,
        enrolment_leaf=leaf,
        enrolment_hash=ending.hash,
    )
    branches.begin(end.connection, added.id, ending.hash)
    return added


def _enrolment(connection: Connection, enrolled: Enrolled) -> dict[str, object]:
    row = keys.by_id(connection, enrolled.id)
    leaf = None if row is None else leaves.at(connection, row.enrolment_leaf)
    if leaf is None or leaf.bytes is None:
        raise LogDamaged(f"The enrolment of {enrolled.device} is not in the log any more.")
    return statements.act(leaf.bytes).named()


def _log(end: Appending, signer: "Signer", kind: str, body: dict[str, object], about: bytes) -> int:
    data = office.sign(office.act(kind, end.at_ms, OPERATOR, body), signer)
    leaf = end.add(leaves.OFFICE, office.hash_of(data), data)
    acts.add(end.connection, leaf, kind, about.hex())
    return leaf
