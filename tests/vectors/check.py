"""Holds the protocol to the golden vectors: the same code on CPython and on MicroPython.

A valid vector must be taken, mean the stated value, and come out of the encoder as the same bytes. An invalid one must
be refused with the stated code, by an error of Jobseal's own. What differs is told in a sentence; nothing is printed
and no file is read here. The verifier is that of the host.
"""

from jobseal import (
    authority,
    bodies,
    bundle,
    cbor,
    checkpoint,
    cose,
    enrolling,
    enrolment,
    event,
    fork,
    frame,
    key,
    office,
    proof,
    proof_fork,
    receipt,
    record,
    root_line,
    roster,
    rotating,
    shape,
    work,
)
from jobseal import object as objects
from jobseal.errors import JobsealError, Malformed
from jobseal.limits import BUNDLE_MAX_BYTES, RECORD_MAX_BYTES, STATEMENT_MAX_BYTES
from tests.vectors import check_rules, check_uplink
from tests.vectors.diagnostic import from_json

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier
    from jobseal.key import Key

CBOR_MAX_BYTES = 4096
SHAPES = {"decimal": shape.DECIMAL, "code": shape.CODE, "device": shape.DEVICE}


def run(file: "dict[str, Any]", verifier: "Verifier") -> "tuple[int, list[str]]":
    """(how many vectors ran, what was wrong) for the content of one vector file.

    Raises KeyError for a noun that has no check: a file that nobody checks proves nothing.
    """
    check = CHECKS[file["noun"]]
    failures = []
    for vector in file["vectors"]:
        wrong = problem(check, vector, verifier)
        if wrong:
            failures.append(file["noun"] + " " + vector["name"] + ": " + wrong)
    return len(file["vectors"]), failures


def problem(check: "Any", vector: "dict[str, Any]", verifier: "Verifier") -> str:
    """What is wrong with how one vector came out, or ""."""
    data = bytes.fromhex(vector.get("hex", ""))
    try:
        wrong = check(vector, data, verifier)
    except JobsealError as error:
        if vector["valid"]:
            return "was refused with " + str(error)
        if error.code != vector["code"]:
            return "was refused with " + error.code + " instead of " + vector["code"]
        if not error.sentence or error.fault != "peer":
            return "was refused without a sentence, or blamed on " + error.fault
        return ""
    except Exception as error:
        return "made the code fail with " + repr(error)
    if wrong or vector["valid"]:
        return wrong or ""
    return "was taken"


def _same(vector: "dict[str, Any]", encoded: bytes, again: bytes, what: str) -> str:
    """Whether ``encoded`` says the vector's value, and the message's own encoder gave the same bytes (``again``)."""
    if not vector["valid"]:
        return ""
    if cbor.encode(from_json(vector["value"])) != encoded:
        return what + " does not mean the stated value"
    return "" if again == encoded else what + " is not what its own encoding gives"


def _named(vector: "dict[str, Any]", name: str, value: bytes) -> str:
    if name not in vector or bytes.fromhex(vector[name]) == value:  # b"".hex() is bytes on MicroPython
        return ""
    return name + " is " + repr(value)


def _hash(vector: "dict[str, Any]", data: bytes) -> str:
    return _named(vector, "hash", office.hash_of(data))


def _key_of(vector: "dict[str, Any]") -> "Key":
    return key.decode(bytes.fromhex(vector["key"]))


def _payload(data: bytes) -> bytes:
    return cose.parse(data, RECORD_MAX_BYTES).payload


