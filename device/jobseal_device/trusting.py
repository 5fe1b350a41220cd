"""What this handheld has come to trust since it was enrolled: the gateway's root may have given way to another.

The root that a person compared stays in the welcome. ``anchors.cbor`` holds what the gateway has said of itself since,
and counts only as far as a line of rotations, each signed by both roots, leads there from that first root: it is
verified from there on each start. So who can write that file, or answer at the gateway's place, gets nothing believed
that the roots have not signed. An older word than the one that is kept is not taken.

Since nothing hangs on who answers, the gateway is asked without a proof of who it is: it may have another CA by now.
"""

import ssl
from contextlib import suppress

from jobseal import authority, cose, key, root_line
from jobseal.authority import Authority, Certification
from jobseal.enrolling import GRANT_MAX_BYTES, Anchors
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.key import Key
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

ANCHORS_PATH = "/v1/anchors"
ANSWER_MOST_S = 10.0
LOOK_EVERY_S = 86_400.0
# What HELLO is answered with where this handheld does not know who has signed: another root may have declared it.
UNPROVEN = "signature_invalid"


def now(home: Home, pinned: Authority, files: Files = REAL) -> Authority:
    """The gateway's keys as they are trusted now. ``pinned``: those of the enrolment.

    What is kept beside it and does not follow from that counts for nothing.
    """
    found = kept(home, pinned, files)
    return pinned if found is None else found[0]


def kept(home: Home, pinned: Authority, files: Files = REAL) -> tuple[Authority, Anchors] | None:
    """What the gateway has said of itself since the enrolment, and the keys that follow; None where it has not, or not
    in a way that holds."""
    try:
        said = Anchors.decode(durable.read(files, home.anchors), GRANT_MAX_BYTES)
        return follow(pinned.root, said), said
    except (OSError, JobsealError):
        return None


def follow(pinned: Key, anchors: Anchors) -> Authority:
    """The gateway's keys as these anchors say, if their root is the pinned one or leads back to it.

    Raises ``authority``, ``signature_invalid``, and what else a line of rotations can be refused with.
    """
    root = key.decode(anchors.root)
    if not root_line.leads(pinned, root, anchors.rotations or [], Verifier()):
        raise JobsealError("authority", "The gateway shows another root than this handheld trusts, and no way from it.")
    found = authority.verify(root, anchors.authority, Verifier())
    if anchors.rotations:
        found.reigns = _up_to(root, root_line.reigns(anchors.rotations, Verifier()))
    return found


def _up_to(root: Key, reigns: list[tuple[Key, int | None]]) -> list[tuple[Key, int | None]]:
    """Those that led to this root, and it; it has not given way as far as is known here."""
    names = [each.thumbprint for each, _ in reigns]
    place = names.index(root.thumbprint) if root.thumbprint in names else 0
    return [*reigns[:place], (root, None)]


def look(home: Home, pinned: Authority, files: Files = REAL, most_s: float = ANSWER_MOST_S) -> bool:
    """Ask the gateway what it is now, and keep that if it is newer than what is kept; whether it was. Each of its doors
    is waited for so many seconds at most.

    Raises :class:`GatewayUnreachable`, :class:`NotEnrolled`, :class:`StorageError`, and as :func:`follow`.
    """
    from jobseal_device import link_identity, renewing  # HTTP and certificates are loaded once a day

    if not link_identity.is_there(home):
        return False
    said = Anchors.decode(_asked(renewing.doors(home), most_s), GRANT_MAX_BYTES)
    found, before = follow(pinned.root, said), kept(home, pinned, files)
    link_identity.check_ca(said.certificate, found)
    # An earlier turn may be pinned to an earlier root than this one: the way from there is news to it.
    is_first = before is None and (bool(said.rotations) or _names(found) != _names(pinned))
    is_news = is_first if before is None else _is_newer(before[0], before[1], said)
    if not is_news:
        return False
    durable.replace(files, home.anchors, said.encode())
    return True


def _names(trusted: Authority) -> list[bytes | None]:
    every = (trusted.root, trusted.log, trusted.office, trusted.ca)
    return [None if each is None else each.thumbprint for each in every]


def _is_newer(present: Authority, kept_one: Anchors, said: Anchors) -> bool:
    """Whether it goes on from what is trusted now: a root that gave way is never taken again, nor is a CA."""
    if said.encode() == kept_one.encode() or _said_ms(said) < _said_ms(kept_one):
        return False
    with suppress(JobsealError):
        return root_line.leads(present.root, key.decode(said.root), said.rotations or [], Verifier())
    return False


def _said_ms(said: Anchors) -> int:
    """When the newest of these certifications was made. They have been verified."""
    payloads = [cose.parse(data, STATEMENT_MAX_BYTES).payload for data in said.authority]
    return max(Certification.decode(payload, STATEMENT_MAX_BYTES).at for payload in payloads)


def _asked(doors: list[tuple[str, int]], most_s: float) -> bytes:
    from jobseal_device.door import GatewayUnreachable, exchange

    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    unproven.minimum_version = ssl.TLSVersion.TLSv1_2
    failed: JobsealError | None = None
    for host, port in doors:
        try:
            return exchange(host, port, unproven, "GET", ANCHORS_PATH, None, most_s)[1]
        except JobsealError as error:
            failed = error
    raise failed or GatewayUnreachable("its door", "none is known")
