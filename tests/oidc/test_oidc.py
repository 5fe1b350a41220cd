"""People sign in through an identity provider that nobody here wrote, and not through what only looks like one."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from jobseal_gateway import security_log, users
from jobseal_gateway.access import ADMIN, APPROVER, ROLES, VIEWER
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import audit
from jobseal_gateway.ledger import users as stored
from jobseal_gateway.ledger.database import connect, migrate, reading
from tests.field import Office
from tests.gateway.api.billing import gateway_of, serving
from tests.gateway.api.browser import Browser, browsers, reached_as, user
from tests.oidc.providers import CLIENT, SECRET, approve, provider, set_groups
from tests.servers import free_port

URL = "http://jobs.example.com"
CALLBACK = f"{URL}/v1/login/oidc/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider(CALLBACK) as found:
        yield found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all tests here: each has people of its own."""
    folder = tmp_path_factory.mktemp("office")
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    found = Office(engine, folder)
    yield found
    found.close()
    engine.dispose()


@pytest.fixture(autouse=True)
def _a_minute_later(office: Office) -> None:
    """What one test got wrong makes no other wait."""
    office.station.pass_ms(60_000)


def with_provider(office: Office, issuer: str, **more: str) -> Gateway:
    """The office's gateway, with this provider."""
    secret = office.folder / "oidc.secret"
    secret.write_text(f"{SECRET}\n")
    about = {"issuer": issuer, "client_id": CLIENT, "client_secret_file": str(secret)}
    roles = {"viewer": "office", "approver": "approvers"}
    return reached_as(gateway_of(office), URL, {**about, **roles, **more})


@pytest.fixture(scope="module")
def gateway(office: Office, issuer: str) -> Gateway:
    return with_provider(office, issuer)


@pytest.fixture(scope="module")
def port(gateway: Gateway) -> Iterator[int]:
    with serving(gateway) as found:
        yield found


@pytest.fixture
def browser(port: int) -> Iterator[Browser]:
    with browsers(port) as [found]:
        yield found


def there(browser: Browser) -> str:
    """Where the gateway sends the browser."""
    answer = browser.http.get("/v1/login/oidc")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def back(browser: Browser, location: str) -> httpx.Response:
    """The browser comes back from the provider."""
    parts = urlsplit(location)
    return browser.http.get(f"{parts.path}?{parts.query}")


def login(browser: Browser, name: str) -> httpx.Response:
    """All the way."""
    return back(browser, approve(there(browser), name, CALLBACK))


def refused(answer: httpx.Response) -> str:
    """The sentence of a refusal."""
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_refused"), answer.text
    return str(answer.json()["sentence"])


def acts(office: Office) -> list[tuple[str, ...]]:
    with reading(office.engine) as connection:
        return [tuple(each[2:]) for each in audit.newest(connection, 1_000)]


def test_who_signs_in_at_the_provider_has_a_session_with_the_mapped_roles(browser: Browser, office: Office) -> None:
    answer = login(browser, "carla")
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/session"), answer.text
    who = browser.get("/v1/session").json()
    assert (who["name"], who["roles"]) == ("carla", [VIEWER, APPROVER])
    assert who["scopes"] == sorted({*ROLES[VIEWER], *ROLES[APPROVER]})
    assert browser.get("/v1/feed").status_code == 200
    assert ("carla", "session:begin", "127.0.0.1", "done") in acts(office)
    browser.csrf = who["csrf_token"]
    assert browser.change("DELETE", "/v1/session", Origin=URL).status_code == 200


