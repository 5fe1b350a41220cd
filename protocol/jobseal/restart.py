"""The restart of a log: a gateway came back from a backup, and goes on under a new log id. Pure.

The new log begins with the leaves that were restored, so whatever was proven of them stays proven. The next leaf is
``log.restarted``: the root key's word for which log it was, how much of it is left (size and root), and what it is
called from here on. The path from that leaf to a checkpoint shows the root of all before it as well
(:func:`jobseal.merkle.root_before`), so nothing else has to be sent to check the statement against the log.

What a handheld had proven beyond the restored size is lost at the gateway, and only the root key can say so. What it
had proven up to there must be a beginning of the new log, or the statement is not believed.
"""

from jobseal import checkpoint, cose, merkle, office
from jobseal.errors import Malformed, SignatureInvalid
from jobseal.limits import RESTARTS_MAX, STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import HASH, NONCE, UINT, Array, Bytes, Map, Row, must

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.authority import Authority
    from jobseal.checkpoint import Checkpoint
    from jobseal.cose import Verifier
    from jobseal.key import Key
    from jobseal.office import Act

WITNESSES_MAX = 8
DAY_MS = 86400000
_INCONSISTENT = "log_inconsistent"


class Restarted(Message):
    """What a gateway answers to a HELLO of another log than its own. ``checkpoint``: its newest, complete bytes;
    ``since``: the size that the HELLO named; ``proof``: the consistency proof from it to that checkpoint, empty if the
    log that was restored was smaller; ``restarts``: [``log.restarted``, its inclusion path to that checkpoint], oldest
    first."""

    __slots__ = ("checkpoint", "proof", "restarts", "session", "since")
    SHAPE = Map(
        must(1, "session", NONCE),
        must(2, "checkpoint", Bytes(1, 512)),
        must(3, "since", UINT),
        must(4, "proof", Array(HASH, 0, 128)),
        must(5, "restarts", Array(Row(("statement", Bytes(1, 2048)), ("path", Array(HASH, 0, 64))), 1, RESTARTS_MAX)),
    )
    session: bytes
    checkpoint: bytes
    since: int
    proof: "list[bytes]"
    restarts: "list[Any]"


class Past:
    """What a device keeps of its log's earlier lives: complete bytes that it verified, to be saved as they are.

    ``rows``: for each restart that it followed [[statement], checkpoint before, receipt before or None, next, head or
    None]; ``witnesses``: checkpoints of the present log, oldest first, fewer the older they are. All witnesses are of
    one tree: a restart keeps those that it restored.
    """

    __slots__ = ("_read", "rows", "witnesses")

    def __init__(self, rows: "list[Any]", witnesses: "list[bytes]") -> None:
        self.rows = rows
        self.witnesses = witnesses
        self._read: list[Checkpoint] | None = None  # the witnesses, once somebody asked

    def logs(self) -> "list[bytes]":
        """The ids that the log had before."""
        found = []
        for statements, before, _, _, _ in self.rows:
            found.append(_read_checkpoint(before).log)
            found += [_read_act(data).named()["earlier_log"] for data in statements]
        return found

    def highest(self) -> "tuple[int, bytes] | None":
        """(next, head) of the receipt that settled most before a restart: a journal that ends before was set back."""
        found = None
        for _, _, _, following, head in self.rows:
            if head is not None and (found is None or following > found[0]):
                found = (following, head)
        return found

    def note(self, data: bytes, newest: "Checkpoint") -> None:
        """A checkpoint was verified: one a day becomes a witness, and of the old ones ever fewer stay."""
        read = self._witnesses()
        if read and newest.at - read[len(read) - 1].at < DAY_MS:
            return
        read.append(newest)
        self.witnesses.append(data)
        if len(read) > WITNESSES_MAX:
            place = _most_crowded([each.at for each in read])
            del read[place]
            del self.witnesses[place]

    def witness(self, size: int) -> "Checkpoint | None":
        """The newest witness of at most this size."""
        fitting = [each for each in self._witnesses() if each.size <= size]
        return fitting[len(fitting) - 1] if fitting else None

    def forget_beyond(self, size: int) -> None:
        """The log was restored at this size: what is larger bears witness of nothing that is left."""
        self.witnesses = [data for data in self.witnesses if _read_checkpoint(data).size <= size]
        self._read = None

    def _witnesses(self) -> "list[Checkpoint]":
        if self._read is None:
            self._read = [_read_checkpoint(data) for data in self.witnesses]
        return self._read


