"""Vectors of fork proofs: a key that signed two events with one number, and proofs with one thing wrong in them."""

from typing import Any

from jobseal import cbor, event, merkle, office
from jobseal.event import Event
from jobseal.fork import FORMAT, ForkProof
from tests.vectors import keys, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import DAY_MS, ENROLLED, SPARE_ENROLLED, Log

TRUSTED = keys.ROOT.key.thumbprint
Map = dict[int, Any]

FIRST, SECOND = DAY.van.events[1], DAY.van.events[2]


def _other(data: bytes, **changes: Any) -> bytes:
    """The same event as a copy of the handheld would have signed it: of another time."""
    said = event.parse(data).event.to_map()
    return event.sign(Event.from_map({**said, 3: said[3] + 60_000, **changes}), keys.VAN)


COPY = _other(SECOND)
SUSPENDED = office.sign(
    office.act(
        "device.suspended", DAY_MS + 1_000_000, "gateway", {"key": keys.VAN.key.thumbprint, "reason": "chain_fork"}
    ),
    keys.OFFICE,
)


def _log() -> Log:
    log = Log()
    log.append(merkle.ENTRY_OFFICE, ENROLLED, SPARE_ENROLLED)
    log.append(merkle.ENTRY_EVENT, DAY.van.events[0], FIRST, SECOND, COPY)
    log.append(merkle.ENTRY_OFFICE, SUSPENDED)
    return log


LOG = _log()
SIZE = len(LOG.leaves)


def _proof() -> Map:
    return ForkProof(
        format=FORMAT,
        root=keys.ROOT.key.encode(),
        authority=statements.CERTIFICATIONS,
        checkpoint=LOG.checkpoint(DAY_MS + 2_000_000),
        acts=[LOG.inclusion(data, SIZE) for data in (ENROLLED, SUSPENDED)],
        events=[LOG.inclusion(data, SIZE) for data in (SECOND, COPY)],
    ).to_map()


def _flipped(row: list[Any]) -> list[Any]:
    return [row[0], row[1][:-1] + bytes([row[1][-1] ^ 1]), row[2]]


def _wrong() -> list[tuple[str, str, str, Map]]:
    whole = _proof()
    enrolled, suspended = whole[5]
    first, second = whole[6]
    earlier = LOG.inclusion(FIRST, SIZE)
    return [
        ("event-bent", "one bit of an event flipped", "signature_invalid", {6: [first, _flipped(second)]}),
        ("one-event-twice", "one event in both places", "log_order", {6: [first, first]}),
        ("events-out-of-order", "the later one first", "log_order", {6: [second, first]}),
        ("other-number", "two events of one chain, as every chain has them", "no_fork", {6: [earlier, second]}),
        ("proof-bent", "a proof that leads elsewhere", "not_in_log",
         {6: [first, [second[0], second[1], [bytes(32), *second[2][1:]]]]}),
        ("index-wrong", "another place in the log", "not_in_log", {6: [first, [second[0] + 1, *second[1:]]]}),
        ("enrolment-left-out", "nobody says whose key it is", "key_unknown", {5: [suspended]}),
        ("enrolment-of-other-key", "an enrolment that has nothing to do with it", "superfluous",
         {5: [enrolled, LOG.inclusion(SPARE_ENROLLED, SIZE), suspended]}),
        ("act-bent", "one bit of an act flipped", "signature_invalid", {5: [enrolled, _flipped(suspended)]}),
        ("checkpoint-by-van", "a checkpoint that the log key did not sign", "signature_invalid",
         {4: whole[4][:-1] + bytes([whole[4][-1] ^ 1])}),
        ("certification-bent", "the root did not certify the log key", "signature_invalid",
         {3: [whole[3][0][:-1] + b"\x00", *whole[3][1:]]}),
    ]  # fmt: skip


def _judged(name: str, shows: str, value: Map, status: str, code: str, trusted: bytes | None = TRUSTED) -> Entry:
    verdict = {"trusted": None if trusted is None else trusted.hex(), "status": status, "flaw": code}
    return {"name": name, "shows": shows, "valid": True, "hex": cbor.encode(value).hex(), **verdict}


def _entries() -> list[Entry]:
    whole = _proof()
    verdict = {"trusted": TRUSTED.hex(), "status": "ok", "flaw": "forked"}
    entries = [
        valid("fork", "two events with number 2, logged, and the key suspended", cbor.encode(whole), whole, **verdict),
        _judged("untrusted", "the same, but nobody vouches for the root", whole, "untrusted", "untrusted", None),
        _judged("other-root", "the same, but another root is trusted", whole, "wrong", "root_mismatch", bytes(32)),
    ]
    entries += [_judged(name, shows, {**whole, **new}, "wrong", code) for name, shows, code, new in _wrong()]
    later = {**whole, 1: "jobseal/2/fork"}
    entries.append(_judged("later-version", "a proof of a later version", later, "uncheckable", "bundle_version"))
    changes: list[tuple[str, str, Map]] = [
        ("one-event", "one event where two are needed", {6: whole[6][:1]}),
        ("three-events", "three of them", {6: [*whole[6], whole[6][0]]}),
        ("no-acts", "no enrolment", {5: []}),
        ("unknown-field", "a field that nobody knows", {7: 0}),
    ]
    entries += [invalid(name, shows, cbor.encode({**whole, **new}), "malformed") for name, shows, new in changes]
    return entries


FILES: dict[str, File] = {
    "fork": ("one fork proof, judged by whoever trusts the root `trusted`: its `status` and first `flaw`", _entries),
}
