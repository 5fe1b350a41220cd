"""Vectors of frames: what travels over MQTT in either direction, whole."""

from typing import Any

from jobseal import cbor, frame, refusal, work
from jobseal import object as objects
from jobseal.batch import Batch
from jobseal.hello import Hello
from jobseal.restart import Restarted
from tests.vectors import keys, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import LOG_ID, NOTE, ORDER, PHOTO, SESSION, digest

KID = keys.VAN.key.kid
FIRST_BATCH = Batch(session=SESSION, kid=KID, events=DAY.van.events[:2], acked=None, size=2, verdicts=0)


def _entries(direction: str, good: list[tuple[str, str, Any]], bad: list[tuple[str, str, Any]]) -> list[Entry]:
    """Entries of one message; ``bad`` holds the frames' values, encoded as they are."""
    entries = []
    for name, shows, message in good:
        data = frame.encode(message)
        entries.append(valid(name, shows, data, cbor.decode(data, len(data)), direction=direction))
    for name, shows, value in bad:
        entries.append(invalid(name, shows, cbor.encode(value), "malformed", direction=direction))
    return entries


def _spoiled(message: Any, changes: list[tuple[str, str, dict[int, Any]]]) -> list[tuple[str, str, Any]]:
    """The frame with fields changed by number, without each of its required fields, and with one too many."""
    name, value = cbor.decode(frame.encode(message), 131072)
    wrong: list[tuple[str, str, Any]] = [(label, shows, [name, {**value, **new}]) for label, shows, new in changes]
    for field in message.SHAPE.fields:
        if field.required:
            rest = {key: value[key] for key in value if key != field.key}
            wrong.append((f"without-{field.name}", f"{field.name} is missing", [name, rest]))
    wrong.append(("unknown-field", "a field that nobody knows", [name, {**value, 99: 0}]))
    wrong.append(("not-a-map", "an array instead of the map", [name, list(value.values())]))
    return wrong


def _hello() -> list[Entry]:
    first = Hello(session=SESSION, kid=KID, head=None, acked=None, size=0, work=0, verdicts=0)
    later = Hello(session=SESSION, kid=KID, head=DAY.van.events[-1], acked=[2, digest(DAY.van.events[1])],
                  size=4, work=7, verdicts=1)  # fmt: skip
    knows = Hello(session=SESSION, kid=KID, head=None, acked=None, size=4, work=0, verdicts=0, log=LOG_ID)
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("session-of-7", "a session of seven bytes", {1: bytes(7)}),
        ("kid-thumbprint", "the whole thumbprint as kid", {2: bytes(32)}),
        ("head-empty", "an empty head instead of null", {3: b""}),
        ("head-hash-list", "a head that is no byte string", {3: [b"\x00"]}),
        ("acked-half", "next without the hash", {4: [2]}),
        ("size-negative", "a negative size", {5: -1}),
        ("log-of-15", "a log id of 15 bytes", {8: bytes(15)}),
    ]
    good = [
        ("knows-its-log", "which log the checkpoint is of", knows),
        ("new-handheld", "a handheld that has written nothing and knows no checkpoint", first),
        ("after-months", "a handheld that comes back with 36 events not acknowledged", later),
    ]
    return _entries("up", good, _spoiled(later, changes))


