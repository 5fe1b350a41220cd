"""People sign in with a browser: one session each, over when it should be, and of no use to a page of another site."""

from collections.abc import Iterator

import pytest

from jobseal_gateway import session_key, users
from jobseal_gateway.access import ADMIN, APPROVER, BILLING, ROLES, VIEWER
from jobseal_gateway.api.same_site import CSRF_HEADER
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import audit, web_sessions
from jobseal_gateway.ledger.database import reading
from tests.field import Office
from tests.gateway.api.billing import TOKEN, serving
from tests.gateway.api.browser import CHEAP, PASSWORD, Browser, browsers, reached_as, user
from tests.gateway.api.test_access import ROUTES

HOUR_MS = 3_600_000


@pytest.fixture
def url(sqlite_url: str) -> str:
    """What the other database could do otherwise is in test_signing_in.py."""
    return sqlite_url


@pytest.fixture
def port(gateway: Gateway) -> Iterator[int]:
    """The API of a gateway with one user, anna."""
    user(gateway)
    with serving(gateway) as found:
        yield found


@pytest.fixture
def anna(port: int) -> Iterator[Browser]:
    """Her browser; she has signed in."""
    with browsers(port) as [found]:
        assert found.sign_in().status_code == 200
        yield found


def acts(office: Office) -> list[tuple[str, ...]]:
    """The audit log without times."""
    with reading(office.engine) as connection:
        return [tuple(each[2:]) for each in audit.newest(connection, 1_000)]


def test_who_signs_in_is_told_who_they_are_and_what_that_opens(anna: Browser) -> None:
    who = anna.get("/v1/session").json()
    assert (who["name"], who["roles"], who["scopes"]) == ("anna", [VIEWER], sorted(ROLES[VIEWER]))
    assert who["csrf_token"] == anna.csrf
    assert anna.get("/v1/feed").status_code == 200
    assert anna.get("/v1/records/x/evidence").status_code == 403


def test_a_name_is_taken_in_any_case_and_with_spaces_around_it(port: int) -> None:
    with browsers(port) as [browser]:
        assert browser.sign_in(" Anna ").json()["name"] == "anna"


def test_several_roles_open_what_each_of_them_opens(gateway: Gateway) -> None:
    user(gateway, "both", VIEWER, APPROVER)
    with serving(gateway) as port, browsers(port) as [browser]:
        browser.sign_in("both")
        assert browser.get("/v1/session").json()["scopes"] == sorted({*ROLES[VIEWER], *ROLES[APPROVER]})


@pytest.mark.parametrize("role", list(ROLES))
def test_a_session_opens_what_its_role_has_and_nothing_else(gateway: Gateway, role: str) -> None:
    user(gateway, "anna", role)
    with serving(gateway) as port, browsers(port) as [browser]:
        browser.sign_in()
        for method, path, scope in ROUTES:
            answer = browser.change(method, path, {} if method == "POST" else None)
            assert (answer.status_code == 403) == (scope not in ROLES[role]), (path, answer.text)


def test_the_cookie_is_for_the_browser_alone_and_tells_nothing(anna: Browser, office: Office) -> None:
    said = anna.sign_in().headers["set-cookie"].lower()
    assert said.startswith("jobseal=")
    assert "; httponly" in said
    assert "; samesite=lax" in said
    assert "; path=/" in said
    assert "domain=" not in said
    with reading(office.engine) as connection:
        kept = [session.hash for session, _user in web_sessions.standing(connection)]
    assert all(len(each) == 32 for each in kept)
    assert not any(each.hex() in anna.cookie or anna.csrf in each.hex() for each in kept)


@pytest.mark.parametrize("way", ["the settings say so", "the proxy says so"])
def test_over_tls_the_cookie_is_bound_to_this_host_and_never_sent_in_the_clear(gateway: Gateway, way: str) -> None:
    user(gateway)
    over_tls = reached_as(gateway, "https://jobs.example.com") if "settings" in way else gateway
    headers = {} if "settings" in way else {"X-Forwarded-Proto": "https"}
    with serving(over_tls) as port, browsers(port) as [browser]:
        said = browser.sign_in(**headers).headers["set-cookie"].lower()
        assert said.startswith("__host-jobseal=")
        assert "; secure" in said
        assert "domain=" not in said
        # A cookie of the other name, which a plain page could have set, opens nothing there.
        value = said.partition("=")[2].partition(";")[0]
        assert browser.checked(
            browser.http.get("/v1/session", headers={"Cookie": f"jobseal={value}", **headers})
        ).status_code == 401  # fmt: skip


