"""One entry of a vector file, and the text of the file: stable to the byte, and readable in a review."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.vectors.diagnostic import to_json

Entry = dict[str, Any]
File = tuple[str, Callable[[], list[Entry]]]  # what the file is about, and its entries


def valid(name: str, shows: str, data: bytes, value: Any, **more: Any) -> Entry:
    """Bytes that must be taken and mean ``value``."""
    return {"name": name, "shows": shows, "valid": True, "hex": data.hex(), **more, "value": to_json(value)}


def invalid(name: str, shows: str, data: bytes, code: str, **more: Any) -> Entry:
    """Bytes that must be refused with ``code``."""
    return {"name": name, "shows": shows, "valid": False, "code": code, "hex": data.hex(), **more}


def text(noun: str, about: str, entries: list[Entry]) -> str:
    """The file's text. Raises ValueError for two entries of one name."""
    names = [entry["name"] for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError(f"{noun}: two vectors have the same name")
    blocks = [",\n".join(f"   {json.dumps(key)}: {_line(entry[key])}" for key in entry) for entry in entries]
    joined = "\n  },\n  {\n".join(blocks)
    return f'{{\n "noun": {_line(noun)},\n "about": {_line(about)},\n "vectors": [\n  {{\n{joined}\n  }}\n ]\n}}\n'


def _line(value: Any) -> str:
    # JSON escapes what lies beyond U+FFFF as two surrogates, which MicroPython's json does not put together again.
    escaped = json.dumps(value, ensure_ascii=True, separators=(", ", ": "))
    return re.sub(r"(?:\\u[dD][89abAB]..\\u[dD][c-fC-F]..)", lambda pair: json.loads(f'"{pair[0]}"'), escaped)
