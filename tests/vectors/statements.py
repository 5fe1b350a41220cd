"""Vectors of the gateway's signed statements: receipt, checkpoint, authority, office, enrolment, assignment."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobseal import authority, cbor, cose, enrolling, merkle, office, receipt, root_line, rotating, work
from jobseal.enrolment import Welcome
from jobseal.host.crypto import Ed25519Signer
from jobseal.limits import CATALOGUE_MAX
from tests.vectors import keys
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import (
    DAY_MS,
    ENROLLED,
    JOB,
    LOG_ID,
    ORDER,
    PHOTO,
    SESSION,
    SPARE_ENROLLED,
    TPM_ENROLLED,
    digest,
)

if TYPE_CHECKING:
    from jobseal.cose import Signer

Changes = list[tuple[str, str, dict[int, Any]]]


def payload_of(data: bytes) -> Any:
    """The decoded payload of a signed statement."""
    return cbor.decode(cose.parse(data, 4_194_304).payload, 4_194_304)


def of_statement(
    good: list[tuple[str, str, bytes]], domain: str, signer: "Signer", changes: Changes, **more: Any
) -> list[Entry]:
    """The good ones; and of the last of them, what is signed rightly and shaped wrongly, or signed wrongly."""
    about = {"key": signer.key.encode().hex(), **more}
    entries = [
        valid(name, shows, data, payload_of(data), **about, hash=digest(data).hex()) for name, shows, data in good
    ]
    last = good[-1][2]
    fields = payload_of(last)
    for name, shows, new in changes:
        merged = {**fields, **new}
        value = {key: merged[key] for key in merged if merged[key] is not ...}
        data = cose.sign(cbor.encode(value), domain, signer)
        entries.append(invalid(name, shows, data, "malformed", **about))
    encoded = cbor.encode(fields)
    wrong = [
        ("flipped-bit", "one bit of the payload flipped", last[:-70] + bytes([last[-70] ^ 1]) + last[-69:]),
        ("other-domain", "the same content signed in another domain", cose.sign(encoded, domain + "/other", signer)),
        ("as-event", "the same content signed as an event", cose.sign(encoded, cose.EVENT, signer)),
        ("stranger", "the same content signed by a stranger", cose.sign(encoded, domain, keys.STRANGER)),
    ]
    entries += [invalid(name, shows, data, "signature_invalid", **about) for name, shows, data in wrong]
    unknown = cose.sign(cbor.encode({**fields, 99: 0}), domain, signer)
    entries.append(invalid("unknown-field", "a field that nobody knows", unknown, "malformed", **about))
    array = cose.sign(cbor.encode([1, 2]), domain, signer)
    entries.append(invalid("payload-array", "an array as payload", array, "malformed", **about))
    trailing = cose.sign(encoded + b"\x00", domain, signer)
    entries.append(invalid("payload-trailing", "a byte after the payload's item", trailing, "cbor_trailing", **about))
    entries.append(invalid("cut", "one byte too few", last[:-1], "envelope", **about))
    return entries


FIRST_RECEIPT = receipt.sign(
    receipt.Receipt(
        key=keys.VAN.key.thumbprint,
        session=SESSION,
        next=2,
        head=digest(DAY.van.events[1]),
        superseded=False,
        checkpoint=DAY.second_checkpoint,
        since=2,
        proof=DAY.log.consistency(2, 4),
        verdicts=[],
        more=False,
        stored=[],
    ),
    keys.LOG,
)

LAST_RECEIPT = receipt.sign(
    receipt.Receipt(
        key=keys.VAN.key.thumbprint,
        session=SESSION,
        next=len(DAY.van.events),
        head=digest(DAY.van.events[-1]),
        superseded=False,
        checkpoint=DAY.third_checkpoint,
        since=4,
        proof=DAY.log.consistency(4, len(DAY.log.leaves)),
        verdicts=[[12, ["unknown_code"]], [36, ["clock_unset", "interval_wide"]]],
        more=True,
        stored=[digest(PHOTO)],
    ),
    keys.LOG,
)


def _receipt() -> list[Entry]:
    nothing = receipt.Receipt(
        key=keys.TPM.key.thumbprint,
        session=SESSION,
        next=0,
        head=digest(TPM_ENROLLED),
        superseded=True,
        checkpoint=DAY.first_checkpoint,
        since=0,
        proof=[],
        verdicts=[],
        more=False,
        stored=[],
    )
    waiting = receipt.Receipt(
        key=keys.VAN.key.thumbprint,
        session=SESSION,
        next=2,
        head=digest(DAY.van.events[1]),
        superseded=False,
        checkpoint=DAY.second_checkpoint,
        since=2,
        proof=DAY.log.consistency(2, 4),
        verdicts=[],
        more=False,
        stored=[],
        resume=66,
    )
    good = [
        (
            "resume",
            "64 refused items wait behind the two that are settled: go on behind them",
            receipt.sign(waiting, keys.LOG),
        ),
        ("nothing-yet", "nothing is settled: head is the enrolment statement", receipt.sign(nothing, keys.LOG)),
        ("first", "the worked example: two events settled, one proof hash from size 2 to 4", FIRST_RECEIPT),
        ("last", "38 events settled, verdicts on two, one object stored", LAST_RECEIPT),
    ]
    changes: Changes = [
        ("key-kid", "a kid instead of the thumbprint", {1: bytes(8)}),
        ("session-missing", "no session", {2: ...}),
        ("next-negative", "a negative next", {3: -1}),
        ("resume-null", "null instead of no resume", {12: None}),
        ("head-missing", "no head", {4: ...}),
        ("superseded-integer", "0 instead of false", {5: 0}),
        ("checkpoint-empty", "an empty checkpoint", {6: b""}),
        ("checkpoint-opened", "the checkpoint as a map", {6: {1: 2}}),
        ("proof-hash-of-31", "a proof hash of 31 bytes", {8: [bytes(31)]}),
        ("proof-hash-of-33", "a proof hash of 33 bytes", {8: [bytes(33)]}),
        ("proof-of-129", "a proof of 129 hashes", {8: [bytes(32)] * 129}),
        ("17-verdicts", "one verdict more than fits", {9: [[i, ["unknown_job"]] for i in range(17)]}),
        ("verdict-without-code", "a verdict that says nothing", {9: [[1, []]]}),
        ("more-missing", "nothing said on whether there are more", {10: ...}),
        ("65-stored", "one digest more than fits", {11: [bytes(32)] * 65}),
    ]
    return of_statement(good, cose.RECEIPT, keys.LOG, changes)


def _checkpoint() -> list[Entry]:
    good = [
        ("first", "two enrolments are logged, and no event", DAY.first_checkpoint),
        ("third", "the whole day is logged", DAY.third_checkpoint),
        ("second", "the worked example: two enrolments, two events", DAY.second_checkpoint),
    ]
    changes: Changes = [
        ("log-of-15", "a log id of 15 bytes", {1: bytes(15)}),
        ("size-negative", "a negative size", {2: -1}),
        ("root-of-31", "a root of 31 bytes", {3: bytes(31)}),
        ("root-of-64", "a root of another hash", {3: bytes(64)}),
        ("at-null", "no time", {4: None}),
        ("at-missing", "no time", {4: ...}),
    ]
    return of_statement(good, cose.CHECKPOINT, keys.LOG, changes)


def _certified(role: str, signer: "Signer", by: "Signer" = keys.ROOT) -> bytes:
    return authority.certify(authority.Certification(role=role, key=signer.key.encode(), at=DAY_MS), by)


CERTIFICATIONS = [_certified("log", keys.LOG), _certified("office", keys.OFFICE)]


def _authority() -> list[Entry]:
    log, office_key = CERTIFICATIONS
    ca = _certified("ca", keys.TPM)
    names = {"log": keys.LOG.key.thumbprint.hex(), "office": keys.OFFICE.key.thumbprint.hex()}
    root = keys.ROOT.key.encode().hex()
    entries: list[Entry] = []
    for name, shows, certifications in [
        ("log-and-office", "the root certifies both", [log, office_key]),
        ("any-order", "the order does not matter", [office_key, log]),
        ("with-ca", "a CA key beside them", [log, office_key, ca]),
    ]:
        hexes = [data.hex() for data in certifications]
        entries.append({"name": name, "shows": shows, "valid": True, "key": root, "certifications": hexes, **names})
    weak = cbor.encode({1: 1, 3: -8, -1: 6, -2: bytes(32)})
    wrong_key = cose.sign(cbor.encode({1: "log", 2: weak, 3: DAY_MS}), cose.AUTHORITY, keys.ROOT)
    wrong_role = cose.sign(cbor.encode({1: "king", 2: keys.LOG.key.encode(), 3: DAY_MS}), cose.AUTHORITY, keys.ROOT)
    bent = log[:-1] + bytes([log[-1] ^ 1])
    for name, shows, certifications, code in [
        ("nothing", "no certification at all", [], "authority"),
        ("no-log", "no key for the log", [office_key], "authority"),
        ("no-office", "no key for the office", [log, ca], "authority"),
        ("two-logs", "two keys for the log", [log, office_key, _certified("log", keys.VAN)], "authority"),
        ("by-office", "the office certifies itself", [log, _certified("office", keys.VAN, keys.OFFICE)],
         "signature_invalid"),
        ("bent", "one bit of the signature flipped", [bent, office_key], "signature_invalid"),
        ("receipt-domain", "a certification signed as a receipt",
         [cose.sign(payload_bytes(log), cose.RECEIPT, keys.ROOT), office_key], "signature_invalid"),
        ("unknown-role", "a role that nobody knows", [log, office_key, wrong_role], "malformed"),
        ("not-a-key", "a key of an algorithm that is not used", [wrong_key, office_key], "key"),
        ("garbage", "bytes that are no envelope", [b"log", office_key], "envelope"),
    ]:  # fmt: skip
        hexes = [data.hex() for data in certifications]
        entries.append(
            {"name": name, "shows": shows, "valid": False, "code": code, "key": root, "certifications": hexes}
        )
    return entries


def payload_bytes(data: bytes) -> bytes:
    """The payload of a signed statement, as bytes."""
    return cose.parse(data, 4_194_304).payload


def _act(kind: str, body: dict[str, Any], job: str | None = None) -> bytes:
    signer = keys.ROOT if kind == office.RESTART else keys.OFFICE
    return office.sign(office.act(kind, DAY_MS + 40_000_000, "m.keller", body, job), signer)


ACTS = {
    "device.suspended": _act("device.suspended", {"key": keys.VAN.key.thumbprint, "reason": "fork at seq 12"}),
    "device.reinstated": _act("device.reinstated", {"key": keys.VAN.key.thumbprint, "reason": "the copy is found"}),
    "device.revoked": _act("device.revoked", {"key": keys.VAN.key.thumbprint, "reason": "lost"}),
    "device.revoked-compromised": _act(
        "device.revoked", {"key": keys.VAN.key.thumbprint, "reason": "compromised", "last_trusted_seq": -1}
    ),
    "branch.adopted": _act(
        "branch.adopted",
        {"key": keys.VAN.key.thumbprint, "head": digest(DAY.van.events[12]), "reason": "the clone wrote this one"},
    ),
    "range.written_off": _act(
        "range.written_off", {"key": keys.TPM.key.thumbprint, "from": 1, "to": 2, "reason": "card replaced"}
    ),
    "job.closed_by_office": _act(
        "job.closed_by_office", {"reason": "handheld destroyed", "key": keys.TPM.key.thumbprint}, JOB
    ),
    "exception.overridden": _act(
        "exception.overridden",
        {"code": "over_budget", "reason": "agreed by phone", "event": digest(DAY.van.events[12]), "subject": "IGNITOR"},
        JOB,
    ),
    "record.released": _act("record.released", {"revision": 1, "digest": digest(b"a record")}, JOB),
    "object.erased": _act("object.erased", {"digests": [digest(PHOTO)], "reason": "asked by the customer"}),
}
RESTARTED = _act(
    "log.restarted", {"earlier_log": LOG_ID, "size": 4, "root": digest(b"a root"), "reason": "restored from backup"}
)
NEW_LOG = digest(b"the log after the restart")[:16]
FIRST_LEAVES = merkle.root(DAY.log.leaves[:2])


def restart(signer: Ed25519Signer, **changes: Any) -> bytes:
    """The day's log restarted at size 2, some hours later; fields of the body by name, None for one left out."""
    body = {"earlier_log": LOG_ID, "size": 2, "root": FIRST_LEAVES, "reason": "disk broke", "log": NEW_LOG}
    named = {name: value for name, value in {**body, **changes}.items() if value is not None}
    return office.sign(office.act("log.restarted", DAY_MS + 40_000_000, "m.keller", named), signer)


