"""Strangers at the broker of a gateway that serves, with the programs that strangers have: mosquitto_pub and _sub.

What the broker grants is not asked; what is delivered is. Each attempt ends with an honest message that must arrive,
so that nothing passes here because nothing works.
"""

import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal import enrolling
from jobseal_gateway import admission, ca, credentials, home
from jobseal_gateway.enrol import Request
from jobseal_gateway.home import Gateway
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_session import UNIX, MqttSession
from jobseal_gateway.office import open_office
from tests.devices import signer_of
from tests.servers import eventually, free_port, is_listening

SERVE = "import sys, pathlib; from jobseal_gateway import serve; sys.exit(serve.run(pathlib.Path(sys.argv[1])))"


class Ground:
    """A gateway that serves, and link certificates of its handhelds in ``folder``, as PEM files by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        ports: dict[str, str | int] = {
            "mqtt.port": self.port,
            "http.port": free_port(),
            "enrolment.port": free_port(),
        }
        self.gateway: Gateway = home.make(folder / "gateway", {"organisation": "Test", **ports})
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.gateway.keys.ca.pem)
        for device in ("d1", "d2"):
            self.link(device, self.gateway.keys.ca)
        command = [sys.executable, "-c", SERVE, str(folder / "gateway")]
        self.lines = folder / "lines"
        with self.lines.open("w") as said:
            self.process = subprocess.Popen(command, stdout=said)
        eventually(lambda: is_listening(self.port) and "taking messages" in self.lines.read_text())

    def link(self, device: str, issuer: ca.Authority, name: str = "", ended_ms_ago: int | None = None) -> None:
        """A link key and certificate in ``name`` (or the device's) .key and .pem."""
        private = ca.new_key()
        now_ms = self.gateway.now_ms()
        start_ms = now_ms if ended_ms_ago is None else now_ms - ca.LINK_DAYS * ca.DAY_MS - ended_ms_ago
        made = issuer.issue_link(device, ca.public_key(private.public_key()), start_ms)
        (self.folder / f"{name or device}.key").write_bytes(ca.key_pem(private))
        (self.folder / f"{name or device}.pem").write_bytes(ca.pem(made))

    def pub(self, shown: str | None, topic: str, text: str, *more: str) -> bool:
        """Whether ``mosquitto_pub`` gets its message taken, with the certificate in ``shown``.pem or none."""
        words = ["mosquitto_pub", "-h", "localhost", "-p", str(self.port), "--cafile", str(self.ca)]
        words += ["-t", topic, "-q", "1", "-m", text, *more]
        if shown is not None:
            words += ["--cert", str(self.folder / f"{shown}.pem"), "--key", str(self.folder / f"{shown}.key")]
        return subprocess.run(words, capture_output=True, timeout=30, check=False).returncode == 0

    def handheld(self, shown: str, *topics: str, client_id: str = "") -> MqttSession:
        """A session with that certificate."""
        tls = ssl.create_default_context(cafile=self.ca)
        tls.load_cert_chain(self.folder / f"{shown}.pem", self.folder / f"{shown}.key")
        session = MqttSession(client_id or shown, None, None, tls=tls)
        session.open("localhost", self.port, 60, topics, 10)
        return session

    def worker(self, *topics: str) -> MqttSession:
        """A session of the gateway's own, through its socket."""
        session = MqttSession("worker", GATEWAY_USER, None, credentials.workers_password(self.gateway.home))
        session.open(credentials.workers_socket(self.gateway.home), UNIX, 60, topics, 10)
        return session

    def log(self) -> str:
        """What the broker says."""
        return (self.gateway.home.mosquitto / "mosquitto.log").read_text()

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.gateway.close()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("ground"))
    yield made
    made.close()


def heard(session: MqttSession) -> list[str]:
    """Everything that comes, up to an "end"."""
    said: list[str] = []
    while not said or said[-1] != "end":
        found = session.gather(20, 100, None)
        assert found, f"the honest message did not arrive ({session.lost})"
        said += [arrival.payload.decode(errors="replace") for arrival in found]
    session.abandon()
    return said


def test_nobody_comes_in_without_a_certificate_of_this_gateway(ground: Ground) -> None:
    elsewhere = ca.found(ca.new_key(), "Jobseal CA", ground.gateway.now_ms())
    ground.link("d1", elsewhere, "foreign")
    ground.link("d1", ground.gateway.keys.ca, "ended", ended_ms_ago=60_000)
    for shown in (None, "foreign", "ended"):
        assert ground.pub(shown, "jobseal/1/d1/up", "in") is False, shown
    assert ground.pub("d1", "jobseal/1/d1/up", "in")
    eventually(lambda: "certificate has expired" in ground.log() or "certificate verify failed" in ground.log())


def test_a_password_opens_nothing_on_the_network(ground: Ground) -> None:
    password = credentials.workers_password(ground.gateway.home)
    assert not ground.pub(None, "jobseal/1/d1/up", "in", "-u", GATEWAY_USER, "-P", password)


