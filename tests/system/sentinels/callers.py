"""Whoever calls the API: a session opens what it should, as long as it should and for pages of ours; who guesses waits;
an identity provider is believed what it signs for this gateway and this sign-in, and nothing else.
"""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt

from jobseal_gateway import tries, users
from jobseal_gateway.access import BILLING, VIEWER
from jobseal_gateway.api.same_site import CSRF_HEADER
from tests.field import MINUTE_MS, Office
from tests.gateway.api.billing import gateway_of, serving
from tests.gateway.api.browser import Browser, browsers, reached_as, user
from tests.system.sentinels import Found
from tests.system.sentinels.billing import office_in

URL = "http://jobs.example.com"
CLIENT = "gateway"
NONE = {"alg": "none"}
ACK = {"revision": 1, "digest": "0" * 64, "status": "acknowledged"}


@contextmanager
def _calling(folder: Path) -> Iterator[tuple[Office, int]]:
    with office_in(folder, "t-1") as (office, _), serving(gateway_of(office)) as port:
        yield office, port


def sites(folder: Path) -> Found:
    """``cross_site_taken``: a page of another site changes something with somebody's cookie."""
    with _calling(folder) as (office, port), browsers(port) as [browser]:
        user(gateway_of(office), "anna", BILLING)
        browser.sign_in()
        for headers in ({CSRF_HEADER: ""}, {CSRF_HEADER: "0" * 64}, {"Origin": "https://evil.example"}):
            answer = browser.change("POST", "/v1/records/x/ack", ACK, **headers)
            if answer.json()["code"] != "cross_site_request":
                yield "cross_site_taken", f"with {headers} a change is answered {answer.json()['code']}"


def endings(folder: Path) -> Found:
    """``session_outlives_change``, ``session_outlives_sign_out``, ``session_outlives_time``: one opens something that
    should be over."""
    with _calling(folder) as (office, port), browsers(port, 2) as [browser, thief]:
        gateway = gateway_of(office)
        user(gateway)
        ends: list[tuple[str, Callable[[], object]]] = [
            ("session_outlives_change", lambda: users.set_roles(gateway, "anna", [VIEWER, BILLING], "test")),
            ("session_outlives_sign_out", lambda: browser.change("DELETE", "/v1/session")),
            ("session_outlives_time", lambda: office.station.pass_ms(60 * MINUTE_MS)),
        ]
        for check, end in ends:
            browser.sign_in()
            thief.http.cookies.set("jobseal", browser.cookie, domain="127.0.0.1", path="/")
            end()
            if thief.http.get("/v1/feed").status_code == 200:
                yield check, "a copy of its cookie still opens the feed"


def guesses(folder: Path) -> Found:
    """``guesses_unbounded``: somebody tries passwords as fast as he likes."""
    with _calling(folder) as (office, port), browsers(port) as [browser]:
        user(gateway_of(office))
        codes = [browser.sign_in("anna", "wrong").status_code for _ in range(tries.NAME.free + 1)]
        if codes[-1] != 429:
            yield "guesses_unbounded", f"{len(codes)} wrong passwords are answered {codes}"


def typos(folder: Path) -> Found:
    """``typo_passed_over``: a parameter that nobody knows is taken for none."""
    with _calling(folder) as (_, port), browsers(port) as [browser]:
        if browser.http.get("/healthz?afer=1").status_code != 422:
            yield "typo_passed_over", "a parameter that there is not is no mistake"


def provider(folder: Path) -> Found:
    """``nonce_unchecked``, ``audience_unchecked``, ``unsigned_taken``, ``role_for_everybody``, ``subject_swapped``:
    somebody comes in with what a provider never said of them, here and now."""
    with office_in(folder, "t-1") as (office, _), _provider() as (issuer, said):
        about = {"issuer": issuer, "client_id": CLIENT, "viewer": "office"}
        gateway = reached_as(gateway_of(office), URL, about)
        with serving(gateway) as port, browsers(port) as [browser]:
            for check, claims in (
                ("nonce_unchecked", {"nonce": "another"}),
                ("audience_unchecked", {"aud": "another", "azp": CLIENT}),
                ("unsigned_taken", {"alg": "none"}),
                ("role_for_everybody", {"groups": ["kitchen"]}),
                ("subject_swapped", {"sub": "somebody else"}),
            ):
                said.update(claims=claims)
                if _came_back(browser, said) == 303:
                    yield check, f"with {claims} in the ID token somebody is let in"
            said.update(claims={})
            if _came_back(browser, said) != 303:
                yield "nobody_comes_in", "with nothing wrong nobody is let in either"


def _came_back(browser: Browser, said: dict[str, Any]) -> int:
    asked = parse_qs(urlsplit(browser.http.get("/v1/login/oidc").headers["location"]).query)
    said["nonce"] = asked["nonce"][0] if "nonce" in asked else None
    back = urlencode({"code": "x", "state": asked["state"][0]})
    return browser.http.get(f"/v1/login/oidc/callback?{back}").status_code


@contextmanager
def _provider() -> Iterator[tuple[str, dict[str, Any]]]:
    """A stand-in for a provider, which gives any code the ID token that it is told to; its issuer."""
    key = jwk.ECKey.generate_key("P-256", {"kid": "1"})
    said: dict[str, Any] = {"claims": {}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/jwks": {"keys": [key.as_dict(private=False)]}, "/me": {"sub": "anna"}}
            self._answer(answers.get(self.path, _about(issuer)))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            token = {"access_token": "x", "token_type": "Bearer", "id_token": _id_token(issuer, key, said)}
            self._answer(token)

        def _answer(self, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer, said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _about(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/me",
        "jwks_uri": f"{issuer}/jwks",
        "id_token_signing_alg_values_supported": ["ES256", "none"],
    }


def _id_token(issuer: str, key: jwk.ECKey, said: dict[str, Any]) -> str:
    now = int(time.time())
    plain = {"iss": issuer, "aud": CLIENT, "sub": "anna", "iat": now, "exp": now + 60, "nonce": said["nonce"]}
    claims = {**plain, "preferred_username": "anna", "groups": ["office"], **said["claims"]}
    if claims.get("alg") == "none":  # no library writes this without a warning, and rightly so
        return (
            ".".join(urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (NONE, claims)) + "."
        )
    return jwt.encode({"alg": "ES256", "kid": "1"}, claims, key)


SENTINELS = {each.__name__: each for each in (sites, endings, guesses, typos, provider)}