def _office() -> list[Entry]:
    good = [(kind, f"the office's act {kind}", data) for kind, data in ACTS.items()]
    good += [("device.enrolled", "the enrolment of a handheld", ENROLLED)]
    suspended = {1: "device.suspended", 4: {1: keys.VAN.key.thumbprint, 2: "a reason"}}
    changes: Changes = [
        ("kind-unknown", "an act that nobody knows", {1: "device.painted"}),
        ("kind-of-event", "a handheld's kind", {1: "travel.started", 4: {}}),
        ("at-null", "no time", {2: None}),
        ("operator-missing", "nobody named", {3: ...}),
        ("operator-empty", "nobody named", {3: ""}),
        ("body-misfit", "the body of another act", {1: "device.suspended"}),
        ("body-null", "no body", {4: None}),
        ("reason-empty", "no reason", {**suspended, 4: {1: bytes(32), 2: ""}}),
        ("reason-missing", "no reason", {**suspended, 4: {1: bytes(32)}}),
        ("revoked-reason", "a reason that is not in the list", {1: "device.revoked", 4: {1: bytes(32), 2: "annoying"}}),
        ("revoked-seq", "a last trusted seq of -2", {1: "device.revoked", 4: {1: bytes(32), 2: "lost", 3: -2}}),
        ("write-off-from", "a range without a start",
         {1: "range.written_off", 4: {1: bytes(32), 3: 2, 4: "a reason"}}),
        ("erased-nothing", "no object named", {1: "object.erased", 4: {1: [], 2: "a reason"}}),
        ("job-null", "null instead of an absent job", {5: None}),
        ("closing-no-job", "a closure of no job", {1: "job.closed_by_office", 4: {1: "a reason"}}),
        ("releasing-no-job", "a release of no job", {1: "record.released", 4: {1: 1, 2: bytes(32)}}),
    ]  # fmt: skip
    entries = of_statement(good, cose.OFFICE, keys.OFFICE, changes)
    by_root, by_office = keys.ROOT.key.encode().hex(), keys.OFFICE.key.encode().hex()
    restarted = payload_of(RESTARTED)
    usurped = cose.sign(cbor.encode(restarted), cose.OFFICE, keys.OFFICE)
    act_of_root = cose.sign(payload_bytes(ACTS["device.suspended"]), cose.OFFICE, keys.ROOT)
    return [
        *entries,
        valid("log.restarted", "a restart, signed by the root", RESTARTED, restarted, key=by_root,
              hash=digest(RESTARTED).hex(), by="root"),
        valid("log.restarted-named", "a restart that names the new log", restart(keys.ROOT),
              payload_of(restart(keys.ROOT)), key=by_root, hash=digest(restart(keys.ROOT)).hex(), by="root"),
        invalid("restart-by-office", "the office cannot declare a restart", usurped, "authority", key=by_office),
        invalid("act-by-root", "the root declares restarts and no other act", act_of_root, "authority", key=by_root,
                by="root"),
    ]  # fmt: skip


