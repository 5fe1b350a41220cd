"""The gateway's own keys: the root, pinned by every device at enrolment, certifies the log, office and CA keys.

The root's thumbprint is the one fingerprint that a person ever has to compare.
"""

from jobseal import cose
from jobseal import key as keys
from jobseal.errors import Malformed, SignatureInvalid
from jobseal.key import KEY_MAX_BYTES, Key
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import TIME, Bytes, Map, OneOf, must

MYPY = False
if MYPY:
    from jobseal.cose import Signer, Verifier

LOG, OFFICE, CA = "log", "office", "ca"


class Certification(Message):
    """``role``: what the root lets the key do; ``key``: its COSE_Key bytes; ``at``: Unix ms UTC."""

    __slots__ = ("at", "key", "role")
    SHAPE = Map(must(1, "role", OneOf(LOG, OFFICE, CA)), must(2, "key", Bytes(1, KEY_MAX_BYTES)), must(3, "at", TIME))
    role: str
    key: bytes
    at: int


def certify(certification: Certification, root: "Signer") -> bytes:
    """The complete bytes of a certification, signed by the root key."""
    return cose.sign(certification.encode(), cose.AUTHORITY, root)


class Authority:
    """The verified keys of one gateway deployment: ``root``, ``log``, ``office`` (:class:`Key` each), and ``ca``, which
    vouches for connections and never for evidence, or None. ``reigns``: the root and those that gave way before it, as
    :func:`jobseal.root_line.reigns` has them."""

    __slots__ = ("ca", "log", "office", "reigns", "root")

    def __init__(self, root: Key, log: Key, office: Key, ca: Key | None = None) -> None:
        self.root = root
        self.log = log
        self.office = office
        self.ca = ca
        self.reigns: list[tuple[Key, int | None]] = [(root, None)]


def verify(root: Key, certifications: "list[bytes]", verifier: "Verifier") -> Authority:
    """The keys that ``root`` certified, exactly one for the log and one for the office, at most one as CA.

    Raises :class:`SignatureInvalid` or :class:`Malformed` for the first certification that is wrong, there twice or
    missing.
    """
    found: dict[str, Key] = {}
    for data in certifications:
        payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.AUTHORITY, root, verifier)
        certification = Certification.decode(payload, STATEMENT_MAX_BYTES)
        if certification.role in found:
            raise Malformed("authority", "the root certifies two keys as " + certification.role)
        found[certification.role] = keys.decode(certification.key)
    if LOG not in found or OFFICE not in found:
        raise SignatureInvalid("the root's certification of the log or office key is missing", "authority")
    return Authority(root, found[LOG], found[OFFICE], found.get(CA))
