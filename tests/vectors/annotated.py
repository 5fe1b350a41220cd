"""Bytes taken apart for a reader: each line some hex, and beside it what it means."""

from typing import Any

from jobseal import cbor, cose, event, shape

HEX_COLUMNS = 48
_SHOWN_BYTES = 72  # longer byte strings are cut: what they are has its own listing

Line = tuple[bytes, str]


def listing(lines: list[Line]) -> str:
    """The lines in two columns; long hex runs over several."""
    rows = []
    for data, meaning in lines:
        digits = data.hex() if len(data) <= _SHOWN_BYTES else data[:12].hex() + "…" + data[-8:].hex()
        pieces = [digits[at : at + HEX_COLUMNS] for at in range(0, len(digits), HEX_COLUMNS)] or [""]
        rows.append(f"{pieces[0]:<{HEX_COLUMNS}}  {meaning}".rstrip())
        rows += pieces[1:]
    return "\n".join(rows)


def shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]" if len(value) < 5 else f"{len(value)} items"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(value[key])}" for key in value) + "}"
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or isinstance(value, bool):
        return {None: "null", False: "false", True: "true"}[value]
    return str(value)


def fields(of: shape.Map, value: dict[Any, Any]) -> list[Line]:
    """A map: its head, then one line for each field with its name."""
    lines: list[Line] = [(cbor.head(5, len(value)), f"map of {len(value)}")]
    for key in sorted(value, key=cbor.encode):
        data = cbor.encode(key) + cbor.encode(value[key])
        lines.append((data, f"{of.by_key[key].name}: {shown(value[key])}"))
    return lines


def signed(data: bytes, of: shape.Map) -> list[Line]:
    """A COSE_Sign1 and the map inside."""
    envelope = cose.parse(data, len(data))
    payload = cbor.decode(envelope.payload, len(data))
    head = cbor.head(2, len(envelope.payload))
    return [
        (data[:2], "COSE_Sign1: tag 18, array of 4"),
        (data[2:16], f"protected header: {{1: {envelope.alg}, 4: kid}}"),
        (data[16:17], "unprotected header: empty"),
        (head, f"payload: {len(envelope.payload)} bytes"),
        *fields(of, payload),
        (data[-66:-64], "signature: 64 bytes"),
        (envelope.signature, ""),
    ]


def signed_event(data: bytes) -> list[Line]:
    """An event."""
    return signed(data, event.Event.SHAPE)
