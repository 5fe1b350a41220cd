"""Requests that schemathesis makes from our OpenAPI document, sent to a real server, whose answers are held to it.

Positive ones fit the document and must not be refused as invalid; negative ones do not fit it and must be.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# The token is ours to send: without it everything is refused, whatever else is wrong.
CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
MAY_BE_UNAVAILABLE = "/readyz"  # says 503 where a part of the gateway does not run, as here
TIMEOUT_S = 30


@dataclass(frozen=True)
class Kind:
    """Requests of one operation in one mode; ``known`` are path parameters that name something that is there."""

    operation: Any
    mode: GenerationMode
    known: dict[str, str] | None

    def __str__(self) -> str:
        where = " of what is there" if self.known else ""
        return f"{self.operation.method.upper()} {self.operation.path} {self.mode.value}{where}"


def kinds(document: dict[str, Any], known: dict[str, str]) -> Iterator[Kind]:
    """Every operation in every mode, with made-up and with known path parameters."""
    for found in schemathesis.openapi.from_dict(document, config=CONFIG).get_all_operations():
        operation = found.ok()
        own = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
        for mode in MODES:
            yield Kind(operation, mode, None)
            if own:
                yield Kind(operation, mode, own)


def send(kind: Kind, base_url: str, token: str, examples: int, seed: int = 0) -> int:
    """Send so many requests; how many were sent: none where nothing can be wrong. Raises what the first bad answer
    makes of itself, shrunk."""
    sent = 0
    checks = CHECKS if kind.operation.path == MAY_BE_UNAVAILABLE else [*CHECKS, not_a_server_error]
    headers = {"Authorization": f"Bearer {token}"}
    with requests.Session() as session:
        session.trust_env = False

        @seeded(seed)
        @settings(
            max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )  # fmt: skip
        @given(case=st.deferred(lambda: kind.operation.as_strategy(kind.mode, path_parameters=kind.known)))
        def one(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            answer = case.call(base_url=base_url, session=session, headers=headers, timeout=TIMEOUT_S)
            case.validate_response(answer, checks=checks, headers=headers)

        with suppress(Unsatisfiable):  # no request of this operation misses the contract
            one()
    return sent
