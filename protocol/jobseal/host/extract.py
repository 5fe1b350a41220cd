"""``jobseal inspect --extract``: a bundle's contents as ordinary files: JSON, CSV, photos and other objects.

File names are made of numbers, hashes and known endings only, never of what a bundle says. Nothing is overwritten, and
nothing is written outside of a folder that was empty or is new.
"""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from jobseal import bodies, event
from jobseal.bundle import Bundle
from jobseal.errors import OPERATOR, JobsealError, Malformed
from jobseal.host import inspect
from jobseal.object import SALT_BYTES
from jobseal.shape import is_decimal

_ENDINGS = {
    "application/json": "json",
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/plain": "txt",
}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LINE_COLUMNS = (
    "number", "kind", "code", "description", "raw", "raw_unit", "billed", "unit", "rate", "amount", "rule", "steps",
    "events",
)  # fmt: skip
_EVENT_COLUMNS = ("index", "hash", "kid", "seq", "at", "by", "kind", "job", "body")


def extract(found: Bundle, folder: Path) -> list[Path]:
    """Write the contents of a bundle into ``folder``; returns the files.

    Raises ``unwritable`` (fault ``operator``) if the folder is not empty or cannot be written to.
    """
    values = inspect.as_json(found)
    files = {name + ".json": _json(values[name]) for name in ("record", "events", "acts", "checkpoints", "receipts")}
    files["lines.csv"] = _csv(_LINE_COLUMNS, values["record"].get("lines", []))
    files["events.csv"] = _csv(_EVENT_COLUMNS, values["events"])
    if found.order:
        files["order" + (".json" if _is_json(found.order) else ".bin")] = found.order
    media = _media_types(found)
    for number, data in enumerate(found.objects, 1):
        digest = hashlib.sha256(data).digest()
        ending = _ENDINGS.get(media.get(digest, ""), "bin")
        files[f"object-{number:03}-{digest.hex()[:16]}.{ending}"] = data[SALT_BYTES:]
    return _write(folder, files)


def _write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise JobsealError("unwritable", f"{folder} is not empty: name a new folder", OPERATOR)
        for name, data in files.items():
            with (folder / name).open("xb") as file:
                file.write(data)
    except OSError as problem:
        raise JobsealError("unwritable", f"{folder} cannot be written to: {problem.strerror}", OPERATOR) from problem
    return [folder / name for name in files]


def _media_types(found: Bundle) -> dict[bytes, str]:
    """Digest to media type, as the events name their objects."""
    named: dict[bytes, str] = {}
    for _, data, _ in found.events:
        try:
            said = event.parse(data).event
        except Malformed:
            continue
        for digest, _, media in bodies.objects(said.kind, said.body):
            named.setdefault(digest, media)
    return named


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column, "")) for column in columns] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) and not is_decimal(text) else text
