"""Renewing link certificates over real TLS: when, by whose word, and by whose not."""

import os
import time
from pathlib import Path

import pytest

from jobseal import enrolling as wire
from jobseal.enrolling import parse_code
from jobseal.errors import JobsealError
from jobseal.host.clock import SystemClock
from jobseal_device import enrolling, identity, link_identity, renewing, rotating
from jobseal_device.door import exchange
from jobseal_device.home import Home as DeviceHome
from jobseal_device.identity import NotEnrolled
from jobseal_device.ui import start
from jobseal_gateway import ca, renewal
from jobseal_gateway import enrol as gateway_enrol
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.ledger import keys, links
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.office import open_office
from tests.devices import signer_of
from tests.gateway.doors import OpenDoor, enrol


def issued(open_door: OpenDoor, device: str) -> list[links.Link]:
    with reading(open_door.gateway.engine) as connection:
        return links.of_device(connection, device)


def passing(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """So many days later, as the handheld and the gateway see it."""
    now_ms = int(time.time()) * 1000 + days * ca.DAY_MS
    monkeypatch.setattr("jobseal_device.link_identity.time.time_ns", lambda: now_ms * 1_000_000)


@pytest.fixture
def handheld(open_door: OpenDoor, tmp_path: Path) -> DeviceHome:
    enrol(tmp_path / "hh", open_door.invite().code)
    return DeviceHome(tmp_path / "hh")


def test_a_certificate_is_renewed_after_sixty_days_and_not_before(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = handheld.link_certificate.read_bytes()
    passing(monkeypatch, 59)
    assert not renewing.renew(handheld)
    passing(monkeypatch, 61)
    assert renewing.renew(handheld)
    assert handheld.link_certificate.read_bytes() != before
    assert len(issued(open_door, "hh-1")) == 2
    assert link_identity.context(handheld) is not None


def test_a_certificate_that_ended_is_renewed_by_the_word_of_the_signing_key(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch, 200)
    assert not renewing.renew(handheld), "sync alone cannot"
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    assert len(issued(open_door, "hh-1")) == 2


def test_a_screen_without_pins_has_the_signing_keys_word_ready(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody logs in there with a PIN, which is when others do it."""
    passing(monkeypatch, 200)
    handheld.make()
    door = start._door(handheld, identity.load(handheld), SystemClock(0), 60)
    assert not renewing.renew(handheld)
    door.lock_if_idle()
    assert renewing.renew(handheld)
    assert len(issued(open_door, "hh-1")) == 2
    door.close()


def rotated(home: DeviceHome) -> DeviceHome:
    """The handheld goes on with another key, of which the gateway has not heard."""
    enrolled = identity.load(home)
    return rotating.rotate(home, enrolled, identity.signer(home), SystemClock(0), os.urandom, "t-1")


@pytest.mark.parametrize("days", [10, 200])
def test_a_certificate_that_ended_is_renewed_though_nobody_has_told_the_gateway_of_the_next_key(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    passing(monkeypatch, days)
    newest = rotated(rotated(handheld))
    passing(monkeypatch, 200)
    renewing.prepare(newest, identity.signer(newest))  # a login
    assert renewing.renew(newest)
    assert len(issued(open_door, "hh-1")) == 2
    assert link_identity.context(newest) is not None


def test_a_word_that_was_answered_long_ago_does_not_stand_before_one_that_was_not(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch, 200)
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    passing(monkeypatch, 385)
    assert not renewing.renew(handheld), "the same bytes get the same certificate, which has ended"
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    assert len(issued(open_door, "hh-1")) == 3


def test_the_word_is_not_written_while_the_certificate_holds(handheld: DeviceHome) -> None:
    renewing.prepare(handheld, identity.signer(handheld))
    assert not handheld.renewal.exists()


def test_a_revoked_handheld_gets_no_other_certificate(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_office(open_door.gateway).revoke("hh-1", "lost", "boss")
    passing(monkeypatch, 61)
    with pytest.raises(JobsealError) as by_link:
        renewing.renew(handheld)
    assert by_link.value.code == "renewal_unknown", "its certificate is worth nothing"
    passing(monkeypatch, 200)
    renewing.prepare(handheld, identity.signer(handheld))
    with pytest.raises(JobsealError) as by_key:
        renewing.renew(handheld)
    assert by_key.value.code == "key_revoked"
    assert open_door.refusals() == 2


def test_nobody_renews_for_another(open_door: OpenDoor, handheld: DeviceHome, tmp_path: Path) -> None:
    enrol(tmp_path / "other", open_door.invite("hh-2").code)
    other = DeviceHome(tmp_path / "other")
    wish = wire.Renewal(device="hh-1", link=link_identity.load_key(other).key.encode(), replaces=bytes(32))
    for signer in (link_identity.load_key(other), identity.signer(other)):
        with pytest.raises(EnrolmentRefused) as refused_by:
            renewal.renew(open_door.gateway, wire.sign_renewal(wish, signer))
        assert refused_by.value.code == "renewal_unknown"
    assert renewal.renew(open_door.gateway, wire.sign_renewal(wish, identity.signer(handheld)))


def test_a_handheld_whose_clock_was_never_set_connects_and_one_that_knows_better_does_not(
    open_door: OpenDoor, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = parse_code(open_door.invite("hh-3").code)

    def reached() -> bool:
        tls = link_identity.context(handheld)
        assert tls is not None
        return exchange(code.host, code.port, tls, "GET", enrolling.ANCHORS_PATH, None)[0] == 200

    monkeypatch.setattr("jobseal_device.link_identity.time.time_ns", lambda: 0)
    assert reached()
    passing(monkeypatch, ca.SERVER_DAYS + 1)
    with pytest.raises(NotEnrolled, match="ended"):
        reached()


def test_a_signing_key_that_has_ended_renews_nothing_and_the_next_one_does(
    open_door: OpenDoor, handheld: DeviceHome
) -> None:
    """Whoever kept a copy of it gets no certificate by it, though its handheld goes on under another key."""
    heir = signer_of("heir")
    with reading(open_door.gateway.engine) as connection:
        [row] = keys.of_device(connection, "hh-1")
    with open_office(open_door.gateway).acting("op") as desk:
        keys.set_status(desk.connection, row.id, keys.ROTATED, row.enrolment_leaf)
    gateway_enrol.enrol(open_door.gateway, gateway_enrol.Request(heir.key.encode(), "Van 7", "hh-1"), "op")
    before = issued(open_door, "hh-1")
    wish = wire.Renewal(device="hh-1", link=link_identity.load_key(handheld).key.encode(), replaces=bytes(32))
    with pytest.raises(EnrolmentRefused) as refused_by:
        renewal.renew(open_door.gateway, wire.sign_renewal(wish, identity.signer(handheld)))
    assert refused_by.value.code == "key_revoked"
    assert issued(open_door, "hh-1") == before
    assert renewal.renew(open_door.gateway, wire.sign_renewal(wish, heir))
