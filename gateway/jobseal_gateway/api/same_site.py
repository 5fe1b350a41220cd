"""Requests that a page of another site makes a browser send with our cookie: refused where they would change something.

Two signs, both needed: the session's own token in a header, which only a page of ours can read and which no form can
send; and what the browser itself says of where the request comes from (``Sec-Fetch-Site``, ``Origin``), if it says
anything. Programs with a token of the API need neither: no browser sends that token by itself.
"""

import hmac
from collections.abc import Mapping

from jobseal_gateway import sessions
from jobseal_gateway.api.refusals import Refusal

CSRF_HEADER = "Jobseal-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(headers: Mapping[str, str], own_origin: str) -> None:
    """Refuse (``cross_site_request``) what the browser says comes from elsewhere. ``own_origin``: scheme, host and
    port as browsers write them."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin", own_origin)
    if site != "same-origin" or origin.casefold() != own_origin.casefold():
        sentence = (
            f"This request comes from another place than {own_origin}, and would change something. "
            "If that is this gateway, say so in http.url."
        )
        raise Refusal("cross_site_request", sentence)


def check_token(headers: Mapping[str, str], secret: str) -> None:
    """Refuse (``cross_site_request``) what does not show the token of the session with this secret."""
    shown = headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), sessions.csrf_token(secret).encode()):
        sentence = f"Send the csrf_token that GET /v1/session gives, in the header {CSRF_HEADER}."
        raise Refusal("cross_site_request", sentence)
