"""Enrolment: how long a gateway takes for a fleet whose codes were approved in advance.

The door runs in a process of its own, as it does when it serves; the handhelds' keys and requests are made before the
clock starts. Each handheld asks as its program does, over one TLS connection that it proves once it has the gateway's
keys. What the handhelds' own side of TLS costs is in the figure, since both share the machine.
"""

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jobseal.enrolling import Code, Request, parse_code, sign_request
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal_device import link_identity
from jobseal_device.door import Line
from jobseal_device.enrolling import ANCHORS_PATH, ENROLMENT_PATH
from jobseal_gateway import admission, home
from jobseal_gateway.admission import Invited
from tests.bench.ground import folder
from tests.bench.row import AT_MOST, Row
from tests.servers import eventually, free_port, is_listening

FLEET = 5_000
ASKED = {True: 250, False: FLEET}
AT_ONCE = 4
GOAL_S = 60


def rows(quick: bool) -> Iterator[Row]:
    """Seconds for the whole fleet."""
    count = ASKED[quick]
    with folder("enrolment") as place:
        port = free_port()
        with home.make(place / "gateway", {"organisation": "Bench", "enrolment.port": port}) as gateway:
            invited = [Invited(f"HH-{number}", f"hh-{number}", [f"t-{number}"]) for number in range(count)]
            tickets = admission.invite(gateway, invited, "bench", 86_400_000, "bench")
            ca = gateway.keys.ca.der
        asking = [_request(parse_code(ticket.code)) for ticket in tickets]
        process = subprocess.Popen(
            [sys.executable, "-m", "jobseal_gateway.door_process", str(place / "gateway")], stdout=subprocess.DEVNULL
        )
        try:
            eventually(lambda: is_listening(port))
            began_s, started_s = _cpu_s(process.pid), time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                granted = sum(pool.map(lambda asked: _enrol(*asked, ca), asking))
            took_s = time.monotonic() - started_s
            busy_s = _cpu_s(process.pid) - began_s
        finally:
            process.terminate()
            process.wait()
    assert granted == count, "each handheld has its grant"
    note = (
        f"{count} handhelds over TLS, scaled to {FLEET}; the door's own processor time {busy_s * FLEET / count:.0f} s"
    )
    yield Row("enrol_5000", took_s * FLEET / count, None, None, f"{AT_MOST} {GOAL_S}", "s", note)


def _request(code: Code) -> tuple[Code, bytes]:
    signer, link = Ed25519Signer(os.urandom(SEED_BYTES)), link_identity.new_key()
    asked = Request(token=code.token, key=signer.key.encode(), link=link.key.encode(), assurance="none")
    return code, sign_request(asked, signer)


def _enrol(code: Code, request: bytes, ca: bytes) -> bool:
    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname, unproven.verify_mode = False, ssl.CERT_NONE
    with Line(code.host, code.port, unproven) as line:
        line.exchange("GET", ANCHORS_PATH, None)
        line.prove(ca, 0)
        status, _ = line.exchange("POST", ENROLMENT_PATH, request, "close")
    return status == 200


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
