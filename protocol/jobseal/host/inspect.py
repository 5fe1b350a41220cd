"""``jobseal inspect``: what a bundle or a single statement says, for people and for programs. Nothing is verified."""

import hashlib
from typing import Any

from jobseal import fingerprint
from jobseal import key as keys
from jobseal.bundle import Bundle
from jobseal.errors import Malformed
from jobseal.host import reading
from jobseal.host.readable import counted, message, printable, utc
from jobseal.host.reading import Statement
from jobseal.object import SALT_BYTES

ERASED_BYTES = 32
HEX_SHOWN = 16  # digits of a hash that a person wants to see; --json has them all
CAUTION = "This is what the file says. Whether it is true, `jobseal verify` tells."


def as_json(found: Bundle | Statement) -> dict[str, Any]:
    """A bundle or statement as plain values."""
    return _bundle(found) if isinstance(found, Bundle) else _statement(found)


def _statement(found: Statement) -> dict[str, Any]:
    return {"statement": found.name, "kid": found.envelope.kid.hex()} | message(found.payload)


def _bundle(found: Bundle) -> dict[str, Any]:
    return {
        "root": _root(found.root),
        "authority": [_signed(data) for data in found.authority],
        "record": _signed(found.record),
        "events": [_leaf(*row) for row in found.events],
        "acts": [_leaf(*row) for row in found.acts],
        "checkpoints": [_signed(data) for data, _ in found.checkpoints],
        "receipts": [_signed(data) for data in found.receipts],
        "order": found.order.decode("utf-8", "replace"),
        "objects": [{"bytes": len(data) - SALT_BYTES} for data in found.objects],
    }


def _root(data: bytes) -> str:
    try:
        return fingerprint.to_text(keys.decode(data).thumbprint)
    except Malformed:
        return "unreadable: " + data.hex()


def _signed(data: bytes) -> dict[str, Any]:
    try:
        return _statement(reading.statement(data))
    except Malformed as problem:
        return {"unreadable": problem.sentence, "bytes": data.hex()}


def _leaf(index: int, data: bytes, _proof: list[bytes]) -> dict[str, Any]:
    if len(data) == ERASED_BYTES:
        return {"index": index, "erased": data.hex()}
    return {"index": index, "hash": hashlib.sha256(data).hexdigest()} | _signed(data)


def as_text(found: Bundle | Statement) -> str:
    """A bundle or statement for a person."""
    if isinstance(found, Statement):
        rows = [f"{found.name}, signed by key {found.envelope.kid.hex()}", *_fields(_statement(found))]
    else:
        rows = _bundle_rows(_bundle(found))
    return "\n".join([*(printable(row) for row in rows), "", CAUTION])


def _fields(values: dict[str, Any]) -> list[str]:
    return [f"  {name}: {_short(value)}" for name, value in values.items() if name not in ("statement", "kid")]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(item)}" for name, item in value.items()) or "nothing"
    if isinstance(value, list):
        return "; ".join(_short(item) for item in value) or "none"
    if isinstance(value, str):
        return value[:HEX_SHOWN] + "..." if _is_long_hex(value) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _is_long_hex(text: str) -> bool:
    return len(text) > 2 * HEX_SHOWN and not text.strip("0123456789abcdef")


def _bundle_rows(values: dict[str, Any]) -> list[str]:
    record = values["record"]
    rows = [f"bundle under the root key {values['root']}"]
    if "unreadable" in record:
        rows.append(f"the record cannot be read: {record['unreadable']}")
    else:
        rows += _record_rows(record)
    rows += ["", "events, in log order"] + [_event_row(each) for each in values["events"]]
    rows += ["", "office acts"] + [_act_row(each) for each in values["acts"]]
    counts = [counted(values[name + "s"], name) for name in ("receipt", "checkpoint", "object")]
    return [*rows, "", ", ".join(counts) + f"; a work order of {len(values['order'])} characters"]


def _record_rows(record: dict[str, Any]) -> list[str]:
    rows = [
        f"record {record['work_order']} revision {record['revision']} ({record['kind']}) for {record['customer']}",
        f"released {record['released_at']} by {record['released_by']}",
        "",
    ]
    for line in record["lines"]:
        rows.append(
            f"  {line['number']:>3}  {line['kind']:<10} {line['code']:<16} {line['raw']} {line['raw_unit']} -> "
            f"{line['billed']} {line['unit']} x {line['rate']} = {line['amount']}"
        )
    return [*rows, f"       total {record['total']} {record['currency']}"]


def _event_row(values: dict[str, Any]) -> str:
    index = f"  {values['index']:>6}  "
    if "erased" in values:
        return f"{index}erased, hash {values['erased']}"
    if "unreadable" in values:
        return f"{index}{values['unreadable']}"
    said = _short(values["body"]) if values["body"] else ""
    at = values["at"] or utc(None)
    return f"{index}{at:<24}  {values['kid'][:8]}  {values.get('by', '-'):<8}  {values['kind']:<20}  {said}"


def _act_row(values: dict[str, Any]) -> str:
    index = f"  {values['index']:>6}  "
    if "erased" in values or "unreadable" in values:
        return f"{index}{values.get('unreadable', 'erased')}"
    return f"{index}{values['at']:<24}  {values['operator']:<8}  {values['kind']:<20}  {_short(values['body'])}"
