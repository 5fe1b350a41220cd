"""The bounds on what a request may bring: judged before anything keeps it, and before anybody asks for a token.

Plain ASGI: what is within the bound passes through untouched, and long answers are not held up.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobseal_gateway.api.refusals import Refusal, answer

BODY_MAX_BYTES = 64 * 1024


class BodyLimit:
    """Answers 413 to a request whose body is above the bound, as soon as that shows, and 404 to one whose path holds
    a NUL: nothing is called so, and a database that keeps no such text would fail on it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"]:
            await answer(Refusal("no_such_place", "There is no such place here: a name holds no NUL."))(
                scope, receive, send
            )
            return
        # What it says of itself is refused unread; what says nothing (chunked) is counted as it comes.
        said = Headers(scope=scope).get("content-length", "")
        body = _Body(receive, send, int(said) if said.isdecimal() else 0)
        if not body.too_large:
            await self._app(scope, body.receive, body.send)
        if body.too_large:
            sentence = f"A request may bring at most {BODY_MAX_BYTES} bytes."
            await answer(Refusal("too_large", sentence))(scope, receive, send)


class _Body:
    """One request's body on its way in. Once it is too large the application sees a caller who has gone, and what it
    makes of that is not sent: the answer is ours."""

    def __init__(self, receive: Receive, send: Send, said_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._seen_bytes = 0
        self.too_large = said_bytes > BODY_MAX_BYTES

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen_bytes += len(message.get("body", b""))
        if self._seen_bytes > BODY_MAX_BYTES:
            self.too_large = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        if not self.too_large:
            await self._send(message)
