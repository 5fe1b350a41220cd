"""A message: a map on the wire with a shape, and an object with typed attributes in the code.

A subclass names its ``SHAPE`` and annotates its attributes. Both directions check the shape, so nothing malformed
is ever signed, and nothing malformed is ever believed.
"""

from jobseal import cbor, shape
from jobseal.errors import OURS, JobsealError, Malformed

MYPY = False
if MYPY:
    from typing import Any, Self


class Message:
    """Base of every map message; attributes are the fields of ``SHAPE``, absent optional ones are None."""

    __slots__ = ()
    SHAPE = shape.Map()

    def __init__(self, **fields: "Any") -> None:
        """Set all fields by name. Raises ``malformed`` (fault ``ours``) when they do not fit the shape."""
        value = self.SHAPE.keyed(fields)
        wrong = self.SHAPE.problem(value)
        if wrong:
            raise JobsealError("malformed", type(self).__name__ + ": " + wrong, OURS)
        self._assign(value)

    def _assign(self, value: "dict[Any, Any]") -> None:
        for key, name in self.SHAPE.names:
            setattr(self, name, value.get(key))

    def to_map(self) -> "dict[int, Any]":
        """The map as it goes on the wire."""
        found = {}
        for field in self.SHAPE.fields:
            value = getattr(self, field.name)
            if value is not None or field.required:
                found[field.key] = value
        return found

    def encode(self) -> bytes:
        """The deterministic encoding of the map."""
        return cbor.encode(self.to_map())

    @classmethod
    def from_map(cls, value: "Any") -> "Self":
        """The message that a decoded map is. Raises :class:`Malformed` ``malformed`` with the first misfit."""
        wrong = cls.SHAPE.problem(value)
        if wrong:
            raise Malformed("malformed", cls.__name__ + ": " + wrong)
        message = object.__new__(cls)  # not cls.__new__: MicroPython's classes have none
        message._assign(value)
        return message

    @classmethod
    def decode(cls, data: bytes, max_bytes: int) -> "Self":
        """The message that ``data`` encodes. Raises :class:`Malformed`."""
        return cls.from_map(cbor.decode(data, max_bytes))