def test_nobody_can_prepare_a_session_for_somebody_else(port: int, anna: Browser) -> None:
    with browsers(port) as [victim]:
        victim.http.cookies.set("jobseal", anna.cookie, domain="127.0.0.1", path="/")
        victim.sign_in()
        assert victim.cookie != anna.cookie
        assert victim.get("/v1/session").status_code == 200
        assert anna.get("/v1/session").status_code == 401, "the one that was planted is over"


def test_a_cookie_that_the_gateway_did_not_sign_opens_nothing(port: int) -> None:
    with browsers(port) as [browser]:
        for forged in ("", "x", "eyJzZWNyZXQiOiAieCJ9", "eyJzZWNyZXQiOiAieCJ9.aaaa.bbbb", '{"secret": "x"}', "null"):
            answer = browser.http.get("/v1/session", headers={"Cookie": f"jobseal={forged}"})
            assert (browser.checked(answer).status_code, answer.json()["code"]) == (401, "unauthorized"), forged


def test_signing_out_ends_the_session_also_for_whoever_copied_the_cookie(
    port: int, anna: Browser, office: Office
) -> None:
    copied = anna.cookie
    assert anna.change("DELETE", "/v1/session").json() == {"status": "signed_out"}
    assert not anna.cookie
    with browsers(port) as [thief]:
        thief.http.cookies.set("jobseal", copied)
        assert thief.get("/v1/session").status_code == 401
    assert ("anna", "session:end", "", "done") in acts(office)


def test_two_browsers_of_one_person_are_two_sessions(port: int) -> None:
    with browsers(port, 2) as [one, other]:
        for each in (one, other):
            each.sign_in()
        one.change("DELETE", "/v1/session")
        assert (one.get("/v1/session").status_code, other.get("/v1/session").status_code) == (401, 200)


def test_a_session_ends_when_it_is_not_used_and_after_its_longest_life(anna: Browser, office: Office) -> None:
    for _ in range(11):
        office.station.pass_ms(HOUR_MS - 60_000)
        assert anna.get("/v1/session").status_code == 200
    office.station.pass_ms(HOUR_MS - 60_000)
    assert anna.get("/v1/session").status_code == 200
    office.station.pass_ms(HOUR_MS)
    assert anna.get("/v1/session").status_code == 401
    anna.sign_in()
    for _ in range(12):
        office.station.pass_ms(HOUR_MS - 1_000)
        last = anna.get("/v1/session").status_code
    assert last == 200
    office.station.pass_ms(60_000)
    assert anna.get("/v1/session").status_code == 401


CHANGES = {
    "another role": lambda gateway: users.set_roles(gateway, "anna", [ADMIN], "test"),
    "the same role once more": lambda gateway: users.set_roles(gateway, "anna", [VIEWER], "test"),
    "another password": lambda gateway: users.set_password(gateway, "anna", PASSWORD, "test", CHEAP),
    "disabled": lambda gateway: users.disable(gateway, "anna", "test"),
}


def test_whatever_is_said_of_a_user_ends_all_their_sessions_at_once(
    gateway: Gateway, port: int, anna: Browser, office: Office
) -> None:
    user(gateway, "bert")
    with browsers(port, 2) as [other, bert]:
        bert.sign_in("bert")
        for said, change in CHANGES.items():
            for each in (anna, other):
                assert each.sign_in().status_code == 200, said
                assert each.get("/v1/feed").status_code == 200
            change(gateway)
            for each in (anna, other):
                assert each.get("/v1/feed").status_code == 401, said
                assert each.change("DELETE", "/v1/session").status_code == 401
            assert bert.get("/v1/feed").status_code == 200, "and nobody else's"
            office.station.pass_ms(60_000)  # or it would be told that it tried too often


