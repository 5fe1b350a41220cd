"""The line of roots: how the root key of a gateway gives way to another, and how whoever trusts one of them gets to the
others.

A rotation is one statement, signed twice: by the earlier root, which names the next, and by the next, which says that
it follows. Neither alone means anything. Whoever has pinned the earlier root may pin the next one by it, however many
rotations he missed; whoever trusts the later one may take what rested on the earlier.
"""

from jobseal import cose, enrolment
from jobseal import key as keys
from jobseal.errors import Malformed, SignatureInvalid
from jobseal.key import KEY_MAX_BYTES, Key
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import TIME, Array, Bytes, Map, Row, must

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Signer, Verifier

ROTATIONS_MAX = 16
ROTATION = Row(("by_earlier", Bytes(1, 512)), ("by_next", Bytes(1, 512)))
ROTATIONS = Array(ROTATION, 1, ROTATIONS_MAX)


class RootRotation(Message):
    """``earlier`` and ``next``: the two root keys, COSE_Key bytes; ``at``: Unix ms UTC."""

    __slots__ = ("at", "earlier", "next")
    SHAPE = Map(
        must(1, "earlier", Bytes(1, KEY_MAX_BYTES)), must(2, "next", Bytes(1, KEY_MAX_BYTES)), must(3, "at", TIME)
    )
    earlier: bytes
    next: bytes
    at: int


def rotate(earlier: "Signer", following: "Signer", at: int) -> "list[bytes]":
    """The rotation from one root to the next: [signed by the earlier, signed by the next], complete bytes."""
    payload = RootRotation(earlier=earlier.key.encode(), next=following.key.encode(), at=at).encode()
    return [cose.sign(payload, cose.ROOT, earlier), cose.sign(payload, cose.ROOT, following)]


def line(rotations: "list[Any]", verifier: "Verifier") -> "list[Key]":
    """The roots that these rotations, in order, lead through: the first that gave way, and each that followed.

    Raises as :func:`reigns`.
    """
    return [root for root, _ in reigns(rotations, verifier)]


def reigns(rotations: "list[Any]", verifier: "Verifier") -> "list[tuple[Key, int | None]]":
    """Each of those roots with the time at which it gave way (Unix ms UTC), None for the last: what a root says after
    that is not believed.

    Raises :class:`SignatureInvalid` for a rotation that one of its two keys did not sign, and :class:`Malformed`, among
    it ``weak_key``, for one that is none or does not go on from the one before.
    """
    wrong = Array(ROTATION, 0, ROTATIONS_MAX).problem(rotations)
    if wrong:
        raise Malformed("malformed", "the rotations of the root: " + wrong)
    found: list[Key] = []
    ended: list[int | None] = []
    for by_earlier, by_next in rotations:
        said = RootRotation.decode(cose.parse(by_earlier, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
        earlier, following = keys.decode(said.earlier), keys.decode(said.next)
        enrolment.check_key(earlier)
        enrolment.check_key(following)
        once = cose.open_signed(by_earlier, STATEMENT_MAX_BYTES, cose.ROOT, earlier, verifier)
        twice = cose.open_signed(by_next, STATEMENT_MAX_BYTES, cose.ROOT, following, verifier)
        if once != twice:
            raise SignatureInvalid("the two roots have not signed the same rotation", "authority")
        if not found:
            found.append(earlier)
        before = found[len(found) - 1]
        if before.thumbprint != earlier.thumbprint or following.thumbprint in [root.thumbprint for root in found]:
            raise Malformed("authority", "a rotation of the root does not go on from the one before")
        found.append(following)
        ended.append(said.at)
    return list(zip(found, ended + [None]))


def leads(pinned: Key, root: Key, rotations: "list[Any]", verifier: "Verifier") -> bool:
    """Whether ``root`` is the pinned one, or follows it by these rotations. Raises as :func:`line`."""
    if pinned.thumbprint == root.thumbprint:
        return True
    names = [each.thumbprint for each in line(rotations, verifier)]
    if pinned.thumbprint not in names or root.thumbprint not in names:
        return False
    return names.index(pinned.thumbprint) < names.index(root.thumbprint)
