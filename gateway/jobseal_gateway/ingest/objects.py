"""Objects on their way in: riders of a batch and chunks, taken only when a logged event of the same key names them.

An object is stored when its size and its SHA-256 are those that the event names. One that came out wrong is
forgotten, and the events that name it get the verdict: it is wanted again, from its start.
"""

import hashlib
from typing import NamedTuple

from jobseal.object import Chunk
from jobseal_gateway.ingest.key_chain import KeyChain
from jobseal_gateway.ingest.settling import Settling
from jobseal_gateway.ledger import objects
from jobseal_gateway.ledger.objects import Object

UNNAMED = "object_unnamed"
MISMATCH = "attachment_mismatch"


class Taken(NamedTuple):
    """What became of a piece: its object is ``stored``; or ``wanted`` from an offset; or refused by a ``code``."""

    stored: bool
    wanted: int
    code: str


_STORED = Taken(True, 0, "")


def take_rider(settling: Settling, keyed: KeyChain, digest: bytes, data: bytes) -> Taken:
    """A whole object (salted bytes) that came beside its event."""
    named = objects.named_by(settling.end.connection, keyed.enrolled.id, digest)
    if named is None:
        return Taken(False, 0, UNNAMED)
    if named.state != objects.WANTED:  # stored, or erased since: either way nobody wants it again
        return _STORED
    if len(data) != named.size:
        return _mismatch(settling, keyed, named)
    if named.received:
        objects.discard(settling.end.connection, named.id)
    whole = objects.add_chunk(settling.end.connection, named._replace(received=0), data)
    return _completed(settling, whole)


def take_chunk(settling: Settling, keyed: KeyChain, chunk: Chunk) -> Taken:
    """A piece of an object; only the one at the wanted offset is kept."""
    connection = settling.end.connection
    named = objects.named_by(connection, keyed.enrolled.id, chunk.digest)
    if named is None:
        return Taken(False, 0, UNNAMED)
    if named.state != objects.WANTED:
        return _STORED
    if chunk.total != named.size or chunk.offset + len(chunk.data) > named.size:
        return _mismatch(settling, keyed, named)
    if chunk.offset != named.received:
        return Taken(False, named.received, "")
    grown = objects.add_chunk(connection, named, chunk.data)
    if grown.received < grown.size:
        return Taken(False, grown.received, "")
    if hashlib.sha256(objects.content(connection, grown.id)).digest() != grown.digest:
        return _mismatch(settling, keyed, grown)
    return _completed(settling, grown)


def _completed(settling: Settling, whole: Object) -> Taken:
    connection = settling.end.connection
    objects.complete(connection, whole.id)
    settling.mark(objects.jobs_naming(connection, whole.id))
    return _STORED


def _mismatch(settling: Settling, keyed: KeyChain, named: Object) -> Taken:
    connection = settling.end.connection
    settling.end.flush()  # the event that names it may be of this very round
    for branch_id, seq in objects.events_naming(connection, named.id, keyed.enrolled.id):
        settling.say(keyed, branch_id, seq, [MISMATCH])
    settling.mark(objects.jobs_naming(connection, named.id))
    objects.discard(connection, named.id)
    return Taken(False, 0, MISMATCH)
