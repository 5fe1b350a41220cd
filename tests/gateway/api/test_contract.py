"""The OpenAPI document is the contract: complete, explained, and true in its examples.

That answers are as it says is checked by every other test here: see ``Billing.checked``.
"""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from jobseal_gateway.api import contract
from jobseal_gateway.api.refusals import STATUSES
from tests.field import Office
from tests.gateway.api.billing import Billing, gateway_of, serving

MODELS = [
    model
    for model in vars(contract).values()
    if isinstance(model, type) and issubclass(model, contract.Document) and model is not contract.Document
]


@pytest.fixture
def document(office: Office) -> dict[str, Any]:
    with serving(gateway_of(office)) as port:
        billing = Billing(port)
        billing.http.close()
        return billing.contract


def test_every_operation_is_explained_and_its_errors_are_ours(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == 12
    for operation in operations:
        assert operation["summary"]
        assert operation["description"].strip(), operation["summary"]
        assert "200" in operation["responses"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (operation["summary"], parameter["name"])
        for status, response in operation["responses"].items():
            if status != "200":
                pages = {"text/html"} & set(operation["responses"]["200"]["content"])  # for people, in their words
                assert {"application/problem+json"} == set(response["content"]) - pages
                codes = response["description"].split(", ")
                assert {STATUSES[code] for code in codes} == {int(status)}
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


def test_the_document_is_closed_under_its_references(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if "$ref" in value else set()
            return own.union(*(references(each) for each in value.values()))
        return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()

    defined = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= defined


TOKEN_OR_SESSION = [{"token": []}, {"session": []}]
TOKEN_OR_SESSION_AND_MORE = [{"token": []}, {"session": [], "csrf_token": []}]
WAYS_IN = {
    ("/healthz", "get"): None,
    ("/readyz", "get"): None,
    ("/p/{code}", "get"): None,
    ("/v1/session", "post"): None,
    ("/v1/session", "get"): [{"session": []}],
    ("/v1/session", "delete"): [{"session": [], "csrf_token": []}],
    ("/v1/records/{record}/ack", "post"): TOKEN_OR_SESSION_AND_MORE,
}


def test_each_operation_says_what_lets_one_in(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("security") == WAYS_IN.get((path, method), TOKEN_OR_SESSION), (method, path)
    schemes = document["components"]["securitySchemes"]
    assert {name: (scheme["type"], scheme.get("in")) for name, scheme in schemes.items()} == {
        "token": ("http", None),
        "session": ("apiKey", "cookie"),
        "csrf_token": ("apiKey", "header"),
    }
    assert all(scheme["description"] for scheme in schemes.values())


def test_each_operation_may_be_asked_with_a_parameter_that_it_does_not_know(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            assert "request_invalid" in operation["responses"]["422"]["description"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_document_is_explained_and_its_examples_are_valid(model: type[BaseModel]) -> None:
    assert model.__doc__
    for field in model.model_fields.values():
        examples = list(field.examples or [])
        for about in field.metadata:
            examples += getattr(about, "examples", None) or []
        for example in examples:
            TypeAdapter(field.rebuild_annotation()).validate_python(example)
