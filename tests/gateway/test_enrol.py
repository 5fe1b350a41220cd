"""Local enrolment: a key file in, a welcome out, which the handheld's own code takes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from jobseal import cbor, enrolment
from jobseal.enrolment import Welcome
from jobseal.host import pin
from jobseal.host.pin import Cost
from jobseal.key import ED25519, Key
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_gateway import enrol
from jobseal_gateway.enrol import EnrolmentRefused, Request
from jobseal_gateway.ledger import branches, keys, leaves, schema
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.log import ClockUnsynchronised
from jobseal_gateway.office import OfficeRefused
from tests.devices import Device, digest, signer_of
from tests.gateway.bureaus import OPERATOR, Bureau


def key_of(name: str) -> bytes:
    return signer_of(name).key.encode()


def refused(bureau: Bureau, request: Request, **more: Any) -> EnrolmentRefused:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol.enrol(bureau.gateway, request, OPERATOR, **more)
    return caught.value


def test_a_handheld_takes_its_welcome_with_the_fingerprint_that_the_operator_reads(
    bureau: Bureau, tmp_path: Path
) -> None:
    home = Home(tmp_path / "handheld")
    public = identity.make_vault(home, digest(b"seed"), pin.lock("4821", bytes(16), Cost(64, 1, 1)), os.urandom)
    request = Request(public, "HH-0001", "hh-1", "pin", ["t-1"])
    enrolled = enrol.enrol(bureau.gateway, request, OPERATOR, [("broker.example", 8883), ("10.0.0.2", 1883)])
    taken = identity.accept(home, enrolled.welcome, bureau.station.keys.fingerprint)
    assert taken.identity.device == "hh-1"
    assert taken.brokers == [("broker.example", 8883), ("10.0.0.2", 1883)]
    assert (taken.enrolment.label, taken.enrolment.assurance) == ("HH-0001", "pin")
    assert taken.enrolment.log == bureau.station.keys.log_id


def test_what_an_enrolled_handheld_signs_is_taken(bureau: Bureau) -> None:
    device = bureau.enrol("hh-1")
    device.capture()
    bureau.station.sync(device)
    assert bureau.station.events(device) == device.frames


def test_the_enrolment_is_the_root_of_the_keys_chain_and_names_the_operator(bureau: Bureau) -> None:
    bureau.enrol("hh-1")
    row = bureau.key("hh-1")
    [leaf] = bureau.station.leaves(leaves.OFFICE)
    with reading(bureau.engine) as connection:
        [branch] = branches.of_key(connection, row.id)
    assert (row.enrolment_leaf, row.enrolment_hash, row.status) == (leaf.idx, leaf.hash, keys.ACTIVE)
    assert (branch.head_hash, branch.next_seq) == (leaf.hash, 0)
    assert bureau.act(leaf).operator == OPERATOR


def test_the_same_key_again_gives_the_same_welcome_and_logs_nothing(bureau: Bureau) -> None:
    first = bureau.welcome("hh-1")
    bureau.station.pass_ms(86_400_000)
    again = enrol.enrol(bureau.gateway, Request(key_of("hh-1"), "another label"), "somebody else")
    assert (again.welcome, again.device) == (first.welcome, "hh-1")
    assert (first.is_new, again.is_new) == (True, False)
    assert len(bureau.station.leaves()) == 1


def test_a_device_without_a_name_is_given_one(bureau: Bureau) -> None:
    one, other = (enrol.enrol(bureau.gateway, Request(key_of(name), name), OPERATOR) for name in ("a", "b"))
    assert one.device != other.device
    assert one.device.startswith("hh-")


def test_technicians_are_bound_in_the_same_moment_and_their_work_is_waiting(bureau: Bureau) -> None:
    bureau.order("WO-1", "t-1")
    bureau.order("WO-2", "t-2")
    bureau.clean()
    bureau.enrol("hh-1", "t-1")
    told = bureau.told("hh-1")
    assert told is not None
    assert [row[0] for row in told.orders] == ["WO-1"]
    assert bureau.dirty() == {"WO-1"}  # it waits for this key from now on


def test_a_second_enrolment_may_only_add_a_technician(bureau: Bureau) -> None:
    bureau.order("WO-2", "t-2")
    bureau.enrol("hh-1", "t-1")
    bureau.welcome("hh-1", "t-2")
    told = bureau.told("hh-1")
    assert told is not None
    assert [row[0] for row in told.orders] == ["WO-2"]
    assert len(bureau.station.leaves()) == 1


@pytest.mark.parametrize("end", ["suspend", "revoke"])
def test_a_handheld_gets_a_new_key_once_the_old_one_is_out_of_use(bureau: Bureau, end: str) -> None:
    old = bureau.enrol("hh-1", "t-1")
    bureau.order("WO-1", "t-1")
    assert refused(bureau, Request(key_of("second"), "HH", "hh-1")).code == "device_has_key"
    if end == "suspend":
        bureau.office.suspend("hh-1", "rolled back", OPERATOR)
    else:
        bureau.office.revoke("hh-1", "replaced", OPERATOR)
    bureau.clean()
    enrolled = enrol.enrol(bureau.gateway, Request(key_of("second"), "HH", "hh-1"), OPERATOR)
    statement = Welcome.decode(enrolled.welcome, FRAME_MAX_BYTES).statement
    said = enrolment.verify(statement, bureau.station.trusted.office, bureau.station.verifier)
    assert said.earlier == old.key.thumbprint
    assert bureau.dirty() == {"WO-1"}
    device = Device("hh-1", said.hash, bureau.station.trusted, signer_of("second"))
    device.capture()
    bureau.station.sync(device)
    assert bureau.station.events(device) == device.frames


def weak_key() -> bytes:
    """The identity element of edwards25519: under it one signature verifies every message."""
    return cbor.encode({1: 1, 3: ED25519, -1: 6, -2: b"\x01" + bytes(31)})


NOT_KEYS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "key_invalid"),
    "text": (lambda: b"-----BEGIN PUBLIC KEY-----", "key_invalid"),
    "half a key": (lambda: key_of("hh-1")[:-1], "key_invalid"),
    "more than a key": (lambda: key_of("hh-1") + b"\x00", "key_invalid"),
    "a megabyte": (lambda: bytes(1 << 20), "key_invalid"),
    "the identity point": (weak_key, "weak_key"),
    "not on the curve": (lambda: Key(ED25519, b"\x02" + bytes(31)).encode(), "weak_key"),
}


@pytest.mark.parametrize(("data", "code"), NOT_KEYS.values(), ids=NOT_KEYS)
def test_what_is_no_good_key_is_refused_before_anything_is_stored(
    bureau: Bureau, data: Callable[[], bytes], code: str
) -> None:
    error = refused(bureau, Request(data(), "HH", "hh-1", technicians=["t-1"]))
    assert error.code == code
    assert error.sentence.endswith(".")
    assert bureau.station.leaves() == []


def test_two_keys_with_the_same_identifier_are_told_apart(bureau: Bureau) -> None:
    bureau.enrol("hh-1")
    other = signer_of("other").key
    with writing(bureau.engine) as connection:  # as if its first 8 bytes were those of an enrolled key
        connection.execute(update(schema.keys).values(kid=other.kid))
    assert refused(bureau, Request(other.encode(), "HH")).code == "kid_taken"
    assert len(bureau.station.leaves()) == 1


def test_a_key_belongs_to_one_device(bureau: Bureau) -> None:
    bureau.enrol("hh-1")
    assert refused(bureau, Request(key_of("hh-1"), "HH", "hh-2")).code == "enrolled_otherwise"


def test_a_key_out_of_use_does_not_come_back(bureau: Bureau) -> None:
    bureau.enrol("hh-1")
    bureau.office.revoke("hh-1", "lost", OPERATOR)
    assert refused(bureau, Request(key_of("hh-1"), "HH")).code == "key_not_active"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_nobody_can_connect_to_is_not_given_out(engine: Engine, tmp_path: Path, host: str) -> None:
    bureau = Bureau(engine, tmp_path, f'[mqtt]\nhost = "{host}"')
    assert refused(bureau, Request(key_of("hh-1"), "HH")).code == "broker_address"
    enrol.enrol(bureau.gateway, Request(key_of("hh-1"), "HH"), OPERATOR, [("10.0.0.1", 1883)])


@pytest.mark.parametrize(
    "request_",
    [
        Request(key_of("hh-1"), "HH", "gateway"),
        Request(key_of("hh-1"), "HH", "a/b"),
        Request(key_of("hh-1"), ""),
        Request(key_of("hh-1"), "x" * 65),
        Request(key_of("hh-1"), "HH", assurance="strong"),
    ],
)
def test_a_name_that_cannot_be_logged_is_refused(bureau: Bureau, request_: Request) -> None:
    with pytest.raises(OfficeRefused):
        enrol.enrol(bureau.gateway, request_, OPERATOR)
    assert bureau.station.leaves() == []


def test_nobody_is_enrolled_while_the_clock_is_not_synchronised(bureau: Bureau) -> None:
    bureau.station.now = bureau.station.now._replace(wall_ms=None)
    with pytest.raises(ClockUnsynchronised):
        bureau.welcome("hh-1")
