"""Vectors of events and of their bodies: the day's, and what must be refused or raised."""

from typing import Any

from jobseal import bodies, cbor, cose, event
from tests.vectors import keys
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import NOTE, PHOTO, digest, named

BASE = event.parse(DAY.van.events[6]).event.to_map()  # labour.started
VAN_KEY = {"key": keys.VAN.key.encode().hex()}


def _of_the_day(who: str, signer: Any, chain: list[bytes]) -> list[Entry]:
    entries = []
    for data in chain:
        signed = event.parse(data)
        name = f"{who}-{signed.event.seq:02}-{signed.event.kind}"
        optional = [key for key in ("anchor", "close", "amends") if getattr(signed.event, key) is not None]
        shows = f"{signed.event.kind}, event {signed.event.seq} of {who}" + "".join(f", with {key}" for key in optional)
        about = {"key": signer.key.encode().hex(), "hash": signed.hash.hex()}
        entries.append(valid(name, shows, data, signed.event.to_map(), **about))
    return entries


def _signed(payload: bytes) -> bytes:
    return cose.sign(payload, cose.EVENT, keys.VAN)


def _with(**changes: Any) -> bytes:
    """An event with fields changed by their number (``f3=...``), signed all the same."""
    value = {**BASE, **{int(name[1:]): new for name, new in changes.items()}}
    return _signed(cbor.encode(value))


def _without(key: int) -> bytes:
    return _signed(cbor.encode({number: value for number, value in BASE.items() if number != key}))


def _odd_but_valid() -> list[Entry]:
    cases = [
        ("at-1990", "a claimed time in 1990: an exception, not a refusal", _with(f3=631_152_000_000)),
        ("at-2126", "a claimed time in 2126", _with(f3=4_922_985_600_000)),
        ("at-negative", "a claimed time before 1970", _with(f3=-1)),
        ("greatest-seq", "the greatest seq", _with(f1=2**53 - 1)),
        ("kind-of-32", "a kind of 32 characters that nobody knows yet", _with(f6="x" * 32)),
        ("unknown-kind", "a kind of a newer device with a body of its own", _with(f6="drone.landed", f7={"pad": [7]})),
        ("malformed-body", "a body that does not fit its kind is logged all the same", _with(f7={1: 5})),
    ]
    return [
        valid(name, shows, data, event.parse(data).event.to_map(), **VAN_KEY, hash=digest(data).hex())
        for name, shows, data in cases
    ]


def _misshapen() -> list[tuple[str, str, bytes]]:
    missing = [(f"without-{key}", f"field {key} is missing", _without(key)) for key in range(1, 8)]
    return [
        *missing,
        ("seq-negative", "a negative seq", _with(f1=-1)),
        ("seq-text", "seq as text", _with(f1="6")),
        ("seq-true", "true is not 1", _with(f1=True)),
        ("prev-of-31", "31 bytes instead of a hash", _with(f2=bytes(31))),
        ("prev-null", "null instead of a hash", _with(f2=None)),
        ("at-text", "a time as text", _with(f3="2026-03-02T07:00:00Z")),
        ("up-null", "no time since boot", _with(f4=None)),
        ("up-negative", "a negative time since boot", _with(f4=-1)),
        ("boot-of-7", "a boot id of seven bytes", _with(f5=bytes(7))),
        ("kind-empty", "no kind", _with(f6="")),
        ("kind-of-33", "a kind of 33 characters", _with(f6="x" * 33)),
        ("kind-number", "a number as kind", _with(f6=7)),
        ("body-null", "no body", _with(f7=None)),
        ("body-array", "an array as body", _with(f7=["BOILER-SERVICE"])),
        ("job-null", "null instead of an absent job", _with(f8=None)),
        ("job-empty", "an empty job", _with(f8="")),
        ("job-of-65", "a job of 65 characters", _with(f8="x" * 65)),
        ("job-control-character", "a line feed in the job", _with(f8="WO\n1001")),
        ("by-null", "null instead of an absent technician", _with(f9=None)),
        ("by-of-33", "a technician of 33 characters", _with(f9="x" * 33)),
        ("anchor-null", "null instead of an absent anchor", _with(f10=None)),
        ("anchor-of-33", "33 bytes instead of a hash", _with(f10=bytes(33))),
        ("close-short", "a close without its digest", _with(f11=[3])),
        ("close-long", "a close with a third item", _with(f11=[3, bytes(32), 0])),
        ("close-map", "a close as a map", _with(f11={1: 3, 2: bytes(32)})),
        ("close-negative", "a negative count", _with(f11=[-1, bytes(32)])),
        ("amends-short", "31 bytes instead of a hash", _with(f12=bytes(31))),
        ("field-13", "a field that nobody knows", _with(f13=0)),
        ("field-0", "a field that nobody knows", _with(f0=0)),
        ("text-key", "a field with a name instead of a number", _signed(cbor.encode({**BASE, "seq": 6}))),
        ("payload-array", "an array as payload", _signed(cbor.encode(list(BASE.values())))),
        ("payload-null", "null as payload", _signed(b"\xf6")),
    ]


