"""What this handheld has come to trust since it was enrolled: the gateway's root may have given way to another.

The root that a person compared stays in the welcome. ``anchors.cbor`` holds what the gateway has said of itself since,
and counts only as far as a line of rotations, each signed by both roots, leads there from that first root: it is
verified from there on each start. So who can write that file, or answer at the gateway's place, gets nothing believed
that the roots have not signed. An older word than the one that is kept is not taken.
"""

import hashlib
import ssl
from contextlib import suppress

from cryptography.hazmat.primitives import serialization

from jobseal import authority, key, root_line
from jobseal.authority import Authority
from jobseal.enrolling import GRANT_MAX_BYTES, Anchors
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.key import Key
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

ANCHORS_PATH = "/v1/anchors"
LOOK_EVERY_S = 86_400.0


def now(home: Home, pinned: Authority, files: Files = REAL) -> Authority:
    """The gateway's keys as they are trusted now. ``pinned``: those of the enrolment.

    What is kept beside it and does not follow from that counts for nothing.
    """
    try:
        return follow(pinned.root, Anchors.decode(durable.read(files, home.anchors), GRANT_MAX_BYTES))
    except (OSError, JobsealError):
        return pinned


def follow(pinned: Key, anchors: Anchors) -> Authority:
    """The gateway's keys as these anchors say, if their root is the pinned one or leads back to it.

    Raises ``authority``, ``signature_invalid``, and what else a line of rotations can be refused with.
    """
    root = key.decode(anchors.root)
    if not root_line.leads(pinned, root, anchors.rotations or [], Verifier()):
        raise JobsealError("authority", "The gateway shows another root than this handheld trusts, and no way from it.")
    return authority.verify(root, anchors.authority, Verifier())


def look(home: Home, pinned: Authority, files: Files = REAL) -> bool:
    """Ask the gateway what it is now, and keep that if it leads further than what is kept; whether it did.

    Raises :class:`GatewayUnreachable`, :class:`NotEnrolled`, :class:`StorageError`, and as :func:`follow`.
    """
    from jobseal_device import link_identity, renewing  # HTTP and certificates are loaded once a day
    from jobseal_device.link.tls import Context

    if not link_identity.is_there(home):
        return False
    ca = link_identity.certificates(home)[1].public_bytes(serialization.Encoding.DER)
    data = _asked(renewing.doors(home), Context(ca, link_identity.latest_ms(home)))
    said = Anchors.decode(data, GRANT_MAX_BYTES)
    found, present = follow(pinned.root, said), now(home, pinned, files)
    if found.root.thumbprint == present.root.thumbprint or not _is_further(present, said):
        return False
    durable.replace(files, home.anchors, said.encode())
    return True


def _is_further(present: Authority, said: Anchors) -> bool:
    """Whether what is trusted now is on the way there: a root that gave way is never taken again."""
    with suppress(JobsealError):
        return root_line.leads(present.root, key.decode(said.root), said.rotations or [], Verifier())
    return False


def digest(home: Home) -> bytes:
    """What is kept, in 32 bytes: another one means that a process which has read it before should read it again."""
    try:
        return hashlib.sha256(home.anchors.read_bytes()).digest()
    except OSError:
        return bytes(32)


def _asked(doors: list[tuple[str, int]], tls: ssl.SSLContext) -> bytes:
    from jobseal_device.door import GatewayUnreachable, exchange

    failed: JobsealError | None = None
    for host, port in doors:
        try:
            return exchange(host, port, tls, "GET", ANCHORS_PATH, None)[1]
        except JobsealError as error:
            failed = error
    raise failed or GatewayUnreachable("its door", "none is known")
