"""Enrolling over real TLS, handheld and gateway both, with the connection cut wherever it can be.

Between the door and the handheld stands a relay that can cut.
"""

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
from jobseal_device import enrolling, identity, link_identity
from jobseal_device.door import GatewayUnreachable, exchange
from jobseal_device.home import Home as DeviceHome
from jobseal_device.identity import NotEnrolled
from jobseal_gateway import admission, ca, door, security_log
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.ledger import keys, leaves, links
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.listening import listening
from tests.gateway.doors import OpenDoor, enrol
from tests.servers import eventually, free_port


def test_a_handheld_with_a_code_that_was_approved_in_advance_is_enrolled_at_once(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    enrolled = enrol(tmp_path / "hh", open_door.invite().code)
    assert (enrolled.identity.device, enrolled.enrolment.label) == ("hh-1", "Van 7")
    assert enrolled.enrolment.log == open_door.gateway.keys.log_id
    assert link_identity.context(DeviceHome(tmp_path / "hh")) is not None
    with reading(open_door.gateway.engine) as connection:
        [row] = keys.of_device(connection, "hh-1")
        [link] = links.of_device(connection, "hh-1")
    assert row.thumbprint == enrolled.identity.thumbprint
    assert link.key_id == row.id


def test_both_sides_show_six_digits_and_a_person_approves_with_those_of_the_handheld(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    ticket, digits = open_door.invite(approved=False), list[str]()
    done: list[identity.Enrolled] = []
    waiting = threading.Thread(target=lambda: done.append(enrol(tmp_path / "hh", ticket.code, digits=digits)))
    waiting.start()
    eventually(lambda: digits)
    assert len(digits[0]) == 6
    other = f"{(int(digits[0]) + 1) % 1_000_000:06}"
    with pytest.raises(EnrolmentRefused) as refused:
        admission.approve(open_door.gateway, "hh-1", other, "boss")
    assert refused.value.code == "digits_differ"
    admission.approve(open_door.gateway, "Van 7", digits[0], "boss")
    waiting.join()
    assert done[0].identity.device == "hh-1"


def test_what_nobody_approves_waits_and_what_somebody_denies_is_refused(open_door: OpenDoor, tmp_path: Path) -> None:
    ticket = open_door.invite(approved=False)
    with pytest.raises(JobsealError) as undecided:
        enrol(tmp_path / "hh", ticket.code, timeout_s=0.5)
    assert undecided.value.code == "enrolment_undecided"
    admission.deny(open_door.gateway, "hh-1", "boss")
    with pytest.raises(JobsealError) as denied:
        enrol(tmp_path / "hh", ticket.code)
    assert denied.value.code == "enrolment_denied"
    with pytest.raises(NotEnrolled):
        identity.load(DeviceHome(tmp_path / "hh"))


def refused(folder: Path, code: Code | str) -> str:
    with pytest.raises(JobsealError) as caught:
        enrol(folder, code, timeout_s=2)
    return caught.value.code


def test_a_code_lets_one_handheld_in_and_no_other(open_door: OpenDoor, tmp_path: Path) -> None:
    ticket = open_door.invite()
    enrol(tmp_path / "hh", ticket.code)
    assert refused(tmp_path / "thief", ticket.code) == "code_used"
    assert open_door.refusals() == 1
    assert enrol(tmp_path / "hh", ticket.code).identity.device == "hh-1", "its owner may ask again"


def test_a_code_that_is_over_or_that_nobody_gave_out_is_refused(open_door: OpenDoor, tmp_path: Path) -> None:
    assert refused(tmp_path / "hh", open_door.invite(life_ms=-1).code) == "code_expired"
    good = parse_code(open_door.invite("hh-2").code)
    assert refused(tmp_path / "hh", Code(good.host, good.port, bytes(16), good.print_of)) == "code_unknown"
    assert open_door.refusals() == 2
    with reading(open_door.gateway.engine) as connection:
        assert keys.every(connection) == []


def test_who_guesses_tokens_is_made_to_wait(open_door: OpenDoor, tmp_path: Path) -> None:
    good = parse_code(open_door.invite().code)
    guesses = [Code(good.host, good.port, bytes([number]) * 16, good.print_of) for number in range(door.WRONG_MOST)]
    assert [refused(tmp_path / "hh", guess) for guess in guesses] == ["code_unknown"] * door.WRONG_MOST
    assert refused(tmp_path / "hh", good) == "too_many"


def test_a_door_that_closes_writes_how_often_it_has_refused(tmp_path: Path) -> None:
    closing_door = OpenDoor(tmp_path)
    code = parse_code(closing_door.invite().code)
    guessed = Code(code.host, code.port, bytes(16), code.print_of)
    for number in range(4):
        with pytest.raises(JobsealError):
            enrol(tmp_path / f"hh-{number}", guessed)
    closing_door.close()
    found = [
        line.times for _, line in security_log.read(closing_door.gateway.home.security) if line.code == "code_unknown"
    ]
    assert found == [1, 3]


def test_a_body_that_no_handheld_sends_is_refused_unread(open_door: OpenDoor) -> None:
    tls = ssl.create_default_context(cadata=open_door.gateway.keys.ca.der)
    with pytest.raises(JobsealError) as refused_by:
        exchange("127.0.0.1", open_door.port, tls, "POST", enrolling.ENROLMENT_PATH, bytes(wire.REQUEST_MAX_BYTES + 1))
    assert refused_by.value.code == "too_large"


def test_nothing_is_sent_to_a_gateway_that_is_not_the_codes(open_door: OpenDoor, tmp_path: Path) -> None:
    good = parse_code(open_door.invite().code)
    assert refused(tmp_path / "hh", Code(good.host, good.port, good.token, bytes(16))) == "not_enrolled"
    assert open_door.refusals() == 0
    assert not DeviceHome(tmp_path / "hh").request.exists(), "not even made"


def test_a_man_in_the_middle_with_the_gateways_anchors_and_a_key_of_its_own_is_not_told_the_token(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    """He can show what is public, over a TLS of his own; the token goes to whom the gateway's CA vouches for."""
    with middleman(open_door) as port:
        good = parse_code(open_door.invite().code)
        assert refused(tmp_path / "hh", Code("127.0.0.1", port, good.token, good.print_of)) == "not_enrolled"
    assert open_door.refusals() == 0


@contextmanager
def middleman(open_door: OpenDoor) -> Iterator[int]:
    """A server that gives out the gateway's anchors under a certificate of another CA."""
    other, private = ca.found(ca.new_key(), "Jobseal CA", open_door.gateway.now_ms()), ca.new_key()
    shown = other.issue_server(["127.0.0.1"], private.public_key(), open_door.gateway.now_ms())
    folder = open_door.gateway.home.run
    (folder / "middle.pem").write_bytes(ca.key_pem(private) + ca.pem(shown))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "middle.pem")
    app = door.make_app(open_door.gateway, open_door.said.append, time.monotonic)
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


def test_wherever_the_connection_is_cut_asking_again_ends_in_the_same_enrolment(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    relay = Relay(open_door.port)
    good = parse_code(open_door.invite("whole").code)
    enrol(tmp_path / "whole", Code("127.0.0.1", relay.port, good.token, good.print_of))
    pieces = relay.passed
    assert pieces >= 6, "a TLS handshake, then two requests with an answer each"
    cuts = 0  # the last pieces are goodbyes, which nobody misses
    for cut in range(pieces):
        name = f"cut-{cut}"
        good = parse_code(open_door.invite(name).code)
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
        with reading(open_door.gateway.engine) as connection:
            assert len(keys.of_device(connection, name)) == 1
            assert len(links.of_device(connection, name)) == 1, "the same answer"
    assert cuts >= 6
    with reading(open_door.gateway.engine) as connection:
        assert len(leaves.between(connection, 0, 1000)) == pieces + 1
    relay.close()


def test_a_grant_whose_answer_got_lost_comes_again_to_the_byte(open_door: OpenDoor, tmp_path: Path) -> None:
    ticket = open_door.invite()
    at = DeviceHome(tmp_path / "hh")
    identity.make_key(at, bytes(32))
    request = enrolling.make_request(at, identity.signer(at), "none", parse_code(ticket.code).token)
    first = admission.ask(open_door.gateway, request, "10.0.0.7")
    again = admission.ask(open_door.gateway, request, "10.0.0.8")
    assert isinstance(first, wire.Grant)
    assert first.encode() == again.encode()
