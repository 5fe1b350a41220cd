"""Nothing is told to anybody whose token does not open it, on any route that there is or will be."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import APIRouter

from jobseal_gateway import access
from jobseal_gateway.access import ROLES, SCOPES
from jobseal_gateway.api import Service, app, make_app
from jobseal_gateway.api.access import SESSION_SCHEME, WRONG_PER_MINUTE, scope_of
from jobseal_gateway.api.same_site import SAFE_METHODS
from jobseal_gateway.ledger import audit
from jobseal_gateway.ledger.database import reading, writing
from tests.field import Office
from tests.gateway.api.billing import TOKEN, Billing, admit, gateway_of, serving
from tests.gateway.api.browser import browsers, user

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/p/x"),
    ("GET", "/openapi.json"),
    ("HEAD", "/openapi.json"),
    ("POST", "/v1/session"),
    ("GET", "/v1/login/oidc"),
    ("GET", "/v1/login/oidc/callback"),
}
# For people who have signed in; a token opens none of these.
SIGNED_IN = {("GET", "/v1/session"), ("DELETE", "/v1/session")}
NOT_THE_TOKEN = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"bearer  {TOKEN.upper()}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"Authorization": "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}".encode().decode("latin-1")},
    {"X-Token": TOKEN},
]


def walked(routes: Iterable[Any]) -> set[tuple[str, str]]:
    """(method, path) of every route among these and in the routers that they include; each name in a path is x."""
    found = set()
    for route in routes:
        inner = getattr(route, "original_router", route)
        if hasattr(inner, "routes"):
            found |= walked(inner.routes)
        else:
            path = re.sub(r"\{\w+(:path)?\}", "x", inner.path)
            found |= {(method, path) for method in getattr(inner, "methods", None) or {"GET"}}
    return found


def test_every_route_but_the_open_ones_refuses_whoever_has_no_token(office: Office) -> None:
    routes = walked(make_app(Service(gateway_of(office))).routes)
    guarded = routes - OPEN
    assert routes > OPEN | SIGNED_IN
    assert len(guarded) >= 8
    assert all(path.startswith("/v1/") for _, path in guarded)
    with serving(gateway_of(office)) as port:
        stranger = Billing(port, token=None)
        for method, path in sorted(guarded):
            for headers in NOT_THE_TOKEN:
                office.station.pass_ms(60_000)  # or it would be told that it tried too often
                sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
                answer = stranger.http.request(method, path, headers=sent, json={})
                assert answer.status_code == 401, (method, path, headers)
                assert answer.json()["code"] == "unauthorized"
                assert answer.headers["www-authenticate"] == "Bearer"
            allowed = stranger.http.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
            assert (allowed.status_code == 401) == ((method, path) in SIGNED_IN), (method, path)
        stranger.http.close()


def test_what_is_not_there_is_a_problem_like_any_other(billing: Billing) -> None:
    for method, path, status, code in (
        ("GET", "/", 404, "no_such_place"),
        ("GET", "/v2/feed", 404, "no_such_place"),
        ("GET", "/v1/feed/", 404, "no_such_place"),
        ("GET", "/docs", 404, "no_such_place"),
        ("POST", "/v1/feed", 405, "method_not_allowed"),
        ("DELETE", "/v1/records/WO-1~1", 405, "method_not_allowed"),
    ):
        answer = billing.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path)
        assert answer.headers["content-type"] == "application/problem+json"


ROUTES = [
    ("GET", "/v1/feed", access.FEED_READ),
    ("GET", "/v1/jobs", access.JOBS_READ),
    ("GET", "/v1/jobs/x", access.JOBS_READ),
    ("GET", "/v1/records/x", access.RECORDS_READ),
    ("GET", "/v1/records/x/evidence", access.EVIDENCE_READ),
    ("POST", "/v1/records/x/ack", access.RECORDS_ACKNOWLEDGE),
]


def of_path(routes: Iterable[Any]) -> Iterable[Any]:
    for route in routes:
        inner = getattr(route, "original_router", route)
        if hasattr(inner, "routes"):
            yield from of_path(inner.routes)
        elif inner.path.startswith("/v1/"):
            yield inner


def test_each_route_asks_for_the_scope_that_is_listed_here(office: Office) -> None:
    routes = of_path(make_app(Service(gateway_of(office))).routes)
    asked = {(*route.methods, re.sub(r"\{\w+(:path)?\}", "x", route.path), scope_of(route)) for route in routes}
    for_nobody_yet = {(*place, None) for place in OPEN}
    assert asked - for_nobody_yet == {*ROUTES, *((*place, SESSION_SCHEME) for place in SIGNED_IN)}
    assert {scope for *_, scope in ROUTES} == set(SCOPES)


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_opens_what_it_has_and_nothing_else(office: Office, role: str) -> None:
    gateway = gateway_of(office)
    admit(office, "another", role, role)
    with serving(gateway) as port:
        caller = Billing(port, "another")
        for method, path, scope in ROUTES:
            answer = caller.checked(caller.http.request(method, path, json={} if method == "POST" else None))
            assert (answer.status_code == 403) == (scope not in ROLES[role]), (path, answer.text)
            if answer.status_code == 403:
                assert answer.json()["code"] == "forbidden"
        caller.http.close()


def test_a_token_of_one_scope_opens_the_routes_that_ask_for_it_and_no_other(office: Office) -> None:
    for scope in SCOPES:
        admit(office, f"only {scope}", access.ADMIN, scope, [scope])
    with serving(gateway_of(office)) as port:
        for held in SCOPES:
            caller = Billing(port, f"only {held}")
            for method, path, scope in ROUTES:
                answer = caller.http.request(method, path, json={} if method == "POST" else None)
                assert (answer.status_code == 403) == (scope != held), (held, path, answer.text)
            caller.http.close()


def test_no_route_that_changes_something_takes_a_cookie_without_its_token(office: Office) -> None:
    gateway = gateway_of(office)
    user(gateway, "anna", access.ADMIN)
    places = walked(make_app(Service(gateway)).routes) - OPEN
    changing = {(method, path) for method, path in places if method not in SAFE_METHODS}
    assert len(changing) >= 2
    with serving(gateway) as port, browsers(port) as [browser]:
        browser.sign_in()
        for method, path in sorted(changing):
            answer = browser.http.request(method, path, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request"), (method, path)


def test_a_token_opens_nothing_from_the_second_after_it_was_ended_and_none_after_it_expired(office: Office) -> None:
    with serving(gateway_of(office)) as port:
        caller = Billing(port)
        assert caller.get("/v1/feed").status_code == 200
        with writing(office.engine) as connection:
            access.end(connection, "erp", "test", office.now_ms)
        office.station.pass_ms(1_000)
        assert caller.get("/v1/feed").status_code == 401
        admit(office, "short", access.BILLING)
        office.station.pass_ms(1_000)
        caller.http.headers["Authorization"] = "Bearer short"
        assert caller.get("/v1/feed").status_code == 200
        office.station.pass_ms(access.LIFE_DAYS * access.DAY_MS)
        assert caller.get("/v1/feed").status_code == 401
        caller.http.close()


def test_who_guesses_is_soon_not_answered_and_who_knows_still_is(office: Office) -> None:
    with serving(gateway_of(office)) as port:
        guesser, honest = Billing(port, "guess"), Billing(port)
        codes = [guesser.get("/v1/feed").status_code for _ in range(WRONG_PER_MINUTE + 2)]
        assert codes == [401] * WRONG_PER_MINUTE + [429] * 2
        assert guesser.get("/v1/feed").headers["retry-after"] == "60"
        assert honest.get("/v1/feed").status_code == 200
        office.station.pass_ms(60_000)
        assert guesser.get("/v1/feed").status_code == 401
        guesser.http.close()
        honest.http.close()


def test_a_route_without_a_scope_keeps_the_application_from_starting(office: Office, monkeypatch: Any) -> None:
    careless = APIRouter()
    careless.add_api_route("/v1/careless", lambda: None)
    monkeypatch.setattr(app.jobs, "routes", lambda _service: careless)
    with pytest.raises(ValueError, match="/v1/careless"):
        make_app(Service(gateway_of(office)))


def test_an_acknowledgement_is_in_the_audit_log_with_the_name_of_the_token(
    office: Office, billing: Billing, released: str
) -> None:
    digest = billing.get(f"/v1/records/{released}").json()["digest"]
    said = {"revision": 1, "digest": digest, "status": "acknowledged"}
    assert billing.post(f"/v1/records/{released}/ack", said).status_code == 200
    with reading(office.engine) as connection:
        newest = audit.newest(connection, 1)[0]
    assert newest[2:] == ("erp", access.RECORDS_ACKNOWLEDGE, released, "acknowledged")
