"""Libraries that know nothing of Jobseal agree with the vectors: cbor2 on every value, cwt on signatures."""

import hashlib
import json
from typing import Any

import cbor2
import pytest
from cwt import COSE, COSEKey, VerifyError

from jobseal import cbor, cose
from tests.vectors import make
from tests.vectors.diagnostic import from_json

FILES = {path.stem: json.loads(path.read_text())["vectors"] for path in sorted(make.FOLDER.glob("*.json"))}
SIGNED = ("event", "receipt", "checkpoint", "office", "enrolment", "assignment", "record")
PLAIN = (
    "cbor", "shape", "key", "bodies", "hello", "batch", "chunk", "want", "pull", "document", "refusal", "frame",
    "restarted", "welcome", "bundle", "fork", "roster",
)  # fmt: skip
DOMAINS = {noun: f"jobseal/1/{noun}".encode() for noun in SIGNED} | {"enrolment": b"jobseal/1/office"}


def valid(*nouns: str) -> list[Any]:
    """The valid vectors of these files, as test parameters."""
    return [
        pytest.param(noun, entry, id=f"{noun}-{entry['name']}")
        for noun in nouns
        for entry in FILES[noun]
        if entry["valid"] and "value" in entry
    ]


def exactly(value: Any) -> str:
    """The value with its types: true is not 1 here, and the order of a map does not matter."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{exactly(key)}:{exactly(value[key])}" for key in value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exactly, value)) + "]"
    return repr(value)


@pytest.mark.parametrize(("noun", "entry"), valid(*PLAIN))
def test_cbor2_reads_the_same_value_and_writes_the_same_bytes(noun: str, entry: dict[str, Any]) -> None:
    data = bytes.fromhex(entry["hex"])
    assert exactly(cbor2.loads(data)) == exactly(from_json(entry["value"])), noun
    assert cbor.encode(cbor.decode(data, len(data))) == data
    # cbor2's canonical form sorts by length first (RFC 7049); with keys of one length it is the same form.
    if not _mixes_key_lengths(cbor2.loads(data)):
        assert cbor2.dumps(cbor2.loads(data), canonical=True) == data


def _mixes_key_lengths(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_mixes_key_lengths, value))
    if isinstance(value, dict):
        return len({len(cbor2.dumps(key)) for key in value}) > 1 or any(map(_mixes_key_lengths, value.values()))
    return False


@pytest.mark.parametrize(("noun", "entry"), valid(*SIGNED))
def test_cbor2_reads_the_same_payload_out_of_a_signed_statement(noun: str, entry: dict[str, Any]) -> None:
    statement = cbor2.loads(bytes.fromhex(entry["hex"]))
    assert statement.tag == 18, noun
    protected, unprotected, payload, signature = statement.value
    public = cbor2.loads(bytes.fromhex(entry["key"]))
    required = {key: public[key] for key in public if key != 3}
    thumbprint = hashlib.sha256(cbor2.dumps(required, canonical=True)).digest()
    assert cbor2.loads(protected) == {1: public[3], 4: thumbprint[:8]}
    assert unprotected == {}
    assert len(signature) == 64
    assert exactly(cbor2.loads(payload)) == exactly(from_json(entry["value"]))


@pytest.mark.parametrize(("noun", "entry"), valid(*SIGNED))
def test_cwt_verifies_the_statement_in_its_domain_and_in_no_other(noun: str, entry: dict[str, Any]) -> None:
    data = bytes.fromhex(entry["hex"])
    public = cbor2.loads(bytes.fromhex(entry["key"]))
    key = COSEKey.new({**public, 2: cose.parse(data, len(data)).kid})
    payload = COSE.new().decode(data, key, external_aad=DOMAINS[noun])
    assert exactly(cbor2.loads(payload)) == exactly(from_json(entry["value"]))
    for domain in {b"", *DOMAINS.values()} - {DOMAINS[noun]}:
        with pytest.raises(VerifyError):
            COSE.new().decode(data, key, external_aad=domain)


def test_an_event_a_receipt_and_a_record_under_either_algorithm_are_among_them() -> None:
    algorithms = {cbor2.loads(bytes.fromhex(entry["key"]))[3] for entry in FILES["event"] if entry["valid"]}
    assert algorithms == {-19, -9}
    assert all(any(entry["valid"] for entry in FILES[noun]) for noun in ("event", "receipt", "record"))
