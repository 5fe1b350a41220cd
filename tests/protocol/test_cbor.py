"""The codec: one encoding for each value, one value for each encoding, and nothing else gets through."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cbor
from jobseal.errors import JobsealError, Malformed
from jobseal.limits import INT_MAX

integers = st.integers(-INT_MAX, INT_MAX)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
scalars = st.none() | st.booleans() | integers | st.binary(max_size=40) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.integers(-300, 300) | texts, inner, max_size=5)
    ),
    max_leaves=20,
).filter(lambda value: depth(value) <= 8)  # fmt: skip

# Heads and keys in disorder: more of this decodes, or nearly does, than of plain random bytes.
almost_cbor = st.lists(st.sampled_from(b"\x80\x81\xa0\xa1\xa2\x00\x01\x20\x40\x60\x61\xf6"), max_size=24).map(bytes)


def depth(value: Any) -> int:
    """How deeply arrays and maps are nested."""
    if isinstance(value, (list, dict)):
        items = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, items), default=0)
    return 0


def refused(data: bytes) -> str:
    """The code with which ``data`` is refused; "" if it is taken. Fails for any error that is not Jobseal's."""
    try:
        cbor.decode(data, 65536)
    except Malformed as error:
        return error.code
    return ""


@given(values)
def test_what_was_encoded_decodes_to_the_same_value(value: Any) -> None:
    data = cbor.encode(value)
    again = cbor.decode(data, len(data))
    assert again == value
    assert repr(again) == repr(value) or isinstance(value, (dict, list))
    assert cbor.encode(again) == data


@given(values)
def test_another_implementation_reads_the_same_value(value: Any) -> None:
    assert cbor2.loads(cbor.encode(value)) == value


@given(st.binary(max_size=64) | almost_cbor)
def test_whatever_decodes_encodes_to_the_same_bytes_and_whatever_does_not_is_malformed(data: bytes) -> None:
    if not refused(data):
        assert cbor.encode(cbor.decode(data, len(data))) == data


@given(values, st.data())
def test_a_changed_byte_is_another_value_or_none(value: Any, data: st.DataObject) -> None:
    encoded = cbor.encode(value)
    at = data.draw(st.integers(0, len(encoded) - 1))
    flipped = data.draw(st.integers(1, 255))
    changed = encoded[:at] + bytes([encoded[at] ^ flipped]) + encoded[at + 1 :]
    if not refused(changed):
        assert cbor.encode(cbor.decode(changed, len(changed))) == changed != encoded


@given(values, st.binary(min_size=1, max_size=3))
def test_bytes_after_the_item_are_refused(value: Any, more: bytes) -> None:
    assert refused(cbor.encode(value) + more) == "cbor_trailing"


@given(values)
def test_no_beginning_of_an_item_is_an_item(value: Any) -> None:
    encoded = cbor.encode(value)
    for size in range(len(encoded)):
        assert refused(encoded[:size]) == "cbor_truncated"


@given(st.binary(max_size=12))
def test_texts_are_taken_exactly_where_a_strict_platform_decodes_them(data: bytes) -> None:
    try:
        data.decode("utf-8", "strict")
        sound = True
    except UnicodeDecodeError:
        sound = False
    assert cbor._utf8_is_sound(data) is sound


@given(st.text(max_size=6))
def test_a_text_with_a_lone_surrogate_is_never_encoded(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        with pytest.raises(JobsealError) as caught:
            cbor.encode([text])
        assert (caught.value.code, caught.value.fault) == ("cbor_utf8", "ours")
    else:
        assert cbor.decode(cbor.encode(text), 100) == text


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (INT_MAX + 1, "cbor_range"),
        (-INT_MAX - 1, "cbor_range"),
        (2**80, "cbor_range"),
        (1.0, "cbor_type"),
        (bytearray(b"x"), "cbor_type"),
        (object(), "cbor_type"),
        ({1, 2}, "cbor_type"),
        ({b"key": 1}, "cbor_key"),
        ({None: 1}, "cbor_key"),
        ({True: 1}, "cbor_key"),
        ({(1, 2): 1}, "cbor_key"),
        (nested(9), "cbor_depth"),
        ({1: nested(8)}, "cbor_depth"),
    ],
)
def test_what_the_subset_cannot_carry_is_our_mistake(value: Any, code: str) -> None:
    with pytest.raises(JobsealError) as caught:
        cbor.encode(value)
    assert (caught.value.code, caught.value.fault) == (code, "ours")


def test_eight_levels_are_encoded_and_the_size_is_looked_at_first() -> None:
    data = cbor.encode(nested(8))
    assert cbor.decode(data, 9) == nested(8)
    with pytest.raises(Malformed) as caught:
        cbor.decode(b"\xff" * 10, 9)
    assert caught.value.code == "too_large"


def test_a_tuple_is_an_array_and_the_order_of_a_dict_does_not_matter() -> None:
    assert cbor.encode((1, 2)) == cbor.encode([1, 2])
    assert cbor.encode({"b": 1, -1: 2, 10: 3}) == cbor.encode({10: 3, -1: 2, "b": 1})


def test_a_map_of_thousands_of_entries_that_are_not_there_costs_nothing() -> None:
    assert refused(b"\xba\xff\xff\xff\xff" + b"\x00" * 100) == "cbor_truncated"
    assert refused(b"\x9a\xff\xff\xff\xff" + b"\x00" * 100) == "cbor_truncated"