def _enrolment() -> list[Entry]:
    good = [
        ("second-key", "a second key, naming the earlier one", SPARE_ENROLLED),
        ("hardware", "a P-256 key in a secure element", TPM_ENROLLED),
        ("van-07", "an Ed25519 key under a PIN", ENROLLED),
        ("follows", "a third key, by rotation: its event 0 names a key.rotated", DAY.third_enrolled),
    ]
    body = payload_of(ENROLLED)[4]
    changes: Changes = [
        ("other-act", "another act of the office", {1: "device.suspended", 4: {1: bytes(32), 2: "a reason"}}),
        ("device-gateway", "no handheld is called gateway", {4: {**body, 1: "gateway"}}),
        ("device-with-slash", "a name that would be two topic levels", {4: {**body, 1: "van/07"}}),
        ("device-wildcard", "a name that is a topic wildcard", {4: {**body, 1: "+"}}),
        ("device-empty", "no name", {4: {**body, 1: ""}}),
        ("assurance-unknown", "an assurance level that nobody knows", {4: {**body, 3: "biometric"}}),
        ("earlier-kid", "a kid instead of the earlier key's thumbprint", {4: {**body, 4: bytes(8)}}),
        ("log-of-8", "a log id of eight bytes", {4: {**body, 5: bytes(8)}}),
        ("follows-without-seq", "which event of the earlier key it follows is not said", {4: {**body, 7: [bytes(32)]}}),
        ("key-missing", "no key", {4: {key: body[key] for key in body if key != 2}}),
    ]
    entries = of_statement(good, cose.OFFICE, keys.OFFICE, changes)
    about = {"key": keys.OFFICE.key.encode().hex()}
    identity = cbor.encode({1: 1, 3: -19, -1: 6, -2: (1).to_bytes(32, "little")})
    eddsa = cbor.encode({1: 1, 3: -8, -1: 6, -2: keys.VAN.key.x})
    for name, shows, key, code in [
        ("weak-key", "the identity as key: one signature would fit every event", identity, "weak_key"),
        ("key-eddsa", "a key whose algorithm is not fully specified", eddsa, "key"),
        ("key-garbage", "bytes that are no CBOR", b"\xff" * 40, "cbor_type"),
    ]:
        statement = {**payload_of(ENROLLED), 4: {**body, 2: key}}
        data = cose.sign(cbor.encode(statement), cose.OFFICE, keys.OFFICE)
        entries.append(invalid(name, shows, data, code, **about))
    return entries