def _misencoded() -> list[tuple[str, str, bytes, str]]:
    payload = cbor.encode(BASE)
    long_seq = payload.replace(b"\x01\x06\x02", b"\x01\x18\x06\x02", 1)
    unsorted = b"\xa9" + payload[3:38] + payload[1:3] + payload[38:]
    twice = b"\xaa" + payload[1:3] + payload[1:3] + payload[3:]
    return [
        ("payload-empty", "no payload", _signed(b""), "cbor_truncated"),
        ("payload-trailing", "a byte after the payload's item", _signed(payload + b"\x00"), "cbor_trailing"),
        ("payload-cut", "a payload that ends too early", _signed(payload[:-1]), "cbor_truncated"),
        ("payload-long-seq", "seq in a longer form", _signed(long_seq), "cbor_noncanonical"),
        ("payload-unsorted", "prev before seq", _signed(unsorted), "cbor_noncanonical"),
        ("payload-key-twice", "seq twice", _signed(twice), "cbor_duplicate_key"),
        ("payload-tagged", "a tag around the payload's map", _signed(b"\xc1" + payload), "cbor_type"),
        ("payload-indefinite", "a map without a length", _signed(b"\xbf" + payload[1:] + b"\xff"), "cbor_type"),
        ("payload-float", "a float as seq", _signed(payload.replace(b"\x01\x06", b"\x01\xf9\x46\x00", 1)), "cbor_type"),
        ("payload-overlong-text", "an overlong character in the job",
         _signed(payload.replace(b"WO-1001", b"WO-10\xc0\xb1", 1)), "cbor_utf8"),
        ("payload-deep", "a body nested nine deep", _signed(payload.replace(
            cbor.encode(BASE[7]), b"\xa1\x01" + b"\x81" * 7 + b"\x00", 1)), "cbor_depth"),
        ("payload-beyond-range", "a time since boot of 2**53", _signed(payload.replace(
            b"\x04" + cbor.encode(BASE[4]), b"\x04\x1b\x00\x20" + bytes(6), 1)), "cbor_range"),
    ]  # fmt: skip


def _event() -> list[Entry]:
    day = _of_the_day("van-07", keys.VAN, DAY.van.events) + _of_the_day("tpm-01", keys.TPM, DAY.tpm.events)
    day += _of_the_day("van-07-second-key", keys.SPARE, DAY.spare.events)
    day += _of_the_day("van-07-third-key", keys.THIRD, DAY.third.events)
    good = DAY.van.events[6]
    entries = [*day, *_odd_but_valid()]
    padded = _with(f7={1: "x" * 3800})
    entries.append(invalid("too-large", "4097 bytes", padded + bytes(4097 - len(padded)), "too_large", **VAN_KEY))
    entries.append(invalid("cut", "one byte too few", good[:-1], "envelope", **VAN_KEY))
    as_receipt = cose.sign(cbor.encode(BASE), cose.RECEIPT, keys.VAN)
    entries.append(invalid("receipt-domain", "signed as a receipt", as_receipt, "signature_invalid", **VAN_KEY))
    flipped = good[:-70] + bytes([good[-70] ^ 1]) + good[-69:]
    entries.append(invalid("one-bit", "one bit of the payload flipped", flipped, "signature_invalid", **VAN_KEY))
    tpm = {"key": keys.TPM.key.encode().hex()}
    entries.append(invalid("other-device", "an event of one handheld, checked for another", good,
                           "signature_invalid", **tpm))  # fmt: skip
    entries += [invalid(name, shows, data, "malformed", **VAN_KEY) for name, shows, data in _misshapen()]
    entries += [invalid(name, shows, data, code, **VAN_KEY) for name, shows, data, code in _misencoded()]
    return entries


