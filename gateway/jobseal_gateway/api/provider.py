"""The identity provider, through Authlib: where a browser is sent, and what comes back with it, checked.

Authorization code with PKCE (RFC 7636); state and nonce are in the browser's own session, so that what comes back was
asked for by that browser, once. Beyond what Authlib checks, an ID token must be for this client (``aud``) and signed
with a key of the provider alone: never unsigned, never with a shared secret. What the provider tells of itself must
name the issuer that our settings name, and its user-info must be about the same subject (OpenID Connect Core 5.3.2).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import Request, Response
from joserfc.errors import JoseError

from jobseal.errors import OPERATOR, PEER
from jobseal_gateway.api.refusals import Refusal
from jobseal_gateway.identity import SUBJECT, IdentityRefused
from jobseal_gateway.settings import Oidc

NAME = "oidc"
TIMEOUT_S = 10
LEEWAY_S = 60
DISCOVERY = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_ALGORITHMS_KEY = "id_token_signing_alg_values_supported"
# What comes of a provider that does not answer, or answers something else than the standard says.
_UNUSABLE = (httpx2.HTTPError, ValueError, RuntimeError, KeyError, TypeError, AttributeError)
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


class Provider:
    """One provider, as the web process knows it; it is asked about itself when it is first needed."""

    def __init__(self, oidc: Oidc) -> None:
        self._oidc = oidc
        self._client: Any = None

    async def send(self, request: Request, callback: str) -> Response:
        """Send the browser there; ``callback``: where it comes back to. Refuses with
        ``identity_provider_unavailable``."""
        try:
            client = await self._known()
            answer: Response = await client.authorize_redirect(request, callback)
        except _UNUSABLE as error:
            raise _unavailable() from error
        return answer

    async def claims(self, request: Request) -> Mapping[str, Any]:
        """What the provider says of who came back. Refuses with ``identity_provider_unavailable``, and raises
        IdentityRefused for whatever is not as it must be."""
        self._check_answer(request)
        try:
            client = await self._known()
            token = await client.authorize_access_token(request, claims_options=self._wanted(), leeway=LEEWAY_S)
            said: dict[str, Any] = dict(token.get("userinfo") or {})
            if not said:
                raise IdentityRefused("The identity provider did not say who you are.")
            more = dict(await client.userinfo(token=token)) if "userinfo_endpoint" in client.server_metadata else {}
        except (AuthlibBaseError, JoseError) as error:
            sentence = "What came back from the identity provider does not hold; begin again."
            raise IdentityRefused(f"{sentence} ({type(error).__name__})") from error
        except _UNUSABLE as error:
            raise _unavailable() from error
        if more and more.get(SUBJECT) != said[SUBJECT]:
            raise IdentityRefused("The identity provider says two things of who you are; begin again.")
        return {**more, **said}

    def _check_answer(self, request: Request) -> None:
        """What the browser brings must not be an error, nor from another issuer (RFC 9207)."""
        error = request.query_params.get("error")
        if error is not None:
            shown = error if _ERROR_CODE.fullmatch(error) else "an error"
            raise IdentityRefused(f"The identity provider did not let you in ({shown}).")
        if request.query_params.get("iss", self._oidc.issuer) != self._oidc.issuer:
            raise IdentityRefused("What came back is from another identity provider; begin again.")

    def _wanted(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self._oidc.issuer},
            "aud": {"essential": True, "value": self._oidc.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True},
            SUBJECT: {"essential": True},
        }

    async def _known(self) -> Any:
        """Authlib's client, once the provider has told about itself."""
        if self._client is None:
            self._client = OAuth().register(
                NAME,
                client_id=self._oidc.client_id,
                client_secret=self._secret(),
                server_metadata_url=self._oidc.issuer.rstrip("/") + DISCOVERY,
                client_kwargs={
                    "scope": self._oidc.scope,
                    "code_challenge_method": "S256",
                    "timeout": TIMEOUT_S,
                    **({} if self._oidc.client_secret_file else {"token_endpoint_auth_method": "none"}),
                },
            )
        told = await self._client.load_server_metadata()
        if told.get("issuer") != self._oidc.issuer:
            self._client = None
            sentence = f"The identity provider calls itself {told.get('issuer')}; write that into oidc.issuer if it is."
            raise Refusal("identity_provider_unavailable", sentence, OPERATOR)
        told[_ALGORITHMS_KEY] = [each for each in told.get(_ALGORITHMS_KEY) or ALGORITHMS[:1] if each in ALGORITHMS]
        return self._client

    def _secret(self) -> str | None:
        if not self._oidc.client_secret_file:
            return None
        try:
            return Path(self._oidc.client_secret_file).read_text().strip()
        except OSError as error:
            sentence = f"oidc.client_secret_file cannot be read: {error.strerror}."
            raise Refusal("identity_provider_unavailable", sentence, OPERATOR) from error


def _unavailable() -> Refusal:
    sentence = "The identity provider does not answer as it should; try again later, or sign in with a password."
    return Refusal("identity_provider_unavailable", sentence, PEER)