def _batch() -> list[Entry]:
    second = Batch(session=SESSION, kid=KID, events=DAY.van.events[2:], acked=[2, digest(DAY.van.events[1])],
                   size=4, verdicts=0, objects=[PHOTO, NOTE])  # fmt: skip
    hole = Batch(session=SESSION, kid=keys.TPM.key.kid, events=DAY.tpm.events[:1], acked=None, size=0, verdicts=0,
                 holes=DAY.tpm.events[3:])  # fmt: skip
    garbage = Batch(session=SESSION, kid=KID, events=[b"", b"\x00" * 5000, DAY.van.events[0]], acked=None, size=0,
                    verdicts=0)  # fmt: skip
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("65-events", "one event more than fit", {3: [b"\x01"] * 65}),
        ("event-as-array", "an event taken apart", {3: [[1, 2]]}),
        ("holes-empty", "an empty list instead of none", {7: []}),
        ("17-holes", "one hole more than fits", {7: [b"\x01"] * 17}),
        ("objects-empty", "an empty list instead of none", {8: []}),
        ("object-without-salt", "an object shorter than its salt", {8: [bytes(31)]}),
        ("object-too-large", "an object that has to go in chunks", {8: [bytes(32 + 8193)]}),
        ("first-negative", "a batch that begins before its chain", {9: -1}),
    ]
    good = [
        ("first", "the worked example: two events", FIRST_BATCH),
        ("rest-of-the-day", "36 events and two small objects", second),
        ("with-hole", "a range.lost event announced ahead of its turn", hole),
        ("with-garbage", "an event that cannot be one is refused alone: the batch is taken", garbage),
        ("nothing", "no events: a resend after everything was acknowledged",
         Batch(session=SESSION, kid=KID, events=[], acked=None, size=2, verdicts=0)),
        ("behind-a-refused-run", "sent on behind events that were refused: it does not begin where acked ends",
         Batch(session=SESSION, kid=KID, events=DAY.van.events[9:12], acked=[2, digest(DAY.van.events[1])], size=4,
               verdicts=0, first=9)),
        ("from-the-start", "a handheld shows its chain anew",
         Batch(session=SESSION, kid=KID, events=DAY.van.events[:2], acked=[9, digest(DAY.van.events[8])], size=4,
               verdicts=0, first=0)),
    ]  # fmt: skip
    return _entries("up", good, _spoiled(FIRST_BATCH, changes))


def _chunk() -> list[Entry]:
    total = len(PHOTO)
    about = {"session": SESSION, "kid": KID, "digest": digest(PHOTO), "total": total, "size": 4}
    first = objects.Chunk(**about, offset=0, data=PHOTO[:20])
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("digest-of-31", "31 bytes instead of a digest", {3: bytes(31)}),
        ("offset-negative", "a negative offset", {4: -1}),
        ("total-below-salt", "fewer bytes than a salt has", {5: 31}),
        ("total-too-large", "more than 8 MiB and a salt", {5: 8 * 1024 * 1024 + 33}),
    ]
    good = [
        ("first", "the first bytes of a photo, its salt among them", first),
        ("last", "the last bytes of the photo", objects.Chunk(**about, offset=20, data=PHOTO[20:])),
        ("question", "no bytes: where shall I go on?", objects.Chunk(**about, offset=0, data=b"")),
    ]
    return _entries("up", good, _spoiled(first, changes))


def _want() -> list[Entry]:
    want = objects.Want(session=SESSION, digest=digest(PHOTO), offset=20)
    wrong: list[tuple[str, str, dict[int, Any]]] = [("offset-null", "no offset", {3: None})]
    return _entries("down", [("go-on", "go on at offset 20", want)], _spoiled(want, wrong))


def _pull() -> list[Entry]:
    pull = work.Pull(session=SESSION, kid=KID, digests=[digest(ORDER)], size=4)
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("no-digests", "nothing asked", {3: []}),
        ("17-digests", "one digest more than fit", {3: [bytes(32)] * 17}),
        ("digest-text", "a digest in hex", {3: [digest(ORDER).hex()]}),
    ]
    return _entries("up", [("one-order", "one work order is missing here", pull)], _spoiled(pull, changes))


def _document() -> list[Entry]:
    document = work.Document(data=ORDER)
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("empty", "no bytes", {1: b""}),
        ("text", "a text instead of bytes", {1: ORDER.decode()}),
    ]
    return _entries("down", [("order", "the work order of the day", document)], _spoiled(document, changes))


def _refusal() -> list[Entry]:
    about = {"code": "overloaded", "sentence": "The gateway is busy. Try again in 30 seconds."}
    busy = refusal.Refusal(session=SESSION, retry_after=30, **about)
    unread = refusal.Refusal(session=None, code="frame", sentence="", retry_after=None)
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("retry-after-301", "a longer wait than 300 s", {4: 301}),
        ("retry-after-negative", "a negative wait", {4: -1}),
        ("code-empty", "no code", {2: ""}),
        ("sentence-of-257", "a sentence of 257 characters", {3: "x" * 257}),
        ("sentence-line-feed", "a line feed in the sentence", {3: "busy\nvery"}),
    ]
    good = [("busy", "come back in 30 seconds", busy), ("unreadable", "a frame that could not be read", unread)]
    return _entries("down", good, _spoiled(busy, changes))


