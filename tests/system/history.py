"""What is written down of a run, for the checker: what people meant to do, and what each party can show at the end.

Nothing here comes from the inside of the programs under test, only what they promised to somebody (an event signed, a
receipt believed) and what lies on disks at the end.
"""

from typing import NamedTuple


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


class History:
    """``diverged``: keys that were given a second holder or an earlier state; ``healed``: whether everything came to
    rest in time; ``unbillable``: whether a fault happened after which a job may rightly wait for a person;
    ``rewritten``: whether the log was; ``restored``: logs that a declared restart continued, by id, and how much of
    each is left; ``distrusted``: keys that the office acted against; ``unreadable``: hashes of
    events that turned bad; ``broken``: keys whose handheld gave up over such an event, as it should where nobody can
    tell how many there were."""

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
        self.unreadable: set[bytes] = set()
        self.broken: set[bytes] = set()
        self.restless = ""