def _welcome() -> list[Entry]:
    welcome = Welcome(
        statement=ENROLLED, root=keys.ROOT.key.encode(), authority=CERTIFICATIONS, brokers=[["gateway.example", 8883]]
    )
    fields = welcome.to_map()
    entries = [valid("van-07", "what the van's handheld was handed", welcome.encode(), fields)]
    for name, shows, new in [
        ("no-brokers", "nowhere to connect", {4: []}),
        ("port-0", "no such port", {4: [["gateway.example", 0]]}),
        ("port-65536", "no such port", {4: [["gateway.example", 65536]]}),
        ("one-certification", "one certification where two are needed", {3: CERTIFICATIONS[:1]}),
        ("root-missing", "null instead of the root", {2: None}),
        ("unknown-field", "a field that nobody knows", {5: 0}),
    ]:
        entries.append(invalid(name, shows, cbor.encode({**fields, **new}), "malformed"))
    return entries


def _request() -> list[Entry]:
    fields = {
        "token": bytes(range(16)),
        "key": keys.VAN.key.encode(),
        "link": keys.TPM.key.encode(),
        "assurance": "pin",
    }
    carried = enrolling.sign_request(enrolling.Request(**{**fields, "token": None}), keys.VAN)
    coded = enrolling.sign_request(enrolling.Request(**fields), keys.VAN)
    good = [("carried", "a request that a person carries", carried), ("coded", "a request with a code's token", coded)]
    changes: Changes = [
        ("token-of-15", "a token of 15 bytes", {1: bytes(15)}),
        ("link-missing", "no link key", {3: ...}),
        ("assurance-unknown", "a word that is none of the three", {4: "strong"}),
    ]
    return of_statement(good, cose.REQUEST, keys.VAN, changes)


