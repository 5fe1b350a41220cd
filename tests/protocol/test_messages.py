"""Every message: it survives the wire, nothing misshapen does, and its attributes are the fields of its shape."""

import importlib
import inspect
import pkgutil
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jobseal
from jobseal import cbor
from jobseal.errors import JobsealError, Malformed
from jobseal.message import Message
from tests.protocol.shapes import fitting

MAX_BYTES = 1_000_000


def _messages() -> list[type[Message]]:
    found = {}
    for module in pkgutil.iter_modules(jobseal.__path__):
        if not module.ispkg:
            for _, item in inspect.getmembers(importlib.import_module(f"jobseal.{module.name}"), inspect.isclass):
                if issubclass(item, Message) and item is not Message:
                    found[item.__name__] = item
    return [found[name] for name in sorted(found)]


MESSAGES = _messages()


def test_the_messages_of_the_protocol_are_all_here() -> None:
    assert {message.__name__ for message in MESSAGES} >= {
        "Act", "Assignment", "Batch", "Bundle", "Certification", "Checkpoint", "Chunk", "Document", "Event", "Hello",
        "Line", "Pull", "Receipt", "Record", "Refusal", "Want", "Welcome",
    }  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES)
@settings(max_examples=25)  # times the number of messages
@given(data=st.data())
def test_a_message_survives_the_wire(message: type[Message], data: st.DataObject) -> None:
    value = data.draw(fitting(message.SHAPE))
    encoded = message.from_map(value).encode()
    again = message.decode(encoded, MAX_BYTES)
    assert again.to_map() == value == cbor2.loads(encoded)
    assert again.encode() == encoded
    built = message(**message.SHAPE.named(value))
    assert built.encode() == encoded


@pytest.mark.parametrize("message", MESSAGES)
@settings(max_examples=25)  # times the number of messages
@given(data=st.data())
def test_a_message_with_one_thing_wrong_is_refused(message: type[Message], data: st.DataObject) -> None:
    value = data.draw(fitting(message.SHAPE))
    field = data.draw(st.sampled_from(message.SHAPE.fields))
    wrong = data.draw(st.sampled_from(["missing", "text key", "unknown", "float", "tuple"]))
    spoiled: dict[Any, Any] = dict(value)
    if wrong == "missing":
        if not field.required:
            return
        del spoiled[field.key]
    elif wrong == "text key":
        spoiled[field.name] = spoiled.pop(field.key, 0)
    elif wrong == "unknown":
        spoiled[data.draw(st.integers(-3, 200).filter(lambda key: key not in message.SHAPE.by_key))] = None
    else:
        spoiled[field.key] = 0.5 if wrong == "float" else (1, 2)
    with pytest.raises(Malformed) as caught:
        message.from_map(spoiled)
    assert (caught.value.code, caught.value.fault) == ("malformed", "peer")
    assert message.__name__ in str(caught.value)


@pytest.mark.parametrize("message", MESSAGES)
@settings(max_examples=25)  # times the number of messages
@given(data=st.binary(max_size=80))
def test_random_bytes_are_malformed_and_nothing_worse(message: type[Message], data: bytes) -> None:
    with pytest.raises(Malformed):
        message.decode(data, 80)


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("value", [None, 0, [], "{}", b""])
def test_what_is_no_map_is_no_message(message: type[Message], value: Any) -> None:
    with pytest.raises(Malformed):
        message.decode(cbor.encode(value), 80)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_never_built_wrongly(message: type[Message]) -> None:
    with pytest.raises(JobsealError) as caught:
        message()
    assert (caught.value.code, caught.value.fault) == ("malformed", "ours")


@pytest.mark.parametrize("message", MESSAGES)
def test_attributes_annotations_and_fields_are_the_same_list(message: type[Message]) -> None:
    names = {field.name for field in message.SHAPE.fields}
    keys = [field.key for field in message.SHAPE.fields]
    assert set(message.__slots__) == names == set(message.__annotations__)
    assert keys == list(range(1, len(keys) + 1))
