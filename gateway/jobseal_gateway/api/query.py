"""Parameters that a route does not know are refused: a typo in ``after`` would silently read from the beginning."""

from typing import Any

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from jobseal_gateway.api.refusals import RequestInvalid


def known_only(request: Request) -> None:
    """Refuse (``request_invalid``) a request whose query names what its route does not have.

    A dependency of the whole application; a route that has ``takes_any`` among its own is let alone.
    """
    if not request.query_params:
        return
    route: Any = request.scope["route"]
    if takes_any in [each.call for each in route.dependant.dependencies]:
        return
    known = [each.alias for each in get_flat_params(route.dependant) if isinstance(each.field_info, Query)]
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        these = f"these are: {', '.join(known)}" if known else "this place takes none"
        sentence = f"There is no such parameter; {these}."
        raise RequestInvalid([{"place": f"query.{name}", "sentence": sentence} for name in unknown])


def takes_any() -> None:
    """For a route whose query is written by somebody whose additions must be passed over."""
