"""Messages as people and other programs read them: names for keys, hex for bytes, UTC for times.

Names come from the shapes, so a new field shows up here by itself. Nothing is verified here.
"""

from collections.abc import Sized
from datetime import UTC, datetime, timedelta
from typing import Any

from jobseal import bodies, office
from jobseal.message import Message
from jobseal.shape import TIME, AnyMap, Array, Either, Map, Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(at: int | None) -> str:
    """Unix ms as ISO 8601 text; what no calendar can say as the number itself; nothing as "never set"."""
    if at is None:
        return "never set"
    try:
        return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return f"{at} ms"


def by_shape(shape: Any, value: Any) -> Any:
    """A value that fits ``shape``, ready for JSON."""
    if isinstance(shape, Either):
        shape = shape.second if shape.first.problem(value) else shape.first
    if shape is TIME:
        return utc(value)
    if isinstance(shape, Map):
        return {field.name: by_shape(field.of, value[field.key]) for field in shape.fields if field.key in value}
    if isinstance(shape, Row):
        return {name: by_shape(of, item) for (name, of), item in zip(shape.cells, value, strict=True)}
    if isinstance(shape, Array):
        return [by_shape(shape.of, item) for item in value]
    return plain(value)


def plain(value: Any) -> Any:
    """Any decoded value, ready for JSON; its keys as they are on the wire."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def message(found: Message) -> dict[str, Any]:
    """A message by names; the body of an event or act by the names of its kind, if it fits."""
    out: dict[str, Any] = by_shape(found.SHAPE, found.to_map())
    kind, body = getattr(found, "kind", None), getattr(found, "body", None)
    if isinstance(kind, str) and isinstance(body, dict):
        shape = (office.SHAPES if isinstance(found, office.Act) else bodies.SHAPES).get(kind, AnyMap())
        fits = not shape.problem(body)
        out["body"] = by_shape(shape, body) if fits else plain(body)
        if not fits:
            out["body_fits"] = False
    return out


def counted(items: Sized, noun: str) -> str:
    """So many of a thing: "1 event", "2 events"."""
    return f"{len(items)} {noun}" if len(items) == 1 else f"{len(items)} {noun}s"


def printable(text: str) -> str:
    """Text for a terminal: whatever could move a cursor or turn the direction of writing is escaped."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
