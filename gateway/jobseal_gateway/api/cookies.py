"""The session cookie: Starlette's own middleware, with the key, the name and the flags that are right for a request.

The cookie holds a session's secret and nothing else; while somebody is on the way to an identity provider, what must
come back from there. HttpOnly, SameSite=Lax (Strict would lose it on the way back from the provider), and over TLS
Secure under a ``__Host-`` name, which no other host and no plain page can set. The key's file is looked at with each
request, so that another key counts at once.
"""

import os
from pathlib import Path

from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from jobseal_gateway import session_key

COOKIE = "jobseal"
COOKIE_OVER_TLS = "__Host-jobseal"
SECRET = "secret"  # where in the cookie a session's secret is


class SessionCookie:
    """Reads and writes ``request.session``. ``life_s``: how long a browser keeps it; ``over_tls``: browsers always
    reach us so, whatever the last connection was."""

    def __init__(self, app: ASGIApp, key: Path, life_s: int, over_tls: bool) -> None:
        self._app = app
        self._key = key
        self._life_s = life_s
        self._over_tls = over_tls
        self._made: tuple[tuple[int, int], SessionMiddleware, SessionMiddleware] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        plain, secure = self._middleware()
        is_secure = self._over_tls or scope["scheme"] in ("https", "wss")
        await (secure if is_secure else plain)(scope, receive, send)

    def _middleware(self) -> tuple[SessionMiddleware, SessionMiddleware]:
        """For plain and for TLS connections, with the key as it is now."""
        try:
            status = os.stat(self._key)
        except FileNotFoundError:  # whoever deletes it ends all sessions, and stops nobody's token
            session_key.make(self._key)
            status = os.stat(self._key)
        now = (status.st_ino, status.st_mtime_ns)
        if self._made is None or self._made[0] != now:
            key = self._key.read_text()
            plain = SessionMiddleware(self._app, key, COOKIE, self._life_s)
            secure = SessionMiddleware(self._app, key, COOKIE_OVER_TLS, self._life_s, https_only=True)
            self._made = (now, plain, secure)
        return self._made[1:]
