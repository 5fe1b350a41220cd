"""The HTTP API, spoken to as a server speaks to it: any method, path, query and body.

Whatever is asked, the answer is one that the contract lists for that route, errors are problems with a known code, and
nothing is the gateway's own fault.
"""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote_to_bytes

from jobseal_gateway.api import Service, make_app
from jobseal_gateway.api.contract import Problem
from jobseal_gateway.api.refusals import PROBLEM_TYPE, STATUSES
from jobseal_gateway.ledger.database import connect, migrate, reading
from jobseal_gateway.ledger.records import of_work_order
from tests.field import Office, Phone
from tests.gateway.api.billing import TOKEN, gateway_of
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets.contract import hold
from tests.torture.fuzz.targets.work_done import PRICES

ORDERLY_UNAVAILABLE = "/readyz"  # parts of the gateway do not run here


class Requests:
    """A method, a space, path and query; a line break; the body."""

    most_bytes = 2_048
    limit_s = 2.0

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="jobseal-fuzz-http-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        engine = connect(f"sqlite:///{folder / 'ledger.db'}")
        migrate(engine)
        office = Office(engine, folder)
        office.prices(PRICES)
        office.order("WO-1", ("t-1",), terms="STANDARD")
        phone = Phone(office, "hh-1", "t-1")
        phone.work()
        phone.sync()
        office.project()
        with reading(engine) as connection:
            self._digest = of_work_order(connection, "WO-1")[0].digest.hex()
        gateway = gateway_of(office)
        at_once = replace(gateway.settings, intervals=replace(gateway.settings.intervals, long_poll_s=0))
        self._app = make_app(Service(replace(gateway, settings=at_once)))
        self._contract = self._app.openapi()
        self._loop = asyncio.new_event_loop()

    def seeds(self) -> list[bytes]:
        said = {"revision": 1, "digest": self._digest, "status": "acknowledged", "external_number": None}
        rejected = {**said, "status": "rejected", "reason": "a typo", "external_number": "INV-1"}
        gets = (
            "/healthz", "/readyz", "/openapi.json", "/v1/feed", "/v1/feed?after=1&limit=1&wait=0.5", "/v1/jobs",
            "/v1/jobs?standing=released&after=0&limit=7", "/v1/jobs/WO-1", "/v1/records/WO-1~1",
            "/v1/records/WO-1~1/evidence", "/v1/jobs/%2e%2e%2f%00",
        )  # fmt: skip
        posts = [f"POST /v1/records/WO-1~1/ack\n{json.dumps(each)}" for each in (said, rejected)]
        return [text.encode() for text in (*(f"GET {path}\n" for path in gets), *posts)]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, WORDS)

    def run(self, data: bytes) -> None:
        head, _, body = data.partition(b"\n")
        method, _, target = head.partition(b" ")
        name = method.decode("latin-1").upper()
        if not re.fullmatch(r"[A-Z]{1,16}", name) or not target.startswith(b"/"):
            return  # no server lets this through
        raw, _, query = bytes(byte for byte in target if 0x20 < byte < 0x7F).partition(b"?")
        status, headers, content = self._loop.run_until_complete(self._ask(name, raw, query, body))
        kind = headers.get("content-type", "").partition(";")[0]
        operation = self._operation(name, raw)
        if status >= 400:
            self._is_problem(status, kind, content, name)
        hold(status < 500 or raw.decode() == ORDERLY_UNAVAILABLE, "server_error", f"{status} {content[:300]!r}")
        if operation is not None:
            listed = {int(each) for each in operation["responses"]} | {413}
            hold(status in listed or status == 404, "status_unlisted", f"{status} {content[:300]!r}")

    async def _ask(self, method: str, raw: bytes, query: bytes, body: bytes) -> tuple[int, dict[str, str], bytes]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"), "raw_path": raw, "query_string": query,
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
            "headers": [
                (b"authorization", f"Bearer {TOKEN}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }  # fmt: skip
        said: list[dict[str, Any]] = []
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(given, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            said.append(message)

        await self._app(scope, receive, send)
        hold(bool(said) and said[0]["type"] == "http.response.start", "no_answer")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in said[0]["headers"]}
        return said[0]["status"], headers, b"".join(each.get("body", b"") for each in said[1:])

    def _operation(self, method: str, raw: bytes) -> dict[str, Any] | None:
        """What the contract says of this route."""
        path = unquote_to_bytes(raw).decode("utf-8", "replace")
        for template, methods in sorted(self._contract["paths"].items(), key=lambda each: -len(each[0])):
            if re.fullmatch(re.sub(r"\\{\w+\\}", ".*", re.escape(template)), path, re.DOTALL):
                found: dict[str, Any] | None = methods.get(method.lower())
                return found
        return None

    @staticmethod
    def _is_problem(status: int, kind: str, content: bytes, method: str) -> None:
        if method == "HEAD":
            return
        hold(kind == PROBLEM_TYPE, "no_problem", f"{status} {kind} {content[:200]!r}")
        said = Problem.model_validate_json(content)
        hold(STATUSES.get(said.code) == status == said.status, "problem_code", f"{said.code} with {status}")
        hold(said.fault != "ours" or status >= 500, "fault", said.code)


WORDS = (
    b"", b"GET", b"POST", b"HEAD", b"OPTIONS", b"DELETE", b"/v1/feed", b"/v1/jobs", b"/v1/records", b"/ack",
    b"/evidence", b"after", b"limit", b"wait", b"standing", b"released", b"%00", b"%ff", b"%2F", b"%7E", b"~1", b"~-1",
    b"~99999999999999999999", b"WO-1", b"-1", b"0", b"1", b"9007199254740991", b"9007199254740992", b"1e400", b"nan",
    b"inf", b"1_0", b"+1", b"true", b"null", b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b"rejected", b"paid", b"overdue",
    b"invoiced", b"reason", b"external_number", b"digest", b"revision", b"9" * 1_500, b"[" * 1_500,
)  # fmt: skip
