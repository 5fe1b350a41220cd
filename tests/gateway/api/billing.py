"""A billing system for tests: it talks to the API over a real socket, and holds every answer to the contract.

``serving`` runs the real application under the real server on a free port; ``Billing`` is the client. Whatever it is
answered must be what the OpenAPI document says: this status, this media type, this schema.
"""

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import TypeAdapter

from jobseal.host.clock import Clock
from jobseal_gateway import access
from jobseal_gateway.api import Service, contract, make_app
from jobseal_gateway.home import Gateway, Home
from jobseal_gateway.ledger import tokens
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.settings import Settings, parse_settings
from jobseal_gateway.web_process import WebServer, listening
from tests.field import FieldClock, Office
from tests.servers import eventually

TOKEN = "a token that nobody guesses"
SETTINGS = b"""
organisation = "Test"
[limits]
free_space_low_water_bytes = 1048576
feed_page_items = 20
[intervals]
long_poll_s = 20
"""


class Billing:
    """The client. ``contract`` is the OpenAPI document that it was given."""

    def __init__(self, port: int, token: str | None = TOKEN) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False)
        self.contract: dict[str, Any] = self.http.get("/openapi.json").json()

    def get(self, path: str, **query: str | int | float) -> httpx.Response:
        """Ask, and check the answer."""
        return self.checked(self.http.get(path, params=query or None))

    def post(self, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Say something, and check the answer."""
        return self.checked(self.http.post(path, json=body, **more))

    def checked(self, answer: httpx.Response) -> httpx.Response:
        """Whether the contract says that this may be answered."""
        operation = self._operation(answer.request)
        documented = operation["responses"]
        assert str(answer.status_code) in documented, f"{answer.status_code} is not documented: {answer.text}"
        media = documented[str(answer.status_code)]["content"]
        kind = answer.headers["content-type"]
        assert kind in media, f"{kind} is not among {list(media)}"
        schema = media[kind]["schema"]
        if schema.get("type") == "array":
            for item in answer.json():
                TypeAdapter(_model(schema["items"])).validate_python(item)
        elif schema.get("format") != "binary":
            TypeAdapter(_model(schema)).validate_json(answer.content)
        return answer

    def _operation(self, request: httpx.Request) -> dict[str, Any]:
        path = request.url.raw_path.decode().partition("?")[0]
        # The longest template that fits is the most particular one: .../ack before a record of that name.
        for template in sorted(self.contract["paths"], key=len, reverse=True):
            if re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(template)), path):
                operation: dict[str, Any] = self.contract["paths"][template][request.method.lower()]
                return operation
        raise AssertionError(f"{path} is not documented")


def _model(schema: dict[str, Any]) -> Any:
    return getattr(contract, schema["$ref"].rpartition("/")[2])


def settings_of(folder: Path, text: bytes = SETTINGS) -> Settings:
    """The settings of a gateway in this folder."""
    settings, problems = parse_settings(text, "gateway.toml", folder)
    assert settings is not None, problems
    return settings


def gateway_of(office: Office, clock: Clock | None = None) -> Gateway:
    """The office's gateway as the web process opens it."""
    home = Home(office.folder, office.folder / "data")
    home.run.mkdir(parents=True, exist_ok=True)
    gateway = Gateway(home, settings_of(office.folder), office.engine, office.station.keys, clock or FieldClock(office))
    admit(office, TOKEN, access.BILLING)
    return gateway


def admit(office: Office, token: str, role: str, name: str = "erp", scopes: Collection[str] = ()) -> None:
    """Let whoever shows this text in, as this role."""
    with writing(office.engine) as connection:
        if access.hash_of(token) not in {each.hash for each in tokens.every(connection)}:
            access.issue(connection, name, role, text=token, by="test", now_ms=office.now_ms, scopes=scopes)


@contextmanager
def serving(gateway: Gateway) -> Iterator[int]:
    """The API of this gateway on a free port, until the end."""
    service = Service(gateway)
    config = uvicorn.Config(make_app(service), lifespan="on", log_config=None, timeout_graceful_shutdown=1)
    server = WebServer(config, service.watch)
    listener = listening("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        eventually(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        service.watch.end()
        server.should_exit = True
        thread.join()
