"""What only a real connection can do to the paho link: stall, stay silent, answer nonsense, show certificates."""

import datetime
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobseal_device.link.contract import LinkDown, LinkRefused, LinkUntrusted, Presence
from jobseal_device.link.paho_link import PahoLink
from jobseal_gateway.broker import Broker
from tests.servers import eventually, free_port, is_listening, mosquitto

UP, DOWN = "jobseal/1/d1/up", "jobseal/1/d1/down"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@contextmanager
def stalled(broker: Broker) -> Iterator[None]:
    """The broker's process stopped: its connections stay open and nothing answers."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


@contextmanager
def connected(broker: Broker, keepalive_s: int = 60, answer_timeout_s: float = 5.0) -> Iterator[PahoLink]:
    link = PahoLink("127.0.0.1", broker.settings.port, "d1", keepalive_s=keepalive_s, answer_timeout_s=answer_timeout_s)
    link.connect(5)
    yield link
    link.close()


def test_a_puback_that_does_not_come_in_time_is_no_puback_and_one_that_comes_late_is_nobodys(broker: Broker) -> None:
    with connected(broker, answer_timeout_s=0.03) as link:
        with stalled(broker):
            # More than paho's own window of 20, which must not come into it.
            assert [link.publish(UP, b"batch") for _ in range(25)] == [False] * 25
        link._answer_timeout_s = 5.0
        assert link.publish(UP, b"batch") is True
        assert link.poll(50) is None


def test_a_broker_that_accepts_and_says_nothing_is_given_up_in_time(broker: Broker) -> None:
    began = time.monotonic()
    with stalled(broker), pytest.raises(LinkDown):
        PahoLink("127.0.0.1", broker.settings.port, "d1").connect(0.3)
    assert time.monotonic() - began < 3


def test_an_unanswered_subscription_ends_the_connection(broker: Broker) -> None:
    with connected(broker, answer_timeout_s=0.1) as link:
        with stalled(broker), pytest.raises(LinkDown):
            link.subscribe(DOWN)
        with pytest.raises(LinkDown):
            link.poll(0)


def test_polling_keeps_an_idle_connection_alive(broker: Broker) -> None:
    with connected(broker, keepalive_s=2) as link:
        assert link.poll(3_300) is None  # mosquitto cuts after 3 silent seconds
        assert link.publish(UP, b"batch")


def test_a_broker_that_fell_silent_is_noticed_by_the_keep_alive(broker: Broker) -> None:
    with connected(broker, keepalive_s=1) as link, stalled(broker), pytest.raises(LinkDown):
        link.poll(10_000)


def test_small_packets_are_not_held_back_for_larger_ones(broker: Broker) -> None:
    with connected(broker) as link:
        assert link._session is not None
        sock = link._session.client.socket()
        assert isinstance(sock, socket.socket)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_link_starts_no_thread(broker: Broker) -> None:
    with connected(broker) as link:
        link.subscribe(DOWN)
        link.publish(UP, b"batch")
        assert threading.active_count() == 1


def test_a_wake_up_from_another_thread_ends_a_long_wait_at_once(broker: Broker) -> None:
    with connected(broker) as link:
        waker, wake = socket.socketpair()
        with waker, wake:
            timer = threading.Timer(0.1, waker.send, [b"!"])
            timer.start()
            began = time.monotonic()
            assert link.poll(60_000, wake) is None
            assert time.monotonic() - began < 5
            timer.join()


def test_a_host_that_does_not_exist_is_a_link_that_is_down() -> None:
    with pytest.raises(LinkDown):
        PahoLink("host.invalid", 1883, "d1").connect(2)


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """A listener that answers whatever comes with ``reply`` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(reply)

        server = threading.Thread(target=answer)
        server.start()
        yield int(listener.getsockname()[1])
        server.join()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"\x20\x02\x00\x05", LinkRefused),  # not authorised
        (b"\x20\x02\x00\x04", LinkRefused),  # bad user name or password
        (b"\x20\x02\x00\x02", LinkRefused),  # client id rejected
        (b"\x20\x02\x00\x03", LinkDown),  # server unavailable
        (b"\x20\x02\x00\x01", LinkDown),  # protocol version: paho ends such a connection by itself
        (b"\x20\x02\x00\x63", LinkRefused),  # a return code that MQTT 3.1.1 does not know
        (b"\x20\x00", LinkDown),
        (b"", LinkDown),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", LinkDown),
        (b"\x30\xff\xff\xff\xff\xff\xff", LinkDown),
        (b"\x30\x04\x00\x02\xff\xfe", LinkDown),  # a message before the connection is accepted, topic not UTF-8
    ],
)
def test_whatever_answers_instead_of_a_broker_ends_in_a_link_error(reply: bytes, error: type[Exception]) -> None:
    with answering(reply) as port, pytest.raises(error):
        PahoLink("127.0.0.1", port, "d1", presence=Presence("s", b"1", b"0")).connect(2)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """The port of a mosquitto that speaks TLS only and asks for a client certificate."""
    server, server_key = certificate(tmp_path, "server")
    client, _ = certificate(tmp_path, "client")
    port = free_port()
    config = tmp_path / "tls.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\nuser root\n"
        f"certfile {server}\nkeyfile {server_key}\ncafile {client}\n"
    )
    with subprocess.Popen(["/usr/sbin/mosquitto", "-c", config], stderr=subprocess.DEVNULL) as process:
        eventually(lambda: is_listening(port))
        yield port
        process.terminate()


def trusting(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / f"{name}.pem"))
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    return context


def test_messages_of_every_size_pass_over_mutual_tls(tls_port: int, tmp_path: Path) -> None:
    link = PahoLink("127.0.0.1", tls_port, "d1", tls=trusting(tmp_path, "server"))
    link.connect(5)
    link.subscribe("echo")
    payloads = [b"%d" % number for number in range(200)] + [os.urandom(100_000)]
    for payload in payloads:
        assert link.publish("echo", payload)
    assert [link.poll(2_000) for _ in payloads] == [("echo", payload) for payload in payloads]
    link.close()


def test_messages_that_share_one_tls_record_are_all_seen(tmp_path: Path) -> None:
    """A wait on the socket alone would leave all but the first unread: the TLS layer has taken them off it."""
    server, server_key = certificate(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server, server_key)
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True) as caller:
            caller.recv(4096)
            caller.sendall(b"\x20\x02\x00\x00" + b"".join(b"\x30\x04\x00\x01t%d" % number for number in range(3)))
            done.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        trusted = ssl.create_default_context(cafile=str(server))
        link = PahoLink("127.0.0.1", int(listener.getsockname()[1]), "d1", tls=trusted)
        link.connect(5)
        assert [link.poll(1_000) for _ in range(3)] == [("t", b"0"), ("t", b"1"), ("t", b"2")]
        done.set()
        thread.join()
        link.close()


def test_a_broker_whose_certificate_does_not_hold_is_not_trusted(tls_port: int, tmp_path: Path) -> None:
    with pytest.raises(LinkUntrusted) as refused:
        PahoLink("127.0.0.1", tls_port, "d1", tls=trusting(tmp_path, "client")).connect(5)
    assert refused.value.code == "link_untrusted"


def test_without_a_client_certificate_there_is_no_connection(tls_port: int, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    with pytest.raises(LinkDown):
        PahoLink("127.0.0.1", tls_port, "d1", tls=context).connect(5)


def test_a_plain_link_to_a_tls_broker_is_down(tls_port: int) -> None:
    with pytest.raises(LinkDown):
        PahoLink("127.0.0.1", tls_port, "d1").connect(1)