def _restarted() -> list[Entry]:
    statement = statements.restart(keys.ROOT)
    said = Restarted(session=SESSION, checkpoint=DAY.second_checkpoint, since=2, proof=[bytes(32)],
                     restarts=[[statement, [bytes(32), bytes(32)]]])  # fmt: skip
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("no-restarts", "no statement", {5: []}),
        ("17-restarts", "one statement more than fits", {5: [[statement, []]] * 17}),
        ("path-of-31", "a hash of 31 bytes in the path", {5: [[statement, [bytes(31)]]]}),
        ("since-null", "no size", {3: None}),
    ]
    good = [("once", "the log was restarted once", said)]
    return _entries("down", good, _spoiled(said, changes))


def _frame() -> list[Entry]:
    receipt, assignment = statements.FIRST_RECEIPT, statements.ASSIGNED
    good = [
        ("receipt", "a receipt on its way down: its bytes stay whole", ["receipt", receipt]),
        ("assignment", "an assignment on its way down", ["assignment", assignment]),
    ]
    entries = [valid(name, shows, cbor.encode(value), value, direction="down") for name, shows, value in good]
    hello = cbor.decode(frame.encode(FIRST_BATCH), 131072)[1]
    wrong: list[tuple[str, str, str, Any]] = [
        ("unknown-name", "a name that nobody knows", "up", ["greeting", {}]),
        ("down-name-up", "a refusal on its way up", "up", ["refusal", {1: None, 2: "x", 3: "", 4: None}]),
        ("signed-name-up", "a receipt on its way up", "up", ["receipt", receipt]),
        ("up-name-down", "a batch on its way down", "down", ["batch", hello]),
        ("receipt-opened", "a receipt as a map instead of its bytes", "down", ["receipt", {1: 2}]),
        ("name-number", "a number as name", "up", [1, hello]),
        ("one-item", "a name without a message", "up", ["batch"]),
        ("three-items", "one item more", "up", ["batch", hello, None]),
        ("map", "a map instead of the array", "up", {1: "batch", 2: hello}),
        ("bare-receipt", "a byte string alone", "down", receipt),
        ("name-in-capitals", "names are lower case", "up", ["BATCH", hello]),
    ]
    entries += [invalid(name, shows, cbor.encode(value), "frame", direction=way) for name, shows, way, value in wrong]
    bare = [
        ("bare-event", "an event without a frame", "up", DAY.van.events[0], "cbor_type"),
        ("empty", "an empty payload", "up", b"", "cbor_truncated"),
        ("json", "JSON", "up", b'{"hello": true}', "cbor_truncated"),
        ("trailing", "a byte after the frame", "up", frame.encode(FIRST_BATCH) + b"\x00", "cbor_trailing"),
    ]
    return entries + [invalid(name, shows, data, code, direction=way) for name, shows, way, data, code in bare]


FILES: dict[str, File] = {
    "hello": ("a whole frame of a device, HELLO (SPEC.md, MQTT)", _hello),
    "batch": ("a whole frame of a device with events (SPEC.md, MQTT)", _batch),
    "chunk": ("a whole frame of a device with a piece of an object (SPEC.md, Objects)", _chunk),
    "want": ("a whole frame of the gateway: which piece comes next (SPEC.md, Objects)", _want),
    "pull": ("a whole frame of a device: which documents it lacks (SPEC.md, Work)", _pull),
    "document": ("a whole frame of the gateway with a document (SPEC.md, Work)", _document),
    "refusal": ("a whole frame of the gateway: a frame was not taken (SPEC.md, MQTT)", _refusal),
    "restarted": ("a whole frame of the gateway: its log was restarted (SPEC.md, Log and receipts)", _restarted),
    "frame": ("whole frames: signed statements on their way down, and what is no frame (SPEC.md, MQTT)", _frame),
}