def test_who_was_disabled_and_let_in_again_signs_in_again(gateway: Gateway, anna: Browser) -> None:
    users.disable(gateway, "anna", "test")
    assert anna.sign_in().status_code == 401
    users.enable(gateway, "anna", "test")
    assert anna.get("/v1/session").status_code == 401
    assert anna.sign_in().status_code == 200


def test_another_key_ends_every_session_while_the_gateway_serves(gateway: Gateway, anna: Browser) -> None:
    session_key.rotate(gateway.home.session_key)
    assert anna.get("/v1/session").status_code == 401
    assert anna.sign_in().status_code == 200
    assert gateway.home.session_key.stat().st_mode & 0o777 == 0o600
    gateway.home.session_key.unlink()
    assert anna.get("/v1/session").status_code == 401
    assert anna.http.get("/v1/feed", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert anna.sign_in().status_code == 200


FOREIGN = [
    {CSRF_HEADER: ""},
    {CSRF_HEADER: "wrong"},
    {CSRF_HEADER: "0" * 64},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
]


def test_a_page_of_another_site_changes_nothing_with_the_cookie(gateway: Gateway, port: int) -> None:
    user(gateway, "bert", BILLING)
    with browsers(port) as [bert]:
        bert.sign_in("bert")
        said = {"revision": 1, "digest": "0" * 64, "status": "acknowledged"}
        for method, path, body in (("POST", "/v1/records/x/ack", said), ("DELETE", "/v1/session", None)):
            for headers in FOREIGN:
                answer = bert.change(method, path, body, **headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request"), headers
        assert bert.change("POST", "/v1/records/x/ack", said).json()["code"] == "record_unknown"
        assert bert.get("/v1/session").status_code == 200


def test_the_token_of_one_session_is_none_of_another(port: int, anna: Browser) -> None:
    with browsers(port) as [other]:
        other.sign_in()
        stolen, other.csrf = other.csrf, anna.csrf
        assert other.change("DELETE", "/v1/session").status_code == 403
        other.csrf = stolen
        assert other.change("DELETE", "/v1/session").status_code == 200


def test_a_page_of_another_site_signs_nobody_in(port: int) -> None:
    with browsers(port) as [browser]:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert browser.sign_in(**headers).json()["code"] == "cross_site_request"
            assert not browser.cookie


def test_where_the_settings_name_the_gateway_no_other_name_is_its_own(gateway: Gateway) -> None:
    user(gateway)
    with serving(reached_as(gateway, "http://jobs.example.com")) as port, browsers(port) as [browser]:
        assert browser.sign_in(Origin=browser.origin).status_code == 403
        assert browser.sign_in(Origin="http://jobs.example.com").status_code == 200


def test_a_form_of_another_site_is_no_json(port: int) -> None:
    with browsers(port) as [browser]:
        body = f'{{"name": "anna", "password": "{PASSWORD}"}}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = browser.http.post("/v1/session", content=body, headers={"Content-Type": kind})
            assert answer.status_code == 422, kind
        assert not browser.cookie


def test_a_token_needs_no_second_sign_and_a_wrong_one_is_not_helped_by_a_cookie(anna: Browser) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    said = {"revision": 1, "digest": "0" * 64, "status": "acknowledged"}
    answer = anna.http.post("/v1/records/x/ack", json=said, headers={**token, "Origin": "https://evil.example"})
    assert answer.json()["code"] == "record_unknown"
    assert anna.http.get("/v1/feed", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_who_acts_through_a_session_is_named_in_the_audit_log(gateway: Gateway, office: Office, released: str) -> None:
    user(gateway, "bert", BILLING)
    with serving(gateway) as port, browsers(port) as [bert]:
        bert.sign_in("bert")
        digest = bert.get(f"/v1/records/{released}").json()["digest"]
        said = {"revision": 1, "digest": digest, "status": "acknowledged"}
        assert bert.change("POST", f"/v1/records/{released}/ack", said).status_code == 200
    assert acts(office)[-2:] == [
        ("bert", "session:begin", "127.0.0.1", "done"),
        ("bert", "records:acknowledge", released, "acknowledged"),
    ]
