"""The JSON form in which the vectors write CBOR values down, and back.

Integers, texts, arrays, true, false and null stand for themselves. JSON objects are kept for what JSON lacks:
``{"h": "00ff"}`` is a byte string, ``{"m": [[key, value], ...]}`` a map, its entries in the order of the wire.
Runs on MicroPython as it stands.
"""

from jobseal import cbor

MYPY = False
if MYPY:
    from typing import Any


def to_json(value: "Any") -> "Any":
    """The JSON form of a value."""
    if isinstance(value, bytes):
        return {"h": value.hex()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        keys = sorted(value, key=cbor.encode)
        return {"m": [[key, to_json(value[key])] for key in keys]}
    return value


def from_json(form: "Any") -> "Any":
    """The value of a JSON form."""
    if isinstance(form, list):
        return [from_json(item) for item in form]
    if isinstance(form, dict):
        if "h" in form:
            return bytes.fromhex(form["h"])
        return {key: from_json(value) for key, value in form["m"]}
    return form
