"""Identities: whom an identity provider's claims make here, as what, or why nobody. Pure.

The claims were checked before (signature, issuer, audience, nonce, time); here is decided what they are worth. A person
is the provider's subject, never an e-mail address or a name, since those change hands. Roles are given by what the
settings say, each time anew, and ``admin`` is never among them: who decides about groups at the provider would decide
about this gateway.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jobseal.errors import PEER
from jobseal_gateway import users
from jobseal_gateway.access import APPROVER, BILLING, DISPATCHER, VIEWER
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.settings import Oidc

EMAIL, EMAIL_VERIFIED, SUBJECT = "email", "email_verified", "sub"


class Identity(NamedTuple):
    """``subject``: issuer and subject; ``name``: for a user who is new here; ``roles``: at least one."""

    subject: str
    name: str
    roles: tuple[str, ...]


class IdentityRefused(GatewayError):
    """The provider knows who it is; this gateway lets them in as nobody."""

    def __init__(self, sentence: str) -> None:
        super().__init__("sign_in_refused", sentence, PEER)


def of(oidc: Oidc, claims: Mapping[str, Any]) -> Identity:
    """Who that is here. Raises IdentityRefused."""
    subject = claims.get(SUBJECT)
    if not isinstance(subject, str) or not subject:
        raise IdentityRefused("The identity provider did not say who you are.")
    _check_domain(oidc.domain, claims)
    roles = _roles(oidc, claims)
    if not roles:
        sentence = (
            f"You have no role here: the identity provider's claim {oidc.roles_claim} names none of this gateway."
        )
        raise IdentityRefused(f"{sentence} Ask who looks after it.")
    return Identity(f"{oidc.issuer} {subject}", _name(oidc, claims), roles)


def _check_domain(domain: str, claims: Mapping[str, Any]) -> None:
    if not domain:
        return
    email = claims.get(EMAIL)
    is_there = isinstance(email, str) and email.rpartition("@")[2].casefold() == domain.casefold()
    if not is_there or claims.get(EMAIL_VERIFIED) is not True:
        raise IdentityRefused(f"Only people with a verified e-mail address at {domain} sign in here.")


def _roles(oidc: Oidc, claims: Mapping[str, Any]) -> tuple[str, ...]:
    found = _claim(claims, oidc.roles_claim)
    held = {each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str) and each}
    wanted = {VIEWER: oidc.viewer, DISPATCHER: oidc.dispatcher, APPROVER: oidc.approver, BILLING: oidc.billing}
    return tuple(role for role, value in wanted.items() if value in held)


def _name(oidc: Oidc, claims: Mapping[str, Any]) -> str:
    for claim in (oidc.name_claim, EMAIL):
        name = users.named(str(_claim(claims, claim) or ""))
        if users.may_be_named(name):
            return name
    raise IdentityRefused(
        f"The identity provider's claims {oidc.name_claim} and {EMAIL} hold no name that a user can have here."
    )


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its name, or by a path through objects: some say ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
