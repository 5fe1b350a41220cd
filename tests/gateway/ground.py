"""A gateway that serves, for strangers to attack: with the programs that strangers have, mosquitto_pub and openssl."""

import signal
import ssl
import subprocess
import sys
from pathlib import Path

from jobseal import enrolling
from jobseal_gateway import admission, ca, credentials, home, security_log
from jobseal_gateway.enrol import Request
from jobseal_gateway.home import Gateway
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_session import UNIX, MqttSession
from jobseal_gateway.security_log import API
from tests.devices import signer_of
from tests.servers import eventually, free_port

SERVE = "import sys, pathlib; from jobseal_gateway import serve; sys.exit(serve.run(pathlib.Path(sys.argv[1])))"


class Ground:
    """A gateway that serves, and link certificates of its handhelds in ``folder``, as PEM files by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.api, self.door = free_port(), free_port(), free_port()
        self._addresses = 0
        ports: dict[str, str | int] = {
            "mqtt.port": self.port,
            "http.port": self.api,
            "enrolment.port": self.door,
        }
        self.gateway: Gateway = home.make(folder / "gateway", {"organisation": "Test", **ports})
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.gateway.keys.ca.pem)
        for device in ("d1", "d2", "d3", "d4", "d5"):
            self.link(device, self.gateway.keys.ca)
        command = [sys.executable, "-c", SERVE, str(folder / "gateway")]
        self.lines = folder / "lines"
        with self.lines.open("w") as said:
            self.process = subprocess.Popen(command, stdout=said)
        waited = ("taking messages", "serving on http://", "serving on https://")
        eventually(lambda: all(each in self.lines.read_text() for each in waited))

    def link(self, device: str, issuer: ca.Authority, name: str = "", ended_ms_ago: int | None = None) -> None:
        """A link key and certificate in ``name`` (or the device's) .key and .pem."""
        private = ca.new_key()
        now_ms = self.gateway.now_ms()
        start_ms = now_ms if ended_ms_ago is None else now_ms - ca.LINK_DAYS * ca.DAY_MS - ended_ms_ago
        made = issuer.issue_link(device, ca.public_key(private.public_key()), start_ms)
        (self.folder / f"{name or device}.key").write_bytes(ca.key_pem(private))
        (self.folder / f"{name or device}.pem").write_bytes(ca.pem(made))

    def pub(self, shown: str | None, topic: str, text: str, *more: str) -> bool:
        """Whether ``mosquitto_pub`` gets its message taken, with the certificate in ``shown``.pem or none; ``more``: as
        its command line takes it."""
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

    def told(self, part: str, who: str, code: str, what: str = "") -> bool:
        """Whether the operator finds this in the security log, and read it where the gateway serves."""
        found = [entry for entry in security_log.read(self.gateway.home.security) if entry.part == part]
        noted = [line for _, line in found if (line.who, line.code) == (who, code) and what in line.what]
        serving = self.lines.read_text()
        return bool(noted) and (part == API or all(security_log.sentence(each) in serving for each in noted))

    def address(self) -> str:
        """An address of this machine that no stranger has come from yet."""
        self._addresses += 1
        return f"127.0.{1 + self._addresses // 250}.{1 + self._addresses % 250}"

    def close(self) -> None:
        """Stop it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.gateway.close()


def heard(session: MqttSession) -> list[str]:
    """Everything that comes, up to an "end"."""
    said: list[str] = []
    while not said or said[-1] != "end":
        found = session.gather(20, 100, None)
        assert found, f"the honest message did not arrive ({session.lost})"
        said += [arrival.payload.decode(errors="replace") for arrival in found]
    session.abandon()
    return said


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