def _cbor(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    value = cbor.decode(data, CBOR_MAX_BYTES)
    return _same(vector, data, cbor.encode(value), "the item")


def _shape(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    value = cbor.decode(data, CBOR_MAX_BYTES)
    wrong = SHAPES[vector["shape"]].problem(value)
    if wrong:
        raise Malformed("malformed", wrong)
    return _same(vector, data, cbor.encode(value), "the text")


def _key(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    found = key.decode(data)
    enrolment.check_key(found)
    names = _named(vector, "thumbprint", found.thumbprint) or _named(vector, "kid", found.kid)
    return names or _same(vector, data, found.encode(), "the key")


def _cose(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, vector["domain"], _key_of(vector), verifier)
    return "" if not vector["valid"] or payload == from_json(vector["value"]) else "the payload is another"


def _event(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    signed = event.parse(data)
    cose.verify(signed.envelope, cose.EVENT, _key_of(vector), verifier)
    if signed.data != data or signed.envelope.kid != event.kid_of(data):
        return "the event does not keep its own bytes"
    wrong = _named(vector, "hash", signed.hash)
    return wrong or _same(vector, signed.envelope.payload, signed.event.encode(), "the payload")


def _bodies(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    kind, body = vector["kind"], cbor.decode(data, CBOR_MAX_BYTES)
    wrong = bodies.problem(kind, body)
    if wrong:
        raise Malformed("malformed_body" if kind in bodies.SHAPES else "unknown_kind", wrong)
    if [item[0].hex() for item in bodies.objects(kind, body)] != vector["objects"]:
        return "the body names other objects"
    again = bodies.SHAPES[kind].keyed(bodies.named(kind, body))
    return _same(vector, data, cbor.encode(again), "the body")


def _frame(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    if vector["direction"] == "up":
        return _same(vector, data, frame.encode(frame.decode_up(data)), "the frame")
    name, message = frame.decode_down(data)
    if type(message) is bytes:
        return _same(vector, data, frame.encode_signed(name, message), "the frame")
    return _same(vector, data, frame.encode(message), "the frame")


def _receipt(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    found = receipt.verify(data, _key_of(vector), verifier)
    return _hash(vector, data) or _same(vector, _payload(data), found.encode(), "the payload")


def _checkpoint(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    found = checkpoint.verify(data, _key_of(vector), verifier)
    return _hash(vector, data) or _same(vector, _payload(data), found.encode(), "the payload")


def _authority(vector: "dict[str, Any]", _: bytes, verifier: "Verifier") -> str:
    certifications = [bytes.fromhex(text) for text in vector["certifications"]]
    found = authority.verify(_key_of(vector), certifications, verifier)
    return _named(vector, "log", found.log.thumbprint) or _named(vector, "office", found.office.thumbprint)


def _office(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    verify = office.verify_restart if vector.get("by") == "root" else office.verify
    found = verify(data, _key_of(vector), verifier)
    return _hash(vector, data) or _same(vector, _payload(data), found.encode(), "the payload")


def _enrolment(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    found = enrolment.verify(data, _key_of(vector), verifier)
    act = office.verify(found.data, _key_of(vector), verifier)
    return _named(vector, "hash", found.hash) or _same(vector, _payload(data), act.encode(), "the payload")


def _welcome(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    return _same(vector, data, enrolment.Welcome.decode(data, STATEMENT_MAX_BYTES).encode(), "the welcome")


def _request(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    payload = cose.open_signed(data, enrolling.REQUEST_MAX_BYTES, cose.REQUEST, _key_of(vector), verifier)
    found = enrolling.Request.decode(payload, enrolling.REQUEST_MAX_BYTES)
    return _hash(vector, data) or _same(vector, payload, found.encode(), "the payload")


def _renewal(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    payload = cose.open_signed(data, enrolling.REQUEST_MAX_BYTES, cose.RENEWAL, _key_of(vector), verifier)
    found = enrolling.Renewal.decode(payload, enrolling.REQUEST_MAX_BYTES)
    return _hash(vector, data) or _same(vector, payload, found.encode(), "the payload")


def _succession(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    payload = cose.open_signed(data, bodies.SUCCESSION_MAX_BYTES, cose.SUCCESSION, _key_of(vector), verifier)
    found = rotating.Succession.decode(payload, bodies.SUCCESSION_MAX_BYTES)
    return _hash(vector, data) or _same(vector, payload, found.encode(), "the payload")


def _root(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.ROOT, _key_of(vector), verifier)
    found = root_line.RootRotation.decode(payload, STATEMENT_MAX_BYTES)
    return _hash(vector, data) or _same(vector, payload, found.encode(), "the payload")


def _assignment(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    found = work.verify(data, vector["device"], _key_of(vector), verifier)
    return _hash(vector, data) or _same(vector, _payload(data), found.encode(), "the payload")


def _roster(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    return _same(vector, data, roster.encode(roster.decode(data)), "the roster")


def _record(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    found = record.verify(data, _key_of(vector), verifier)
    if [line.to_map() for line in found.line_items()] != found.lines:
        return "its lines are not what they say they are"
    return _named(vector, "hash", record.digest(data)) or _same(vector, _payload(data), found.encode(), "the payload")


def _object(vector: "dict[str, Any]", data: bytes, _: "Verifier") -> str:
    named = from_json(vector["value"] if vector["valid"] else vector["reference"])
    content = objects.content(data, named)
    if objects.reference(data, named[2]) != named or objects.salted(content, data[: objects.SALT_BYTES]) != data:
        return "the reference is not the object's own"
    return _named(vector, "content", content)


def _bundle(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    if "status" not in vector:  # it is refused before anything is proven
        return _same(vector, data, bundle.Bundle.decode(data, BUNDLE_MAX_BYTES).encode(), "the bundle")
    trusted = None if vector["trusted"] is None else bytes.fromhex(vector["trusted"])
    found = proof.verify_bundle(data, verifier, trusted)
    if found.status != vector["status"] or found.code != vector["flaw"]:
        return "is judged " + found.status + ", " + found.code + " at " + found.where
    if found.status != "ok":
        return ""
    return _same(vector, data, bundle.Bundle.decode(data, BUNDLE_MAX_BYTES).encode(), "the bundle")


def _fork(vector: "dict[str, Any]", data: bytes, verifier: "Verifier") -> str:
    if "status" not in vector:  # it is refused before anything is proven
        return _same(vector, data, fork.decode(data).encode(), "the fork proof")
    trusted = None if vector["trusted"] is None else bytes.fromhex(vector["trusted"])
    found = proof_fork.verify_fork(data, verifier, trusted)
    if found.status != vector["status"] or found.code != vector["flaw"]:
        return "is judged " + found.status + ", " + found.code + " at " + found.where
    if found.status != "ok":
        return ""
    return _same(vector, data, fork.decode(data).encode(), "the fork proof")


CHECKS = {
    "assignment": _assignment,
    "authority": _authority,
    "batch": _frame,
    "bodies": _bodies,
    "bundle": _bundle,
    "cbor": _cbor,
    "chain": check_rules.chain_of_a_key,
    "checkpoint": _checkpoint,
    "chunk": _frame,
    "cose": _cose,
    "document": _frame,
    "enrolment": _enrolment,
    "event": _event,
    "fork": _fork,
    "frame": _frame,
    "hello": _frame,
    "interval": check_rules.times,
    "job": check_rules.job_of_events,
    "key": _key,
    "merkle": check_rules.tree,
    "object": _object,
    "office": _office,
    "pull": _frame,
    "receipt": _receipt,
    "record": _record,
    "refusal": _frame,
    "renewal": _renewal,
    "request": _request,
    "restarted": _frame,
    "root": _root,
    "roster": _roster,
    "shape": _shape,
    "succession": _succession,
    "uplink": check_uplink.uplink,
    "want": _frame,
    "welcome": _welcome,
}