def test_what_is_asked_of_the_provider_is_a_code_with_a_challenge_a_state_and_a_nonce(browser: Browser) -> None:
    asked = parse_qs(urlsplit(there(browser)).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [CALLBACK]
    assert asked["scope"] == ["openid profile email"]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    again = parse_qs(urlsplit(there(browser)).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_after_signing_in_nothing_of_the_way_there_is_left_in_the_cookie(browser: Browser) -> None:
    login(browser, "carla")
    kept = json.loads(base64.b64decode(browser.cookie.partition(".")[0]))
    assert list(kept) == ["secret"]


def test_nobody_is_an_administrator_because_the_provider_says_so(browser: Browser) -> None:
    login(browser, "dora")
    assert browser.get("/v1/session").json()["roles"] == [VIEWER]


def test_the_settings_have_no_way_to_map_anybody_to_administrator(gateway: Gateway) -> None:
    assert not hasattr(gateway.settings.oidc, ADMIN)


@pytest.mark.parametrize("name", ["nobody", "none"])
def test_who_has_no_role_is_refused_with_a_sentence_and_is_in_the_security_log_alone(
    browser: Browser, gateway: Gateway, office: Office, name: str
) -> None:
    before = acts(office)
    assert "no role here" in refused(login(browser, name))
    assert browser.get("/v1/session").status_code == 401
    assert acts(office) == before
    assert "sign_in_refused" in {line.code for _, line in security_log.read(gateway.home.security)}
    with reading(office.engine) as connection:
        assert stored.of(connection, name) is None


def test_a_name_that_no_user_can_have_gives_way_to_the_e_mail_address(browser: Browser) -> None:
    login(browser, "odd")
    assert browser.get("/v1/session").json()["name"] == "odd@example.com"


def test_only_people_of_the_domain_sign_in_where_the_settings_say_so(office: Office, issuer: str) -> None:
    with serving(with_provider(office, issuer, domain="Example.com")) as port, browsers(port) as [browser]:
        for stranger in ("visitor", "unverified"):
            assert "verified e-mail address at Example.com" in refused(login(browser, stranger))
        assert login(browser, "carla").status_code == 303


def test_another_group_is_another_role_from_the_next_sign_in_and_ends_the_other_sessions(
    port: int, issuer: str
) -> None:
    with browsers(port, 2) as [one, other]:
        login(one, "changing")
        login(other, "changing")
        assert one.get("/v1/session").json()["roles"] == [VIEWER], "the same roles end nothing"
        set_groups(issuer, "changing", "approvers")
        login(other, "changing")
        assert other.get("/v1/session").json()["roles"] == [APPROVER]
        assert one.get("/v1/session").status_code == 401
        set_groups(issuer, "changing", "kitchen")
        refused(login(other, "changing"))
        set_groups(issuer, "changing", "office")


def test_who_is_disabled_here_stays_out_whatever_the_provider_says(gateway: Gateway, browser: Browser) -> None:
    login(browser, "leaving")
    assert browser.get("/v1/session").status_code == 200
    users.disable(gateway, "leaving", "test")
    assert browser.get("/v1/session").status_code == 401
    assert "disabled" in refused(login(browser, "leaving"))


def test_a_user_of_the_provider_never_becomes_a_local_user_of_the_same_name(gateway: Gateway, browser: Browser) -> None:
    user(gateway, "anna", ADMIN)
    assert "another user anna" in refused(login(browser, "anna"))
    assert browser.sign_in("anna").json()["roles"] == [ADMIN]


def test_a_user_of_the_provider_has_no_password_here(browser: Browser) -> None:
    login(browser, "carla")
    browser.http.cookies.clear()
    for password in ("", "any", "None"):
        assert browser.sign_in("carla", password).status_code == 401


LIES = [
    "lie-nonce",
    "lie-no-nonce",
    "lie-audience",
    "lie-audience-for-us",
    "lie-party",
    "lie-issuer",
    "lie-expired",
    "lie-no-expiry",
    "lie-unsigned",
    "lie-key",
    "lie-secret",
    "lie-subject",
]


def test_an_id_token_with_one_thing_wrong_lets_nobody_in(browser: Browser, office: Office) -> None:
    for lie in LIES:
        refused(login(browser, lie))
        assert browser.checked(browser.http.get("/v1/session")).status_code == 401, lie
        office.station.pass_ms(60_000)  # or it would be told that it tried too often
    assert login(browser, "carla").status_code == 303


def test_a_state_that_was_not_given_out_to_this_browser_is_refused(port: int) -> None:
    with browsers(port, 2) as [victim, attacker]:
        location = approve(there(attacker), "carla", CALLBACK)
        assert "begin again" in refused(back(victim, location)), "no browser takes over a sign-in of another"
        there(victim)
        assert "begin again" in refused(back(victim, location))
        parts = urlsplit(location)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for state in ("", "wrong", asked["state"][:-1]):
            wrong = urlencode({**asked, "state": state})
            refused(attacker.http.get(f"{parts.path}?{wrong}"))
        without = urlencode({name: value for name, value in asked.items() if name != "state"})
        refused(attacker.http.get(f"{parts.path}?{without}"))
        assert back(attacker, location).status_code in (303, 403)
        assert victim.get("/v1/session").status_code == 401


def test_a_code_is_good_for_one_sign_in(browser: Browser) -> None:
    location = approve(there(browser), "carla", CALLBACK)
    assert back(browser, location).status_code == 303
    code = parse_qs(urlsplit(location).query)["code"][0]
    refused(back(browser, location))
    state = parse_qs(urlsplit(there(browser)).query)["state"][0]
    refused(browser.http.get(f"/v1/login/oidc/callback?{urlencode({'code': code, 'state': state})}"))


def test_a_code_that_was_meant_for_another_browser_is_worth_nothing_with_ones_own_state(port: int) -> None:
    with browsers(port, 2) as [victim, attacker]:
        stolen = parse_qs(urlsplit(approve(there(victim), "carla", CALLBACK)).query)["code"][0]
        state = parse_qs(urlsplit(there(attacker)).query)["state"][0]
        refused(attacker.http.get(f"/v1/login/oidc/callback?{urlencode({'code': stolen, 'state': state})}"))
        assert attacker.get("/v1/session").status_code == 401


def test_who_says_no_at_the_provider_is_told_so_and_nothing_of_the_answer_is_repeated(browser: Browser) -> None:
    state = parse_qs(urlsplit(there(browser)).query)["state"][0]
    denied = {"error": "access_denied", "error_description": "<b>no</b>", "state": state, "session_state": "x"}
    assert "(access_denied)" in refused(browser.http.get(f"/v1/login/oidc/callback?{urlencode(denied)}"))
    denied["error"] = "<script>"
    assert "script" not in refused(browser.http.get(f"/v1/login/oidc/callback?{urlencode(denied)}"))


def test_an_answer_of_another_issuer_is_not_asked_about_here(browser: Browser) -> None:
    location = approve(there(browser), "carla", CALLBACK)
    issuer = parse_qs(urlsplit(location).query)["iss"][0]
    mixed = location.replace(urlencode({"iss": issuer}), urlencode({"iss": "https://evil.example"}))
    assert mixed != location
    assert "another identity provider" in refused(back(browser, mixed))


def test_while_the_provider_is_down_a_password_still_lets_one_in(office: Office) -> None:
    gateway = with_provider(office, f"http://127.0.0.1:{free_port()}")
    user(gateway, "local")
    with serving(gateway) as port, browsers(port) as [browser]:
        for place in ("/v1/login/oidc", "/v1/login/oidc/callback?code=x&state=y"):
            answer = browser.http.get(place)
            assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider_unavailable")
            assert "sign in with a password" in answer.json()["sentence"]
            assert answer.headers["retry-after"]
        assert browser.sign_in("local").status_code == 200


def test_a_provider_that_calls_itself_something_else_is_not_believed(office: Office, issuer: str) -> None:
    with serving(with_provider(office, issuer + "/")) as port, browsers(port) as [browser]:
        answer = browser.http.get("/v1/login/oidc")
        assert (answer.status_code, answer.json()["fault"]) == (503, "operator")
        assert issuer in answer.json()["sentence"]


def test_a_wrong_client_secret_lets_nobody_in(office: Office, issuer: str) -> None:
    gateway = with_provider(office, issuer)
    Path(gateway.settings.oidc.client_secret_file).write_text("wrong")
    with serving(gateway) as port, browsers(port) as [browser]:
        refused(login(browser, "carla"))
    Path(gateway.settings.oidc.client_secret_file).unlink()  # a new one is written for each gateway
    with serving(gateway) as port, browsers(port) as [browser]:
        assert "client_secret_file cannot be read" in browser.http.get("/v1/login/oidc").json()["sentence"]


@contextmanager
def nonsense() -> Iterator[tuple[str, list[bytes]]]:
    """Something that answers every question with the last of these; its address."""
    said = [b""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[-1])))
            self.end_headers()
            self.wfile.write(said[-1])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_no_provider_at_all_is_no_defect_of_ours_and_may_become_one(office: Office) -> None:
    with nonsense() as (address, said):
        about = {"issuer": address, "authorization_endpoint": f"{address}/in", "token_endpoint": f"{address}/token"}
        with serving(with_provider(office, address)) as port, browsers(port) as [browser]:
            for document in (b"", b"<html>", b"[]", b"{}", b'{"issuer": 7}', b'"x"', b'{"issuer": "%s"}' % b"x"):
                said.append(document)
                assert browser.http.get("/v1/login/oidc").json()["code"] == "identity_provider_unavailable", document
            said.append(json.dumps(about).encode())
            assert there(browser).startswith(f"{address}/in?")
            state = parse_qs(urlsplit(there(browser)).query)["state"][0]
            answer = browser.http.get(f"/v1/login/oidc/callback?{urlencode({'code': 'x', 'state': state})}")
            assert answer.status_code in (403, 503), answer.text


def test_without_a_provider_there_is_no_such_place(office: Office) -> None:
    with serving(gateway_of(office)) as port, browsers(port) as [browser]:
        for place in ("/v1/login/oidc", "/v1/login/oidc/callback"):
            answer = browser.http.get(place)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_place")
