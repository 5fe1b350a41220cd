"""Values that fit a shape, drawn from the shape itself: so every message is tested without listing its fields again."""

from typing import Any

from hypothesis import strategies as st

from jobseal import shape

_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"))
_ANY_MAP = st.dictionaries(st.integers(0, 30), st.none() | st.integers(-5, 5) | st.binary(max_size=3), max_size=3)
_DECIMALS = st.from_regex(r"\A(-[1-9]|[1-9])[0-9]{0,14}(\.[0-9]{1,9})?\Z|\A0\Z")


def fitting(of: Any) -> st.SearchStrategy[Any]:
    """A strategy for values that fit ``of``. Raises KeyError for a kind of shape that it does not know."""
    return _MAKERS[type(of)](of)


def _map(of: shape.Map) -> st.SearchStrategy[Any]:
    required = {field.key: fitting(field.of) for field in of.fields if field.required}
    optional = {field.key: fitting(field.of) for field in of.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


_MAKERS: dict[type, Any] = {
    shape.Integer: lambda of: st.integers(of.low, of.high),
    shape.Bytes: lambda of: st.binary(min_size=of.low, max_size=min(of.high, of.low + 20)),
    shape.Text: lambda of: st.text(_CHARACTERS, min_size=of.low, max_size=min(of.high, of.low + 20)),
    shape.DeviceName: lambda _: st.from_regex(r"\A[A-Za-z0-9._-]{1,8}\Z"),
    shape.OneOf: lambda of: st.sampled_from(of.values),
    shape.Decimal: lambda _: _DECIMALS,
    shape.Boolean: lambda _: st.booleans(),
    shape.Null: lambda _: st.none(),
    shape.Either: lambda of: fitting(of.first) | fitting(of.second),
    shape.Array: lambda of: st.lists(fitting(of.of), min_size=of.low, max_size=min(of.high, of.low + 2)),
    shape.Row: lambda of: st.tuples(*[fitting(cell) for _, cell in of.cells]).map(list),
    shape.AnyMap: lambda _: _ANY_MAP,
    shape.Map: _map,
}
