"""Everybody whom the API turns away is in the security log, whichever route, guard or framework refused him.

It looks at answers, not at reasons: whatever is answered with one of ``STATUSES`` was somebody who may not. A token
that does not open a route is named in the problem's sentence; one that is none is not repeated anywhere.
"""

import json
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobseal_gateway.security_log import SecurityLog

STATUSES = (401, 403, 429)


class TurnedAway:
    """ASGI middleware that writes to ``security``. All requests come in one thread."""

    def __init__(self, app: ASGIApp, security: SecurityLog) -> None:
        self._app = app
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def looking(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif status in STATUSES:
                self._note(scope, status, message.get("body", b""))
                status = 0
            await send(message)

        await self._app(scope, receive, looking)

    def _note(self, scope: Scope, status: int, body: bytes) -> None:
        code, sentence = str(status), ""
        with suppress(ValueError, TypeError, KeyError):
            problem = json.loads(body)
            code, sentence = str(problem["code"]), str(problem["sentence"])
        who = scope["client"][0] if scope.get("client") else ""
        self._security.note(who, code, f"{scope['method']} {scope['path']}: {sentence}")