_PART = {1: "GASKET-40", 2: "2", 3: "pc", 4: "van"}
_WRONG_BODIES: list[tuple[str, str, Any]] = [
    ("session.opened", "an unknown field", {9: 1}),
    ("session.opened", "an empty software version", {1: ""}),
    ("session.closed", "a reason that is not in the list", {1: "bored"}),
    ("job.accepted", "the order is missing: null says that there is none", {2: 1}),
    ("job.accepted", "the order's digest has 31 bytes", {1: bytes(31), 2: 1}),
    ("job.accepted", "a revision as text", {1: None, 2: "1"}),
    ("travel.started", "a field where there is none", {1: 1}),
    ("travel.stopped", "a negative distance", {1: -1}),
    ("travel.stopped", "a distance as decimal text", {1: "18.4"}),
    ("job.arrived", "an empty site", {1: ""}),
    ("labour.started", "the task is missing", {}),
    ("labour.stopped", "a task of 65 characters", {1: "x" * 65}),
    ("part.used", "a quantity as a number", {**_PART, 2: 2}),
    ("part.used", "a quantity in exponent form", {**_PART, 2: "2e0"}),
    ("part.used", "a quantity of minus zero", {**_PART, 2: "-0"}),
    ("part.used", "a source that is not in the list", {**_PART, 4: "shop"}),
    ("part.used", "warranty as 1 instead of true", {**_PART, 6: 1}),
    ("part.used", "the unit is missing", {1: "GASKET-40", 2: "2", 4: "van"}),
    ("part.returned", "an empty serial number", {**_PART, 5: ""}),
    ("expense.added", "a currency of four letters", {1: "PARKING", 2: "4.50", 3: "EURO"}),
    ("expense.added", "an amount with a comma", {1: "PARKING", 2: "4,50", 3: "EUR"}),
    ("note.added", "free text in the event itself: it belongs into an object", {1: "call back"}),
    ("note.added", "an object without its media type", {1: [bytes(32), 5]}),
    ("reading.taken", "a value with an empty fraction", {1: "CO2", 2: "9.", 3: "%"}),
    ("photo.attached", "a negative size", {1: [bytes(32), -1, "image/jpeg"]}),
    ("photo.attached", "an object with its salt beside it", {1: [*named(PHOTO), bytes(32)]}),
    ("checklist.answered", "no answer", {1: "FLUE-CLEAR", 2: None}),
    ("checklist.answered", "an answer of bytes", {1: "FLUE-CLEAR", 2: b"yes"}),
    ("safety.acknowledged", "a version as text", {1: "GAS-ISOLATED", 2: "3"}),
    ("job.waiting", "a reason that is not in the list", {1: "lunch"}),
    ("job.resumed", "a field where there is none", {1: "at last"}),
    ("job.completed", "the totals are missing", {}),
    ("job.completed", "a total without its amount", {1: [["labour", "BOILER-SERVICE", "ms"]]}),
    ("job.completed", "65 totals", {1: [["labour", "BOILER-SERVICE", "ms", "1"]] * 65}),
    ("job.completed", "missing evidence without a reason", {1: [], 2: [["PHOTO-BEFORE"]]}),
    ("job.signed_off", "a method that is not in the list", {1: "nodded", 2: named(NOTE)}),
    ("job.signed_off", "the name in the event itself", {1: "typed", 2: "M. Okafor"}),
    ("signoff.waived", "no reason", {}),
    ("job.reopened", "a reason as a number", {1: 1}),
    ("job.cancelled", "a note that is no object", {1: "WITHDRAWN", 2: "see mail"}),
    ("event.corrected", "reason 0", {1: 0, 2: None}),
    ("event.corrected", "reason 10", {1: 10, 2: None}),
    ("event.corrected", "no body: null says that it did not happen", {1: 7}),
    ("event.corrected", "a body that is no map", {1: 2, 2: [1]}),
    ("position.logged", "a position in the event itself", {1: [52, 4]}),
    ("clock.adjusted", "a shift in seconds as text", {1: "-3600"}),
    ("key.rotated", "a kid instead of the thumbprint", {1: bytes(8)}),
    ("key.rotated", "a succession of more than 512 bytes", {1: bytes(32), 2: bytes(513)}),
    ("job.handed_over", "to nobody", {}),
    ("range.lost", "the end is missing", {1: 1}),
    ("range.lost", "a negative start", {1: -1, 2: 2}),
]


def _bodies() -> list[Entry]:
    entries = []
    for number, data in enumerate(DAY.van.events + DAY.tpm.events + DAY.spare.events + DAY.third.events):
        of = event.parse(data).event
        found = [item[0].hex() for item in bodies.objects(of.kind, of.body)]
        name = f"{of.kind}-{number:02}"
        shows = f"a body of {of.kind}" + (f" that names {len(found)} objects" if found else "")
        entries.append(valid(name, shows, cbor.encode(of.body), of.body, kind=of.kind, objects=found))
    for number, (kind, shows, body) in enumerate(_WRONG_BODIES):
        name = f"not-{kind}-{number:02}"
        entries.append(invalid(name, shows, cbor.encode(body), "malformed_body", kind=kind))
    unknown = cbor.encode({1: "what a newer device says"})
    entries.append(
        invalid("unknown-kind", "a kind that is not in the table", unknown, "unknown_kind", kind="drone.landed")
    )
    entries.append(invalid("kind-in-capitals", "kinds are lower case", b"\xa0", "unknown_kind", kind="Travel.Started"))
    return entries


FILES: dict[str, File] = {
    "event": ("one complete event, parsed and verified with `key` (SPEC.md, Event)", _event),
    "bodies": ("the body of an event of `kind`, and the objects that it names (SPEC.md, Kinds and bodies)", _bodies),
}
