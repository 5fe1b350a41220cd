"""Who may call: whoever shows the gateway's bearer token (RFC 6750), for now.

One dependency stands before every /v1 route and says who calls. Identities and roles come to stand in ``Caller``, and
what a role may do beside the route that asks for it.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from jobseal.errors import OPERATOR
from jobseal_gateway.api.refusals import Refusal
from jobseal_gateway.errors import GatewayError

TOKEN_MIN_CHARACTERS = 16

_SCHEME = HTTPBearer(auto_error=False, scheme_name="token", description="The text in the gateway's file api.token.")
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    name: str


BILLING = Caller("billing")

Guard = Callable[[HTTPAuthorizationCredentials | None], Awaitable[Caller]]


def read_token(path: Path) -> str:
    """The token in this file. Raises ``token_unusable``, also for one that could be guessed."""
    try:
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise GatewayError("token_unusable", f"{path} cannot be read ({error}); run init again.", OPERATOR) from error
    if len(token) < TOKEN_MIN_CHARACTERS:
        sentence = f"The token in {path} is too short to be a secret; remove the file and run init again."
        raise GatewayError("token_unusable", sentence, OPERATOR)
    return token


def guard(token: str) -> Guard:
    """The dependency that lets callers with this token through, and nobody else."""
    expected = token.encode()

    async def caller(shown: Shown) -> Caller:
        # In constant time, so that how long a refusal takes tells nothing of the token.
        if shown is None or not secrets.compare_digest(shown.credentials.encode(), expected):
            raise Refusal("unauthorized", "Send the gateway's token: Authorization: Bearer ...")
        return BILLING

    return caller
