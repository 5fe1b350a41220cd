"""Strangers at the broker of a gateway that serves, with the programs that strangers have: mosquitto_pub and _sub.

What the broker grants is not asked; what is delivered is. Each attempt ends with an honest message that must arrive,
so that nothing passes here because nothing works. And each that fails is in the security log, with who, what and why:
strangers come from addresses of their own, so that one line is one attack.
"""

import subprocess
from collections.abc import Iterator

import pytest

from jobseal_gateway import ca, credentials
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_session import UNIX, MqttSession
from jobseal_gateway.office import open_office
from jobseal_gateway.security_log import BROKER
from tests.gateway.ground import Ground, enrolled, heard
from tests.servers import eventually

MISSING, REFUSED = "certificate_missing", "certificate_refused"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("ground"))
    yield made
    made.close()


def test_nobody_comes_in_without_a_certificate_of_this_gateway(ground: Ground) -> None:
    elsewhere = ca.found(ca.new_key(), "Jobseal CA", ground.gateway.now_ms())
    ground.link("d1", elsewhere, "foreign")
    ground.link("d1", ground.gateway.keys.ca, "ended", ended_ms_ago=60_000)
    key, certificate = credentials.server(ground.gateway, ground.gateway.now_ms())
    (ground.folder / "servers.key").write_bytes(key)
    (ground.folder / "servers.pem").write_bytes(certificate)
    for shown, code in ((None, MISSING), ("foreign", REFUSED), ("ended", REFUSED), ("servers", REFUSED)):
        address = ground.address()
        assert ground.pub(shown, "jobseal/1/d1/up", "in", "-A", address) is False, shown
        eventually(lambda who=address, why=code: ground.told(BROKER, who, why))  # type: ignore[misc]
    address = ground.address()
    assert ground.pub("d1", "jobseal/1/d1/up", "in", "-A", address)
    assert not ground.told(BROKER, address, REFUSED)


def test_a_password_opens_nothing_on_the_network(ground: Ground) -> None:
    password = credentials.workers_password(ground.gateway.home)
    address = ground.address()
    assert not ground.pub(None, "jobseal/1/d1/up", "in", "-u", GATEWAY_USER, "-P", password, "-A", address)
    eventually(lambda: ground.told(BROKER, address, MISSING))


def test_without_tls_or_with_an_old_one_there_is_no_conversation(ground: Ground) -> None:
    plain, old = ground.address(), ground.address()
    words = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(ground.port), "-A", plain, "-t", "jobseal/1/d1/up"]
    assert subprocess.run([*words, "-m", "in", "-q", "1"], capture_output=True, timeout=30, check=False).returncode != 0
    eventually(lambda: ground.told(BROKER, plain, "tls_refused", "wrong version number"))
    shown = ["-cert", str(ground.folder / "d1.pem"), "-key", str(ground.folder / "d1.key")]
    probe = ["openssl", "s_client", "-connect", f"127.0.0.1:{ground.port}", "-bind", old, *shown]
    probe += ["-cipher", "DEFAULT@SECLEVEL=0"]
    for version, taken in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        done = subprocess.run([*probe, version], input=b"", capture_output=True, timeout=30, check=False)
        assert (done.returncode == 0 and b"Cipher is (NONE)" not in done.stdout) == taken, done
    eventually(lambda: ground.told(BROKER, old, "tls_too_old"))


def test_the_workers_socket_wants_its_password(ground: Ground) -> None:
    for user, password in ((None, None), (GATEWAY_USER, None), (GATEWAY_USER, "x"), ("d1", "")):
        session = MqttSession("intruder", user, None, password)
        with pytest.raises(OSError, match=r"."):
            session.open(credentials.workers_socket(ground.gateway.home), UNIX, 60, (), 10)
        session.abandon()
    eventually(lambda: ground.told(BROKER, "socket/workers.sock", "password_refused"))


@pytest.mark.parametrize("topic", ["jobseal/1/d1/up", "jobseal/1/d1/state"])
def test_the_gateway_hears_no_handheld_under_anothers_name(ground: Ground, topic: str) -> None:
    listener = ground.worker(topic)
    ground.pub("d2", topic, "forged")
    assert ground.pub("d1", topic, "end")
    assert heard(listener) == ["end"]
    eventually(lambda: ground.told(BROKER, "d2", "topic_refused", "sends to"))


def test_nobody_leaves_a_last_will_under_anothers_name(ground: Ground) -> None:
    topic = "jobseal/1/d1/state"
    listener = ground.worker(topic)
    will = ["--will-topic", topic, "--will-payload", "forged", "--will-qos", "1", "-r"]
    shown = ["--cert", str(ground.folder / "d4.pem"), "--key", str(ground.folder / "d4.key")]
    words = ["mosquitto_sub", "-h", "localhost", "-p", str(ground.port), "--cafile", str(ground.ca), *shown]
    with subprocess.Popen([*words, "-t", "jobseal/1/d4/down", *will[:-1]]) as dying:
        eventually(lambda: ground.told(BROKER, "d4", "topic_refused", f"wants its last will at {topic}"))
        dying.kill()
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
    spy = ground.handheld("d3", "#", "jobseal/1/d1/down", "jobseal/1/+/up", "jobseal/1/d3/down")
    speaker = ground.worker()
    speaker.send("jobseal/1/d1/down", b"secret")
    assert ground.pub("d1", "jobseal/1/d1/up", "secret")
    speaker.send("jobseal/1/d3/down", b"end")
    assert "secret" not in heard(spy)
    eventually(lambda: ground.told(BROKER, "d3", "topic_refused", "wants to hear #"))
    speaker.leave(5)


def test_nobody_takes_another_handhelds_client_id(ground: Ground) -> None:
    """A broker throws a client out for another with its id: d2, asking for d1's, throws out nobody but itself."""
    d1, d5 = ground.handheld("d1", "jobseal/1/d1/down"), ground.handheld("d5")
    thief = ground.handheld("d5", "jobseal/1/d1/down", client_id="d1")
    speaker = ground.worker()
    speaker.send("jobseal/1/d1/down", b"end")
    assert heard(d1) == ["end"]
    d5.gather(20, 1, None)
    assert d5.lost is not None
    speaker.send("jobseal/1/d5/down", b"")
    assert thief.gather(0.5, 1, None) == []
    again = [ground.handheld("d5", client_id="d1") for _ in range(3)]
    eventually(lambda: ground.told(BROKER, "d5", "second_connection", "127.0.0.1"))
    eventually(lambda: ground.told(BROKER, "d5", "topic_refused", "wants to hear jobseal/1/d1/down"))
    speaker.leave(5)
    for session in (thief, *again):
        session.abandon()


def test_a_revoked_handheld_is_cut_off_and_does_not_come_back(ground: Ground) -> None:
    lost, kept = enrolled(ground, "lost-1"), enrolled(ground, "kept-1")
    open_office(ground.gateway).revoke("lost-1", "lost", "operator")
    lost.gather(30, 1, None)
    assert lost.lost is not None
    address = ground.address()
    assert not ground.pub("lost-1", "jobseal/1/lost-1/up", "in", "-A", address)
    eventually(lambda: ground.told(BROKER, address, REFUSED))
    assert ground.pub("d1", "jobseal/1/d1/up", "in")
    speaker = ground.worker()
    speaker.send("jobseal/1/kept-1/down", b"end")
    assert heard(kept) == ["end"]
    speaker.leave(5)
    assert "connection of lost-1 is cut" in ground.lines.read_text()