def test_without_tls_or_with_an_old_one_there_is_no_conversation(ground: Ground) -> None:
    words = ["mosquitto_pub", "-h", "localhost", "-p", str(ground.port), "-t", "jobseal/1/d1/up", "-m", "in", "-q", "1"]
    assert subprocess.run(words, capture_output=True, timeout=30, check=False).returncode != 0
    shown = ["-cert", str(ground.folder / "d1.pem"), "-key", str(ground.folder / "d1.key")]
    probe = ["openssl", "s_client", "-connect", f"localhost:{ground.port}", "-cipher", "DEFAULT@SECLEVEL=0", *shown]
    for version, taken in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        done = subprocess.run([*probe, version], input=b"", capture_output=True, timeout=30, check=False)
        assert (done.returncode == 0 and b"Cipher is (NONE)" not in done.stdout) == taken, done


def test_the_workers_socket_wants_its_password(ground: Ground) -> None:
    for user, password in ((None, None), (GATEWAY_USER, None), (GATEWAY_USER, "x"), ("d1", "")):
        session = MqttSession("intruder", user, None, password)
        with pytest.raises(OSError, match=r"."):
            session.open(credentials.workers_socket(ground.gateway.home), UNIX, 60, (), 10)
        session.abandon()


@pytest.mark.parametrize("topic", ["jobseal/1/d1/up", "jobseal/1/d1/state"])
def test_the_gateway_hears_no_handheld_under_anothers_name(ground: Ground, topic: str) -> None:
    listener = ground.worker(topic)
    ground.pub("d2", topic, "forged")
    assert ground.pub("d1", topic, "end")
    assert heard(listener) == ["end"]


@pytest.mark.parametrize("topic", ["jobseal/1/d1/down", "jobseal/1/gateway/state", "jobseal/1/gateway/checkpoint"])
def test_a_handheld_hears_nobody_under_the_gateways_name(ground: Ground, topic: str) -> None:
    listener, speaker = ground.handheld("d1", topic), ground.worker()
    ground.pub("d2", topic, "forged")
    speaker.send(topic, b"end")
    assert "forged" not in heard(listener)
    speaker.leave(5)


def test_a_handheld_hears_what_is_meant_for_it_and_nothing_else(ground: Ground) -> None:
    spy = ground.handheld("d2", "#", "jobseal/1/d1/down", "jobseal/1/+/up", "jobseal/1/d2/down")
    speaker = ground.worker()
    speaker.send("jobseal/1/d1/down", b"secret")
    assert ground.pub("d1", "jobseal/1/d1/up", "secret")
    speaker.send("jobseal/1/d2/down", b"end")
    assert "secret" not in heard(spy)
    speaker.leave(5)


def test_nobody_takes_another_handhelds_client_id(ground: Ground) -> None:
    """A broker throws a client out for another with its id: d2, asking for d1's, throws out nobody but itself."""
    d1, d2 = ground.handheld("d1", "jobseal/1/d1/down"), ground.handheld("d2")
    thief = ground.handheld("d2", "jobseal/1/d1/down", client_id="d1")
    speaker = ground.worker()
    speaker.send("jobseal/1/d1/down", b"end")
    assert heard(d1) == ["end"]
    d2.gather(20, 1, None)
    assert d2.lost is not None
    speaker.send("jobseal/1/d2/down", b"")
    assert thief.gather(0.5, 1, None) == []
    speaker.leave(5)
    thief.abandon()


def enrolled(ground: Ground, device: str) -> MqttSession:
    """A handheld as the operator enrols it, connected."""
    private, signer = ca.new_key(), signer_of(device)
    link = ca.public_key(private.public_key())
    asked = enrolling.Request(token=None, key=signer.key.encode(), link=link.encode(), assurance="none")
    given = admission.carried(
        ground.gateway, enrolling.sign_request(asked, signer), Request(b"", device, device), "operator"
    )
    grant = enrolling.Grant.decode(given.grant, enrolling.GRANT_MAX_BYTES)
    (ground.folder / f"{device}.key").write_bytes(ca.key_pem(private))
    (ground.folder / f"{device}.pem").write_bytes(ssl.DER_cert_to_PEM_cert(grant.certificate).encode())
    return ground.handheld(device, f"jobseal/1/{device}/down")


def test_a_revoked_handheld_is_cut_off_and_does_not_come_back(ground: Ground) -> None:
    lost, kept = enrolled(ground, "lost-1"), enrolled(ground, "kept-1")
    open_office(ground.gateway).revoke("lost-1", "lost", "operator")
    lost.gather(30, 1, None)
    assert lost.lost is not None
    assert not ground.pub("lost-1", "jobseal/1/lost-1/up", "in")
    assert ground.pub("d1", "jobseal/1/d1/up", "in")
    speaker = ground.worker()
    speaker.send("jobseal/1/kept-1/down", b"end")
    assert heard(kept) == ["end"]
    speaker.leave(5)
    assert "connection of lost-1 is cut" in ground.lines.read_text()
