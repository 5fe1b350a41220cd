"""Enrolling over real TLS, handheld and gateway both, with the connection cut wherever it can be.

The door runs as its process does, in a thread; between it and the handheld stands a relay that can cut.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import uvicorn

from jobseal import enrolling as wire
from jobseal.enrolling import Code, parse_code
from jobseal.errors import JobsealError
from jobseal.host.clock import SystemClock
from jobseal_device import enrolling, identity, link_identity, renewing, rotating
from jobseal_device.door import GatewayUnreachable, exchange
from jobseal_device.home import Home as DeviceHome
from jobseal_device.identity import NotEnrolled
from jobseal_device.ui import start
from jobseal_gateway import admission, ca, door, door_process, home, renewal, security_log
from jobseal_gateway import enrol as gateway_enrol
from jobseal_gateway.admission import Invited, Ticket
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import keys, leaves, links
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.listening import listening
from jobseal_gateway.office import open_office
from tests.devices import signer_of
from tests.servers import eventually, free_port

WITHIN_S = 30.0


class Office:
    """A gateway whose door is open."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        """``port``: that of a door that was open before."""
        self.port = port or free_port()
        given: dict[str, str | int] = {"organisation": "Test", "enrolment.port": self.port}
        self.gateway: Gateway = home.make(folder / "gateway", given)
        self.said: list[str] = []
        context = door_process._context(self.gateway)
        app = door.make_app(self.gateway, self.said.append, time.monotonic)
        config = uvicorn.Config(app, log_config=None, lifespan="on", ssl_context_factory=lambda *_: context)
        self._server = uvicorn.Server(config)
        self._listener = listening("127.0.0.1", self.port, "enrolment")
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._thread.start()
        eventually(lambda: self._server.started)

    def invite(self, device: str = "hh-1", approved: bool = True, life_ms: int = 60_000) -> Ticket:
        row = Invited("Van 7", device, ["t-1"])
        [ticket] = admission.invite(self.gateway, [row], "op", life_ms, "boss" if approved else None)
        return ticket

    def refusals(self) -> int:
        """Of which each is said."""
        return len(self.said)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self.gateway.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def enrol(
    folder: Path, code: Code | str, timeout_s: float = WITHIN_S, digits: list[str] | None = None
) -> identity.Enrolled:
    """The handheld in ``folder``, as its command does it."""
    at = DeviceHome(folder)
    identity.make_key(at, folder.name.encode().ljust(32, b"."))
    show = (digits if digits is not None else []).append
    taken = parse_code(code) if isinstance(code, str) else code
    return enrolling.enrol(at, taken, identity.signer(at), "none", show, timeout_s)


def test_a_handheld_with_a_code_that_was_approved_in_advance_is_enrolled_at_once(
    office: Office, tmp_path: Path
) -> None:
    enrolled = enrol(tmp_path / "hh", office.invite().code)
    assert (enrolled.identity.device, enrolled.enrolment.label) == ("hh-1", "Van 7")
    assert enrolled.enrolment.log == office.gateway.keys.log_id
    assert link_identity.context(DeviceHome(tmp_path / "hh")) is not None
    with reading(office.gateway.engine) as connection:
        [row] = keys.of_device(connection, "hh-1")
        [link] = links.of_device(connection, "hh-1")
    assert row.thumbprint == enrolled.identity.thumbprint
    assert link.key_id == row.id


def test_both_sides_show_six_digits_and_a_person_approves_with_those_of_the_handheld(
    office: Office, tmp_path: Path
) -> None:
    ticket, digits = office.invite(approved=False), list[str]()
    done: list[identity.Enrolled] = []
    waiting = threading.Thread(target=lambda: done.append(enrol(tmp_path / "hh", ticket.code, digits=digits)))
    waiting.start()
    eventually(lambda: digits)
    assert len(digits[0]) == 6
    other = f"{(int(digits[0]) + 1) % 1_000_000:06}"
    with pytest.raises(EnrolmentRefused) as refused:
        admission.approve(office.gateway, "hh-1", other, "boss")
    assert refused.value.code == "digits_differ"
    admission.approve(office.gateway, "Van 7", digits[0], "boss")
    waiting.join()
    assert done[0].identity.device == "hh-1"


def test_what_nobody_approves_waits_and_what_somebody_denies_is_refused(office: Office, tmp_path: Path) -> None:
    ticket = office.invite(approved=False)
    with pytest.raises(JobsealError) as undecided:
        enrol(tmp_path / "hh", ticket.code, timeout_s=0.5)
    assert undecided.value.code == "enrolment_undecided"
    admission.deny(office.gateway, "hh-1", "boss")
    with pytest.raises(JobsealError) as denied:
        enrol(tmp_path / "hh", ticket.code)
    assert denied.value.code == "enrolment_denied"
    with pytest.raises(NotEnrolled):
        identity.load(DeviceHome(tmp_path / "hh"))


def refused(folder: Path, code: Code | str) -> str:
    with pytest.raises(JobsealError) as caught:
        enrol(folder, code, timeout_s=2)
    return caught.value.code


def test_a_code_lets_one_handheld_in_and_no_other(office: Office, tmp_path: Path) -> None:
    ticket = office.invite()
    enrol(tmp_path / "hh", ticket.code)
    assert refused(tmp_path / "thief", ticket.code) == "code_used"
    assert office.refusals() == 1
    assert enrol(tmp_path / "hh", ticket.code).identity.device == "hh-1", "its owner may ask again"


def test_a_code_that_is_over_or_that_nobody_gave_out_is_refused(office: Office, tmp_path: Path) -> None:
    assert refused(tmp_path / "hh", office.invite(life_ms=-1).code) == "code_expired"
    good = parse_code(office.invite("hh-2").code)
    assert refused(tmp_path / "hh", Code(good.host, good.port, bytes(16), good.print_of)) == "code_unknown"
    assert office.refusals() == 2
    with reading(office.gateway.engine) as connection:
        assert keys.every(connection) == []


def test_who_guesses_tokens_is_made_to_wait(office: Office, tmp_path: Path) -> None:
    good = parse_code(office.invite().code)
    guesses = [Code(good.host, good.port, bytes([number]) * 16, good.print_of) for number in range(door.WRONG_MOST)]
    assert [refused(tmp_path / "hh", guess) for guess in guesses] == ["code_unknown"] * door.WRONG_MOST
    assert refused(tmp_path / "hh", good) == "too_many"


def test_a_door_that_closes_writes_how_often_it_has_refused(tmp_path: Path) -> None:
    office = Office(tmp_path)
    code = parse_code(office.invite().code)
    guessed = Code(code.host, code.port, bytes(16), code.print_of)
    for number in range(4):
        with pytest.raises(JobsealError):
            enrol(tmp_path / f"hh-{number}", guessed)
    office.close()
    found = [line.times for _, line in security_log.read(office.gateway.home.security) if line.code == "code_unknown"]
    assert found == [1, 3]


def test_a_body_that_no_handheld_sends_is_refused_unread(office: Office) -> None:
    tls = ssl.create_default_context(cadata=office.gateway.keys.ca.der)
    with pytest.raises(JobsealError) as refused_by:
        exchange("127.0.0.1", office.port, tls, "POST", enrolling.ENROLMENT_PATH, bytes(wire.REQUEST_MAX_BYTES + 1))
    assert refused_by.value.code == "too_large"


def test_nothing_is_sent_to_a_gateway_that_is_not_the_codes(office: Office, tmp_path: Path) -> None:
    good = parse_code(office.invite().code)
    assert refused(tmp_path / "hh", Code(good.host, good.port, good.token, bytes(16))) == "not_enrolled"
    assert office.refusals() == 0
    assert not DeviceHome(tmp_path / "hh").request.exists(), "not even made"


def test_a_man_in_the_middle_with_the_gateways_anchors_and_a_key_of_its_own_is_not_told_the_token(
    office: Office, tmp_path: Path
) -> None:
    """He can show what is public, over a TLS of his own; the token goes to whom the gateway's CA vouches for."""
    with middleman(office) as port:
        good = parse_code(office.invite().code)
        assert refused(tmp_path / "hh", Code("127.0.0.1", port, good.token, good.print_of)) == "not_enrolled"
    assert office.refusals() == 0