class Followed:
    """``checkpoint``: the newest of the new log; ``kept``: leaves of the device's log that it begins with, at most;
    ``statements``: those that lead there, complete bytes, oldest first."""

    __slots__ = ("checkpoint", "kept", "statements")

    def __init__(self, newest: "Checkpoint", kept: int, statements: "list[bytes]") -> None:
        self.checkpoint = newest
        self.kept = kept
        self.statements = statements


def follow(
    message: Restarted, present: "Checkpoint", logs: "list[bytes]", authority: "Authority", verifier: "Verifier"
) -> "Followed | None":
    """What the statements say of the log that ``present`` is of; each verified, but nothing is compared with
    ``present`` yet. None if that log goes on: an answer that was overtaken. ``logs``: the ids that the device knows
    its log by.

    Raises as :func:`declared` does, and :class:`Malformed` ``log_inconsistent`` when no statement
    leads from here to the new log, or one does not say what that log shows.
    """
    newest = checkpoint.verify(message.checkpoint, authority.log, verifier)
    if newest.log == present.log:
        return None
    known = list(logs)
    since_ms = 0
    found = Followed(newest, newest.size, [])
    last = b""
    for data, path in message.restarts:
        said = _read_act(data).named() if _is_restart(data) else {}
        if said.get("log") in known or said.get("earlier_log") not in known:
            continue  # followed long ago, or from before this device was there
        act = declared(data, authority.reigns, verifier)
        if said.get("log") is None or act.at < since_ms or not shows(act, data, path, newest):
            raise Malformed(_INCONSISTENT, "a restart of the log was declared that does not fit the log")
        since_ms = act.at
        last = said["log"]
        known.append(last)
        found.kept = min(found.kept, said["size"])
        found.statements.append(data)
    # An old statement must not take anybody back: the last one is younger than anything that was proven before.
    if last != newest.log or since_ms < present.at or newest.at < present.at:
        raise Malformed(_INCONSISTENT, "the gateway has another log, and nothing says how it came from the one before")
    return found


def declared(data: bytes, reigns: "list[tuple[Key, int | None]]", verifier: "Verifier") -> "Act":
    """The ``log.restarted`` in ``data``, signed by the one of these roots that was the root when it was said.

    A log outlives its roots: a restart is declared once, by the root of that day, and read for years. A root that gave
    way may have been stolen since, so what it declares after that counts for nothing.

    Raises as :func:`jobseal.office.verify_restart` does, and :class:`SignatureInvalid` for a root that had given way.
    """
    kid = cose.parse(data, STATEMENT_MAX_BYTES).kid
    signer, until = reigns[len(reigns) - 1]
    for root, ended in reigns:
        if root.kid == kid:
            signer, until = root, ended
    act = office.verify_restart(data, signer, verifier)
    if until is not None and act.at > until:
        raise SignatureInvalid("the root that declares the log restarted had given way by then", "authority")
    return act


def shows(act: "Act", data: bytes, path: "list[bytes]", newest: "Checkpoint") -> bool:
    """Whether the log of ``newest`` has this statement as the leaf behind what it says was restored, and that has the
    root that it names."""
    body = act.named()
    leaf = merkle.leaf_hash(merkle.entry(merkle.ENTRY_OFFICE, office.hash_of(data)))
    if not merkle.verify_inclusion(leaf, body["size"], newest.size, path, newest.root):
        return False
    return bool(merkle.root_before(body["size"], newest.size, path) == body["root"])


def _is_restart(data: bytes) -> bool:
    return _read_act(data).kind == office.RESTART


def _read_act(data: bytes) -> "Act":
    """A statement whose signature was, or is about to be, checked elsewhere."""
    return office.read(data)


def _read_checkpoint(data: bytes) -> "Checkpoint":
    payload = cose.parse(data, STATEMENT_MAX_BYTES).payload
    return checkpoint.Checkpoint.decode(payload, STATEMENT_MAX_BYTES)


def _most_crowded(times: "list[int]") -> int:
    """The place whose neighbours are closest together for its age; never the first or the last."""
    newest = times[len(times) - 1]
    best, closest = 1, -1
    for place in range(1, len(times) - 1):
        gap = (times[place + 1] - times[place - 1]) * 1000 // (newest - times[place] + DAY_MS)
        if closest < 0 or gap < closest:
            best, closest = place, gap
    return best