def _renewal() -> list[Entry]:
    wish = enrolling.Renewal(device="van-07", link=keys.TPM.key.encode(), replaces=digest(b"a certificate"))
    good = [("by-key", "a renewal by the signing key's word", enrolling.sign_renewal(wish, keys.VAN))]
    changes: Changes = [
        ("device-gateway", "a name that no device has", {1: "gateway"}),
        ("replaces-missing", "which certificate it replaces is not said", {3: ...}),
        ("replaces-of-31", "a hash of 31 bytes", {3: bytes(31)}),
    ]
    return of_statement(good, cose.RENEWAL, keys.VAN, changes)


def _succession() -> list[Entry]:
    made = rotating.succession(keys.SPARE.key.thumbprint, "pin", keys.THIRD)
    changes: Changes = [
        ("earlier-kid", "a kid instead of the earlier key's thumbprint", {1: bytes(8)}),
        ("key-missing", "which key follows is not said", {2: ...}),
        ("assurance-unknown", "a word that is none of the three", {3: "strong"}),
    ]
    return of_statement([("third-key", "what the van's third key says", made)], cose.SUCCESSION, keys.THIRD, changes)


def _root() -> list[Entry]:
    by_earlier, by_next = root_line.rotate(keys.ROOT, keys.NEXT_ROOT, DAY_MS + 50_000_000)
    changes: Changes = [
        ("earlier-thumbprint", "a thumbprint instead of the key", {1: ...}),
        ("next-missing", "which root follows is not said", {2: ...}),
        ("at-text", "a time as text", {3: "now"}),
    ]
    entries = of_statement(
        [("by-earlier", "the earlier root names the next", by_earlier)], cose.ROOT, keys.ROOT, changes
    )
    about = {"key": keys.NEXT_ROOT.key.encode().hex(), "hash": digest(by_next).hex()}
    return [*entries, valid("by-next", "the next root says that it follows", by_next, payload_of(by_next), **about)]


