"""A browser for tests: it keeps cookies, says where a request comes from, and shows the token of its session.

``SETTINGS`` of a gateway that is reached over TLS, as through a proxy, are made with ``reached_as``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from jobseal.host.pin import Cost
from jobseal_gateway import users
from jobseal_gateway.api.same_site import CSRF_HEADER
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger.users import User
from tests.gateway.api.billing import Billing

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASSWORD = "four words in a row"


def user(gateway: Gateway, name: str = "anna", *roles: str, password: str = PASSWORD) -> User:
    """Somebody who may sign in."""
    return users.add(gateway, name, roles or ("viewer",), password, "test", CHEAP)


class Browser(Billing):
    """The client: every answer is held to the contract."""

    def __init__(self, port: int) -> None:
        super().__init__(port, token=None)
        self.origin = f"http://127.0.0.1:{port}"
        self.csrf = ""

    def sign_in(self, name: str = "anna", password: str = PASSWORD, **headers: str) -> httpx.Response:
        """Ask for a session; its token is shown from then on."""
        answer = self.post("/v1/session", {"name": name, "password": password}, headers=headers)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf_token"]
        return answer

    def change(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """What a page of ours does when somebody clicks."""
        ours = {CSRF_HEADER: self.csrf, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        found = {name: value for name, value in {**ours, **headers}.items() if value}
        return self.checked(self.http.request(method, path, json=body, headers=found))

    @property
    def cookie(self) -> str:
        """What the browser has."""
        return self.http.cookies.get("jobseal") or ""


@contextmanager
def browsers(port: int, count: int = 1) -> Iterator[Sequence[Browser]]:
    """So many, each with cookies of its own."""
    found = [Browser(port) for _ in range(count)]
    try:
        yield found
    finally:
        for each in found:
            each.http.close()


def reached_as(gateway: Gateway, url: str, oidc: Mapping[str, str] | None = None) -> Gateway:
    """The same gateway, which browsers reach under this address."""
    settings = gateway.settings
    changed = replace(settings, http=replace(settings.http, url=url), oidc=replace(settings.oidc, **(oidc or {})))
    return replace(gateway, settings=changed)
