"""The bound on what a request may bring: judged before anything reads it, and before anybody asks for a token.

Plain ASGI: what is within the bound passes through untouched, and long answers are not held up.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobseal_gateway.api.refusals import Refusal, answer

BODY_MAX_BYTES = 64 * 1024


class _TooLarge(Exception):
    """Raised where the body is read; never seen outside of this module."""


class BodyLimit:
    """Answers 413 to a request whose body is above the bound, as soon as that shows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_MAX_BYTES:
                raise _TooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except _TooLarge:
            sentence = f"A request may bring at most {BODY_MAX_BYTES} bytes."
            await answer(Refusal("too_large", sentence))(scope, receive, send)
