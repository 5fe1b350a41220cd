"""What is written down of a run, for the checker: what people meant to do, and what each party can show at the end.

Nothing here comes from the inside of the programs under test, only what they promised to somebody (an event signed, a
receipt believed) and what lies on disks at the end.
"""

from typing import NamedTuple

from jobseal.enrolling import Grant
from jobseal.enrolment import Welcome
from jobseal.limits import FRAME_MAX_BYTES


class Intent(NamedTuple):
    """Somebody did something on a handheld. ``hash`` and ``seq`` are set once it was told "signed"; None means that it
    was told an error, or nothing, because the handheld died."""

    holder: str
    kid: bytes
    kind: str
    job: str
    seq: int | None
    hash: bytes | None


class Believed(NamedTuple):
    """A receipt that a handheld took as true: all before ``next`` is logged, ``head`` is the hash of the last."""

    holder: str
    kid: bytes
    next: int
    head: bytes
    checkpoint: bytes


class Holder(NamedTuple):
    """One holder of a key at the end. ``journal``: complete bytes; ``acknowledged``: events it believes to be logged;
    ``stopped``: it was told never to sign again; ``alarms``: codes; ``committed``: events up to its head, readable or
    not; ``checkpoint``: the newest that it believed."""

    name: str
    kid: bytes
    journal: tuple[bytes, ...]
    acknowledged: int
    stopped: bool
    alarms: tuple[str, ...]
    committed: int
    checkpoint: bytes | None


class Answers:
    """What the gateway has answered one handheld that asks to be enrolled: to the same bytes, so each is one at most.
    ``renewed``: how often it has heard of another certificate; ``refused``: somebody else has used its code."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nonces: set[bytes] = set()
        self.grants: set[bytes] = set()
        self.certificates: set[bytes] = set()
        self.renewals: set[bytes] = set()
        self.renewed = 0
        self.statements: set[bytes] = set()
        self.refused = False

    def granted(self, grant: Grant) -> None:
        """It is enrolled."""
        self.grants.add(grant.encode())
        self.certificates.add(grant.certificate)
        self.statements.add(Welcome.decode(grant.welcome, FRAME_MAX_BYTES).statement)

    def heard(self, certificate: bytes) -> None:
        """Its wish for another one was answered."""
        self.renewals.add(certificate)
        self.renewed += 1

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to ask for; a renewal is asked for until it was answered twice."""
        return self.renewed > 1 or self.refused


class History:
    """``diverged``: keys that were given a second holder or an earlier state; ``healed``: whether everything came to
    rest in time; ``unbillable``: whether a fault happened after which a job may rightly wait for a person;
    ``rewritten``: whether the log was; ``restored``: logs that a declared restart continued, by id, and how much of
    each is left; ``distrusted``: keys that the office acted against; ``reviewed``: whether anything but a revocation
    happened after which a job may wait; ``unreadable``: hashes of events that turned bad; ``broken``: keys whose
    handheld gave up over such an event, as it should where nobody can tell how many there were; ``answers``: of those
    who were enrolled meanwhile."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self.believed: list[Believed] = []
        self.holders: list[Holder] = []
        self.diverged: set[bytes] = set()
        self.healed = False
        self.unbillable = False
        self.rewritten = False
        self.restored: dict[bytes, int] = {}
        self.distrusted: set[bytes] = set()
        self.reviewed = False
        self.unreadable: set[bytes] = set()
        self.broken: set[bytes] = set()
        self.restless = ""
        self.answers: list[Answers] = []
