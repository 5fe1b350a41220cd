"""Whatever the contract allows is answered as it says, and whatever it does not allow is refused as it says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.field import Office
from tests.gateway.api.billing import TOKEN, Billing, gateway_of, serving
from tests.gateway.api.requests_by_contract import kinds, send

EXAMPLES = 6


@pytest.fixture
def port(office: Office) -> Iterator[int]:
    """An API that lets nobody wait for news."""
    gateway = gateway_of(office)
    at_once = replace(gateway.settings, intervals=replace(gateway.settings.intervals, long_poll_s=0))
    with serving(replace(gateway, settings=at_once)) as found:
        yield found


def test_requests_of_every_kind_are_answered_as_the_contract_says(port: int, released: str) -> None:
    billing = Billing(port)
    document: dict[str, Any] = billing.contract
    billing.http.close()
    known = {"record": released, "job": released.partition("~")[0]}
    sent = {str(kind): send(kind, f"http://127.0.0.1:{port}", TOKEN, EXAMPLES) for kind in kinds(document, known)}
    for path, methods in document["paths"].items():
        for method in methods:
            assert sent[f"{method.upper()} {path} positive"] > 0
    for asks in ("GET /v1/feed", "GET /v1/jobs", "POST /v1/records/{record}/ack"):
        assert sent[f"{asks} negative"] >= EXAMPLES