@contextmanager
def middleman(office: Office) -> Iterator[int]:
    """A server that gives out the gateway's anchors under a certificate of another CA."""
    other, private = ca.found(ca.new_key(), "Jobseal CA", office.gateway.now_ms()), ca.new_key()
    shown = other.issue_server(["127.0.0.1"], private.public_key(), office.gateway.now_ms())
    folder = office.gateway.home.run
    (folder / "middle.pem").write_bytes(ca.key_pem(private) + ca.pem(shown))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "middle.pem")
    app = door.make_app(office.gateway, office.said.append, time.monotonic)
    config = uvicorn.Config(app, log_config=None, lifespan="on", ssl_context_factory=lambda *_: context)
    server, port = uvicorn.Server(config), free_port()
    with closing(listening("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        eventually(lambda: server.started)
        yield port
        server.should_exit = True
        thread.join()


class Relay:
    """Between a handheld and the door: passes on so many pieces of traffic, in both directions together, then cuts."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.passed = 0
        self.cut_after: int | None = None
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                if self.cut_after is not None and self.passed >= self.cut_after:
                    break
                self.passed += 1
                other.sendall(data)
        except OSError:
            pass
        for each in (one, other):
            with closing(each), suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


def test_wherever_the_connection_is_cut_asking_again_ends_in_the_same_enrolment(office: Office, tmp_path: Path) -> None:
    relay = Relay(office.port)
    good = parse_code(office.invite("whole").code)
    enrol(tmp_path / "whole", Code("127.0.0.1", relay.port, good.token, good.print_of))
    pieces = relay.passed
    assert pieces >= 6, "a TLS handshake, then two requests with an answer each"
    cuts = 0  # the last pieces are goodbyes, which nobody misses
    for cut in range(pieces):
        name = f"cut-{cut}"
        good = parse_code(office.invite(name).code)
        code = Code("127.0.0.1", relay.port, good.token, good.print_of)
        relay.passed, relay.cut_after = 0, cut
        try:
            enrol(tmp_path / name, code, timeout_s=0)
        except GatewayUnreachable:
            cuts += 1
        kept = DeviceHome(tmp_path / name).request
        before = kept.read_bytes() if kept.exists() else None
        relay.cut_after = None
        enrolled = enrol(tmp_path / name, code)
        assert enrolled.identity.device == name
        assert before in (None, kept.read_bytes()), "the same request"
        with reading(office.gateway.engine) as connection:
            assert len(keys.of_device(connection, name)) == 1
            assert len(links.of_device(connection, name)) == 1, "the same answer"
    assert cuts >= 6
    with reading(office.gateway.engine) as connection:
        assert len(leaves.between(connection, 0, 1000)) == pieces + 1
    relay.close()


def test_a_grant_whose_answer_got_lost_comes_again_to_the_byte(office: Office, tmp_path: Path) -> None:
    ticket = office.invite()
    at = DeviceHome(tmp_path / "hh")
    identity.make_key(at, bytes(32))
    request = enrolling.make_request(at, identity.signer(at), "none", parse_code(ticket.code).token)
    first = admission.ask(office.gateway, request, "10.0.0.7")
    again = admission.ask(office.gateway, request, "10.0.0.8")
    assert isinstance(first, wire.Grant)
    assert first.encode() == again.encode()


# Renewal


def issued(office: Office, device: str) -> list[links.Link]:
    with reading(office.gateway.engine) as connection:
        return links.of_device(connection, device)


def passing(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """So many days later, as the handheld and the gateway see it."""
    now_ms = int(time.time()) * 1000 + days * ca.DAY_MS
    monkeypatch.setattr("jobseal_device.link_identity.time.time_ns", lambda: now_ms * 1_000_000)


@pytest.fixture
def handheld(office: Office, tmp_path: Path) -> DeviceHome:
    enrol(tmp_path / "hh", office.invite().code)
    return DeviceHome(tmp_path / "hh")


def test_a_certificate_is_renewed_after_sixty_days_and_not_before(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = handheld.link_certificate.read_bytes()
    passing(monkeypatch, 59)
    assert not renewing.renew(handheld)
    passing(monkeypatch, 61)
    assert renewing.renew(handheld)
    assert handheld.link_certificate.read_bytes() != before
    assert len(issued(office, "hh-1")) == 2
    assert link_identity.context(handheld) is not None


def test_a_certificate_that_ended_is_renewed_by_the_word_of_the_signing_key(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch, 200)
    assert not renewing.renew(handheld), "sync alone cannot"
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    assert len(issued(office, "hh-1")) == 2


def test_a_screen_without_pins_has_the_signing_keys_word_ready(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody logs in there with a PIN, which is when others do it."""
    passing(monkeypatch, 200)
    handheld.make()
    door = start._door(handheld, identity.load(handheld), SystemClock(0), 60)
    assert not renewing.renew(handheld)
    door.lock_if_idle()
    assert renewing.renew(handheld)
    assert len(issued(office, "hh-1")) == 2
    door.close()


def rotated(home: DeviceHome) -> DeviceHome:
    """The handheld goes on with another key, of which the gateway has not heard."""
    enrolled = identity.load(home)
    return rotating.rotate(home, enrolled, identity.signer(home), SystemClock(0), os.urandom, "t-1")


@pytest.mark.parametrize("days", [10, 200])
def test_a_certificate_that_ended_is_renewed_though_nobody_has_told_the_gateway_of_the_next_key(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    passing(monkeypatch, days)
    newest = rotated(rotated(handheld))
    passing(monkeypatch, 200)
    renewing.prepare(newest, identity.signer(newest))  # a login
    assert renewing.renew(newest)
    assert len(issued(office, "hh-1")) == 2
    assert link_identity.context(newest) is not None


def test_a_word_that_was_answered_long_ago_does_not_stand_before_one_that_was_not(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing(monkeypatch, 200)
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    passing(monkeypatch, 385)
    assert not renewing.renew(handheld), "the same bytes get the same certificate, which has ended"
    renewing.prepare(handheld, identity.signer(handheld))
    assert renewing.renew(handheld)
    assert len(issued(office, "hh-1")) == 3


def test_the_word_is_not_written_while_the_certificate_holds(handheld: DeviceHome) -> None:
    renewing.prepare(handheld, identity.signer(handheld))
    assert not handheld.renewal.exists()


def test_a_revoked_handheld_gets_no_other_certificate(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_office(office.gateway).revoke("hh-1", "lost", "boss")
    passing(monkeypatch, 61)
    with pytest.raises(JobsealError) as by_link:
        renewing.renew(handheld)
    assert by_link.value.code == "renewal_unknown", "its certificate is worth nothing"
    passing(monkeypatch, 200)
    renewing.prepare(handheld, identity.signer(handheld))
    with pytest.raises(JobsealError) as by_key:
        renewing.renew(handheld)
    assert by_key.value.code == "key_revoked"
    assert office.refusals() == 2


def test_nobody_renews_for_another(office: Office, handheld: DeviceHome, tmp_path: Path) -> None:
    enrol(tmp_path / "other", office.invite("hh-2").code)
    other = DeviceHome(tmp_path / "other")
    wish = wire.Renewal(device="hh-1", link=link_identity.load_key(other).key.encode(), replaces=bytes(32))
    for signer in (link_identity.load_key(other), identity.signer(other)):
        with pytest.raises(EnrolmentRefused) as refused_by:
            renewal.renew(office.gateway, wire.sign_renewal(wish, signer))
        assert refused_by.value.code == "renewal_unknown"
    assert renewal.renew(office.gateway, wire.sign_renewal(wish, identity.signer(handheld)))


def test_a_handheld_whose_clock_was_never_set_connects_and_one_that_knows_better_does_not(
    office: Office, handheld: DeviceHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = parse_code(office.invite("hh-3").code)

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
    office: Office, handheld: DeviceHome
) -> None:
    """Whoever kept a copy of it gets no certificate by it, though its handheld goes on under another key."""
    heir = signer_of("heir")
    with reading(office.gateway.engine) as connection:
        [row] = keys.of_device(connection, "hh-1")
    with open_office(office.gateway).acting("op") as desk:
        keys.set_status(desk.connection, row.id, keys.ROTATED, row.enrolment_leaf)
    gateway_enrol.enrol(office.gateway, gateway_enrol.Request(heir.key.encode(), "Van 7", "hh-1"), "op")
    before = issued(office, "hh-1")
    wish = wire.Renewal(device="hh-1", link=link_identity.load_key(handheld).key.encode(), replaces=bytes(32))
    with pytest.raises(EnrolmentRefused) as refused_by:
        renewal.renew(office.gateway, wire.sign_renewal(wish, identity.signer(handheld)))
    assert refused_by.value.code == "key_revoked"
    assert issued(office, "hh-1") == before
    assert renewal.renew(office.gateway, wire.sign_renewal(wish, heir))
