"""The API that billing consumes. Its contract is the OpenAPI document that it serves; docs/billing-api.md explains it.

``app`` puts it together; ``access`` says who may call; ``feed``, ``records`` and ``jobs`` hold a route each noun;
``health`` and ``readiness`` answer for the gateway as a whole; ``refusals`` are its errors, ``contract`` its documents.
People sign in at ``session``, or at ``login`` through an identity ``provider``; ``cookies`` and ``same_site`` guard
them.
Webhooks and exports get a module each beside these, and roles a place in ``access``.
"""

from jobseal_gateway.api.app import make_app
from jobseal_gateway.api.service import Service

__all__ = ["Service", "make_app"]
