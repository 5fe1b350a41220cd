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
    assert len(operations) == 8
    for operation in operations:
        assert operation["summary"]
        assert operation["description"].strip(), operation["summary"]
        assert "200" in operation["responses"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (operation["summary"], parameter["name"])
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == ["application/problem+json"]
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


def test_only_v1_asks_for_a_token(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert bool(operation.get("security")) == path.startswith("/v1/"), path


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_document_is_explained_and_its_examples_are_valid(model: type[BaseModel]) -> None:
    assert model.__doc__
    for field in model.model_fields.values():
        examples = list(field.examples or [])
        for about in field.metadata:
            examples += getattr(about, "examples", None) or []
        for example in examples:
            TypeAdapter(field.rebuild_annotation()).validate_python(example)
