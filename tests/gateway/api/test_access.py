"""Nothing of billing's is told to anybody without the token, on any route that there is or will be."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway.api import Service, make_app
from jobseal_gateway.api.access import read_token
from jobseal_gateway.errors import GatewayError
from tests.field import Office
from tests.gateway.api.billing import TOKEN, Billing, gateway_of, serving

OPEN = {"/healthz", "/readyz", "/openapi.json"}
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
    routes = walked(make_app(Service(gateway_of(office), TOKEN)).routes)
    guarded = {(method, path) for method, path in routes if path not in OPEN}
    assert {path for _, path in routes} >= OPEN
    assert len(guarded) >= 6
    assert all(path.startswith("/v1/") for _, path in guarded)
    with serving(gateway_of(office)) as port:
        stranger = Billing(port, token=None)
        for method, path in sorted(guarded):
            for headers in NOT_THE_TOKEN:
                sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
                answer = stranger.http.request(method, path, headers=sent, json={})
                assert answer.status_code == 401, (method, path, headers)
                assert answer.json()["code"] == "unauthorized"
                assert answer.headers["www-authenticate"] == "Bearer"
            allowed = stranger.http.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
            assert allowed.status_code != 401, (method, path)
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


def test_a_token_is_read_without_the_white_space_that_editors_add(tmp_path: Path) -> None:
    (tmp_path / "api.token").write_text("a long enough token\n")
    assert read_token(tmp_path / "api.token") == "a long enough token"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"short", b"\xff" * 40])
def test_a_token_that_protects_nothing_is_not_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "api.token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GatewayError) as refused:
        read_token(path)
    assert (refused.value.code, refused.value.fault) == ("token_unusable", "operator")
