"""Frames: what goes up never comes down, the cap holds, and nothing crashes the reader."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cbor, frame
from jobseal.batch import Batch
from jobseal.errors import Malformed
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.work import Document
from tests.protocol.shapes import fitting
from tests.vectors.frames import FIRST_BATCH


@pytest.mark.parametrize("name", frame.UP)
@given(data=st.data())
def test_a_message_of_a_device_travels_up_and_not_down(name: str, data: st.DataObject) -> None:
    message = frame.UP[name].from_map(data.draw(fitting(frame.UP[name].SHAPE)))
    sent = frame.encode(message)
    received = frame.decode_up(sent)
    assert type(received) is frame.UP[name]
    assert received.to_map() == message.to_map()
    assert frame.encode(received) == sent
    with pytest.raises(Malformed):
        frame.decode_down(sent)


@pytest.mark.parametrize("name", frame.DOWN)
@given(data=st.data())
def test_a_message_of_the_gateway_travels_down_and_not_up(name: str, data: st.DataObject) -> None:
    message = frame.DOWN[name].from_map(data.draw(fitting(frame.DOWN[name].SHAPE)))
    sent = frame.encode(message)
    found, received = frame.decode_down(sent)
    assert (found, received.to_map()) == (name, message.to_map())
    with pytest.raises(Malformed):
        frame.decode_up(sent)


@given(st.sampled_from([frame.RECEIPT, frame.ASSIGNMENT]), st.binary(max_size=100))
def test_a_signed_statement_arrives_with_its_own_bytes(name: str, statement: bytes) -> None:
    assert frame.decode_down(frame.encode_signed(name, statement)) == (name, statement)


@given(st.binary(max_size=100))
def test_random_bytes_are_malformed_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(Malformed):
        frame.decode_up(data)
    with pytest.raises(Malformed):
        frame.decode_down(data)


@pytest.mark.parametrize("value", [["batch", None], ["batch", {}], [None, {}], [["batch"], {}], ["batch"], {}, "batch"])
def test_what_is_nearly_a_frame_is_none(value: Any) -> None:
    for decode in (frame.decode_up, frame.decode_down):
        with pytest.raises(Malformed):
            decode(cbor.encode(value))


def test_the_cap_holds_in_both_directions() -> None:
    overhead = len(frame.encode_signed(frame.RECEIPT, bytes(FRAME_MAX_BYTES // 2))) - FRAME_MAX_BYTES // 2
    largest = frame.encode_signed(frame.RECEIPT, bytes(FRAME_MAX_BYTES - overhead))
    assert len(largest) == FRAME_MAX_BYTES
    assert frame.decode_down(largest)[0] == frame.RECEIPT
    with pytest.raises(Malformed) as caught:
        frame.encode_signed(frame.RECEIPT, bytes(FRAME_MAX_BYTES - overhead + 1))
    assert caught.value.code == "too_large"
    with pytest.raises(Malformed) as caught:
        frame.decode_up(bytes(FRAME_MAX_BYTES + 1))
    assert caught.value.code == "too_large"
    fields = Batch.SHAPE.named(FIRST_BATCH.to_map())
    with pytest.raises(Malformed) as caught:
        frame.encode(Batch(**{**fields, "events": [bytes(4096)] * 33}))
    assert caught.value.code == "too_large"


def test_a_batch_and_the_largest_document_fit_a_frame() -> None:
    fields = Batch.SHAPE.named(FIRST_BATCH.to_map())
    full = Batch(**{**fields, "events": [bytes(512)] * 64})
    assert len(frame.encode(full)) < 32_768 + 512
    assert len(frame.encode(Document(data=bytes(98_304)))) < FRAME_MAX_BYTES


def test_the_topics_of_no_two_devices_and_of_no_device_and_the_gateway_are_the_same() -> None:
    makers = (frame.up_topic, frame.down_topic, frame.state_topic)
    topics = [topic_of(name) for name in ("van-07", "gateway-1") for topic_of in makers]
    topics += [frame.GATEWAY_STATE_TOPIC, frame.GATEWAY_CHECKPOINT_TOPIC]
    assert len(set(topics)) == 8
    assert all(topic.startswith("jobseal/1/") and topic.count("/") == 3 for topic in topics)