ASSIGNED = work.sign(
    work.Assignment(
        device="van-07",
        version=7,
        at=DAY_MS - 600_000,
        orders=[["WO-1001", 1, digest(ORDER)], ["WO-1002", 3, digest(b"another order")]],
        catalogue=digest(b"a catalogue"),
        roster=None,
    ),
    keys.OFFICE,
)


def _assignment() -> list[Entry]:
    empty = work.Assignment(device="van-07", version=0, at=DAY_MS, orders=[], catalogue=None, roster=None)
    large = work.Assignment(
        device="van-07",
        version=8,
        at=DAY_MS,
        orders=[],
        catalogue=digest(b"a catalogue's first document"),
        roster=None,
        pages=[digest(b"its second"), digest(b"its third")],
    )
    good = [
        ("nothing", "no work yet", work.sign(empty, keys.OFFICE)),
        ("two-orders", "two work orders", ASSIGNED),
        ("large-catalogue", "a catalogue of three documents", work.sign(large, keys.OFFICE)),
    ]
    changes: Changes = [
        ("pages-empty", "what fits one document has no pages", {7: []}),
        ("page-of-31", "a digest of 31 bytes", {7: [bytes(31)]}),
        ("pages-too-many", "more than a handheld takes", {7: [bytes(32)] * CATALOGUE_MAX}),
        ("device-missing", "for nobody", {1: ...}),
        ("version-negative", "a negative version", {2: -1}),
        ("order-without-digest", "an order without its digest", {4: [["WO-1001", 1]]}),
        ("order-digest-of-31", "a digest of 31 bytes", {4: [["WO-1001", 1, bytes(31)]]}),
        ("revision-text", "a revision as text", {4: [["WO-1001", "1", bytes(32)]]}),
        ("catalogue-missing", "null says that there is none", {5: ...}),
    ]
    entries = of_statement(good, cose.ASSIGNMENT, keys.OFFICE, changes, device="van-07")
    about = {"key": keys.OFFICE.key.encode().hex(), "device": "van-08"}
    return [*entries, invalid("foreign", "an assignment for another handheld", ASSIGNED, "foreign", **about)]


_Maker = Callable[[], list[Entry]]
_MAKERS: list[tuple[str, str, _Maker]] = [
    ("receipt", "one receipt, verified with `key`, the log key (SPEC.md, Log and receipts)", _receipt),
    (
        "checkpoint",
        "one checkpoint, verified with `key`, the log key (SPEC.md, Log and receipts)",
        _checkpoint,
    ),
    ("authority", "the certifications of a gateway, verified with `key`, the root key (SPEC.md, Keys)", _authority),
    ("office", "one office statement, verified with `key`, the office key, or by the root (SPEC.md, Office)", _office),
    ("enrolment", "one enrolment, verified with `key`, the office key (SPEC.md, Keys)", _enrolment),
    ("welcome", "what a newly enrolled device is handed (SPEC.md, Keys)", _welcome),
    ("request", "one enrolment request, verified with `key`, its own signing key (SPEC.md, Enrolling)", _request),
    ("renewal", "one renewal, verified with `key`, a signing key (SPEC.md, Enrolling)", _renewal),
    ("root", "one of the two signatures over a rotation of the root, verified with `key` (SPEC.md, Keys)", _root),
    ("succession", "one succession, verified with `key`, the key that follows (SPEC.md, Keys)", _succession),
    ("assignment", "one assignment for `device`, verified with `key`, the office key (SPEC.md, Work)", _assignment),
]
FILES: dict[str, File] = {noun: (about, maker) for noun, about, maker in _MAKERS}
