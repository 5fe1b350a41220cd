"""Strangers at the enrolment address and the API of a gateway that serves: all are refused, and each is in a log that
the operator finds. (Those at the broker are in ``test_closed_broker``.)
"""

import http.client
import re
import ssl
import subprocess
from collections.abc import Iterator

import pytest

from jobseal import enrolling as wire
from jobseal.enrolling import parse_code
from jobseal.host.crypto import Ed25519Signer
from jobseal_device import link_identity
from jobseal_gateway import access, admission
from jobseal_gateway.admission import Invited
from jobseal_gateway.api import Service, make_app
from jobseal_gateway.api.access import WRONG_PER_MINUTE, scope_of
from jobseal_gateway.command import main
from jobseal_gateway.door import WRONG_MOST
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.security_log import API, ENROLMENT
from tests.gateway.api.test_access import of_path
from tests.gateway.ground import Ground
from tests.servers import eventually


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("ground"))
    yield made
    made.close()


def called(ground: Ground, address: str, method: str, path: str, token: str | None = None) -> int:
    """The status with which the API answers a caller from that address."""
    caller = http.client.HTTPConnection("127.0.0.1", ground.api, timeout=30, source_address=(address, 0))
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    caller.request(method, path, b"{}" if method == "POST" else None, headers)
    status = caller.getresponse().status
    caller.close()
    return status


def asked(ground: Ground, address: str, token: bytes, name: str) -> int:
    """The status with which the door answers a handheld of that name, from that address, with that token."""
    signer = Ed25519Signer(name.encode().ljust(32, b"."))
    wanted = wire.Request(
        token=token, key=signer.key.encode(), link=link_identity.new_key().key.encode(), assurance="none"
    )
    tls = ssl.create_default_context(cadata=ground.gateway.keys.ca.der)
    caller = http.client.HTTPSConnection("127.0.0.1", ground.door, context=tls, timeout=30, source_address=(address, 0))
    caller.request("POST", "/v1/enrolment", wire.sign_request(wanted, signer))
    status = caller.getresponse().status
    caller.close()
    return status


def test_a_code_that_was_used_and_one_that_is_guessed_open_nothing(ground: Ground) -> None:
    [ticket] = admission.invite(ground.gateway, [Invited("Van", "hh-1")], "op", approved_by="op")
    token = parse_code(ticket.code).token
    owner, thief, guesser = ground.address(), ground.address(), ground.address()
    assert asked(ground, owner, token, "owner") == 200
    assert asked(ground, thief, token, "thief") == 409
    eventually(lambda: ground.told(ENROLMENT, thief, "code_used"))
    guesses = [asked(ground, guesser, bytes([number]) * 16, "guesser") for number in range(WRONG_MOST + 1)]
    assert guesses == [403] * WRONG_MOST + [429]
    eventually(lambda: ground.told(ENROLMENT, guesser, "code_unknown"))
    eventually(lambda: ground.told(ENROLMENT, guesser, "too_many"))
    assert not ground.told(ENROLMENT, owner, "code_used")


def test_the_enrolment_address_speaks_no_old_tls_and_no_plain_http(ground: Ground) -> None:
    probe = ["openssl", "s_client", "-connect", f"127.0.0.1:{ground.door}", "-cipher", "DEFAULT@SECLEVEL=0"]
    for version, taken in (("-tls1_1", False), ("-tls1_2", True)):
        done = subprocess.run([*probe, version], input=b"", capture_output=True, timeout=30, check=False)
        assert (done.returncode == 0) == taken, done
    eventually(lambda: ground.told(ENROLMENT, "somebody", "tls_too_old"))
    plain = http.client.HTTPConnection("127.0.0.1", ground.door, timeout=30)
    plain.request("GET", "/v1/anchors")
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.getresponse()
    plain.close()
    eventually(lambda: ground.told(ENROLMENT, "somebody", "tls_refused", "http request"))


def test_who_guesses_tokens_of_the_api_is_refused_then_not_answered_and_known(ground: Ground) -> None:
    address = ground.address()
    statuses = [called(ground, address, "GET", "/v1/feed", f"guess {number}") for number in range(WRONG_PER_MINUTE + 1)]
    assert statuses == [401] * WRONG_PER_MINUTE + [429]
    eventually(lambda: ground.told(API, address, "unauthorized", "GET /v1/feed"))
    eventually(lambda: ground.told(API, address, "too_many_attempts"))
    for entry in (ground.gateway.home.security / "api.log").read_text().splitlines():
        assert "guess" not in entry, "what was tried may be nearly right"


def test_a_token_with_every_scope_but_the_routes_is_refused_on_every_route_and_each_is_in_the_log(
    ground: Ground,
) -> None:
    routes = [
        (method, re.sub(r"\{\w+(:path)?\}", "x", route.path), scope)
        for route in of_path(make_app(Service(ground.gateway)).routes)
        for method in route.methods
        if (scope := scope_of(route)) in access.SCOPES  # what signing in opens, no token does
    ]
    assert len(routes) >= 6
    scopes = {scope for *_, scope in routes}
    with writing(ground.gateway.engine) as connection:
        for scope in scopes:
            others = [each for each in access.ROLES[access.ADMIN] if each != scope]
            now_ms = ground.gateway.now_ms()
            access.issue(
                connection, f"no {scope}", access.ADMIN, text=f"no {scope}", by="op", now_ms=now_ms, scopes=others
            )
    address = ground.address()
    eventually(lambda: called(ground, address, "GET", "/v1/feed", f"no {access.JOBS_READ}") == 200)
    for method, path, scope in routes:
        address = ground.address()
        assert called(ground, address, method, path, f"no {scope}") == 403, (method, path)
        said = f"{method} {path}: What no {scope} may do does not"
        eventually(lambda who=address, what=said: ground.told(API, who, "forbidden", what))  # type: ignore[misc]


def test_the_operator_sees_them_in_the_status_and_each_by_itself(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    address = ground.address()
    assert called(ground, address, "GET", "/v1/jobs") == 401
    eventually(lambda: ground.told(API, address, "unauthorized"))
    home = ["--home", str(ground.gateway.home.folder)]
    assert main([*home, "status"]) == 0
    assert re.search(r"Turned away within a day: .*\d+ by api; 'jobseal-gateway security'", capsys.readouterr().out)
    assert main([*home, "security"]) == 0
    newest = capsys.readouterr().out.splitlines()[-1]
    assert address in newest
    assert "unauthorized" in newest
